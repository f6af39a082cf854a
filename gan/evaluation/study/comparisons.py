"""What a training set gains over others, with intervals that hold; no torch.

**Two kinds of luck.** Which patients are in the test split, and which seed the training had. Both are drawn again
together, and every arm sees the same draw, so that what arms share cancels (crossed draws: Owen 2007, "The pigeonhole
bootstrap", arXiv:0712.1111; a little wide, never narrow). Test groups are drawn with replacement. Seeds are few: five
drawn again and again from five give intervals that hold in some 85% of cases instead of 95%. So the mean over seeds
moves around its own by Student's t with S - 1 degrees of freedom, which is what such a mean does.

**The best of several comparators.** An arm gains over the best of some comparators exactly where it gains over each, so
the lower end is the lowest of the lower ends over each, and p the largest (intersection-union test: Berger 1982,
Technometrics 24:295). No comparator is chosen by its result, and none needs a correction. The upper end is the lowest
of the upper ends, each at its share of the error, as there the choice would flatter.

**Many arms.** Holm 1979 (Scand. J. Statist. 6:65) over the arms that are compared. An arm's corrected interval has the
level at which Holm's procedure judged it, so that its lower end is above 0 exactly where the procedure rejects.

"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

DRAWS = 20_000
"""So many that the 0.14% point, which Holm's first step of 18 arms needs, still has 27 draws beyond it."""
AT_ONCE = 1000
"""Draws that are made at a time: numpy counts in eight bytes each."""
ALPHA = 0.05


