"""The confirmed comparison within subgroups: by hand, with whole groups, and with what is left out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gan.evaluation.records.stored_studies import RESULT
from gan.evaluation.records.study_text import study_text
from gan.evaluation.records.subgroup_results import NO_SUBGROUPS
from gan.evaluation.report import study_section
from gan.evaluation.study.analysis import PlannedArms
from gan.evaluation.study.predictions import GroundTruth, Predictions
from gan.evaluation.study.subgroups import compare_subgroups
from tests.support.predictions import CHOSEN, CONTROL, predicted, truth
from tests.support.study import TWO_STEPS, image_set, noise, studied


def arms(known: GroundTruth, chosen: NDArray[np.float64], control: NDArray[np.float64]) -> PlannedArms:
    strongest = predicted(CONTROL, control, known)
    return PlannedArms(predicted(CHOSEN, chosen, known), strongest, strongest)


def test_each_value_has_the_scores_of_its_images_and_their_difference() -> None:
    labels = np.tile([0, 1], 60)
    scanner = np.repeat(np.array(["A", "B"]), 60)
    right = np.where(labels == 1, 1.0, -1.0)
    wrong_in_b = np.where(scanner == "B", -right, right)
    known = truth(labels, subgroups={"scanner": scanner})
    noise = np.random.default_rng(0).normal(0, 0.01, (3, 120))
    found = compare_subgroups(arms(known, wrong_in_b + noise, right + noise), "auroc")
    assert [(one.subgroup, one.value, one.images, one.groups) for one in found.compared] == [
        ("scanner", "A", 60, 60),
        ("scanner", "B", 60, 60),
    ]
    a, b = found.compared
    assert (a.chosen.mean, a.strongest.mean, a.gain.mean) == pytest.approx((1, 1, 0))
    assert (b.chosen.mean, b.strongest.mean, b.gain.mean) == pytest.approx((0, 1, -1))
    assert found.left_out == []
    assert "In scanner B the chosen arm is 100.0 points of AUROC below" in found.words
    assert "exploratory" in found.words


def test_balanced_accuracy_in_a_subgroup_by_hand() -> None:
    labels = np.repeat([0, 1], 40)
    sex = np.tile(np.array(["F", "M"]), 40)
    right = np.where(labels == 1, 1.0, -1.0)
    some_wrong = right.copy()
    some_wrong[np.flatnonzero((labels == 1) & (sex == "F"))[:5]] *= -1  # 15 of 20 right: (20/20 + 15/20) / 2
    known = truth(labels, subgroups={"sex": sex})
    found = compare_subgroups(arms(known, np.stack([right, right]), np.stack([some_wrong, right])), "balanced_accuracy")
    women, men = found.compared
    assert women.strongest.mean == pytest.approx((0.875 + 1) / 2)
    assert (women.gain.mean, men.gain.mean) == pytest.approx((0.0625, 0))
    assert found.words == ""


def test_values_with_few_groups_of_a_class_and_missing_ones_are_named_and_left_out() -> None:
    labels = np.tile([0, 1], 50)
    site = np.array(["north"] * 60 + ["south"] * 30 + [""] * 10)
    group = np.array([f"P{number // 2}" for number in range(100)])  # each patient has an image of each class
    group[60:90] = np.tile(["Q1", "Q2", "Q3"], 10)
    known = truth(labels, group=group, subgroups={"site": site})
    scores = np.random.default_rng(0).normal(size=(2, 100))
    found = compare_subgroups(arms(known, scores, scores), "auroc")
    assert [one.value for one in found.compared] == ["north"]
    assert found.compared[0].groups == 30
    assert found.left_out == ["site south (3 groups of a)", "site missing (10 images)"]


def test_groups_are_whole_in_the_intervals_of_subgroups() -> None:
    labels = np.tile([0, 1], 60)
    values = {"subgroups": {"sex": np.repeat("F", 120)}}
    generator = np.random.default_rng(1)
    control, change = (np.repeat(generator.normal(size=(30, 2)), 2, axis=0).reshape(120) for _ in range(2))
    seeds = generator.normal(0, 0.01, (3, 120))  # the two images of a class of each patient are one image twice
    better, control = control + change + 0.5 * labels + seeds, control + seeds
    single = compare_subgroups(arms(truth(labels, **values), better, control), "auroc").compared[0]
    patient = np.array([f"P{number // 4}" for number in range(120)])
    grouped = compare_subgroups(arms(truth(labels, group=patient, **values), better, control), "auroc").compared[0]
    assert grouped.gain.mean == pytest.approx(single.gain.mean)
    assert grouped.gain.high - grouped.gain.low > 1.2 * (single.gain.high - single.gain.low)


def test_a_fold_in_which_a_subgroup_shows_one_class_ranks_nothing() -> None:
    labels = np.tile([0, 1], 60)
    fold = np.repeat([0, 1], 60)
    sex = np.where((fold == 1) & (labels == 0), "M", "F")  # in fold 1 no "a" is F
    known = truth(labels, fold=fold, subgroups={"sex": sex})
    right = np.where(labels == 1, 1.0, -1.0) * np.ones((2, 1))
    found = compare_subgroups(arms(known, right, right), "auroc")
    (women,) = found.compared
    assert (women.value, women.images, women.chosen.mean) == ("F", 60, 1.0)
    assert found.left_out == ["sex M (0 images of b)"]


def test_a_study_gives_its_results_by_subgroup_in_text_report_and_file(tmp_path: Path) -> None:
    images = image_set(40)
    scanner = np.array(["A", "B", "B", "C<"] * 41)[: len(images)]
    scanner[-6:] = ""
    result = studied(replace(images, subgroups={"scanner": scanner}), noise, tmp_path, seeds=2, budget=TWO_STEPS)
    found = result.regimes[0].subgroups
    assert [(one.value, one.images) for one in found.compared] == [("B", 47)]
    assert [text.split(" (")[0] for text in found.left_out] == ["scanner A", "scanner C<", "scanner missing"]
    assert "scanner B (47 images)" in study_text(result)
    section = study_section.section(result)
    assert "<td>scanner: B</td><td>47</td>" in section
    assert "scanner C&lt; (" in section
    kept = np.load(tmp_path / "100" / "test.npz")
    assert kept["subgroup scanner"].tolist() == scanner[-100:].tolist()
    again = RESULT.validate_python(RESULT.dump_python(result, mode="json"))
    assert again.regimes[0].subgroups == found
    without = studied(images, noise, tmp_path / "without", seeds=2, budget=TWO_STEPS)
    assert without.regimes[0].subgroups == NO_SUBGROUPS
    assert "subgroup" not in study_text(without) + study_section.section(without)


def test_in_a_subgroup_those_attributes_are_scored_that_it_has_enough_of() -> None:
    sex = np.tile(np.array(["F", "M"]), 60)
    targets = np.stack([np.arange(120) // 2 % 2, (np.arange(120) % 4 == 1) & (np.arange(120) < 100)], axis=1)
    known = replace(truth(targets[:, 0], subgroups={"sex": sex}), targets=targets.astype(np.uint8), kind="attributes")
    scores = np.where(targets == 1, 1.0, -1.0)
    right, wrong = (np.stack([sign * scores] * 2).astype(np.float32) for sign in (1, -1))
    strongest = Predictions(CONTROL, right, np.zeros((2, 1, 2)), known)
    arms_of_attributes = PlannedArms(Predictions(CHOSEN, wrong, np.zeros((2, 1, 2)), known), strongest, strongest)
    women, men = compare_subgroups(arms_of_attributes, "auroc").compared
    assert (women.words, men.words) == ("sex: F (1 attribute)", "sex: M (2 attributes)")  # no woman has the second
    assert (women.gain.mean, men.gain.mean) == pytest.approx((-1, -1))
