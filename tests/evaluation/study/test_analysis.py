"""The study's statistics against scikit-learn, closed forms and simulation: metrics, coverage, Holm, verdicts."""

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score, f1_score, roc_auc_score

from gan.evaluation.records.study_results import Arm, Gain, KeepRate, MeanInterval
from gan.evaluation.study import arms, comparisons
from gan.evaluation.study.classification_metrics import auroc, balanced_accuracy, f1, sensitivity, specificity
from gan.evaluation.study.verdict import keep_rate_verdict, regime_verdict

TEST = {"images": 400, "groups": 400, "grouped": False, "groups_per_class": {"a": 200, "b": 200}}


def bootstrap_counts(n: int, draws: int = 6) -> NDArray[np.float32]:
    """Weights (draws, n): every image once, then bootstrap counts."""
    counts = np.random.default_rng(1).multinomial(n, np.full(n, 1 / n), draws - 1)
    return np.concatenate([np.ones((1, n)), counts]).astype(np.float32)


@pytest.mark.parametrize("classes", [2, 4])
def test_metrics_equal_those_of_scikit_learn_in_every_draw(classes: int) -> None:
    generator, n = np.random.default_rng(0), 60
    labels, weights = generator.integers(0, classes, n), bootstrap_counts(n)
    scores = generator.integers(0, 8, (2, n, classes)) / 8 + 0.3 * np.eye(classes)[labels]  # with ties
    scores /= scores.sum(axis=2, keepdims=True)
    if classes == 2:
        scores = np.stack([1 - scores[:, :, 1], scores[:, :, 1]], axis=2)
    predicted = scores.argmax(axis=2)
    recalls = sensitivity(predicted, labels, weights, classes)
    rejections = specificity(predicted, labels, weights, classes)
    accuracies, area = balanced_accuracy(recalls), auroc(scores, labels, weights)
    rarest = f1(predicted, labels, weights, 1)
    for b, weight in enumerate(weights.astype(int)):
        truth = np.repeat(labels, weight)
        for r in range(2):
            said, score = np.repeat(predicted[r], weight), np.repeat(scores[r], weight, axis=0)
            assert accuracies[b, r] == pytest.approx(balanced_accuracy_score(truth, said), abs=1e-6)
            assert rarest[b, r] == pytest.approx(f1_score(truth == 1, said == 1), abs=1e-6)
            expected = np.mean([roc_auc_score(truth == k, score[:, k]) for k in range(classes)])
            assert area[b, r] == pytest.approx(expected, abs=1e-6)
            for k in range(classes):
                assert recalls[b, r, k] == pytest.approx((said[truth == k] == k).mean(), abs=1e-6)
                assert rejections[b, r, k] == pytest.approx((said[truth != k] != k).mean(), abs=1e-6)


def test_a_draw_without_a_class_leaves_it_out() -> None:
    labels, predicted = np.array([0, 0, 1]), np.array([[0, 1, 1]])
    weights = np.array([[1, 1, 0]], np.float32)
    assert balanced_accuracy(sensitivity(predicted, labels, weights, 2)).tolist() == [[0.5]]
    assert np.isnan(auroc(np.eye(2)[predicted], labels, weights)).all()


def test_holm_by_hand() -> None:
    adjusted, levels = comparisons.holm(np.array([0.04, 0.001, 0.02, 0.03]))
    assert adjusted.tolist() == pytest.approx([0.06, 0.004, 0.06, 0.06])  # 0.001 x 4; 0.02 x 3, and no less after it
    assert levels.tolist() == pytest.approx([0.05 / 3, 0.05 / 4, 0.05 / 3, 0.05 / 3])  # it stopped at the second
    adjusted, levels = comparisons.holm(np.array([0.02, 0.04]))
    assert adjusted.tolist() == pytest.approx([0.04, 0.04])
    assert levels.tolist() == pytest.approx([0.025, 0.05])


