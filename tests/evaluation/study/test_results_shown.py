"""The numbers of a study wherever they are shown: sentence, forest plot, tables, terminal and JSON."""

import re
from dataclasses import replace

import pytest

from gan.evaluation.number_format import detectable_points, measure, points, points_interval
from gan.evaluation.records.external_results import ExternalImages
from gan.evaluation.records.intervals import MeanInterval
from gan.evaluation.records.study_results import ExternalResult, Gain, OwnTest, StudyResult
from gan.evaluation.records.study_text import study_text
from gan.evaluation.records.subgroup_results import SubgroupGain, Subgroups
from gan.evaluation.report import forest_plot, study_section, study_table
from gan.evaluation.report.design_methods import design_methods
from gan.evaluation.report.forest import ForestGroup, ForestRow, forest_groups
from gan.evaluation.study.confirmation_plan import DivisionChoice, RegimeChoice
from gan.evaluation.study.verdict import regime_verdict, study_verdict
from tests.conftest import trained
from tests.support.evaluation import confirmed, studied

HELPS = confirmed(0.05123, 0.03, over="classical", harm_over="duplicates-1")
HARMS = replace(
    confirmed(-0.031, 0.04, over="classical", harm_over="duplicates-1"),
    harm=MeanInterval(-0.0444, -0.071, -0.012),
    harms=True,
)
UNCLEAR = confirmed(0.021, 0.0344, over="classical", harm_over="classical")
NONE = confirmed(-0.002, 0.0151, over="classical", harm_over="classical")


@pytest.fixture
def example() -> StudyResult:
    """A study of two regimes."""
    return studied(trained("digits"), 320)


def _with(study: StudyResult, *gains: Gain) -> StudyResult:
    """The study with these confirmed gains, one for each regime, and the sentences that say them."""
    regimes = []
    for regime, gain in zip(study.regimes, gains, strict=True):
        kind, sentence = regime_verdict(regime.tested, gain, "auroc", len(gains), study.test)
        regimes.append(replace(regime, gain=gain, verdict=sentence, verdict_kind=kind))
    kind, sentence = study_verdict(regimes)
    return replace(study, regimes=regimes, verdict=sentence, verdict_kind=kind)


@pytest.mark.parametrize(
    ("gain", "kind", "value", "ends"),
    [
        (HELPS, "helps", "+5.1", "+2.1 to +8.1"),
        (HARMS, "harmful", "−4.4", "−7.1 to −1.2"),
        (UNCLEAR, "unclear", "+2.1", "−1.3 to +5.5"),
        (NONE, "none", "−0.2", "−1.7 to +1.3"),
    ],
)
def test_sentence_plot_table_terminal_and_json_have_the_same_numbers(
    example: StudyResult, gain: Gain, kind: str, value: str, ends: str
) -> None:
    study = _with(example, gain, NONE)
    regime, number = study.regimes[0], f"{value} ({ends})"
    assert regime.verdict_kind == kind
    assert f"{value.lstrip('+−') if kind in ('helps', 'harmful') else value} points" in regime.verdict
    assert f"(95% interval {ends}, corrected for 2 regimes)" in regime.verdict
    assert number in {row.text for row in forest_groups(study, regime)[0].rows}
    assert f'<div class="number">{number}</div>' in study_section.section(study)
    assert f'<td class="gain">{number}' in study_table.tested_table(study, regime)
    assert number in study_text(study)
    stored = study.as_json()["regimes"][0]["gain"]
    compared = stored["harm"] if kind == "harmful" else None
    mean, low, high = (
        (compared["mean"], compared["low"], compared["high"])
        if compared
        else (stored["value"], stored["corrected_low"], stored["corrected_high"])
    )
    assert (points(mean), points_interval(low, high)) == (value, ends)


def test_the_headline_names_low_data_regimes_that_help_and_that_harm(example: StudyResult) -> None:
    assert "With only 100 real images (10%) it is harmful" in _with(example, NONE, HARMS).verdict
    assert "With only 100 real images (10%) it helps" in _with(example, UNCLEAR, HELPS).verdict
    both = _with(example, NONE, HARMS)
    assert both.verdict in study_section.section(both).replace("&#x27;", "'")


def test_no_room_to_gain_is_said_first(example: StudyResult) -> None:
    regime = example.regimes[0]
    full = MeanInterval(1.0, 0.998, 1.0)
    tested = [regime.tested[0], *(replace(arm, auroc=full) for arm in regime.tested[1:])]
    kind, sentence = regime_verdict(tested, NONE, "auroc", 1, example.test)
    assert kind == "no-room"
    assert sentence.startswith("No room to gain: AUROC is already 1.000 with classical augmentation.")


def test_the_forest_plot_begins_with_the_confirmed_comparison_and_ends_with_the_exploratory_ones(
    example: StudyResult,
) -> None:
    study = _with(example, HELPS, NONE)
    found = SubgroupGain("sex", "F", 40, 20, *(MeanInterval(0.8, 0.7, 0.9),) * 2, MeanInterval(0.01, -0.05, 0.07))
    elsewhere = ExternalResult({arm.plan.name: arm.auroc for arm in study.regimes[0].tested}, NONE, "None.", "none")
    hospital = ExternalImages("hospital", 90, 90, False, {}, {}, {}, {}, [], 0, 1)
    own = OwnTest(30, MeanInterval(0.02, -0.04, 0.08))
    regime = replace(
        study.regimes[0],
        subgroups=Subgroups([found], [], ""),
        external=elsewhere,
        own_test=own,
        gain_without_copies=UNCLEAR.corrected,
    )
    study = replace(study, external=hospital)
    confirmed_rows, parts, arms, rates = forest_groups(study, regime)
    assert [group.kind for group in (confirmed_rows, parts, arms, rates)] == [
        "confirmed", "part", "exploratory", "exploratory",
    ]  # fmt: skip
    assert [row.is_bold for row in confirmed_rows.rows] == [True, False, False]
    assert confirmed_rows.rows[2].text == "−0.2 (−1.7 to +1.3)"
    assert [row.text for row in parts.rows[:2]] == ["+2.0 (−4.0 to +8.0)", "+2.1 (−1.3 to +5.5)"]
    assert parts.rows[2] == ForestRow("sex: F (40 images)", found.gain)
    assert len(arms.rows) == sum(arm.gain is not None for arm in regime.arms)
    assert [row.name for row in arms.rows if row.name.endswith("(chosen)")] == ["Synthetic images, 1 x (chosen)"]
    assert len(rates.rows) == 2
    table = study_table.tested_table(study, regime)
    assert "AUROC on hospital" in table
    assert table.count("−0.2 (−1.7 to +1.3)") == 1


