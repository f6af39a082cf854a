"""What a run knows of its images without them: any change is seen, counted, and refused by all that compare."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan.data import registry
from gan.data.fingerprint import FILE, Fingerprint, difference
from gan.data.image_set import SPLITS, pixel_digests
from gan.errors import RunError
from gan.evaluation.privacy import guard
from gan.evaluation.privacy.membership import membership_test
from gan.evaluation.scores.score_snapshot import evaluate_snapshot
from gan.evaluation.study import estimate
from gan.evaluation.study.run_study import run_study
from gan.evaluation.training_images import cached_training_images, load_training_images, training_images_problem
from gan.jobs.worker import working
from gan.runs.run import Run
from gan.training.train import train
from tests.conftest import trained
from tests.support.image_files import random_image, write_class_folders


def fingerprint(rows: list[tuple[int, int, int]]) -> Fingerprint:
    """Of images, each with its digest, its class of three and its split."""
    return Fingerprint(
        names=("a", "b", "c"),
        reading="grey",
        digests=np.array([row[0] for row in rows], dtype=np.uint32),
        conditions=np.eye(3, dtype=np.uint8)[[row[1] for row in rows]],
        split=np.array(SPLITS)[[row[2] for row in rows]],
        learned=np.array([row[2] == 0 for row in rows]),
    )


ROWS = [(10 + n, n % 3, n % 2) for n in range(12)]


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (ROWS, ""),
        ([*ROWS, (90, 0, 0), (91, 1, 0)], "2 images added"),
        ([(90, 0, 0), *ROWS[1:]], "1 image added, 1 image removed"),
        (ROWS[5:], "5 images removed"),
        ([(10, 1, 0), (11, 2, 1), *ROWS[2:]], "2 images relabelled"),
        ([(10, 0, 2), (11, 1, 2), *ROWS[2:]], "2 moved between splits (1 from train to test, 1 from val to test)"),
        (ROWS[::-1], "the same images are in another order, as if files were renamed"),
        ([*ROWS, ROWS[0]], "1 image added"),
    ],
)
def test_changes_are_counted(now: list[tuple[int, int, int]], said: str) -> None:
    assert difference(fingerprint(ROWS), fingerprint(now)) == said


@given(st.data())
def test_any_change_is_counted_exactly(draw: st.DataObject) -> None:
    changes = draw.draw(st.lists(st.sampled_from(["keep", "remove", "relabel", "move"]), min_size=12, max_size=12))
    added = draw.draw(st.integers(0, 5))
    now = [(100 + n, 0, 0) for n in range(added)]
    for (image, label, split), change in zip(ROWS, changes, strict=True):
        if change != "remove":
            now.append((image, (label + (change == "relabel")) % 3, (split + (change == "move")) % 3))
    said = difference(fingerprint(ROWS), fingerprint(draw.draw(st.permutations(now))))
    counts = {"added": added, "removed": changes.count("remove"), "relabelled": changes.count("relabel")}
    for what, count in counts.items():
        assert (f"{count} image{'s' if count > 1 else ''} {what}" in said) == (count > 0)
    assert (f"{changes.count('move')} moved between splits" in said) == ("move" in changes)


def test_a_new_class_relabels_no_image_of_the_others() -> None:
    then, now = fingerprint(ROWS), fingerprint([*ROWS, (90, 2, 0)])
    conditions = np.concatenate([np.zeros((13, 1), np.uint8), now.conditions], axis=1)
    conditions[-1] = [1, 0, 0, 0]
    now = replace(now, names=("0", *now.names), conditions=conditions)
    assert difference(then, now) == "1 condition new (0), 1 image added"


def test_a_fingerprint_is_read_back(tmp_path: Path) -> None:
    fingerprint(ROWS).save(tmp_path)
    assert difference(fingerprint(ROWS), Fingerprint.load(tmp_path)) == ""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run on a folder of 60 images, stopped after its first snapshot."""
    write_class_folders(tmp_path / "cells", {"round": 30, "long": 30}, side=32)
    run = trained("cells", data__name="folder", data__path=str(tmp_path / "cells"), data__image_size=32)
    shutil.rmtree(run.snapshot())
    return run


def resume(run: Run) -> None:
    with working(run.path, "cpu") as worker:
        train(run, worker)


USES: list[Callable[[Run], object]] = [
    resume,
    evaluate_snapshot,
    membership_test,
    guard.load_detector,
    run_study,
    estimate.estimate_study,
    load_training_images,
    cached_training_images,
]


def grow(run: Run) -> None:
    for number in range(100, 112):
        random_image(number, 32).save(Path(run.config.data.path) / "round" / f"new {number}.png")


@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)
def test_whatever_compares_a_run_with_its_images_refuses_others(run: Run, use: Callable[[Run], object]) -> None:
    grow(run)
    registry.load_image_set(run.config.data)
    with pytest.raises(RunError, match="the run cells was trained: 12 images added"):
        use(run)
    assert run.snapshots() == [160]


def test_a_refused_run_goes_on_once_its_images_are_back(run: Run) -> None:
    before = registry.load_image_set(run.config.data)
    grow(run)
    told = training_images_problem(run)
    assert told is None, "the grown folder was not read yet"
    with pytest.raises(RunError, match="12 images added"):
        resume(run)
    for path in Path(run.config.data.path).glob("round/new *.png"):
        path.unlink()
    assert len(registry.load_image_set(run.config.data)) == len(before)
    resume(run)
    assert run.snapshots() == [160, 320]


def test_a_run_that_learnt_nothing_yet_takes_the_images_that_are_there(run: Run) -> None:
    shutil.rmtree(run.snapshot())
    grow(run)
    resume(run)
    assert len(Fingerprint.load(run.path).digests) == 72
    assert training_images_problem(run) is None


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 torn", b"\x93NUMPY"])
def test_a_missing_or_damaged_fingerprint_is_an_error_with_a_way_on(run: Run, content: bytes | None) -> None:
    (run.path / FILE).unlink()
    if content is not None:
        (run.path / FILE).write_bytes(content)
    with pytest.raises(RunError, match=r"fingerprint\.npz"):
        resume(run)
    assert FILE in (training_images_problem(run) or "")


def test_the_cache_keeps_the_digests_of_its_images(run: Run) -> None:
    images = registry.load_image_set(run.config.data)
    assert images.digests is not None
    assert images.digests.tolist() == pixel_digests(images.images).tolist()
