"""The study's statistics against scikit-learn, closed forms and simulation: metrics, variances, intervals, verdicts."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import polygamma
from scipy.stats import t as student
from sklearn.metrics import (
    balanced_accuracy_score,
    brier_score_loss,
    f1_score,
    roc_auc_score,
    roc_curve,
)

from gan.bench.study_power import Design, simulate_studies
from gan.evaluation.number_format import within_sentence
from gan.evaluation.records.study_results import Gain, KeepRate, Regime
from gan.evaluation.study import classification_metrics, comparisons, power
from gan.evaluation.study.analysis import PlannedArms
from gan.evaluation.study.arms import plan_arms
from gan.evaluation.study.classification_metrics import Estimate, area_under_roc, macro
from gan.evaluation.study.comparisons import Comparison, Difference, Part, Sample, decide
from gan.evaluation.study.confirmation_plan import COMPARED, DivisionChoice, RegimeChoice, choose
from gan.evaluation.study.moderation import inverse_trigamma, moderate
from gan.evaluation.study.predictions import GroundTruth, Predictions, pool
from gan.evaluation.study.verdict import (
    VERDICT_NAMES,
    arm_phrase,
    control_phrase,
    keep_rate_finding,
    regime_verdict,
    study_verdict,
)
from tests.support.evaluation import arm, confirmed

TEST = {"images": 400, "groups": 400, "grouped": False, "groups_per_class": {"ill": 200, "well": 200}, "folds": 1}


@pytest.mark.parametrize("classes", [2, 4])
def test_metrics_equal_those_of_scikit_learn(classes: int) -> None:
    generator, n = np.random.default_rng(0), 60
    labels = generator.integers(0, classes, n)
    scores = generator.integers(0, 8, (2, n, classes)) / 8 + 0.3 * np.eye(classes)[labels] + 0.01  # with ties
    scores /= scores.sum(axis=2, keepdims=True)
    predicted = scores.argmax(axis=2)
    accuracy = classification_metrics.balanced_accuracy(predicted, labels, classes).values
    columns = list(range(classes)) if classes > 2 else [1]
    area = macro(area_under_roc, scores[:, :, columns], np.eye(classes)[labels][:, columns])
    assert area is not None
    f1, brier = classification_metrics.f1(predicted, labels, 1), classification_metrics.brier(scores, labels)
    at_90 = classification_metrics.sensitivity_at_specificity(scores[:, :, 1], labels == 1, 0.9)
    for s in range(2):
        assert accuracy[s] == pytest.approx(balanced_accuracy_score(labels, predicted[s]))
        assert f1[s] == pytest.approx(f1_score(labels == 1, predicted[s] == 1))
        ranked = [roc_auc_score(labels == k, scores[s, :, k]) for k in columns]
        assert area.values[s] == pytest.approx(np.mean(ranked))
        each = [brier_score_loss(labels == k, scores[s, :, k]) for k in range(classes)]
        assert brier[s] == pytest.approx(each[0] if classes == 2 else sum(each))
        false, true, _ = roc_curve(labels == 1, scores[s, :, 1], drop_intermediate=False)
        assert at_90[s] == pytest.approx(true[false <= 0.1 + 1e-9].max())
        for k in range(classes):
            recall = classification_metrics.sensitivity(predicted, labels, k).values[s]
            assert recall == pytest.approx((predicted[s][labels == k] == k).mean())
            rejection = classification_metrics.specificity(predicted, labels, k).values[s]
            assert rejection == pytest.approx((predicted[s][labels != k] != k).mean())


def test_calibration_error_by_hand() -> None:
    probabilities = np.array([[[0.1, 0.9], [0.08, 0.92], [0.7, 0.3], [0.7, 0.3]]])  # bins: 0.9 and 0.92 fall together
    labels = np.array([1, 0, 0, 0])
    error = classification_metrics.expected_calibration_error(probabilities, labels)
    assert error[0] == pytest.approx((abs(0.9 + 0.92 - 1) + abs(0.7 + 0.7 - 2)) / 4)


def test_the_threshold_is_that_of_the_highest_balanced_accuracy() -> None:
    generator = np.random.default_rng(0)
    for classes in (2, 3):
        labels = np.concatenate([np.repeat(np.arange(classes), 20), np.zeros(40, int)])
        logits = generator.normal(0, 1, (len(labels), classes)) + 1.2 * np.eye(classes)[labels]
        logits[:, 0] += 1.0  # a classifier that prefers the frequent class
        found = logits + classification_metrics.class_offsets(logits, labels)
        reached = balanced_accuracy_score(labels, found.argmax(axis=1))
        assert reached > balanced_accuracy_score(labels, logits.argmax(axis=1)) + 0.05
        if classes == 2:
            steps = np.linspace(-6, 6, 2001)
            every = [balanced_accuracy_score(labels, (logits + np.array([0, step])).argmax(axis=1)) for step in steps]
            assert reached == pytest.approx(max(every))
    separate = np.array([[2.0, 0.0], [1.0, 0.0], [0.0, 3.0]])
    assert classification_metrics.class_offsets(separate, np.array([0, 0, 1])).tolist() == [0, 0]  # as it was


def test_influences_give_the_variance_of_delong_and_of_a_share() -> None:
    labels = np.array([0, 0, 0, 1, 1])
    score = np.array([0.1, 0.4, 0.35, 0.3, 0.8])
    area = area_under_roc(score[None], labels == 1)
    # DeLong: the positive images win against 1/3 and 3/3 of the negatives, the negative ones lose to 2/2, 1/2, 1/2
    expected = np.var([1 / 3, 1], ddof=1) / 2 + np.var([1, 0.5, 0.5], ddof=1) / 3
    assert area.values[0] == pytest.approx(4 / 6)
    assert Sample(labels).variance(area.influence[0])[0] == pytest.approx(expected)
    predicted = np.array([[0, 0, 1, 1, 0]])
    share = classification_metrics.sensitivity(predicted, labels, 0)
    assert Sample(labels).variance(share.influence[0])[0] == pytest.approx((2 / 3) * (1 / 3) / 2)  # p q / (n - 1)


def test_groups_vary_as_a_whole() -> None:
    labels = np.repeat([0, 1], 40)
    correct = np.repeat(np.random.default_rng(0).random(20) < 0.7, 4)  # the four images of a patient are alike
    estimate = classification_metrics.sensitivity(np.where(correct, labels, 1 - labels)[None], labels, 0)
    patients = np.array([f"patient {i // 4}" for i in range(80)])
    p = correct[:40].mean()
    variance, dof = Sample(labels, patients).variance(estimate.influence[0])
    assert variance == pytest.approx(p * (1 - p) / 9)  # ten patients, not forty images
    assert dof == pytest.approx(9)


def test_moderated_variances_by_hand() -> None:
    assert inverse_trigamma(np.pi**2 / 6) == pytest.approx(1)  # trigamma(1)
    assert inverse_trigamma(np.pi**2 / 2) == pytest.approx(0.5)
    variances = np.array([1.0, np.e**2])  # logarithms 0 and 2: their variance is 2, trigamma(1) of it by chance
    found = moderate(variances, 2)
    assert polygamma(1, found.prior_dof / 2) == pytest.approx(2 - np.pi**2 / 6)
    d = found.prior_dof
    assert found.variances == pytest.approx((d * found.prior_variance + 2 * variances) / (d + 2))
    assert found.dof == 4  # no more than both have together
    alike = moderate(np.array([1.0, 1.1, 0.9, 1.05]), 4)  # closer together than chance would have them
    assert (alike.prior_dof, alike.dof) == (np.inf, 16)
    assert alike.variances == pytest.approx(np.full(4, 1.0125))
    assert moderate(np.array([0.3]), 4).variances.tolist() == [0.3]
    assert moderate(np.zeros(3), 4).variances.tolist() == [0, 0, 0]


def test_the_prior_of_many_variances_is_found() -> None:
    generator = np.random.default_rng(0)
    true = 8 * 2.0 / generator.chisquare(8, 20_000)  # a scaled inverse chi-squared prior: 8 degrees of freedom, scale 2
    found = moderate(true * generator.chisquare(4, 20_000) / 4, 4)
    assert found.prior_dof == pytest.approx(8, rel=0.1)
    assert found.prior_variance == pytest.approx(2, rel=0.03)
    assert np.mean((found.variances - true) ** 2) < 0.6 * np.mean((found.prior_variance - true) ** 2)


def test_holm_by_hand() -> None:
    adjusted, levels = comparisons.holm(np.array([0.04, 0.001, 0.02, 0.03]))
    assert adjusted.tolist() == pytest.approx([0.06, 0.004, 0.06, 0.06])  # 0.001 x 4; 0.02 x 3, and no less after it
    assert levels.tolist() == pytest.approx([0.05 / 3, 0.05 / 4, 0.05 / 3, 0.05 / 3])  # it stopped at the second
    adjusted, levels = comparisons.holm(np.array([0.02, 0.04]))
    assert adjusted.tolist() == pytest.approx([0.04, 0.04])
    assert levels.tolist() == pytest.approx([0.025, 0.05])


def test_a_difference_follows_students_t() -> None:
    difference = Difference(0.03, Part(0.0001), Part(0.0003, 5.625))
    assert difference.dof == pytest.approx(10)  # 0.0004^2 / (0.0003^2 / 5.625)
    assert difference.error == pytest.approx(0.02)
    assert difference.interval() == pytest.approx((0.03 - 2.228139 * 0.02, 0.03 + 2.228139 * 0.02))
    assert difference.p_above() == pytest.approx(2 * student.sf(1.5, 10))
    assert difference.p_below() == 1
    for level in (0.2, 0.1, 0.05):
        edge = replace(difference, value=float(student.isf(level / 2, 10)) * 0.02)
        assert edge.p_above() == pytest.approx(level)
        assert edge.interval(level)[0] == pytest.approx(0, abs=1e-9)
    assert Difference(0.1, Part(25, 10), Part(0)).interval() == (-1, 1)  # shares end there


def test_seeds_and_images_are_counted_once_each() -> None:
    """A metric whose images agree in all seeds varies by images alone, one that is noise by seeds alone."""
    labels = np.repeat([0, 1], 50)
    same = np.tile(np.random.default_rng(0).random(100) < 0.8, (5, 1))
    agreed = classification_metrics.balanced_accuracy(np.where(same, labels, 1 - labels), labels, 2)
    (found,) = comparisons.means([agreed], Sample(labels))
    assert found.seeds.variance == 0
    assert found.images.variance == pytest.approx(Sample(labels).variance(agreed.influence[0])[0])
    totals, truth = [], []
    for seed in range(200):
        noise = np.random.default_rng(seed).random((5, 100)) < 0.8
        estimate = classification_metrics.balanced_accuracy(np.where(noise, labels, 1 - labels), labels, 2)
        (found,) = comparisons.means([estimate], Sample(labels))
        totals.append(found.error**2)
        truth.append(found.value)
    assert np.mean(totals) == pytest.approx(np.var(truth), rel=0.35)


def test_three_sources_of_variance_have_their_own_degrees_of_freedom() -> None:
    difference = Difference(0.03, Part(0.0002, 100), Part(0.0001, 12), Part(0.0001, 4))
    assert difference.error == pytest.approx(0.02)
    assert difference.dof == pytest.approx(0.0004**2 / (0.0002**2 / 100 + 0.0001**2 / 12 + 0.0001**2 / 4))
    assert replace(difference, images=Part(0.0), seeds=Part(0.0)).dof == pytest.approx(4)


def draws(value: float, error: float = 0.01) -> Difference:
    return Difference(value, Part(error**2, 1000.0), Part(0.0))


def test_a_gain_is_over_the_strongest_control_and_harm_over_the_matched_one() -> None:
    good = Comparison(strongest=draws(0.06), matched=draws(0.1))
    bad = Comparison(strongest=draws(-0.14), matched=draws(-0.1))
    between = Comparison(strongest=draws(-0.1), matched=draws(0.0))  # as good as what is trained alike
    decisions = decide([good, bad, between])
    assert [(one.helps, one.harms) for one in decisions] == [(True, False), (False, True), (False, False)]
    assert decisions[0].level == pytest.approx(0.05 / 3)
    for one in decisions:
        assert one.helps == (one.comparison.strongest.interval(one.level)[0] > 0)  # interval and decision agree
        assert one.harms == (one.comparison.matched.interval(one.harm_level)[1] < 0)


def test_a_gain_is_over_every_control_to_beat() -> None:
    compared = Comparison(draws(0.06), draws(0.1), runners_up=(draws(0.04), draws(0.05, 0.03)))
    assert compared.least.value == 0.04
    assert compared.widest.error == pytest.approx(0.03)
    t, corrected = student.isf([0.025, 0.025 / 3], 1000)
    assert compared.interval() == pytest.approx((0.05 - t * 0.03, 0.04 + corrected * 0.01), rel=1e-3)
    assert compared.p_above() == draws(0.05, 0.03).p_above()  # the least certain
    assert not decide([compared])[0].helps
    assert decide([replace(compared, runners_up=(draws(0.04),))])[0].helps


def test_an_arm_is_chosen_by_its_mean_on_validation_images_and_so_are_the_controls_to_beat() -> None:
    plans = plan_arms({"ill": 60, "well": 60}, (1.0, 2.0), (0.5,))
    scores = {plan.name: Estimate(np.array([0.7, 0.8]), np.zeros((2, 1))) for plan in plans}
    assert choose(plans, scores).arm == "synthetic-1"  # of equal ones the first
    scores["synthetic-2-classical"] = Estimate(np.array([0.7, 0.84]), np.zeros((2, 1)))
    scores["duplicates-1"] = Estimate(np.array([0.9, 0.9]), np.zeros((2, 1)))  # no synthetic images, however good
    found = choose(plans, scores)
    assert found == DivisionChoice(
        None, "synthetic-2-classical", pytest.approx(0.77), "duplicates-1", 0.9, "classical", ["real", "classical"]
    )
    assert found.tested == ["synthetic-2-classical", "duplicates-1", "real", "classical"]


def predictions(name: str, seeds: int, truth: GroundTruth, scale: float, seed: int) -> Predictions:
    """An arm that ranks the second class higher, by so many standard deviations, on another scale in every fold."""
    generator = np.random.default_rng(seed)
    score = scale * truth.labels + generator.normal(size=(seeds, len(truth.labels))) + 100.0 * truth.fold
    plan = next(plan for plan in plan_arms({"ill": 60, "well": 60}) if plan.name == name)
    logits = np.stack([-score, score], axis=2).astype(np.float32) / 300
    return Predictions(plan, logits, np.zeros((seeds, len(truth.folds), 2)), truth)


def truth_of(n: int, folds: int = 1) -> GroundTruth:
    targets = np.eye(2, dtype=np.uint8)[np.arange(n) % 2]
    fold = np.arange(n) * folds // n
    return GroundTruth(targets, "class", None, fold, np.ones(n, dtype=bool), ("ill", "well"), 0, (0, 1))


def test_auroc_is_computed_within_folds_and_averaged() -> None:
    found = predictions("real", 3, truth_of(120, 3), 1.0, 0)
    parts = found.by_fold()
    assert [len(part.truth.labels) for part in parts] == [40, 40, 40]
    whole = found.primary("auroc")
    each = [roc_auc_score(part.truth.labels, part.logits[0, :, 1]) for part in parts]
    assert whole.values[0] == pytest.approx(np.mean(each))
    assert whole.values[0] > roc_auc_score(found.truth.labels, found.logits[0, :, 1]) + 0.1  # never over pooled scores
    for part in parts:
        alone = part.primary("auroc").influence
        assert whole.influence[:, found.truth.fold == part.truth.fold[0]] == pytest.approx(alone / 3)


def test_pooled_folds_keep_their_own_thresholds() -> None:
    parts = [predictions("real", 2, truth_of(40), 1.0, seed) for seed in (0, 1)]
    parts[1] = replace(parts[1], offsets=np.full((2, 1, 2), [0.0, 50.0]))
    both = pool(parts, parts[0].plan)
    assert both.truth.fold.tolist() == [0] * 40 + [1] * 40
    assert both.offsets.shape == (2, 2, 2)
    assert (both.predicted()[:, 40:] == 1).all()
    assert (both.predicted()[:, :40] == parts[0].predicted()).all()


def test_pooled_arms_of_one_name_keep_it_and_others_are_named_by_their_role() -> None:
    truth = truth_of(40)
    divisions = [
        [predictions(name, 2, truth, 1.0, 0) for name in ("synthetic-1", "real", "duplicates-1")] for _ in range(3)
    ]
    same = DivisionChoice(0, "synthetic-1", 0.8, "real", 0.8, "duplicates-1", [])
    found = PlannedArms.pooled(divisions, [same, same, replace(same, strongest="duplicates-1")])
    assert [one.plan.name for one in found.arms] == ["synthetic-1", "strongest", "duplicates-1"]
    assert found.strongest.plan.words == (
        "The strongest control of each fold (real images alone in 2 of 3 folds; duplicated real images, 1 x in 1 of 3 "
        "folds)"
    )
    alike = PlannedArms.pooled(divisions, [replace(same, strongest="duplicates-1")] * 3)
    assert [one.plan.name for one in alike.arms] == ["synthetic-1", "duplicates-1"]
    compared = alike.compared("auroc")
    assert compared.strongest == compared.matched
    ranked = [replace(same, runners_up=[name]) for name in ("duplicates-1", "real", "real")]
    found = PlannedArms.pooled(divisions, ranked)
    assert [one.plan.name for one in found.arms] == ["synthetic-1", "real", "second", "duplicates-1"]
    assert [one.plan.name for one in found.against("second").arms] == ["synthetic-1", "second"]


def test_simulated_studies_find_gains_and_seldom_what_is_not_there() -> None:
    nothing = simulate_studies(Design(n=200), 40)
    assert nothing.false_helps <= 0.1
    assert nothing.coverage >= 0.9
    gain = simulate_studies(Design(n=400, gain=0.05), 40)
    assert gain.power >= 0.5
    assert gain.coverage >= 0.9
    uneven = simulate_studies(Design(n=200, uneven=4.0, primary="balanced_accuracy"), 40)
    assert uneven.false_helps <= 0.1


def test_the_detectable_gain_is_found_in_four_of_five() -> None:
    one = Difference(0.0, Part(0.01**2), Part(0.0))
    assert power.detectable_gain(power.with_more(one, images=4)) == pytest.approx(power.detectable_gain(one) / 2)
    several = Difference(0.0, Part(0.004**2), Part(0.003**2, 12))
    generator = np.random.default_rng(0)
    arm, controls = (generator.normal(0, 0.005 / np.sqrt(2), (20_000, n)) for n in (1, COMPARED))
    found = (power.detectable_gain(several) + arm - controls).min(axis=1)  # the best control
    assert (found > student.isf(0.025, several.dof) * 0.005).mean() == pytest.approx(0.8, abs=0.01)


def test_the_variance_to_expect_is_that_of_a_mean_over_classes() -> None:
    two = power.prior_variances("auroc", [50, 50], 5)
    assert two.images.variance == pytest.approx(power.PRIOR_IMAGE_VARIANCE["auroc"] / 100)
    assert power.prior_variances("auroc", [25] * 4, 5).images.variance == pytest.approx(two.images.variance)
    assert power.prior_variances("auroc", [10, 90], 5).images.variance > two.images.variance
    assert power.prior_variances("auroc", [50, 50], 10).seeds.variance == pytest.approx(two.seeds.variance / 2)


REAL = {"ill": 60, "well": 40}
PLANS = {plan.name: plan for plan in plan_arms(REAL)}


def said(gain: Gain, name: str = "synthetic-1", regimes: int = 1, score: float = 0.8) -> tuple[str, str]:
    """The verdict on an arm of this confirmed gain, whose controls reach that AUROC."""
    names = dict.fromkeys([name, gain.over, gain.harm_over])
    tested = [arm(PLANS[other], score) for other in names]
    kind, sentence = regime_verdict(tested, replace(gain, arm=name), "auroc", regimes, TEST)
    assert sentence.startswith(VERDICT_NAMES[kind])
    return kind, sentence


def test_verdicts_word_by_word() -> None:
    assert said(confirmed(0.05, 0.02, over="classical"), "synthetic-0.5-classical", 3) == (
        "helps",
        "Helps: adding 0.5 synthetic images for each real one with classical augmentation raises AUROC by 5.0 points "
        "over classical augmentation, the strongest control (95% interval +3.0 to +7.0, corrected for 3 regimes); in "
        "these test images ill gains most (+5.0 points of sensitivity, not tested).",
    )
    assert said(confirmed(-0.1, 0.02), "synthetic-filled-better-50-classical") == (
        "harmful",
        "Harmful: filling rare classes up with synthetic images (the better 50%) with classical augmentation lowers "
        "AUROC by 10.0 points against real images alone (95% interval −12.0 to −8.0). No other way did better on "
        "validation images.",
    )
    assert said(confirmed(0.01, 0.03), "synthetic-2") == (
        "none",
        "No gain of more than 4.0 points: adding 2 synthetic images for each real one changes AUROC by +1.0 points "
        "over real images alone, the strongest control (95% interval −2.0 to +4.0); 400 test images.",
    )
    assert said(confirmed(0.01, 0.06)) == (
        "unclear",
        "Cannot tell with 400 test images: a gain of up to 7.0 points is possible. Here adding 1 synthetic image for "
        "each real one changes AUROC by +1.0 points over real images alone, the strongest control (95% interval −5.0 "
        "to +7.0). This study can see a gain of 6.0 points (power 80%); with four times as many test images 4.0.",
    )
    assert said(confirmed(0.0, 0.002), score=0.9999 + 0.012)[1].startswith(
        "No room to gain: AUROC is already 1.012 with real images alone. Here adding 1 "
    )


def test_a_control_that_is_surely_better_is_recommended() -> None:
    worse = said(confirmed(-0.02, 0.015, helps=False, harms=False, over="cutmix"))
    assert worse == (
        "none",
        "No gain: adding 1 synthetic image for each real one changes AUROC by −2.0 points over CutMix, the strongest "
        "control (95% interval −3.5 to −0.5); 400 test images. Use CutMix instead.",
    )
    assert "instead" not in said(confirmed(-0.02, 0.02, helps=False, harms=False))[1]


def test_each_use_of_synthetic_images_has_its_words() -> None:
    more = {one.name: one for one in plan_arms(REAL, pretrained="efficientnet-lite0", unlabelled=900)}
    assert arm_phrase(more["synthetic-2-mixed-classical"]) == (
        "filling half of each batch with synthetic images (2 for each real one) with classical augmentation"
    )
    assert arm_phrase(more["synthetic-2-first-classical"]) == (
        "training on 2 synthetic images for each real one before the real ones with classical augmentation"
    )
    assert arm_phrase(more["synthetic-1-better-25-classical"]) == (
        "adding 1 synthetic image for each real one (the better 25%) with classical augmentation"
    )
    over = {name: control_phrase(more[name]) for name in ("mixup", "focal", "pretrained", "semi-supervised")}
    assert over == {
        "mixup": "MixUp",
        "focal": "focal loss",
        "pretrained": "a network pretrained on ImageNet",
        "semi-supervised": "semi-supervised training on 900 unlabelled images",
    }


@pytest.mark.parametrize(
    ("value", "half", "kind", "begin"),
    [
        (0.02, 0.03, "none", "No gain of more than 5.0 points: "),
        (0.02, 0.0301, "unclear", "Cannot tell with 400 test images: a gain of up to 5.1 points "),
        (-0.04, 0.05, "none", "No gain of more than 1.0 points: "),
        (-0.04, 0.04, "none", "No gain: "),
        (0.0123, 0.0155, "none", "No gain of more than 2.8 points: "),
    ],
)
def test_no_gain_is_said_only_above_what_the_corrected_interval_excludes(
    value: float, half: float, kind: str, begin: str
) -> None:
    found, sentence = said(confirmed(value, half, helps=False, harms=False))
    assert found == kind
    assert sentence.startswith(begin)


def test_too_few_test_groups_of_a_class_carry_no_verdict() -> None:
    few = TEST | {"groups": 90, "grouped": True, "groups_per_class": {"ill": 81, "well": 9}}
    tested = [arm(PLANS[other], 0.8) for other in ("synthetic-1", "real")]
    found = regime_verdict(tested, confirmed(0.2, 0.01), "auroc", 1, few)
    words = "Cannot tell with 400 test images of 90 groups: 9 groups hold well, and it takes 10."
    assert found == ("unclear", words)


def regime(kind: str, verdict: str, share: float, gain: Gain) -> Regime:
    choice = RegimeChoice(share, [DivisionChoice(None, "synthetic-1", 0.8, "real", 0.8, "duplicates-1", [])], None)
    filtering = keep_rate_finding(1, [RATE], "auroc")
    return Regime(
        share,
        12,
        {"ill": 8, "well": 4},
        [],
        "well",
        1,
        1,
        {},
        [],
        choice,
        [],
        gain,
        filtering,
        verdict,
        kind,
        "",
        0,
        {},
        {},
        None,
    )


RATE = KeepRate(0.5, 0.03, -0.01, 0.07)


def test_a_headline_says_of_few_real_images_both_help_and_harm() -> None:
    nothing = confirmed(0.0)
    all_of_them = regime("none", "No gain: nothing.", 1.0, nothing)
    helps, harms = (
        regime(kind, words, 0.1, nothing) for kind, words in (("helps", "Helps: much."), ("harmful", "Harmful: bad."))
    )
    assert study_verdict([all_of_them, harms]) == (
        "none", "No gain: nothing. With only 12 real images (10%) it is harmful: bad."
    )  # fmt: skip
    assert study_verdict([all_of_them, helps])[1].endswith("With only 12 real images (10%) it helps: much.")
    assert study_verdict([helps, harms])[1] == "Helps: much. With only 12 real images (10%) it is harmful: bad."
    assert study_verdict([helps, helps])[1] == "Helps: much."


def test_keep_rates_are_told_as_exploratory() -> None:
    found = keep_rate_finding(2.0, [KeepRate(0.75, 0.01, -0.01, 0.03), RATE], "balanced_accuracy")
    assert (found.best, found.ratio) == (0.5, 2.0)
    assert found.words == (
        "Keep rate, exploratory: of the rates tried, the better 50% did best on validation images, +3.0 points of "
        "balanced accuracy against keeping all (95% interval −1.0 to +7.0, not corrected) with 2 synthetic images for "
        "each real one."
    )


def test_words_within_a_sentence_begin_small_but_names_keep_their_capitals() -> None:
    assert within_sentence("Real images alone") == "real images alone"
    assert within_sentence("MixUp, twice") == "MixUp, twice"
