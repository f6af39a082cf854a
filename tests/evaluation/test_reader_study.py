"""The blind reader test: what is shown, that no answer is lost, what the answers say; and its page."""

import numpy as np
import pytest

from gan.data import registry
from gan.errors import DataError, RunError, UserError
from gan.evaluation import reader_study
from gan.evaluation.reader_study import Reading
from gan.io.atomic import write_json
from gan.io.json_files import read_json
from gan.sampling.sampler import load_generator
from tests.conftest import trained
from tests.support.pages import page, said


def answered(right: int, of: int, plausible: int) -> Reading:
    """A reading of `of` images, half of them real; the first `right` answers are right."""
    real = [number % 2 == 0 for number in range(of)]
    answers = [
        {"real": truth == (number < right), "plausible": number < plausible, "seconds": 1.0}
        for number, truth in enumerate(real)
    ]
    return Reading(1, "20260101-120000", "a reader", 320, "sha", 0, 1.0, [0] * of, real, answers)


def test_a_reading_shows_as_many_real_as_generated_images_of_the_same_conditions() -> None:
    run = trained("digits")
    images, sampler = registry.load_image_set(run.config.data), load_generator(run)
    reading = reader_study.begin_reading(run, images, sampler, " Dr. A ", 20, seed=3)
    assert (reading.reader, reading.count, reading.real.count(True)) == ("Dr. A", 20, 10)
    assert reading.real not in ([True, False] * 10, [True] * 10 + [False] * 10)  # in no order that one could guess
    held = set(images.rows("val").tolist())
    of_kind = {
        kind: [row for row, real in zip(reading.rows, reading.real, strict=True) if real == kind]
        for kind in (True, False)
    }
    assert sorted(of_kind[True]) == sorted(of_kind[False])
    assert set(of_kind[True]) <= held
    for number, row in enumerate(reading.rows):
        shown = reader_study.reading_image(reading, number, images, sampler)
        assert shown.shape == (1, 32, 32)
        assert (shown == images.images[row]).all() == reading.real[number]
        again = reader_study.reading_image(reader_study.load_reading(run, reading.id), number, images, sampler)
        assert (again == shown).all()
    other = reader_study.begin_reading(run, images, sampler, "", 20, seed=4)
    assert (other.reader, [one.id for one in reader_study.list_readings(run)]) == (
        "no name given",
        [other.id, reading.id],
    )


def test_answers_are_kept_as_they_come_and_never_twice() -> None:
    run = trained("digits")
    reading = reader_study.begin_reading(
        run, registry.load_image_set(run.config.data), load_generator(run), "A", 10, seed=0
    )
    reader_study.record_answer(run, reading.id, 0, True, False, 2.34)
    reader_study.record_answer(run, reading.id, 0, False, True, 9.0)  # a double click
    reader_study.record_answer(run, reading.id, 5, False, True, 9.0)  # of a page left open elsewhere
    assert reader_study.load_reading(run, reading.id).answers == [{"real": True, "plausible": False, "seconds": 2.3}]
    assert reader_study.undo_answer(run, reading.id).answers == []
    assert reader_study.undo_answer(run, reading.id).answers == []
    for number in range(10):
        kept = reader_study.record_answer(run, reading.id, number, True, True, 1.0)
    assert kept.finished
    assert len(reader_study.record_answer(run, reading.id, 10, True, True, 1.0).answers) == 10


def test_what_the_answers_say_against_counts_by_hand() -> None:
    found = answered(right=30, of=40, plausible=20).summary()
    assert found is not None
    assert (found.correct.count, found.correct.n) == (30, 40)
    assert (found.correct.low, found.correct.high) == pytest.approx((0.5981, 0.8581), abs=1e-3)  # Wilson 1927
    # The last ten answers are wrong: five real images taken for generated ones, and five the other way.
    assert (found.synthetic_called_real.count, found.synthetic_called_real.n) == (5, 20)
    assert (found.real_called_real.count, found.real_plausible.count, found.synthetic_plausible.count) == (15, 10, 10)
    assert found.sentence() == (
        "This reader can tell generated images from real ones: right in 30 of 40 (75%, 95% interval 60% to 86%)."
    )
    assert "could not be shown to tell them apart: right in 20 of 40" in answered(20, 40, 0).summary().sentence()  # type: ignore[union-attr]
    assert "wrong more often than by chance, right in 4 of 40" in answered(4, 40, 0).summary().sentence()  # type: ignore[union-attr]
    assert Reading(1, "x", "", 0, "", 0, 0.0, [1, 1], [True, False], []).summary() is None


def test_what_cannot_be_read_is_said() -> None:
    run = trained("digits")
    images, sampler = registry.load_image_set(run.config.data), load_generator(run)
    for count in (8, 11, 402):
        with pytest.raises(UserError, match=f"The number of images is {count}"):
            reader_study.begin_reading(run, images, sampler, "A", count, 0)
    with pytest.raises(DataError, match="has 180 validation images: a reading of 400 takes 200 of them"):
        reader_study.begin_reading(run, images, sampler, "A", 400, 0)
    for identifier in ("20260101-000000", "../../config"):
        with pytest.raises(RunError, match="has no reading"):
            reader_study.load_reading(run, identifier)
    reading = reader_study.begin_reading(run, images, sampler, "A", 10, 0)
    file = run.path / "evaluation" / f"reader-{reading.id}.json"
    document = read_json(file)
    assert document is not None
    write_json(file, document | {"generator_sha256": "of another", "real": [False] * 10})
    with pytest.raises(RunError, match="was trained again since this reading began"):
        reader_study.reading_image(reader_study.load_reading(run, reading.id), 0, images, sampler)
    write_json(file, document | {"version": 99})
    assert reader_study.list_readings(run) == []


def test_a_reading_on_its_page() -> None:
    run = trained("digits")
    at = page("evaluate", run="digits", snapshot="320")
    at.text_input(key="reader name").set_value("Dr. B")
    at.number_input(key="reader count").set_value(10)
    at.button(key="begin reading").click().run()
    assert not at.exception
    (reading,) = reader_study.list_readings(run)
    assert at.query_params["reading"] == reading.id
    assert "score one" not in {button.key for button in at.button}  # nothing else is on the page
    shown = np.random.default_rng(0).integers(1, 5, 10)
    at.button(key=f"answer {shown[0]}").click().run()
    at.button(key="leave").click().run()
    assert "reading" not in at.query_params
    assert "1 of 10 answered" in said(at)
    at.button(key=f"go on {reading.id}").click().run()
    for key in shown[1:]:
        at.button(key=f"answer {key}").click().run()
    kept = reader_study.load_reading(run, reading.id)
    assert [(one["real"], one["plausible"]) for one in kept.answers] == [(key < 3, key % 2 == 1) for key in shown]
    found = kept.summary()
    assert found is not None
    assert found.sentence() in said(at)
    at = page("evaluate", run="digits", reading="20200101-000000")
    assert "has no reading 20200101-000000" in at.error[0].value
    at.button[0].click().run()
    assert "reading" not in at.query_params
