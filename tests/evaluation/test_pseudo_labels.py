"""Classes inferred for unlabelled images: right ones, of no tested patient; and all that a run learned is guarded."""

import json
import zipfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from gan import jobs
from gan.cli.main import main
from gan.config import options
from gan.data import registry
from gan.data.fingerprint import Fingerprint
from gan.data.image_set import UNLABELLED, ImageSet
from gan.errors import DataError, StoppedError
from gan.evaluation import pseudo_labels, training_images
from gan.evaluation.classifiers.reference import native_images
from gan.evaluation.privacy import guard
from gan.evaluation.privacy.near_copies import SAME
from gan.evaluation.pseudo_labels import infer_pseudo_labels, label_unlabelled_images
from gan.evaluation.study import arm_generators, divisions
from gan.evaluation.study.arm_generators import Generator, generator_folder, train_generator
from gan.evaluation.study.divisions import Division
from gan.evaluation.study.guarded_generation import FindCopies
from gan.evaluation.study.study_options import StudyOptions
from gan.export import model_card
from gan.io.progress import silent
from gan.runs.run import find_run
from gan.training.pseudo_labels import FILE, PseudoLabels, load_pseudo_labels
from tests.conftest import TINY
from tests.support.exactness import train_until
from tests.support.pages import page
from tests.support.study import TWO_STEPS, held_out_like, made_study
from tests.support.unlabelled import SHORT, SIDE, add_squares, set_with_unlabelled, squares_run, true_labels

GROUPS = ["train-3", "val-3", "test-3", *["another"] * 21]
"""Of the unlabelled images: one of a patient of each split, the rest of another."""


def same_labels(one: PseudoLabels, other: PseudoLabels) -> bool:
    return np.array_equal(one.labels, other.labels) and np.array_equal(one.confidence, other.confidence)


def test_classes_are_right_and_none_is_of_a_tested_patient_or_of_equal_pixels() -> None:
    images = set_with_unlabelled(groups=GROUPS)
    rows = images.rows(UNLABELLED)
    for copy, split in ((5, "val"), (6, "test"), (7, "train")):
        images.images[rows[copy]] = images.images[images.rows(split)[1]]
    truth, phases = true_labels(images), set()
    found = infer_pseudo_labels(images, 0, lambda phase, done: phases.add((phase, 0 <= done <= 1)), budget=SHORT)
    left_out = rows[[1, 2, 5, 6]]
    assert phases == {("labelling unlabelled images", True)}
    assert set(np.flatnonzero(found.labels >= 0)) == set(rows) - set(left_out)
    others = found.labels >= 0
    assert (found.labels[others] == truth.labels[others]).all()
    assert (found.confidence[others] >= 0.95).all()
    assert not found.confidence[left_out].any()
    count, right, sure, sure_and_right = found.judged.tolist()
    assert (count, right) == (16, 16)
    assert sure == sure_and_right >= 12
    assert found.summary(images).sentence().startswith("20 of 24 unlabelled images were learned")

    other = images.images.copy()  # nothing depends on a test image, or on an image of a tested patient
    for row in (*images.rows("test"), *rows[[1, 2]]):
        other[row] = np.random.default_rng(int(row)).integers(0, 256, other[row].shape, dtype=np.uint8)
    other[rows[6]] = other[images.rows("test")[1]]
    assert same_labels(infer_pseudo_labels(replace(images, images=other), 0, silent, budget=SHORT), found)


def test_where_no_image_may_be_used_none_is_labelled() -> None:
    images = set_with_unlabelled(groups=["test-0"] * 24)
    found = infer_pseudo_labels(images, 0, silent, budget=SHORT)
    assert (found.labels == -1).all()
    assert found.summary(images).sentence().startswith("None of 24 unlabelled images was learned")


def test_attributes_and_sets_without_validation_images_are_refused() -> None:
    images = set_with_unlabelled()
    with pytest.raises(DataError, match="has attributes, not classes"):
        infer_pseudo_labels(replace(images, kind="attributes"), 0, silent)
    split = np.where(images.split == "val", "train", images.split)
    with pytest.raises(DataError, match="has no validation images"):
        infer_pseudo_labels(replace(images, split=split), 0, silent)


def test_classes_are_inferred_before_the_first_snapshot_and_never_again() -> None:
    images = registry.load_image_set(add_squares("own"))
    run = squares_run("run")
    (run.path / FILE).write_bytes(b"of an attempt that was killed")
    label_unlabelled_images(run, images, silent, budget=SHORT)
    found = load_pseudo_labels(run, images)
    assert found is not None
    assert (found.labels == true_labels(images).labels).all()
    train_until(run, 160)
    kept = (run.path / FILE).read_bytes()
    label_unlabelled_images(run, images, lambda phase, done: pytest.fail(phase), budget=SHORT)
    assert (run.path / FILE).read_bytes() == kept
    off = squares_run("off", **{"data.pseudo_labels": False})
    (off.path / FILE).unlink()
    label_unlabelled_images(off, images, silent, budget=SHORT)
    assert not (off.path / FILE).exists()