@dataclass(frozen=True)
class Draws:
    """`images` (B, n): how often each test image counts. `seeds` (B, S): the share of each seed in the mean, sum 1.

    The first row is no draw: every image once, every seed alike.
    """

    images: Floats
    seeds: Floats

    def over_seeds(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Means over seeds (B,) of values (B, S)."""
        mean: NDArray[np.float64] = (values.astype(np.float64) * self.seeds[: len(values)]).sum(axis=1)
        return mean


def draw(n: int, group: NDArray[np.str_] | None, seeds: int, count: int = DRAWS, seed: int = 0) -> Draws:
    """`count` draws of n test images, by `group` (n,) where patients are known, and of `seeds`, 2 at least."""
    assert seeds >= 2, "a spread takes two"
    generator = np.random.default_rng(seed)
    member = np.arange(n) if group is None else np.unique(group, return_inverse=True)[1]
    units = int(member.max()) + 1
    alike = np.full(units, 1 / units)
    lots = [min(AT_ONCE, count - first) for first in range(0, count, AT_ONCE)]
    images = np.concatenate([generator.multinomial(units, alike, lot)[:, member].astype(np.float32) for lot in lots])
    z = generator.standard_normal((count, seeds))
    spread = np.sqrt((seeds - 1) / generator.chisquare(seeds - 1, count))[:, None]
    shares = 1 / seeds + (z - z.mean(axis=1, keepdims=True)) * spread / np.sqrt(seeds * (seeds - 1))
    return Draws(
        np.concatenate([np.ones((1, n), np.float32), images]),
        np.concatenate([np.full((1, seeds), 1 / seeds), shares]).astype(np.float32),
    )


def interval(drawn: NDArray[np.float64], level: float = ALPHA, comparators: int = 1) -> tuple[float, float]:
    """Lower and upper end of draws (B,) with `level` / 2 beyond the lower and that over `comparators` beyond the upper.

    They are draws themselves, picked so that the lower end is above 0 exactly where `chance` is at most `level`.
    """
    ordered = np.sort(drawn)
    low, high = (max(1, int(part * (len(drawn) + 1))) for part in (level / 2, level / 2 / comparators))
    return float(ordered[low - 1]), float(ordered[-high])


def chance(drawn: NDArray[np.float64]) -> float:
    """Two-sided p of a difference above 0, of draws (B,): twice the share that is not, and never 0."""
    return float(min(1.0, 2 * (1 + (drawn <= 0).sum()) / (len(drawn) + 1)))


def holm(p: NDArray[np.float64], alpha: float = ALPHA) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Adjusted p (M,), and the level (M,) at which each was judged: that of the first failure from there on."""
    order, m = np.argsort(p, kind="stable"), len(p)
    steps = m - np.arange(m)
    adjusted, levels = np.empty(m), np.empty(m)
    adjusted[order] = np.maximum.accumulate(steps * p[order]).clip(max=1)
    failed = p[order] > alpha / steps
    last = int(failed.argmax()) if failed.any() else m - 1
    levels[order] = alpha / np.maximum(steps, m - last)
    return adjusted, levels


@dataclass(frozen=True)
class Compared:
    """One arm against its comparators: `value` over the best of them, `over`; ends as in the module's text.

    `against` has the difference from each with its own 95% interval. `p` and `harm_p` are adjusted. `helps`: better
    than every comparator. `harms`: worse than every one of the controls. `harm` is the difference from the control it
    loses least to, `harm_over`, with ends corrected likewise: the upper one is below 0 exactly where it harms.
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


def compare(
    values: Mapping[str, NDArray[np.float64]],
    comparators: Mapping[str, tuple[str, ...]],
    controls: Mapping[str, tuple[str, ...]],
) -> dict[str, Compared]:
    """Each arm in `comparators` against the arms named there, all by their draws (1 + B,), the first being no draw.

    `controls` names those of the comparators that an arm has to be worse than for harm: those that are trained alike.
    An arm without augmentation that loses to augmented images has done no harm yet, and neither has an augmented one
    that loses to images without, if augmentation alone loses as much.
    """
    differences = {
        arm: {other: (values[arm] - values[other]).clip(-1, 1) for other in others}
        for arm, others in comparators.items()
    }
    helps = [max(chance(one[1:]) for one in each.values()) for each in differences.values()]
    harm = [max(chance(-each[other][1:]) for other in controls[arm]) for arm, each in differences.items()]
    judged, harm_judged = (list(zip(*holm(np.array(p)), strict=True)) for p in (helps, harm))
    return {
        arm: _compared(each, controls[arm], *(float(number) for number in (*of_gain, *of_harm)))
        for (arm, each), of_gain, of_harm in zip(differences.items(), judged, harm_judged, strict=True)
    }


@dataclass(frozen=True)
class Difference:
    """A difference with the ends of its corrected interval and its adjusted two-sided p."""

    value: float
    low: float
    high: float
    p: float


def differ(differences: Mapping[float, NDArray[np.float64]]) -> dict[float, Difference]:
    """Which of several differences of shares, by their draws (1 + B,), is not 0, in either direction; Holm-corrected.

    An interval has the level at which Holm's procedure judged it, so that it lacks 0 exactly where that rejects.
    """
    possible = {key: one.clip(-1, 1) for key, one in differences.items()}
    p = np.array([min(chance(one[1:]), chance(-one[1:])) for one in possible.values()])
    adjusted, levels = holm(p)
    return {
        key: Difference(float(one[0]), *interval(one[1:], float(level)), float(p))
        for (key, one), level, p in zip(possible.items(), levels, adjusted, strict=True)
    }


def _compared(
    differences: dict[str, NDArray[np.float64]],
    controls: tuple[str, ...],
    p: float,
    level: float,
    harm_p: float,
    harm_level: float,
) -> Compared:
    over, gained = _over_the_best(differences, ALPHA)
    _, corrected = _over_the_best(differences, level)
    harm_over, lost = _over_the_best({other: -differences[other] for other in controls}, harm_level)
    return Compared(
        value=gained[0],
        interval=gained[1:],
        corrected=corrected[1:],
        p=p,
        harm_p=harm_p,
        helps=corrected[1] > 0,
        harms=harm_p <= ALPHA,
        over=over,
        harm=(-lost[0], -lost[2], -lost[1]),
        harm_over=harm_over,
        against={other: (float(one[0]), *interval(one[1:])) for other, one in differences.items()},
    )


def _over_the_best(
    differences: Mapping[str, NDArray[np.float64]], level: float
) -> tuple[str, tuple[float, float, float]]:
    """The best comparator, and the gain over it with its ends, of the differences (1 + B,) from each."""
    best = min(differences, key=lambda other: float(differences[other][0]))
    ends = [interval(one[1:], level, len(differences)) for one in differences.values()]
    return best, (float(differences[best][0]), min(low for low, _ in ends), min(high for _, high in ends))
