"""Runs that learn unlabelled images too: what they learn and keep, exact resumption, and files that cannot be used."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gan.config import options, settings
from gan.config.run_config import JobConfig, RunConfig
from gan.data import registry
from gan.data.fingerprint import Fingerprint
from gan.data.image_set import UNLABELLED
from gan.data.info import DatasetInfo, PseudoLabelled
from gan.data.order import training_order
from gan.errors import DamagedFileError, DataError, RunError, UserError
from gan.export import balance
from gan.io.progress import silent
from gan.jobs.worker import working
from gan.runs import lifecycle
from gan.sampling.conditions import Condition
from gan.training import recommend, start_from, subclass_labels
from gan.training.estimate import estimate
from gan.training.preflight import find_problems
from gan.training.pseudo_labels import FILE, load_pseudo_labels, with_pseudo_labels
from gan.training.train import train
from gan.training.training_set import load_training_set
from tests.support.celeba import write_celeba
from tests.support.exactness import final_weights, rows, same, train_until
from tests.support.parent_runs import finished_run
from tests.support.unlabelled import add_squares, set_with_unlabelled, squares_run, true_labels


def test_unlabelled_images_with_a_class_are_trained_on_and_the_info_has_the_labelled_ones_alone() -> None:
    images = registry.load_image_set(add_squares("own"))
    run = squares_run("run")
    training_set, info = load_training_set(run, images, silent)
    learned = np.union1d(images.rows("train"), images.rows(UNLABELLED))
    assert (training_set.rows("train") == learned).all()
    assert (training_set.labels()[images.rows(UNLABELLED)] == true_labels(images).labels[images.rows(UNLABELLED)]).all()
    seen = np.concatenate([next(training_order(training_set, run.config, start)) for start in range(0, 80, 16)])
    assert set(seen.tolist()) == set(range(len(learned)))  # one pass
    assert (info.conditions == images.info().conditions).all()
    assert info.pseudo_labelled == PseudoLabelled(24, (12, 12), 16, 15, 12, 12, 2.5)
    assert info.training_counts() == {"plain": 28, "square": 28}
    info.save(run.path)
    assert run.info().pseudo_labelled == info.pseudo_labelled
    assert run.info().pseudo_labelled.sentence() == (  # type: ignore[union-attr]
        "24 of 24 unlabelled images were learned with a class inferred by a classifier of the labelled ones (about "
        "100% right, judged by 12 validation images)."
    )


def test_clusters_within_classes_are_those_of_all_images_that_are_learned() -> None:
    images = registry.load_image_set(add_squares("own", labelled=80, unlabelled=160))
    _, info = load_training_set(squares_run("run", **{"model.subclasses": 2}), images, silent)
    assert np.array(info.subclasses).sum(axis=1).tolist() == [28 + 80, 28 + 80]
    assert all(count for counts in info.subclasses for count in counts)  # of 28 images there would be one cluster


def test_real_images_of_a_subclass_are_the_labelled_ones_as_of_a_class() -> None:
    images = registry.load_image_set(add_squares("own", labelled=80, unlabelled=160))
    run = squares_run("run", **{"model.subclasses": 2})
    load_training_set(run, images, silent)[1].save(run.path)
    info = run.info()
    assert sum(info.subclasses[0]) == 28 + 80
    of_class, *parts = (Condition.from_text(text, info) for text in ("plain", "plain, subclass 1", "plain, subclass 2"))
    assert of_class.matching_images(info) == 28 == sum(part.matching_images(info) for part in parts)
    rows = balance.balance_table(info, 40, ["plain", "plain, subclass 1", "plain, subclass 2"])
    assert [row.total for row in rows] == [40, 40, 40]
    assert dict(balance.balance_items(info, None, ["plain, subclass 1"])).keys() == {"plain, subclass 1"}
    with pytest.raises(UserError, match="plain has as many training images as the largest class"):
        balance.balance_items(info, None, ["plain"])
    found = subclass_labels.load_subclasses(run, len(images))
    assert found is not None
    plain = images.rows("train")[images.labels()[images.rows("train")] == 0]
    assert parts[1].matching_images(info) == (found.labels[plain] == 1).sum()
    path = run.path / "data.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"labelled_subclasses": [[1, 2, 3], [1, 2, 3]]}))
    with pytest.raises(RunError, match="labelled_subclasses does not have one count per subclass"):
        run.info()


def test_without_the_option_nothing_changes() -> None:
    images = registry.load_image_set(add_squares("own"))
    run = squares_run("run", **{"data.pseudo_labels": False})
    assert with_pseudo_labels(run, images) == (images, None)
    assert registry.image_set_key(run.config.data) == registry.image_set_key(squares_run("other").config.data)


def test_a_stopped_and_resumed_run_equals_an_uninterrupted_one() -> None:
    add_squares("own")
    whole, run = squares_run("whole"), squares_run("run")
    train_until(whole, None)
    train_until(run, 160)
    assert 0 < run.snapshots()[-1] < run.total
    train_until(run, None)
    assert rows(run) == rows(whole)
    assert same(final_weights(run), final_weights(whole))
    learned = Fingerprint.load(run.path).learned
    images = registry.load_image_set(run.config.data)
    assert (learned == np.isin(images.split, ("train", UNLABELLED))).all()


def test_a_run_does_not_go_on_with_other_classes_than_it_has_learned() -> None:
    images = registry.load_image_set(add_squares("own"))
    run = squares_run("run")
    train_until(run, 160)
    found = true_labels(images)
    found.labels[images.rows(UNLABELLED)[0]] = -1
    found.save(run)
    with pytest.raises(RunError, match=r"learned other unlabelled images than its pseudo_labels\.npz names"):
        train_until(run, None)


def test_a_run_without_its_inferred_classes_does_not_start() -> None:
    add_squares("own")
    run = squares_run("run")
    (run.path / FILE).unlink()
    with pytest.raises(RunError, match=r"no pseudo_labels\.npz with their classes"), working(run.path, "cpu") as worker:
        train(run, worker)
    assert not run.snapshots()


def arrays(path: Path) -> dict[str, NDArray[np.generic]]:
    with np.load(path) as file:
        return dict(file)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda file: file.pop("judged"), "an array is missing"),
        (lambda file: file.update(labels=file["labels"].astype(np.int64)), "wrong type"),
        (lambda file: file.update(labels=file["labels"][1:]), "a class for each image"),
        (lambda file: file["labels"].put(-1, 2), "other classes than the 2"),
        (lambda file: file["labels"].put(-1, -2), "other classes than the 2"),
        (lambda file: file["labels"].put(0, 1), "not unlabelled"),
        (lambda file: file["judged"].put(0, -1), "no count"),
        (lambda file: file.update(seconds=np.float64("nan")), "no count"),
    ],
)
def test_a_damaged_file_is_refused(damage: Callable[[dict[str, NDArray[np.generic]]], object], said: str) -> None:
    images = registry.load_image_set(add_squares("own"))
    run = squares_run("run")
    file = arrays(run.path / FILE)
    damage(file)
    np.savez(run.path / FILE, **file)  # type: ignore[arg-type]
    with pytest.raises(DamagedFileError, match=said):
        load_pseudo_labels(run, images)
    (run.path / FILE).write_bytes(b"PK torn")
    with pytest.raises(DamagedFileError):
        load_pseudo_labels(run, images)


def test_an_info_of_an_older_program_and_a_damaged_one(tmp_path: Path) -> None:
    images = set_with_unlabelled()
    replace(images.info(), pseudo_labelled=true_labels(images).summary(images)).save(tmp_path)
    document = json.loads((tmp_path / "data.json").read_text())
    document["pseudo_labelled"]["counts"] = [3]
    (tmp_path / "data.json").write_text(json.dumps(document))
    with pytest.raises(DamagedFileError, match="one count per name"):
        DatasetInfo.load(tmp_path)
    del document["pseudo_labelled"]
    (tmp_path / "data.json").write_text(json.dumps(document))
    found = DatasetInfo.load(tmp_path)
    assert found is not None
    assert found.pseudo_labelled is None


def test_a_fingerprint_of_an_older_program_has_learned_the_training_images(tmp_path: Path) -> None:
    images = set_with_unlabelled()
    Fingerprint.of(images, images.split != "test").save(tmp_path)
    assert (Fingerprint.load(tmp_path).learned == (images.split != "test")).all()
    file = arrays(tmp_path / "fingerprint.npz")
    del file["learned"]
    np.savez(tmp_path / "fingerprint.npz", **file)  # type: ignore[arg-type]
    assert (Fingerprint.load(tmp_path).learned == (images.split == "train")).all()
    np.savez(tmp_path / "fingerprint.npz", learned=np.zeros(3, bool), **file)  # type: ignore[arg-type]
    with pytest.raises(RunError, match="different lengths"):
        Fingerprint.load(tmp_path)


def test_a_start_counts_the_unlabelled_images_that_the_parent_learned() -> None:
    images = set_with_unlabelled()
    parent = finished_run("parent", images)
    moved = images.split.copy()
    moved[images.rows(UNLABELLED)[:3]] = "test"
    ours = replace(images, split=moved)
    others = {"data.name": "digits", "train.start_from": parent.name, "model.family": "projection", "model.width": 32}
    Fingerprint.of(images, np.isin(images.split, ("train", UNLABELLED))).save(parent.path)
    child = lifecycle.create_run(options.build_config(others), "child")
    with pytest.raises(DataError, match="was trained on 3 validation or test images"):
        start_from.check_unseen(child, ours)
    assert start_from.check_unseen(child, images) == ""


def problems(config: RunConfig, level: str) -> dict[str, str]:
    return {one.key: one.text for one in find_problems(config, estimate(config)) if one.level == level}


def test_preflight_says_what_can_be_learned() -> None:
    config = options.replace_options(
        options.build_config({"data.name": "folder", "data.path": "own", "data.image_size": 16}),
        {"data.pseudo_labels": True},
    )
    add_squares("own")
    assert problems(config, "error") == {}
    assert "few-images-per-class" not in problems(config, "warning"), "unlabelled ones join the few"
    assert "the label plain (28), square (28): how many more" in problems(config, "note")["few-labels-per-class"]
    labelled_alone = options.replace_options(config, {"data.pseudo_labels": False})
    assert "few-images-per-class" in problems(labelled_alone, "warning")
    assert "the classes of 24 unlabelled ones" in problems(config, "note")["pseudo-labels-first"]
    digits = options.build_config({"data.pseudo_labels": True})
    registry.load_image_set(digits.data)
    assert (
        "has no unlabelled images. Set data.pseudo_labels to false" in problems(digits, "error")["no-unlabelled-images"]
    )


def test_unlabelled_images_that_are_learned_count_before_a_start() -> None:
    data = add_squares("own", labelled=52, unlabelled=240)
    images = registry.load_image_set(data)
    assert images.counts()["train"] == {"plain": 18, "square": 18}
    recommended = recommend.recommend(data, images, JobConfig(device="cpu"))
    config = options.replace_options(recommended.config, {"model.subclasses": 2, "train.batch": 64})
    assert not recommended.advice
    assert problems(config, "warning") == {}
    assert problems(config, "note").keys() == {"few-labels-per-class", "pseudo-labels-first"}
    labelled_alone = options.replace_options(config, {"data.pseudo_labels": False})
    assert problems(labelled_alone, "warning").keys() == {"batch-larger-than-set", "too-few-per-class"}
    assert "subclasses-without-effect" in problems(labelled_alone, "note")
    with_all, without = estimate(config), estimate(labelled_alone)
    assert (with_all.images, with_all.unlabelled, with_all.per_condition) == (276, 240, {"plain": 18, "square": 18})
    assert "Training images: 276, 240 of them unlabelled" in with_all.lines()
    assert (without.images, without.unlabelled) == (36, 0)
    assert (with_all.memory or 0) > (without.memory or 0)


def test_a_class_stays_too_small_where_all_unlabelled_images_would_not_do() -> None:
    config = options.build_config({f"data.{name}": value for name, value in add_squares("own", 52, 5)})
    assert problems(config, "warning").keys() >= {"too-few-per-class"}
    config = options.build_config({f"data.{name}": value for name, value in add_squares("more", 52, 15)})
    assert "of plain (18), square (18)" in problems(config, "warning")["few-images-per-class"]


def test_attributes_have_no_inferred_class() -> None:
    write_celeba(settings.public_data(), 40)
    config = options.build_config({"data.name": "celeba", "data.pseudo_labels": True})
    registry.load_image_set(config.data)
    assert "these images have attributes" in problems(config, "error")["pseudo-labels-of-attributes"]
