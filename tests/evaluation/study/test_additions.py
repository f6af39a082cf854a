"""What arms add to a set of attributes: whose conditions, how often those with rare ones, and what a filter keeps."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from gan.evaluation.study.additions import Additions, prepare_additions
from gan.evaluation.study.arms import ArmPlan, Conditions, Images, Positions
from gan.evaluation.study.rare_attributes import IN_PROPORTION, RARE, added_counts, extra_repeats
from tests.support.attribute_study import finding_set, held_out_like

IMAGES = finding_set(100, shares=(0.5, 0.4, 0.025))
TARGETS = IMAGES.conditions[:100]


def arm(name: str, count: int, rare: int = 0, keep: float | None = None) -> ArmPlan:
    kind = "synthetic" if name.startswith("synthetic") else "duplicates"
    return ArmPlan(name, name, kind, {IN_PROPORTION: count, RARE: rare}, keep=keep)


ARMS = [arm("duplicates", 100), arm("duplicates-filled", 0, 2), arm("synthetic-half", 50), arm("synthetic", 100),
        arm("synthetic-better", 100, keep=0.5), arm("synthetic-filled", 0, 2)]  # fmt: skip


def keep_first(images: Images, conditions: Conditions, rates: Sequence[float], strata: Positions) -> list[Positions]:
    """Keeps the first share of each stratum, of which all images have the same conditions."""
    kept = []
    for rate in rates:
        of_each = [np.flatnonzero(strata == one) for one in np.unique(strata)]
        assert all((conditions[rows] == conditions[rows[0]]).all() for rows in of_each)
        kept.append(np.sort(np.concatenate([rows[: max(1, round(rate * len(rows)))] for rows in of_each])))
    return kept


def prepared(seed: int = 0) -> Additions:
    real = IMAGES.images[:100]
    return prepare_additions(real, TARGETS, "attributes", ARMS, held_out_like, keep_first, seed)


def rows_of(conditions: NDArray[np.generic]) -> list[tuple[float, ...]]:
    return sorted(map(tuple, conditions.tolist()))


def test_repeat_factors_by_hand() -> None:
    targets = np.zeros((1000, 3), np.uint8)
    targets[:400, 0] = 1  # frequent
    targets[:25, 1] = 1  # a quarter of a tenth: sqrt(4)
    targets[395:420, 2] = 1
    extra = extra_repeats(targets)
    assert extra[:25].tolist() == pytest.approx([1.0] * 25)
    assert extra[25:395].tolist() == [0.0] * 370
    assert extra[395:420].tolist() == pytest.approx([1.0] * 25)
    assert added_counts(targets) == ({IN_PROPORTION: 1000, RARE: 0}, {IN_PROPORTION: 0, RARE: 50})
    assert not extra_repeats(targets[:, :1]).any()


def test_attributes_occur_together_as_often_as_in_the_real_images() -> None:
    added = prepared()
    for name in ("duplicates", "synthetic", "synthetic-better"):
        images, conditions = added.for_arm(next(one for one in ARMS if one.name == name))
        assert len(images) == 100
        assert rows_of(conditions) == rows_of(TARGETS)
    duplicated = added.for_arm(ARMS[0])
    assert (duplicated[0][:, None] == added.real[None]).all(axis=(2, 3, 4)).any(axis=1).all()
    assert (duplicated[1] == added.for_arm(ARMS[3])[1]).all()  # the synthetic arm has the conditions of its control


def test_images_with_rare_attributes_are_added_more_often() -> None:
    added = prepared()
    for name in ("duplicates-filled", "synthetic-filled"):
        images, conditions = added.for_arm(next(one for one in ARMS if one.name == name))
        assert len(images) == 2
        assert (conditions[:, 2] == 1).all()


def test_a_larger_arm_adds_all_of_a_smaller_one_and_each_seed_others() -> None:
    added, other = prepared(), prepared(1)
    half, whole = added.for_arm(ARMS[2])[0], added.for_arm(ARMS[3])[0]
    assert (whole[:50] == half).all()
    assert not (other.for_arm(ARMS[3])[1] == added.for_arm(ARMS[3])[1]).all()
    again = prepared()
    assert all((again.for_arm(one)[0] == added.for_arm(one)[0]).all() for one in ARMS)


def test_a_filter_chooses_among_the_images_of_the_same_conditions() -> None:
    added = prepared()
    kept = added.for_arm(ARMS[4])[0]
    assert (kept == added.synthetic[:100]).all()  # of 200 for 100 real images, the first of each two
    assert len(added.parts[IN_PROPORTION]) == 200


def test_classes_are_added_as_planned() -> None:
    labels = np.arange(30) % 3 // 2  # twenty of a, ten of b
    conditions = np.eye(2, dtype=np.float32)[labels]
    plans = [replace(one, added={"a": 8, "b": 4}) for one in (ARMS[0], ARMS[3], ARMS[4])]

    def generate(requested: Conditions, seed: int) -> Images:
        return (requested[:, 1] * 100).astype(np.uint8)[:, None, None, None]

    real = np.arange(30, dtype=np.uint8)[:, None, None, None]
    added = prepare_additions(real, conditions, "class", plans, generate, keep_first, 0)
    for plan in plans:
        images, requested = added.for_arm(plan)
        assert requested.argmax(axis=1).tolist() == [0] * 8 + [1] * 4
        if plan.kind == "synthetic":
            assert images[:, 0, 0, 0].tolist() == [0] * 8 + [100] * 4
        else:
            assert labels[images[:, 0, 0, 0]].tolist() == [0] * 8 + [1] * 4
