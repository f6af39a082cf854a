"""Subclasses: how they are found and sampled, and that a run keeps its own."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from gan.config import options, settings
from gan.data import registry, subclasses
from gan.data.image_set import ImageSet
from gan.data.info import DatasetInfo
from gan.data.subclasses import append_subclasses, condition_width, find_subclasses
from gan.errors import DataError
from gan.jobs.worker import working
from gan.runs import lifecycle
from gan.runs.run import Run
from gan.sampling import interpolation, subclass_sampling, views
from gan.sampling.provenance import Origin
from gan.sampling.sampler import load_generator
from gan.sampling.subclass_sampling import network_conditions
from gan.training import subclass_labels
from gan.training.estimate import estimate
from gan.training.preflight import find_problems
from gan.training.subclass_labels import load_subclasses, with_subclasses
from gan.training.train import train
from tests.conftest import TINY, trained
from tests.support.celeba import write_celeba
from tests.support.exactness import final_weights, same


def check_share(phase: str, done: float) -> None:
    assert 0 <= done <= 1


def grey_set(greys: list[tuple[int, int, str]], kind: str = "class") -> ImageSet:
    """An image of one grey for each (class, grey, split), with two classes."""
    return ImageSet(
        images=np.stack([np.full((1, 32, 32), grey, np.uint8) for _, grey, _ in greys]),
        conditions=np.eye(2, dtype=np.float32)[[label for label, _, _ in greys]],
        names=("left", "right"),
        kind="class" if kind == "class" else "attributes",
        split=np.array([split for _, _, split in greys]),
        group=None,
        native_size=32,
        title="Squares",
        source="",
        licence="",
    )


def info(counts: tuple[tuple[int, ...], ...]) -> DatasetInfo:
    conditions = np.eye(2, dtype=np.uint8)
    return DatasetInfo(("left", "right"), "class", 1, 32, 32, "", "", "", conditions, counts)


MANY = 2 * subclasses.MIN_IMAGES_PER_SUBCLASS
"""Training images of a class that has two subclasses and no more."""


def test_subclasses_are_found_within_each_class_from_dark_to_bright() -> None:
    left = [(0, 200 if n % 3 else n % 9, "train") for n in range(MANY)]
    right = [(1, 250 if n < 30 else 100 + n % 9, "train") for n in range(MANY)]
    found = find_subclasses(grey_set(left + right), 2, 0, check_share).labels
    assert found[:MANY].tolist() == [int(n % 3 > 0) for n in range(MANY)]
    assert found[MANY:].tolist() == [int(n < 30) for n in range(MANY)]


def test_images_that_are_not_learnt_from_take_the_nearest_kind_and_make_none() -> None:
    learnt = [(label, 60 * (n % 2), "train") for label in (0, 1) for n in range(MANY)]
    held_out = [(0, 250, "val"), (0, 251, "test"), (0, 20, "val"), (1, 40, "test")]
    assert find_subclasses(grey_set(learnt + held_out), 2, 0, check_share).labels[-4:].tolist() == [1, 1, 0, 1]


def test_a_class_with_few_or_few_distinct_images_has_fewer_subclasses() -> None:
    few = [(0, 10 * (n % 4), "train") for n in range(2 * MANY - 1)]  # 3 per subclass, if there were 4
    alike = [(1, 7 + 90 * (n % 2), "train") for n in range(3 * MANY)]
    found = find_subclasses(grey_set(few + alike), 8, 0, check_share).labels
    assert set(found[: len(few)]) == {0, 1, 2}
    assert set(found[len(few) :]) == {0, 1}
    assert not find_subclasses(grey_set(few[: MANY - 1] + alike), 8, 0, check_share).labels[: MANY - 1].any()


def test_networks_are_conditioned_on_class_and_subclass() -> None:
    rows = append_subclasses(np.eye(2, dtype=np.float32), np.array([2, 0], dtype=np.uint8), 3)
    assert rows.tolist() == [[1, 0, 0, 0, 1, 0, 0, 0], [0, 1, 0, 0, 0, 1, 0, 0]]
    assert condition_width(2, 3) == rows.shape[1]
    assert condition_width(2, 1) == 2


def test_subclasses_are_sampled_in_the_proportions_of_the_training_split() -> None:
    left = np.tile(np.array([[1, 0]], dtype=np.float32), (4000, 1))
    rows = network_conditions(info(((1, 0, 3), (5, 0, 0))), left, 7, range(4000))
    assert (rows[:, :2] == left).all()
    assert rows[:, 5:].sum() == 0  # the other class has no part in it
    share = rows[:, 2:5].mean(axis=0)
    assert share[1] == 0
    assert share[2] == pytest.approx(0.75, abs=0.03)  # four standard deviations of 4,000 draws


def test_which_kind_depends_on_the_seed_and_the_position_alone() -> None:
    counts = info(((10, 10, 10, 10), (1, 2, 3, 4)))
    asked = np.eye(2, dtype=np.float32)[[0, 1, 0, 1, 0, 1]]
    whole = network_conditions(counts, asked, 3, range(100, 106))
    assert (np.concatenate([network_conditions(counts, asked[[n]], 3, [100 + n]) for n in range(6)]) == whole).all()
    assert any((network_conditions(counts, asked, seed, range(100, 106)) != whole).any() for seed in (4, 5))


def test_a_class_without_training_images_can_be_asked_for() -> None:
    rows = network_conditions(info(((0, 0), (3, 1))), np.eye(2, dtype=np.float32)[[0]], 0, [0])
    assert rows.sum() == 2


def test_info_with_and_without_subclasses_is_read_back(tmp_path: Path) -> None:
    for counts in ((), ((1, 2), (3, 4))):
        info(counts).save(tmp_path)
        again = DatasetInfo.load(tmp_path)
        assert again is not None
        assert again.subclasses == counts


def test_attributes_have_no_subclasses() -> None:
    with pytest.raises(DataError, match=r"model\.subclasses is 4: Squares has attributes"):
        with_subclasses(run_of(4), grey_set([(0, 1, "train"), (1, 2, "train")], "attributes"), check_share)


def run_of(count: int) -> Run:
    return lifecycle.create_run(options.build_config(TINY | {"model.subclasses": count}), "divided")


def test_images_of_a_class_that_are_nearly_the_same_are_not_divided_and_warn_of_nothing() -> None:
    nearly = grey_set([(n % 2, 255, "train") for n in range(4 * MANY)])
    nearly.images[np.arange(len(nearly)), 0, np.arange(len(nearly)) % 32, 5] = 254
    assert not find_subclasses(nearly, 8, 0, check_share).labels.any()


def test_pale_held_out_images_get_the_right_subclass() -> None:
    pale = grey_set([(n % 2, 250, "train") for n in range(2 * MANY)] + [(n % 2, 250, "val") for n in range(2 * MANY)])
    pale.images[::4, 0, :8] = 246
    pale.images[1::4, 0, 8:16] = 246
    found = find_subclasses(pale, 2, 0, check_share).labels
    assert (found[: 2 * MANY] == found[2 * MANY :]).all()
    assert 0 < found[0::2].mean() < 1
    assert 0 < found[1::2].mean() < 1


def test_separation_is_the_share_of_the_diversity_that_one_image_per_subclass_has() -> None:
    """Greys 0, 10 and 200, 210 equally often: the subclasses' greys, 0 or 10 and 200 or 210, differ by 190 to 210."""
    greys = [(label, 200 * (n % 2) + 10 * (n // 2 % 2), "train") for label in (0, 1) for n in range(2 * MANY)]
    all_of_them = np.std([0, 10, 200, 210])
    apart = find_subclasses(grey_set(greys), 2, 0, check_share).separation
    assert 95 / all_of_them - 0.01 < apart < 1
    assert find_subclasses(grey_set(greys), 1, 0, check_share).separation == 0


def test_subclasses_are_found_again_until_the_first_snapshot_and_kept_afterwards() -> None:
    greys = [(n % 2, n % 251, "train") for n in range(4 * MANY)]
    run, images = run_of(2), grey_set(greys)
    first, info_then = with_subclasses(run, images, check_share)
    changed = grey_set(greys[2:] + greys[:2])
    other, _ = with_subclasses(run, changed, check_share)  # nothing was learnt yet
    assert (other.conditions != first.conditions).any()
    with_subclasses(run, images, check_share)
    (run.path / "snapshots" / "000000160").mkdir()
    (run.path / "snapshots" / "000000160" / "ready.json").touch()
    again, info_now = with_subclasses(run, images, lambda phase, done: pytest.fail("found anew"))
    assert (again.conditions == first.conditions).all()
    assert info_now.subclasses == info_then.subclasses


def test_images_of_a_run_with_subclasses_can_be_generated_again() -> None:
    run = trained("clustered", model__subclasses=2)
    images = registry.load_image_set(run.config.data)
    found = load_subclasses(run, len(images))
    assert found is not None
    assert found.labels.max() == 1
    assert np.sum(run.info().subclasses, axis=1).tolist() == list(images.counts()["train"].values())
    sampler = load_generator(run)
    sevens = np.eye(10, dtype=np.float32)[[7] * 8]
    made = sampler.generate(sevens, seed=5, start=20)
    alone = views.regenerate(sampler, Origin(sampler.seen, 5, 23, "7"))
    assert np.abs(made[3].astype(int) - alone.astype(int)).max() <= 1
    frames = interpolation.frames(sampler, Origin(sampler.seen, 5, 23, "7"), Origin(sampler.seen, 5, 24, "2"), 5)
    assert np.abs(frames[0].astype(int) - alone.astype(int)).max() <= 1


def test_a_resumed_run_with_subclasses_equals_an_uninterrupted_one() -> None:
    whole, run = trained("whole", model__subclasses=2), trained("again", model__subclasses=2)
    shutil.rmtree(run.snapshot())
    found = (run.path / subclass_labels.FILE).stat()
    with working(run.path, "cpu") as worker:
        train(run, worker)
    assert run.snapshots() == [160, 320]
    assert same(final_weights(run), final_weights(whole))
    assert (run.path / subclass_labels.FILE).stat().st_mtime_ns == found.st_mtime_ns


def test_each_image_is_of_the_kind_that_was_drawn_for_it() -> None:
    """One training image in ten has its spot below instead of above; without subclasses it is lost, or comes anyhow."""
    images, below = grey_set([(n % 2, 30, "train") for n in range(400)]), np.arange(400) % 20 < 2
    for number, (image, low) in enumerate(zip(images.images, below, strict=True)):
        column = 6 + number % 3
        image[0, 16 * low + 2 : 16 * low + 10, column : column + 16] = 220
    values = {"model.family": "projection", "model.width": 16, "model.subclasses": 2, "optim.lr": 1e-3}
    run = lifecycle.create_run(options.build_config(TINY | values | {"train.kimg": 4, "train.log_kimg": 1}), "rare")
    with working(run.path, "cpu") as worker:
        train(run, worker, images)
    asked = np.eye(2, dtype=np.float32)[[0] * 300]
    made = load_generator(run).generate(asked, seed=1).astype(float)
    lower = made[:, 0, 16:].mean(axis=(1, 2)) > made[:, 0, :16].mean(axis=(1, 2))
    rare = int(run.info().subclasses[0][1] < run.info().subclasses[0][0])  # the one with 20 of the 200
    drawn_rare = subclass_sampling.sample_subclasses(run.info(), asked, 1, range(300)) == rare
    assert 15 <= drawn_rare.sum() <= 50
    assert lower[drawn_rare].mean() > 0.9
    assert lower[~drawn_rare].mean() < 0.1


def test_subclasses_of_attributes_are_an_error_before_the_start() -> None:
    write_celeba(settings.public_data())
    config = options.build_config({"data.name": "celeba", "model.subclasses": 8})
    registry.load_image_set(config.data)
    errors = [problem.key for problem in find_problems(config, estimate(config)) if problem.level == "error"]
    assert errors == ["subclasses-of-attributes"]
