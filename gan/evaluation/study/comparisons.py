"""Paired differences between training sets: bootstrap intervals, p-values, and Holm's correction. No torch.

**Two sources of variance.** Results vary with the patients in the test split and with the seed of the training. Each
bootstrap draw resamples both (crossed: Owen 2007, "The pigeonhole bootstrap", arXiv:0712.1111; slightly conservative).
All arms share the draws, so that differences are paired. Test groups are drawn with replacement. Seeds are too few for
that: resampling five seeds gives intervals that cover about 85% instead of 95%. The mean over seeds therefore varies
by Student's t with S - 1 degrees of freedom.

**The best of several comparators.** An arm beats the best comparator if and only if it beats each one. Its p-value is
therefore the largest over the comparators, and its lower end the lowest (intersection-union test: Berger 1982,
Technometrics 24:295); this needs no correction. The upper end is the lowest of the upper ends, each at its share of
the error (Bonferroni), because choosing the lowest would otherwise make the interval too narrow.

**Many arms.** Holm 1979 (Scand. J. Statist. 6:65) over all arms that are compared. An arm's corrected interval has the
level at which Holm's procedure tested it, so that its lower end is above 0 if and only if the procedure rejects.

Letters: n test images, S seeds, B draws, M hypotheses.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Values = NDArray[np.float64]

DRAWS = 20_000
"""Enough that 27 draws lie beyond the 0.14% quantile, which Holm's first step needs with 18 arms."""
CHUNK = 1000
"""Draws made at a time: numpy makes them in int64."""
ALPHA = 0.05


@dataclass(frozen=True)
class BootstrapWeights:
    """`images` (1 + B, n): how often each test image counts. `seeds` (1 + B, S): the weight of each seed, sum 1.

    Row 0 is the estimate itself: every image once, equal seeds.
    """

    images: Floats
    seeds: Floats

    def mean_over_seeds(self, values: NDArray[np.floating]) -> Values:
        """Weighted means (1 + B,) of values (1 + B, S)."""
        mean: Values = (values.astype(np.float64) * self.seeds[: len(values)]).sum(axis=1)
        return mean


def draw_bootstrap_weights(
    n: int, group: NDArray[np.str_] | None, seeds: int, count: int = DRAWS, seed: int = 0
) -> BootstrapWeights:
    """`count` draws of n test images, whole groups where `group` (n,) is given, and of at least 2 `seeds`.

    The seeds' weights are 1 / S + t (z - mean z) / sqrt(S (S - 1)) for normal z (S,), scaled so that the weighted mean
    follows Student's t.
    """
    assert seeds >= 2, "the variance between seeds takes at least two"
    generator = np.random.default_rng(seed)
    member = np.arange(n) if group is None else np.unique(group, return_inverse=True)[1]
    groups = int(member.max()) + 1
    equal = np.full(groups, 1 / groups)
    chunks = [min(CHUNK, count - first) for first in range(0, count, CHUNK)]
    images = np.concatenate(
        [generator.multinomial(groups, equal, size)[:, member].astype(np.float32) for size in chunks]
    )
    z = generator.standard_normal((count, seeds))
    scale = np.sqrt((seeds - 1) / generator.chisquare(seeds - 1, count))[:, None]
    weights = 1 / seeds + (z - z.mean(axis=1, keepdims=True)) * scale / np.sqrt(seeds * (seeds - 1))
    return BootstrapWeights(
        np.concatenate([np.ones((1, n), np.float32), images]),
        np.concatenate([np.full((1, seeds), 1 / seeds), weights]).astype(np.float32),
    )


def percentile_interval(drawn: Values, alpha: float = ALPHA, comparators: int = 1) -> tuple[float, float]:
    """Percentile interval of draws (B,): alpha / 2 below it, alpha / 2 / comparators above it.

    The ends are order statistics, chosen so that the lower end is above 0 if and only if `bootstrap_p_value` is at
    most alpha.
    """
    ordered = np.sort(drawn)
    low, high = (max(1, int(tail * (len(drawn) + 1))) for tail in (alpha / 2, alpha / 2 / comparators))
    return float(ordered[low - 1]), float(ordered[-high])


def bootstrap_p_value(drawn: Values) -> float:
    """Two-sided bootstrap p-value of a difference d above 0, from draws (B,): 2 (1 + #{d <= 0}) / (B + 1)."""
    return float(min(1.0, 2 * (1 + (drawn <= 0).sum()) / (len(drawn) + 1)))


