"""Marks on single images: kept with the run, by everybody who looks at it, and never lost in silence."""

import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from gan.errors import RunError, UserError
from gan.sampling import marks
from gan.sampling.marks import KEEP, REJECT
from gan.sampling.provenance import Origin
from tests.conftest import trained
from tests.support.pages import made

THREE = Origin(640, 0, 7, "3")
FOUR = Origin(640, 0, 8, "4", 0.7)


def test_marks_are_stored_with_the_run_and_removed() -> None:
    run = made("marked")
    assert marks.load(run) == {}
    marks.change(run, {THREE: KEEP, FOUR: REJECT})
    assert marks.kept(run) == [THREE]
    assert marks.rejected(run) == {FOUR}
    marks.change(run, {THREE: REJECT, FOUR: KEEP})
    assert marks.kept(run) == [FOUR]
    assert marks.rejected(run) == {THREE}
    assert marks.clear(run, [THREE, Origin(640, 1, 7, "3")]) == {FOUR: KEEP}
    assert marks.load(run) == {FOUR: KEEP}


def test_the_basket_is_in_the_order_of_keeping() -> None:
    run = made("marked")
    first, second, third = (Origin(640, 0, position, "3") for position in (5, 1, 3))
    for origin in (first, second, third):
        marks.change(run, {origin: KEEP})
    marks.change(run, {first: KEEP})  # kept already: it stays where it is
    assert marks.kept(run) == [first, second, third]
    marks.change(run, {first: REJECT})
    marks.change(run, {first: KEEP})
    assert marks.kept(run) == [second, third, first]


def test_an_image_of_another_truncation_or_snapshot_is_another_image() -> None:
    run = made("marked")
    marks.change(run, {FOUR: REJECT})
    assert not {Origin(640, 0, 8, "4"), Origin(320, 0, 8, "4", 0.7)} & marks.rejected(run)


def test_kept_images_of_a_deleted_snapshot_leave_the_basket() -> None:
    run = trained("digits")
    old, new = Origin(160, 0, 7, "3"), Origin(320, 0, 8, "4")
    marks.change(run, {old: KEEP, new: KEEP})
    assert marks.basket(run) == [old, new]
    shutil.rmtree(run.snapshot(160))
    assert marks.basket(run) == [new]
    assert marks.kept(run) == [old, new]


def test_marks_that_are_set_at_once_are_all_kept() -> None:
    run = made("marked")
    origins = [Origin(640, 0, position, "3") for position in range(40)]
    with ThreadPoolExecutor(8) as people:
        list(people.map(lambda origin: marks.change(run, {origin: KEEP}), origins))
    assert set(marks.kept(run)) == set(origins)


def test_a_damaged_file_or_a_newer_one_is_told_and_never_overwritten() -> None:
    run = made("marked")
    file = run.path / "marks.json"
    for content, expected in (('{"version": 1, "mar', "damaged"), ('{"version": 9, "marks": []}', "another version")):
        file.write_text(content)
        with pytest.raises(RunError, match=expected):
            marks.change(run, {THREE: KEEP})
        assert file.read_text() == content


def test_too_many_marks_are_refused() -> None:
    run = made("marked")
    marks.change(run, {THREE: KEEP, FOUR: KEEP})
    with pytest.raises(UserError, match="up to 2"):
        marks.change(run, {Origin(640, 0, 9, "5"): KEEP}, max_marks=2)
    assert len(marks.load(run)) == 2