def test_a_run_from_the_command_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(pseudo_labels, "label_unlabelled_images", partial(label_unlabelled_images, budget=SHORT))
    add_squares("own")
    given = TINY | {"data.name": "folder", "data.path": "own", "data.image_size": SIDE, "data.pseudo_labels": True}
    given |= {"job.device": "cpu", "train.score": "off"}
    arguments = [word for name, value in given.items() for word in (f"--{name}", str(value))]
    assert main(["train", "--name", "run", *arguments]) == 0
    run = find_run("run")
    assert jobs.state(run.path).name == "finished"
    more = run.info().pseudo_labelled
    assert more is not None
    assert (more.unlabelled, more.counts, more.right) == (24, (12, 12), more.sure)
    assert more.sentence() in capsys.readouterr().out


def test_near_copies_of_unlabelled_images_that_were_learned_are_found() -> None:
    images = registry.load_image_set(add_squares("own"))
    run, other = squares_run("run"), squares_run("other", **{"data.pseudo_labels": False})
    for one in (run, other):
        train_until(one, None)
    learned = np.union1d(images.rows("train"), images.rows(UNLABELLED))
    assert (training_images.learned_rows(run) == learned).all()
    assert (training_images.learned_rows(other) == images.rows("train")).all()
    assert training_images.learned_images_key(other) == training_images.training_images_key(other)
    assert training_images.learned_images_key(run) != training_images.learned_images_key(other)
    shown, rows = images.rows(UNLABELLED)[:6], training_images.learned_rows(run)
    found = guard.load_detector(run)[0].nearest(native_images(images, shown))
    assert found.copy.all()
    assert (rows[found.pixel_index] == shown).all()
    assert guard.load_detector(other)[0].nearest(native_images(images, shown)).pixel_distance.min() > SAME


def test_a_download_a_generator_and_the_progress_page_say_what_was_learned(tmp_path: Path) -> None:
    add_squares("own")
    run = squares_run("run")
    train_until(run, None)
    said = "24 of 24 unlabelled images were learned with a class inferred by a classifier of the labelled ones"
    target = tmp_path / "images.zip"
    assert main(["export", "run", "--per-class", "1", "--with-near-copies", "--out", str(target)]) == 0
    with zipfile.ZipFile(target) as archive:
        card, manifest = archive.read("README.md").decode(), json.loads(archive.read("manifest.json"))
    assert said in card
    assert "By class: plain 12, square 12." in card
    assert manifest["training_data"]["pseudo_labelled"]["counts"] == [12, 12]
    assert said in model_card.model_card(model_card.model_document(run, run.snapshots()[-1], "torch"), run.info(), 0.0)
    at = page("progress", run="run")
    assert not at.exception
    assert said in " ".join(caption.value for caption in at.caption)


def low_data(images: ImageSet) -> Division:
    """The division of half of the training images, which tests on the others too."""
    return divisions.divide(images, 0.5)[0]


def test_a_generator_of_a_study_learns_no_unlabelled_image_of_a_patient_who_is_tested(tmp_path: Path) -> None:
    images = set_with_unlabelled(groups=[f"train-{number}" for number in range(24)])
    division = low_data(images)
    tested = {str(name) for name in images.group[division.sealed._rows]}  # type: ignore[index]
    values = {"data.name": "folder", "data.path": "own", "data.image_size": SIDE, "data.pseudo_labels": True}
    config = options.build_config(TINY | values | {"train.kimg": 0.064, "train.snapshot_kimg": 0.064})
    folder = generator_folder(tmp_path, division, 0)
    made = train_generator(config, division, folder, "cpu", None, arm_generators.OWN, SHORT)
    assert len(made.unlabelled)
    assert not {str(name) for name in images.group[made.unlabelled]} & tested  # type: ignore[index]
    assert (images.split[made.unlabelled] == UNLABELLED).all()
    learned = Fingerprint.load(folder).learned.sum()
    assert learned == len(division.train) + len(made.unlabelled)
    again = train_generator(config, division, folder, "cpu", None, arm_generators.OWN, SHORT)
    assert (again.unlabelled == made.unlabelled).all()
    off = config.model_copy(update={"data": config.data.model_copy(update={"pseudo_labels": False})})
    plain = train_generator(off, division, tmp_path / "off", "cpu", None, arm_generators.OWN, SHORT)
    assert not len(plain.unlabelled)


def test_a_study_guards_the_unlabelled_images_that_its_generators_learned(tmp_path: Path) -> None:
    images = set_with_unlabelled()
    learned, guarded = images.rows(UNLABELLED)[:5], []

    def guard_for(development: ImageSet, folder: Path) -> FindCopies:
        guarded.extend(image.tobytes() for image in development.images[development.rows("train")])
        raise StoppedError  # before the first classifier

    small = StudyOptions(2, (1.0,), (1.0,), (0.5,), budget=TWO_STEPS, selection_seeds=2, uses=("added",))
    study = made_study(images, lambda share, subset: held_out_like, tmp_path, small, guard_for=guard_for)
    toy = Generator(held_out_like, {"name": "toy", "kimg": 1.0}, learned)
    with pytest.raises(StoppedError):
        replace(study, generator_for=lambda division, number: toy).result("toy", 1)
    assert sorted(guarded) == sorted(image.tobytes() for image in images.images[[*images.rows("train"), *learned]])