def test_an_interval_excludes_zero_if_and_only_if_p_is_at_most_its_level() -> None:
    generator = np.random.default_rng(0)
    for shift in np.linspace(1, 3, 40):
        drawn = generator.normal(shift, 1, 999)
        for level in (0.05, 0.01):
            assert (comparisons.percentile_interval(drawn, level)[0] > 0) == (
                comparisons.bootstrap_p_value(drawn) <= level
            )


def test_bootstrap_weights_have_the_variance_of_their_closed_forms() -> None:
    values = np.array([0.1, 0.4, 0.2, 0.5, 0.3])
    draws = comparisons.draw_bootstrap_weights(40, None, 5, 20_000)
    assert draws.mean_over_seeds(np.tile(values, (20_001, 1)))[0] == pytest.approx(0.3)
    low, high = comparisons.percentile_interval(draws.mean_over_seeds(np.tile(values, (20_001, 1)))[1:])
    half = 2.776445 * values.std(ddof=1) / np.sqrt(5)  # Student's t with four degrees of freedom
    assert (low, high) == (pytest.approx(0.3 - half, rel=0.03), pytest.approx(0.3 + half, rel=0.03))
    right = (np.arange(40) < 10).astype(np.float32)
    share = draws.images[1:] @ right / 40
    assert share.std() == pytest.approx(np.sqrt(0.25 * 0.75 / 40), rel=0.02)  # a binomial share
    group = np.array([f"patient {i // 4}" for i in range(40)])
    by_group = comparisons.draw_bootstrap_weights(40, group, 5, 20_000).images
    assert (by_group[:, ::4] == by_group[:, 3::4]).all()  # a patient's images come and go together
    whole = by_group[1:] @ (np.arange(40) < 12).astype(np.float32) / 40
    assert whole.std() == pytest.approx(np.sqrt(0.3 * 0.7 / 10), rel=0.02)


def error_rates(seed_sd: float, studies: int) -> tuple[float, float]:
    """Under the null hypothesis: how often a 95% interval excludes 0, and how often any arm is said to help or harm.

    60 test images, 5 seeds, three comparators, four synthetic arms.
    """
    outside = false = 0
    names = ["real", "classical", "duplicates", *(f"synthetic-{i}" for i in range(4))]
    comparators = dict.fromkeys(names[3:], ("real", "classical", "duplicates"))
    controls = dict.fromkeys(names[3:], ("real", "duplicates"))
    for study in range(studies):
        generator = np.random.default_rng(study)
        labels = np.arange(60) % 2
        hard = generator.normal(0.8, 1, 60)
        draws = comparisons.draw_bootstrap_weights(60, None, 5, 1000, study)
        values = {}
        for name in names:
            luck = generator.normal(0, seed_sd, (5, 1)) + generator.normal(0, 0.5, (5, 60))
            predicted = np.where(hard + luck > 0, labels, 1 - labels)
            values[name] = draws.mean_over_seeds(balanced_accuracy(sensitivity(predicted, labels, draws.images, 2)))
        compared = comparisons.compare_arms(values, comparators, controls)
        _, low, high = compared["synthetic-0"].against["real"]
        outside += low > 0 or high < 0
        false += any(one.helps or one.harms for one in compared.values())
    return outside / studies, false / studies


@pytest.mark.parametrize("seed_sd", [0.1, 0.8])
def test_coverage_and_family_wise_error_hold_under_the_null_hypothesis(seed_sd: float) -> None:
    outside, false = error_rates(seed_sd, 150)
    assert outside <= 0.08  # 5% expected; the standard error over 150 studies is 2 points
    assert false <= 0.08


def draws_around(value: float, spread: float, seed: int) -> NDArray[np.float64]:
    """Normal draws around a value, which is row 0."""
    return np.concatenate([[value], np.random.default_rng(seed).normal(value, spread, 4000)])


