"""No sentence about images makes a claim of numbers that chance explains.

Each maker of sentences is given null data: images that are no worse and no better than new real ones, or classifiers
that guess. Where data are drawn, false claims are as rare as their tests promise.
"""

import dataclasses
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom, fisher_exact

from gan.config import options
from gan.evaluation.privacy.calibration import calibrated_threshold
from gan.evaluation.reader_study import Proportion, ReadingSummary
from gan.evaluation.records import interpretation
from gan.evaluation.records.intervals import MeanInterval
from gan.evaluation.records.membership_results import compare_distances
from gan.evaluation.records.results import EvaluationResult
from gan.evaluation.scores import score_snapshot
from gan.evaluation.statistics import binomial_greater, fisher_greater, significantly_lower, wilson_interval
from gan.evaluation.study.arms import plan_arms
from gan.evaluation.study.comparisons import Comparison, Difference, Part, decide
from gan.evaluation.study.verdict import regime_verdict
from gan.monitoring.diagnosis import diagnose
from gan.monitoring.observations import observations_from_rows
from tests.support.evaluation import arm, confirmed
from tests.support.pages import ROW

EQUAL = [
    (1, 1000, 0, 180),
    (3, 1000, 1, 180),
    (25, 1000, 4, 180),
    (60, 1000, 12, 180),
    (2, 50, 0, 12),
    (0, 1000, 0, 180),
]
"""Near copies of synthetic, and of held-out real images, of which nobody can say that the first are more."""
COUNTS = {"ill": 100}


def result(k: int = 2, n: int = 200, **values: Any) -> EvaluationResult:
    """An evaluation of k classes, every classifier right in 90%; intervals are those of n images."""
    every: dict[str, Any] = {field.name: 0.5 for field in dataclasses.fields(EvaluationResult)}
    row = {"condition": "ill", "synthetic": 10, "shown": 0.9, "shown_in_real": 0.9, "intervals": {"shown": (0.8, 0.96)}}
    scores = {"obedience_balanced": 0.9, "cas_balanced": 0.9, "real_accuracy_balanced": 0.9}
    scores |= {name: value for name, value in values.items() if name in scores}
    intervals = {name: wilson_interval(round(n * value), n) for name, value in scores.items()}
    known = {"chance": 1 / k, "snapshot": 40_000, "per_condition": [row] * k, "diversity": {"ratio": 1.0}}
    return EvaluationResult(
        **(every | known | {"near_copies": copies(*EQUAL[0]), "intervals": intervals} | scores | values)
    )


def copies(count: int, checked: int, held: int, held_out: int) -> dict[str, Any]:
    found = {"count": count, "checked": checked, "interval": wilson_interval(count, checked)}
    return found | {"held_out": {"count": held, "checked": held_out}}


def diagnosed(evaluation: EvaluationResult) -> list[str]:
    rows = [ROW | {"seen": number * 1000, "seconds": float(number)} for number in range(1, 41)]
    config = options.build_config({"train.kimg": 40})
    return [finding.key for finding in diagnose(observations_from_rows(rows, config, evaluation=evaluation))]


@pytest.mark.parametrize("counts", EQUAL)
def test_near_copies_as_frequent_as_among_new_real_images_accuse_no_generator(
    counts: tuple[int, int, int, int],
) -> None:
    found = result(near_copies=copies(*counts))
    told = " ".join(interpretation.conclusion(found, COUNTS))
    assert not interpretation.near_copies_exceed_real(found)
    assert "more than" not in told
    assert "hold them back" not in told
    assert "memorising" not in diagnosed(found)


def test_one_copy_of_a_thousand_against_none_of_180_has_the_p_of_fishers_exact_test() -> None:
    assert fisher_greater(1, 1000, 0, 180) == pytest.approx(0.847, abs=1e-3)
    for counts in [*EQUAL, (20, 100, 1, 180)]:
        table = [[counts[0], counts[1] - counts[0]], [counts[2], counts[3] - counts[2]]]
        assert fisher_greater(*counts) == pytest.approx(fisher_exact(table, alternative="greater").pvalue)
    assert interpretation.near_copies_exceed_real(result(near_copies=copies(20, 1000, 0, 180 * 5)))


@pytest.mark.parametrize(("rate", "held_out"), [(0.005, 180), (0.01, 500), (0.04, 60)])
def test_generators_as_good_as_new_real_images_are_accused_in_one_of_twenty_at_most(rate: float, held_out: int) -> None:
    generator = np.random.default_rng(0)
    drawn = zip(generator.binomial(1000, rate, 400), generator.binomial(held_out, rate, 400), strict=True)
    accused = [fisher_greater(int(a), 1000, int(b), held_out) < 0.05 for a, b in drawn]
    assert sum(accused) <= binom.ppf(0.999, 400, 0.05)


