"""The training sets and recipes that a study compares."""

from collections.abc import Sequence

import numpy as np

from gan.evaluation.classifiers.recipes import RECIPES
from gan.evaluation.study import arms
from gan.evaluation.study.additions import prepare_additions
from gan.evaluation.study.arms import Conditions, Images, Positions
from tests.support.study import held_out_like, image_set


def keep_every(made: Images, conditions: Conditions, rates: Sequence[float], strata: Positions) -> list[Positions]:
    """Every second image at a keep rate of 50%, every fourth at 25%."""
    return [np.arange(0, len(made), round(1 / rate)) for rate in rates]


def test_each_arm_adds_the_planned_images() -> None:
    images = image_set(60, every=4)
    real, labels = images.images[:60], images.labels()[:60]
    conditions = images.conditions[:60]
    planned = arms.plan_arms({"a": 45, "b": 15}, unlabelled=20)
    by_name = {arm.name: arm for arm in planned}
    added = prepare_additions(real, conditions, "class", planned, held_out_like, keep_every, 0)
    for arm in planned:
        shown, requested = added.for_arm(arm)
        what = requested.argmax(axis=1)
        assert np.bincount(what, minlength=2).tolist() == list(arm.added.values()), arm.name
        alike = (shown[:, None] == real[None]).all(axis=(2, 3, 4))  # (m, n)
        assert bool(alike.any()) == (arm.kind == "duplicates"), arm.name
        if arm.kind == "duplicates":
            assert (labels[alike.argmax(axis=1)] == what).all()
    filled = by_name["synthetic-filled"]
    assert (filled.kind, filled.added, filled.augmented) == ("synthetic", {"a": 0, "b": 30}, False)
    small, large = (added.for_arm(by_name[f"synthetic-{ratio}"])[0] for ratio in ("0.5", "1"))
    assert (small[:, None] == large[None]).all(axis=(2, 3, 4)).any(axis=1).all()  # more images are those, and more
    plain, augmented, mixed, first = (
        added.for_arm(by_name[f"synthetic-2{way}"])[0]
        for way in ("", "-classical", "-mixed-classical", "-first-classical")
    )
    for other in (augmented, mixed, first):
        assert (plain == other).all()  # only the training differs
    assert arms.synthetic_counts(planned).tolist() == [180, 60]  # a quarter is kept of four times as many
    assert arms.synthetic_counts([by_name["synthetic-filled-better-50-classical"]]).tolist() == [0, 60]
    assert arms.synthetic_counts([by_name["real"], by_name["duplicates-1"]]).tolist() == [0, 0]


def test_nothing_is_filtered_where_no_arm_is() -> None:
    images = image_set(16)

    def never(made: Images, conditions: Conditions, rates: Sequence[float], strata: Positions) -> list[Positions]:
        raise AssertionError("a filter was asked for")

    planned = [arm for arm in arms.plan_arms({"a": 8, "b": 8}) if arm.keep is None]
    real, conditions = images.images[:16], images.conditions[:16]
    assert prepare_additions(real, conditions, "class", planned, held_out_like, never, 0).better == {}


def test_every_arm_and_its_matched_control() -> None:
    planned = arms.plan_arms({"a": 40, "b": 20}, pretrained="efficientnet-lite0", unlabelled=1_200)
    by_name = {arm.name: arm for arm in planned}
    free = [arm.name for arm in planned if arm.is_free]
    assert free == [
        *("real", "classical", "trivial-augment", "mixup", "cutmix", "balanced", "class-weighted", "focal"),
        *("pretrained", "semi-supervised", "duplicates-0.5", "duplicates-1", "duplicates-2", "duplicates-filled"),
        "duplicates-filled-classical",
    ]
    assert [arm.name for arm in planned] == [
        *free,
        *("synthetic-0.5", "synthetic-1", "synthetic-2", "synthetic-filled"),
        *("synthetic-0.5-classical", "synthetic-1-classical", "synthetic-2-classical", "synthetic-filled-classical"),
        *("synthetic-1-better-50-classical", "synthetic-1-better-25-classical"),
        *("synthetic-filled-better-50-classical", "synthetic-2-mixed-classical", "synthetic-2-first-classical"),
    ]
    assert {arm.recipe for arm in planned} == set(RECIPES)
    assert {arm.name: arm.matched for arm in planned if not arm.is_free} == {
        "synthetic-0.5": "duplicates-0.5",
        "synthetic-1": "duplicates-1",
        "synthetic-2": "duplicates-2",
        "synthetic-filled": "duplicates-filled",
        "synthetic-0.5-classical": "classical",
        "synthetic-1-classical": "classical",
        "synthetic-2-classical": "classical",
        "synthetic-filled-classical": "duplicates-filled-classical",
        "synthetic-1-better-50-classical": "classical",
        "synthetic-1-better-25-classical": "classical",
        "synthetic-filled-better-50-classical": "duplicates-filled-classical",
        "synthetic-2-mixed-classical": "classical",
        "synthetic-2-first-classical": "classical",
    }
    assert not any(arm.matched for arm in planned if arm.is_free)
    assert (by_name["pretrained"].classifier, by_name["pretrained"].recipe) == ("efficientnet-lite0", "classical")
    assert {arm.classifier for arm in planned if arm.name != "pretrained"} == {""}
    assert [by_name[name].growth for name in ("mixup", "duplicates-0.5", "synthetic-2", "synthetic-filled")] == [
        *(1, 1.5, 3),
        1 + 20 / 60,
    ]
    assert [by_name[f"synthetic-2-{use}-classical"].growth for use in ("mixed", "first")] == [2, 1]
    assert [arm.name for arm in planned if arm.stages == 2] == ["synthetic-2-first-classical"]


def test_what_is_left_out() -> None:
    even = [arm.name for arm in arms.plan_arms({"a": 40, "b": 40})]
    assert len(even) == 18
    assert not {"balanced", "class-weighted", "focal", "duplicates-filled", "pretrained", "semi-supervised"} & set(even)
    one = [arm.name for arm in arms.plan_arms({"a": 40, "b": 40}, (1.0,), (0.5,)) if not arm.is_free]
    assert one == [  # a batch of synthetic-1 is half synthetic anyway
        *("synthetic-1", "synthetic-1-classical", "synthetic-1-better-50-classical", "synthetic-1-first-classical")
    ]
    assert len(arms.plan_arms({"a": 40, "b": 20})) == 26


def test_the_words_of_arms() -> None:
    planned = arms.plan_arms({"a": 40, "b": 20}, pretrained="efficientnet-lite0", unlabelled=1_200)
    words = {arm.name: arm.words for arm in planned}
    assert words["mixup"] == "Real images with MixUp"
    assert words["synthetic-2-classical"] == "Synthetic images, 2 x, with classical augmentation"
    assert (
        words["synthetic-2-mixed-classical"] == "Synthetic images, 2 x, half of each batch, with classical augmentation"
    )
    assert words["semi-supervised"] == "Real images with semi-supervised training on 1,200 unlabelled images"
    short = {arm.name: arm.short for arm in planned if arm.is_free}
    assert short["mixup"] == "MixUp"
    assert short["real"] == "real images alone"
    assert short["pretrained"] == "a network pretrained on ImageNet"
    assert short["duplicates-filled-classical"] == "rare classes filled up with duplicates, with classical augmentation"
    assert len({arm.words for arm in planned}) == len(planned)
    assert len({arm.name for arm in planned}) == len(planned)