def test_a_gain_is_over_the_best_comparator_and_its_lower_end_the_lowest() -> None:
    values = {
        "real": draws_around(0.70, 0.005, 0),
        "classical": draws_around(0.74, 0.005, 1),
        "duplicates": draws_around(0.71, 0.005, 2),
    }
    values |= {
        "good": draws_around(0.80, 0.005, 3),
        "between": draws_around(0.72, 0.001, 4),
        "bad": draws_around(0.6, 0.005, 5),
    }
    values |= {"augmented": draws_around(0.72, 0.001, 4)}
    all_ = ("good", "between", "bad", "augmented")
    controls = dict.fromkeys(all_, ("real", "duplicates")) | {"augmented": ("classical",)}
    found = comparisons.compare_arms(values, dict.fromkeys(all_, ("real", "classical", "duplicates")), controls)
    good, between, bad = found["good"], found["between"], found["bad"]
    assert (good.over, good.helps, good.harms) == ("classical", True, False)
    assert good.value == pytest.approx(0.06)
    assert good.interval[0] == pytest.approx(min(low for _, low, _ in good.against.values()))
    assert good.corrected[0] < good.interval[0]
    assert (between.helps, between.harms) == (
        False,
        False,
    )  # worse than with augmentation, better than without: no harm
    assert between.value == pytest.approx(-0.02)
    augmented = found["augmented"]  # the same, but it was trained with augmentation, and is worse than that alone
    assert (augmented.helps, augmented.harms) == (False, True)
    assert (bad.helps, bad.harms) == (False, True)
    assert bad.harm_over == "real"  # the control it loses least to
    assert bad.harm[0] == pytest.approx(-0.10)
    for one in found.values():
        assert one.harms == (one.harm[2] < 0)  # the interval and the decision say the same


REAL = {"a": 60, "b": 40}


def arms_with(gains: Mapping[str, Gain]) -> list[Arm]:
    """All arms of a study, with these gains by name."""
    nothing = MeanInterval(0.8, 0.75, 0.85)
    return [Arm(plan, [], [], nothing, nothing, nothing, {}, {}, gains.get(plan.name)) for plan in arms.plan_arms(REAL)]


def gained(value: float, half: float, *, helps: bool = False, harms: bool = False, harm_over: str = "real") -> Gain:
    lost = MeanInterval(value - 0.01, value - 0.01 - 1.5 * half, value - 0.01 + 1.5 * half)
    ends = (value - half, value + half, value - 1.5 * half, value + 1.5 * half)
    by_class = {"a": value - 0.02, "b": value + 0.02}
    return Gain(value, *ends, 0.01, 0.01, helps, harms, "classical", lost, harm_over, {}, by_class)


def ratio_verdict(*gains: Gain) -> tuple[str, str]:
    """The verdict on synthetic arms of ratio 0.25, 0.5, 1, 2 with these gains."""
    names = [f"synthetic-{ratio:g}" for ratio in arms.RATIOS]
    return regime_verdict(arms_with(dict(zip(names, gains, strict=False))), TEST)