@pytest.mark.parametrize("held_out", [300, 1000])
def test_nor_are_they_by_a_threshold_set_on_the_same_held_out_images(held_out: int) -> None:
    generator, accused = np.random.default_rng(0), 0
    for _ in range(200):
        held, fresh = (0.34 + 0.1 * generator.random(n) for n in (held_out, 1000))
        threshold = calibrated_threshold(held)
        counts = int((fresh < threshold).sum()), 1000, int((held < threshold).sum()), held_out
        accused += fisher_greater(*counts) < 0.05
    assert accused <= binom.ppf(0.999, 200, 0.05)


@pytest.mark.parametrize("k", [2, 4, 10])
def test_a_classifier_that_guesses_was_taught_nothing(k: int) -> None:
    for cas in (1 / k, 1 / k + 0.01, 1 / k - 0.01):
        found = result(k, cas_balanced=cas)
        told = interpretation.conclusion(found, COUNTS)[0]
        assert f"guessing reaches {1 / k:.0%}" in told
        assert "could not be shown to teach anything" in told
        assert diagnosed(found) == ["not-better-than-guessing"]


@pytest.mark.parametrize("k", [2, 4, 10])
def test_real_images_that_teach_nothing_are_a_question_of_the_labels(k: int) -> None:
    found = result(k, cas_balanced=1 / k, real_accuracy_balanced=1 / k, obedience_balanced=1 / k)
    told = interpretation.conclusion(found, COUNTS)[0]
    assert "Look at the labels" in told
    assert "teach" not in told
    assert diagnosed(found) == ["not-better-than-guessing"]


@pytest.mark.parametrize(("k", "n"), [(2, 78), (2, 500), (10, 180)])
def test_images_that_show_what_was_asked_as_often_as_real_ones_do_are_not_accused(k: int, n: int) -> None:
    generator, accused = np.random.default_rng(0), 0
    enough = 0.85 * (0.9 - 1 / k) + 1 / k  # at the very limit
    for obeyed, right in zip(generator.binomial(n, enough, 200), generator.binomial(n, 0.9, 200), strict=True):
        found = result(k, n, obedience_balanced=obeyed / n, real_accuracy_balanced=right / n)
        accused += "condition-ignored" in diagnosed(found)
    assert accused <= binom.ppf(0.999, 200, 0.05)
    assert "condition-ignored" not in diagnosed(result(k, n))


ACCURACIES = {"cas_balanced": 0.8, "real_accuracy_balanced": 0.88}


def split_copies(count: int, n: int) -> dict[str, Any]:
    without = {"n": n - count, "cas_balanced": 0.75, "real_accuracy_balanced": 0.82}
    return {"count": count, "checked": n, "without": without if count else None}


@pytest.mark.parametrize(("counts", "named"), [((139, 147), False), ((30, 147), True)])
def test_a_condition_is_called_the_rarest_only_where_it_is_rare(counts: tuple[int, int], named: bool) -> None:
    row = {"synthetic": 10, "shown": 0.9, "shown_in_real": 0.9, "intervals": {"shown": (0.8, 0.96)}}
    rows = [row | {"condition": name} for name in ("eight", "one")]
    images = dict(zip(("eight", "one"), counts, strict=True))
    sentences = " ".join(interpretation.conclusion(result(per_condition=rows), images))
    assert ("the rarest condition" in sentences) == named
    assert ("eight" in sentences) == named


@pytest.mark.parametrize(("count", "n"), [(2, 280), (8, 524), (1, 200), (0, 1000), (15, 1000)])
def test_splits_are_not_called_dependent_by_as_many_copies_as_chance_explains(count: int, n: int) -> None:
    notices = score_snapshot._notices("val", split_copies(count, n), ACCURACIES)
    assert len(notices) == (count > 0)
    assert "not independent" not in " ".join(notices)
    assert binomial_greater(count, n, 0.01) == pytest.approx(binom.sf(count - 1, n, 0.01))


def test_splits_that_share_images_are_told_with_the_scores_on_the_others() -> None:
    (told,) = score_snapshot._notices("test", split_copies(20, 500), ACCURACIES)
    assert told.startswith("20 of 500 test images are near copies of training images, more than")
    assert "the splits are not independent" in told
    assert "On the other 480, a classifier trained on real images is right on 82.0% instead of 88.0%" in told
    assert "on 75.0% instead of 80.0%" in told