def test_wide_exploratory_intervals_are_cut_and_confirmed_ones_are_not() -> None:
    narrow, wide = MeanInterval(0.01, -0.08, 0.03), MeanInterval(0.0, -0.47, 0.4)
    groups = [
        ForestGroup("confirmed", "a", [ForestRow("one", narrow, is_bold=True)]),
        ForestGroup("exploratory", "b", [ForestRow("two", wide)]),
    ]
    axis = forest_plot.make_axis(groups)
    assert axis.low < -0.08 < 0.05 < axis.high < 0.1
    assert -0.05 in axis.ticks()
    assert axis.percent(axis.low) == "0.00%"
    drawn = forest_plot.forest_plot(groups, "AUROC")
    first, second = re.findall(r'<div class="row.*?</div></div>', drawn)[:2]
    assert "cut" not in first
    assert second.count("cut low") == second.count("cut high") == 1
    assert "0.0 (−47.0 to +40.0)" in second  # the number says what the plot cuts


def test_the_plan_names_what_each_fold_chose(example: StudyResult) -> None:
    study = _with(example, NONE, NONE)
    regime = study.regimes[0]
    arms = ["synthetic-1", "synthetic-1", "synthetic-0.5"]
    choices = [DivisionChoice(fold, name, 0.9, "real", 0.8, "real", []) for fold, name in enumerate(arms)]
    plan = dict(study_section.plan(study, replace(regime, choice=RegimeChoice(1.0, choices, None))))
    assert plan["To test"] == "Synthetic images, 1 x in 2 of 3 folds; Synthetic images, 0.5 x in 1 of 3 folds"
    assert plan["Against"] == "Real images alone"
    assert plan["Test"] == "2 other seeds, in 3 folds"
    assert "Expected to see" not in plan


def test_the_methods_say_how_images_were_divided_and_which_generators_there_were(example: StudyResult) -> None:
    single = design_methods(example)
    assert "the intervals do not include the variation from training another" in single
    assert "DerSimonian" not in single
    several = design_methods(replace(example, generators=3))
    assert "Each share has 3 generators, which the seeds used in turn" in several
    assert "DerSimonian and Laird 1986), with 2 degrees of freedom" in several
    folds = design_methods(replace(example, folds=5, looks=2))
    assert "Every real image was tested once, in 5 folds" in folds
    assert "DerSimonian and Laird 1986), with 4 degrees of freedom" in folds
    assert "look 2 at these test images" in folds


def test_the_methods_count_what_the_guard_replaced(example: StudyResult) -> None:
    first = replace(example.regimes[0], guard={"images": 100, "near_copies": 7, "kept": 2})
    assert "up to ten times; 2 stayed near copies" in design_methods(replace(example, regimes=[first]))
    none = replace(first, guard={"images": 100, "near_copies": 0, "kept": 0})
    assert "no synthetic image was a near copy" in design_methods(replace(example, regimes=[none]))


@pytest.mark.parametrize("folds", [1, 2])
@pytest.mark.parametrize("attributes", [[], ["ill", "well"]])
def test_the_report_holds_a_study_of_classes_and_of_attributes_with_and_without_folds(
    example: StudyResult, folds: int, attributes: list[str]
) -> None:
    study = replace(_with(example, HELPS, NONE), folds=folds)
    choices = [
        DivisionChoice(fold if folds > 1 else None, "synthetic-1", 0.9, "classical", 0.8, "duplicates-1", [])
        for fold in range(folds)
    ]
    regimes = [
        replace(regime, attributes=attributes, choice=RegimeChoice(regime.share, choices, 0.04))
        for regime in study.regimes
    ]
    section = study_section.section(replace(study, regimes=regimes))
    assert section.count('<div class="forest">') == section.count('<dl class="plan">') == 2
    assert section.count('class="arms attributes"') == (2 if attributes else 0)
    assert (", in 2 folds</dd>" in section) == (folds > 1)
    assert section.count("+5.1 (+2.1 to +8.1)") == 4  # over both controls, in the plot and in the table


@pytest.mark.parametrize(("value", "text"), [(-0.00215, "−0.00215"), (0.0783, "0.0783"), (506.2, "506"), (0, "0")])
def test_measures_have_three_digits_and_a_minus_that_is_no_hyphen(value: float, text: str) -> None:
    assert measure(value) == text


def test_a_difference_that_rounds_to_nothing_has_no_sign_and_a_gain_to_see_is_never_nothing() -> None:
    assert [points(value) for value in (-0.0004, 0.0, 0.0004, -0.0006, 0.0006)] == ["0.0", "0.0", "0.0", "−0.1", "+0.1"]
    assert [detectable_points(gain) for gain in (0.0002, 0.041)] == ["0.1", "4.1"]