def test_verdicts_word_by_word() -> None:
    nothing, harm = gained(0.0, 0.02), gained(-0.1, 0.02, harms=True)
    assert ratio_verdict(nothing, gained(0.05, 0.02, helps=True), nothing, harm) == (
        "helps",
        "Helps, but harmful above ratio 1 without classical augmentation: adding 0.5 synthetic images for each "
        "real one raises balanced accuracy by 5.0 points over real images with classical augmentation (95% "
        "interval +2.0 to +8.0, corrected for 4 "
        "comparisons); in these test images b gains most (+7.0 points of sensitivity, not tested).",
    )
    assert ratio_verdict(nothing, nothing, harm, harm) == (
        "harmful",
        "Harmful above ratio 0.5 without classical augmentation: adding 1 synthetic image for each real one "
        "lowers balanced accuracy by 11.0 points against real images alone (95% interval −14.0 to −8.0, corrected for "
        "4 comparisons).",
    )
    assert ratio_verdict(harm, harm, harm, harm)[1].startswith(
        "Harmful at every ratio tried without classical augmentation: "
    )
    assert ratio_verdict(nothing, harm, nothing, nothing)[1].startswith(
        "Harmful at ratio 0.5 without classical augmentation: "
    )
    assert ratio_verdict(gained(0.01, 0.02), nothing) == (
        "none",
        "No gain of more than 4.0 points by any of 2 ways: at best, adding 0.25 synthetic images for each real one "
        "changes balanced accuracy by +1.0 points over real images with classical augmentation (95% interval −2.0 to "
        "+4.0, corrected for 2 comparisons; 400 test images).",
    )
    assert ratio_verdict(gained(0.01, 0.06), nothing) == (
        "unclear",
        "Cannot tell with 400 test images: a gain of up to 10.0 points is possible. At best, adding 0.25 synthetic "
        "images for each real one changes balanced accuracy by +1.0 points over real images with classical "
        "augmentation (95% interval −8.0 to +10.0, corrected for 2 comparisons).",
    )


@pytest.mark.parametrize(
    ("gains", "kind", "begin"),
    [
        ([gained(0.02, 0.02)], "none", "No gain of more than 5.0 points: "),
        ([gained(0.02, 0.021)], "unclear", "Cannot tell with 400 test images: a gain of up to 5.2 points "),
        ([gained(0.0, 0.01), gained(-0.01, 0.06)], "unclear", "Cannot tell with 400 test images: a gain of up to 8.0 "),
        ([gained(0.0, 0.01), gained(-0.01, 0.02)], "none", "No gain of more than 2.0 points by any of 2 ways: "),
        ([gained(-0.04, 0.02)], "none", "No gain: "),
        ([gained(0.0123, 0.01)], "none", "No gain of more than 2.8 points: "),
    ],
)
def test_no_gain_is_said_only_above_what_every_corrected_interval_excludes(
    gains: list[Gain], kind: str, begin: str
) -> None:
    found, sentence = ratio_verdict(*gains)
    assert found == kind
    assert sentence.startswith(begin)


def test_verdicts_on_augmented_and_filtered_arms() -> None:
    helps, harm = gained(0.05, 0.02, helps=True), gained(-0.1, 0.02, harms=True)
    harm_augmented = gained(-0.1, 0.02, harms=True, harm_over="classical")

    def of(**gains: Gain) -> str:
        return regime_verdict(arms_with({name.replace("_", "-"): one for name, one in gains.items()}), TEST)[1]

    assert of(synthetic_2_classical=helps).startswith(
        "Helps: adding 2 synthetic images for each real one (with classical augmentation) raises balanced accuracy by "
        "5.0 points over real images with classical augmentation (95% "
    )
    assert of(synthetic_filled_better_50_classical=helps).startswith(
        "Helps: filling rare classes up with synthetic images (the better 50%, with classical augmentation) raises "
    )
    assert of(synthetic_2_classical=harm_augmented).startswith(
        "Harmful above ratio 1 with classical augmentation: adding 2 synthetic images for each real one (with "
        "classical augmentation) lowers balanced accuracy by 11.0 points against real images with classical "
        "augmentation (95% interval −14.0 to −8.0"
    )
    assert of(synthetic_2_classical=harm, synthetic_2=harm).startswith("Harmful above ratio 1: ")
    assert of(synthetic_1=harm, synthetic_2=harm, synthetic_2_classical=harm).startswith(
        "Harmful above ratio 0.5 without classical augmentation, above ratio 1 with classical augmentation: "
    )
    assert of(synthetic_2=harm, synthetic_1_better_25_classical=harm).startswith(
        "Harmful above ratio 1 without classical augmentation, at a keep rate of 25% with classical augmentation: "
    )
    assert of(synthetic_filled=harm).startswith("Harmful where rare classes are filled up without classical augm")
    assert of(synthetic_1_better_25=harm).startswith("Harmful at a keep rate of 25% without classical augmentation: ")