def test_scores_that_read_alike_without_copies_are_not_contrasted() -> None:
    alike = {"cas_balanced": 0.8, "real_accuracy_balanced": 0.8203}
    told = " ".join(score_snapshot._notices("test", split_copies(20, 500), alike))
    assert "is right on 82.0%, as on all, one trained" in told


@pytest.mark.parametrize("right", [50, 45, 55, 58])
def test_a_reader_who_guesses_is_not_said_to_tell_images_apart(right: int) -> None:
    half = Proportion.from_counts(25, 50)
    assert (
        "could not be shown to tell them apart"
        in ReadingSummary(Proportion.from_counts(right, 100), half, half, half, half).sentence()
    )


def test_samples_as_near_to_held_out_images_as_to_training_images_betray_nobody() -> None:
    generator, alarms = np.random.default_rng(0), 0
    for seed in range(20):
        found = compare_distances(generator.normal(size=120), generator.normal(size=40), seed=seed)
        alarms += found.p_value < 0.05
    assert alarms <= binom.ppf(0.999, 20, 0.05)


def test_lower_means_lower_beyond_both_intervals() -> None:
    assert significantly_lower(0.5, (0.48, 0.52), 0.6, (0.58, 0.62))
    assert not significantly_lower(0.5, (0.4, 0.6), 0.6, (0.5, 0.7))
    assert not significantly_lower(0.6, (0.59, 0.61), 0.5, (0.49, 0.51))


def test_what_teaches_as_real_images_do_is_told_with_the_interval_of_what_it_teaches() -> None:
    told = interpretation.conclusion(result(2, 200), COUNTS)[0]
    assert "Above guessing, they teach 100% of what real images teach (81% to 124%)" in told


TEST_IMAGES = {
    "images": 400,
    "groups": 400,
    "grouped": False,
    "groups_per_class": {"ill": 200, "well": 200},
    "folds": 1,
}


def studied_verdict(truth: float, error: float, seed: int) -> tuple[str, str]:
    """The verdict on an arm whose true gain is `truth`, each arm's AUROC measured with a normal error."""
    generator = np.random.default_rng(seed)
    plans = {plan.name: plan for plan in plan_arms({"ill": 60, "well": 60})}
    ours, theirs, alike = generator.normal(0, error, 3)
    images = Part(2 * error**2, 1000.0)
    compared = Comparison(
        Difference(truth + ours - theirs, images, Part(0.0)), Difference(truth + ours - alike, images, Part(0.0))
    )
    (decision,) = decide([compared])
    low, high = compared.strongest.interval(decision.level)
    harm = MeanInterval(compared.matched.value, *compared.matched.interval(decision.harm_level))
    gain = confirmed(
        compared.strongest.value, corrected_low=low, corrected_high=high, helps=decision.helps, harms=decision.harms,
        over="real", harm=harm, harm_over="duplicates-1",
    )  # fmt: skip
    tested = [arm(plans[name], 0.8) for name in ("synthetic-1", "real", "duplicates-1")]
    return regime_verdict(tested, gain, "auroc", 1, TEST_IMAGES)


@pytest.mark.parametrize("error", [0.004, 0.02])
def test_images_that_change_nothing_are_rarely_said_to_help_or_harm(error: float) -> None:
    verdicts = [studied_verdict(0.0, error, seed)[0] for seed in range(100)]
    assert sum(kind in ("helps", "harmful") for kind in verdicts) <= binom.ppf(0.999, 100, 0.05)


def test_a_study_that_could_have_missed_five_points_does_not_say_that_there_is_no_gain() -> None:
    verdicts = [studied_verdict(0.0, 0.06, seed) for seed in range(20)]
    assert "none" not in {kind for kind, _ in verdicts}
    unclear = [sentence for kind, sentence in verdicts if kind == "unclear"]
    assert len(unclear) >= 20 - binom.ppf(0.999, 20, 0.05)
    assert all(sentence.startswith("Cannot tell with 400 test images: a gain of up to ") for sentence in unclear)


def test_a_gain_is_rarely_ruled_out_where_there_is_one() -> None:
    false = 0
    for seed in range(100):
        kind, sentence = studied_verdict(0.02, 0.006, seed)
        if kind == "none":
            bound = sentence.removeprefix("No gain of more than ").split(" ")[0]
            false += sentence.startswith("No gain:") or float(bound) < 2.0
    assert false <= binom.ppf(0.999, 100, 0.05)