def holm(p: Values, alpha: float = ALPHA) -> tuple[Values, Values]:
    """Holm's adjusted p-values (M,), and the level (M,) at which each hypothesis was tested.

    The step-down procedure stops at the first failure: the later hypotheses have the level of that one.
    """
    order, m = np.argsort(p, kind="stable"), len(p)
    steps = m - np.arange(m)
    adjusted, levels = np.empty(m), np.empty(m)
    adjusted[order] = np.maximum.accumulate(steps * p[order]).clip(max=1)
    failed = p[order] > alpha / steps
    last = int(failed.argmax()) if failed.any() else m - 1
    levels[order] = alpha / np.maximum(steps, m - last)
    return adjusted, levels


@dataclass(frozen=True)
class Comparison:
    """One arm against its comparators.

    `value` is the gain over the best comparator, `over`, with its 95% `interval` and its Holm-`corrected` one.
    `against` has the difference from each comparator with an uncorrected 95% interval. `p` and `harm_p` are
    Holm-adjusted. `helps`: better than every comparator. `harms`: worse than every control. `harm` is the difference
    from the control it loses least to, `harm_over`, with a corrected interval whose upper end is below 0 if and only
    if the arm harms.
    """

    value: float
    interval: tuple[float, float]
    corrected: tuple[float, float]
    p: float
    harm_p: float
    helps: bool
    harms: bool
    over: str
    harm: tuple[float, float, float]
    harm_over: str
    against: dict[str, tuple[float, float, float]]


def compare_arms(
    values: Mapping[str, Values],
    comparators: Mapping[str, tuple[str, ...]],
    controls: Mapping[str, tuple[str, ...]],
) -> dict[str, Comparison]:
    """Compare each arm in `comparators` with the arms named there, by their draws (1 + B,), row 0 the estimate.

    `controls` names the comparators that are trained as the arm is: an arm harms where it is worse than each of them.
    An arm without augmentation that loses to augmented real images does no harm, nor does an augmented arm that loses
    to plain ones if augmentation alone loses as much.
    """
    differences = {
        arm: {other: (values[arm] - values[other]).clip(-1, 1) for other in others}
        for arm, others in comparators.items()
    }
    gain_p = [max(bootstrap_p_value(d[1:]) for d in paired.values()) for paired in differences.values()]
    harm_p = [
        max(bootstrap_p_value(-paired[name][1:]) for name in controls[arm]) for arm, paired in differences.items()
    ]
    gain_tests, harm_tests = (list(zip(*holm(np.array(p)), strict=True)) for p in (gain_p, harm_p))
    return {
        arm: _comparison(paired, controls[arm], *(float(number) for number in (*gain_test, *harm_test)))
        for (arm, paired), gain_test, harm_test in zip(differences.items(), gain_tests, harm_tests, strict=True)
    }


@dataclass(frozen=True)
class CorrectedDifference:
    """A difference with its Holm-corrected interval and its adjusted two-sided p-value."""

    value: float
    low: float
    high: float
    p: float


def corrected_differences(differences: Mapping[float, Values]) -> dict[float, CorrectedDifference]:
    """Two-sided tests of several differences of shares by their draws (1 + B,), Holm-corrected.

    Each interval has the level at which Holm's procedure tested it: it excludes 0 if and only if that rejects.
    """
    clipped = {key: drawn.clip(-1, 1) for key, drawn in differences.items()}
    p = np.array([min(bootstrap_p_value(d[1:]), bootstrap_p_value(-d[1:])) for d in clipped.values()])
    adjusted, levels = holm(p)
    return {
        key: CorrectedDifference(float(drawn[0]), *percentile_interval(drawn[1:], float(level)), float(p))
        for (key, drawn), level, p in zip(clipped.items(), levels, adjusted, strict=True)
    }


def _comparison(
    differences: dict[str, Values],
    controls: tuple[str, ...],
    p: float,
    level: float,
    harm_p: float,
    harm_level: float,
) -> Comparison:
    over, gain = _gain_over_best(differences, ALPHA)
    _, corrected = _gain_over_best(differences, level)
    harm_over, loss = _gain_over_best({name: -differences[name] for name in controls}, harm_level)
    return Comparison(
        value=gain[0],
        interval=gain[1:],
        corrected=corrected[1:],
        p=p,
        harm_p=harm_p,
        helps=corrected[1] > 0,
        harms=harm_p <= ALPHA,
        over=over,
        harm=(-loss[0], -loss[2], -loss[1]),
        harm_over=harm_over,
        against={name: (float(d[0]), *percentile_interval(d[1:])) for name, d in differences.items()},
    )


def _gain_over_best(differences: Mapping[str, Values], alpha: float) -> tuple[str, tuple[float, float, float]]:
    """The best comparator, and the gain over it with its interval, from the paired differences (1 + B,) from each."""
    best = min(differences, key=lambda name: float(differences[name][0]))
    ends = [percentile_interval(d[1:], alpha, len(differences)) for d in differences.values()]
    return best, (float(differences[best][0]), min(low for low, _ in ends), min(high for _, high in ends))