def test_too_few_test_groups_of_a_class_carry_no_verdict() -> None:
    few = TEST | {"groups": 90, "grouped": True, "groups_per_class": {"a": 81, "b": 9}}
    helping = arms_with({"synthetic-1": gained(0.2, 0.01, helps=True)})
    said = "annot tell with 400 test images of 90 groups: 9 groups hold b, and it takes 10."
    assert regime_verdict(helping, few) == ("unclear", f"C{said}")
    assert keep_rate_verdict(1.0, [KeepRate(0.5, 0.1, 0.05, 0.2, 0.01)], few).words == f"Keep rate: c{said}"


def test_differences_corrected_by_holm() -> None:
    drawn = {0.75: draws_around(0.001, 0.01, 0), 0.5: draws_around(0.04, 0.01, 1), 0.25: draws_around(-0.04, 0.01, 2)}
    found = comparisons.corrected_differences(drawn)
    assert [one.value for one in found.values()] == [0.001, 0.04, -0.04]
    assert found[0.75].low < 0 < found[0.75].high
    assert found[0.5].low > 0
    assert found[0.25].high < 0
    alone = comparisons.percentile_interval(drawn[0.5][1:])
    assert found[0.5].low < alone[0]  # corrected for three
    assert found[0.5].p == pytest.approx(3 * comparisons.bootstrap_p_value(drawn[0.5][1:]))


def test_a_difference_of_shares_stays_within_minus_one_and_one() -> None:
    found = comparisons.corrected_differences({0.5: draws_around(0.1, 5.0, 0)})  # as wide as with two seeds
    assert (found[0.5].low, found[0.5].high) == (-1, 1)


def rate(keep: float, value: float, half: float) -> KeepRate:
    return KeepRate(keep, value, value - half, value + half, 0.5)


def test_which_keep_rate_pays_word_by_word() -> None:
    level, pays, pays_more = rate(0.75, 0.0, 0.02), rate(0.5, 0.03, 0.02), rate(0.25, 0.05, 0.04)
    found = keep_rate_verdict(1.0, [level, pays, pays_more], TEST)
    assert (found.kind, found.best) == ("pays", 0.25)
    assert found.words == (
        "Keep rate: keeping the better 25% pays. Against keeping all, it changes balanced accuracy by +5.0 points "
        "(95% interval +1.0 to +9.0, corrected for 3 rates) with 1 synthetic image for each real one."
    )
    costs = keep_rate_verdict(2.0, [level, rate(0.25, -0.06, 0.02)], TEST)
    assert (costs.kind, costs.best) == ("costs", None)
    assert costs.words == (
        "Keep rate: keep all. Keeping only the better 25% changes balanced accuracy by −6.0 points (95% interval "
        "−8.0 to −4.0, corrected for 2 rates) with 2 synthetic images for each real one."
    )
    none = keep_rate_verdict(1.0, [level, rate(0.5, 0.01, 0.02)], TEST)
    assert (none.kind, none.best) == ("none", None)
    assert none.words == (
        "Keep rate: no difference of more than 3.0 points between keeping all and keeping fewer. At best, "
        "keeping the better 50% changes balanced accuracy by +1.0 points (95% interval −1.0 to +3.0, corrected for 2 "
        "rates) with 1 synthetic image for each real one."
    )
    wide = keep_rate_verdict(1.0, [level, rate(0.5, 0.01, 0.06)], TEST)
    assert (wide.kind, wide.best) == ("unclear", None)
    assert wide.words.startswith(
        "Keep rate: cannot tell, a difference of up to 7.0 points from keeping all is possible. At best, keeping the "
    )
    worse = keep_rate_verdict(1.0, [level, rate(0.5, -0.02, 0.04)], TEST)
    assert worse.words.startswith("Keep rate: cannot tell, a difference of up to 6.0 points")
