"""`gan bench --study-power`: how often simulated studies say that images help, where the truth is known. No training.

A simulated classifier is right about a test image where its margin is above 0:

    margin = level + image + special + luck + rest

`level` gives the arm's accuracy. `image` is the difficulty of an image, shared by all arms and seeds; `special` what an
arm does to an image; `luck` the seed's; `rest` everything else. All are normal, with variances that sum to 1 (LUCK).
The images of a group share half of `image` and of `special`. The score of the second class is the margin, or minus the
margin for an image of the first, so that the true accuracy is Phi(level) and the true AUROC Phi(sqrt(2) level).

Each study chooses an arm on validation images with its own seeds and confirms it on test images, with the functions of
the real study (`confirmation_plan.py`, `comparisons.py`). Its regimes share the test images. With folds, each image is
tested once, by one of so many classifiers with a luck of its own.

Letters: A arms, S seeds, n images, F folds.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from gan.evaluation.study import classification_metrics, comparisons, confirmation_plan, power
from gan.evaluation.study.arms import ArmPlan, plan_arms
from gan.evaluation.study.classification_metrics import Estimate
from gan.evaluation.study.comparisons import Comparison, Decision, Sample

LUCK = {
    "seeds": {"image": 0.60, "special": 0.00, "luck": 0.0075, "rest": 0.3925},
    "mixed": {"image": 0.60, "special": 0.10, "luck": 0.0040, "rest": 0.2960},
    "images": {"image": 0.60, "special": 0.25, "luck": 0.0004, "rest": 0.1496},
}
"""Shares of the variance, where results vary most with seeds, with images, or with both."""
SHARED_IN_GROUP = 0.5
STUDIES = 200


@dataclass(frozen=True)
class Design:
    """A study and the truth: `gain` in balanced accuracy of every augmented arm with synthetic images.

    `n` test images, `folds` times as many where every image is tested once, in groups of `group_size`; `validation`
    images for the choice, with `selection_seeds`. `base` is the balanced accuracy of all other arms. `uneven` is how
    many times the standard deviation between seeds of every third arm is that of the others.
    """

    n: int = 400
    gain: float = 0.0
    folds: int = 1
    seeds: int = 5
    group_size: int = 1
    regimes: int = 3
    validation: int = 100
    selection_seeds: int = 3
    base: float = 0.8
    primary: str = "auroc"
    luck: str = "mixed"
    uneven: float = 1.0


@dataclass(frozen=True)
class StudyPower:
    """Shares of simulated studies, or of their regimes.

    `false_helps`: studies that say of any regime that an arm helps which does not; `power`: regimes where an arm is
    said to help that does; `coverage`: regimes whose 95% interval of the confirmed gain holds the true gain.
    `detectable` is the gain in the primary metric that the studies expect to see, mean. `groups` counts test groups.
    """

    n: int
    gain: float
    folds: int
    seeds: int
    groups: int
    false_helps: float
    power: float
    coverage: float
    primary: str
    regimes: int
    luck: str
    uneven: float
    studies: int
    true_gain: float
    detectable: float


DESIGNS = (
    Design(),
    Design(gain=0.05),
    Design(gain=0.05, seeds=10),
    Design(gain=0.05, folds=5),
    Design(folds=5),
    Design(gain=0.05, group_size=4),
    Design(primary="balanced_accuracy"),
    Design(gain=0.05, primary="balanced_accuracy"),
    Design(gain=0.05, folds=5, primary="balanced_accuracy"),
    Design(uneven=4.0),
    Design(gain=0.05, n=1000),
)
HEADER = (
    f"{'n':>6} {'gain':>6} {'folds':>5} {'seeds':>5} {'groups':>6} {'luck':<7} {'uneven':>6} {'primary':<18}"
    f"{'false Helps':>12} {'power':>7} {'coverage':>9} {'true gain':>10} {'seen from':>10}"
)


def measure_study_power(
    show: Callable[[str], None], designs: Sequence[Design] = DESIGNS, studies: int = STUDIES
) -> list[StudyPower]:
    """Simulate so many studies of each design and show a row for each."""
    show(f"{studies} simulated studies a row, each of 3 regimes; gains in points")
    show(HEADER)
    measured = []
    for number, design in enumerate(designs):
        measured.append(simulate_studies(design, studies, seed=number))
        show(table_row(measured[-1]))
    return measured


def table_row(row: StudyPower) -> str:
    """One row below HEADER."""
    return (
        f"{row.n:>6,} {100 * row.gain:>6.1f} {row.folds:>5} {row.seeds:>5} {row.groups:>6,} {row.luck:<7} "
        f"{row.uneven:>6g} {row.primary:<18}{row.false_helps:>12.1%} {row.power:>7.1%} {row.coverage:>9.1%} "
        f"{100 * row.true_gain:>10.1f} {100 * row.detectable:>10.1f}"
    )


def simulate_studies(design: Design, studies: int, seed: int = 0) -> StudyPower:
    """Simulate studies of a design; the same seed gives the same numbers."""
    generator = np.random.default_rng([seed, 2027])
    arms = plan_arms({"a": 300, "b": 200})
    accuracy = np.array([design.base + design.gain * (arm.augmented and bool(arm.comparators)) for arm in arms])
    true = dict(zip([arm.name for arm in arms], _true_metric(norm.ppf(accuracy), design.primary), strict=True))
    false, helped, covered, seen = 0, 0, 0, 0.0
    for _ in range(studies):
        decisions = _study(design, arms, norm.ppf(accuracy), generator)
        gains = [true[arm] - max(true[other] for other in one.comparison.against) for arm, one in decisions]
        said = [one.helps for _, one in decisions]
        false += any(helps and gain <= 1e-9 for helps, gain in zip(said, gains, strict=True))
        helped += sum(helps and gain > 1e-9 for helps, gain in zip(said, gains, strict=True))
        for gain, (_, one) in zip(gains, decisions, strict=True):
            low, high = one.comparison.gain()
            covered += low <= gain <= high
            seen += power.largest_variances(list(one.comparison.against.values())).detectable()
    regimes = studies * design.regimes
    n = design.n * design.folds
    plain, gaining = _true_metric(norm.ppf(np.array([design.base, design.base + design.gain])), design.primary)
    return StudyPower(
        design.n, design.gain, design.folds, design.seeds, math.ceil(n / design.group_size), false / studies,
        helped / regimes, covered / regimes, design.primary, design.regimes, design.luck, design.uneven, studies,
        float(gaining - plain), seen / regimes,
    )  # fmt: skip


def json_rows(measured: Sequence[StudyPower]) -> list[dict[str, Any]]:
    """The rows of `--json`."""
    return [asdict(row) for row in measured]


def _study(
    design: Design, arms: list[ArmPlan], levels: NDArray[np.float64], generator: np.random.Generator
) -> list[tuple[str, Decision]]:
    """One study: for each regime the arm that was chosen on validation images, and the decision on it."""
    test, validation = (
        _images(design.n * design.folds, design, generator),
        _images(design.validation, design, generator),
    )
    position = {arm.name: index for index, arm in enumerate(arms)}
    chosen: list[str] = []
    compared: list[Comparison] = []
    for _ in range(design.regimes):
        tried = validation.estimates(levels, np.arange(len(arms)), design.selection_seeds, 1, generator)
        scores = {arm.name: tried[index] for index, arm in enumerate(arms)}
        best, _ = confirmation_plan.choose(arms, scores)
        names = (best.name, *best.comparators)
        rows = np.array([position[name] for name in names])
        tested = dict(zip(names, test.estimates(levels, rows, design.seeds, design.folds, generator), strict=True))
        against = comparisons.differences(best.name, best.comparators, tested, test.sample)
        chosen.append(best.name)
        compared.append(Comparison(against, best.controls))
    return list(zip(chosen, comparisons.decide(compared), strict=True))


@dataclass(frozen=True)
class _Images:
    """Simulated images: labels and groups, and their `difficulty` (n,)."""

    design: Design
    sample: Sample
    member: NDArray[np.int64]
    difficulty: NDArray[np.float64]

    def estimates(
        self,
        levels: NDArray[np.float64],
        rows: NDArray[np.int64],
        seeds: int,
        folds: int,
        generator: np.random.Generator,
    ) -> list[Estimate]:
        """The primary metric of the arms at `rows`, each trained with so many seeds."""
        share, (n, a) = LUCK[self.design.luck], (len(self.difficulty), len(rows))
        special = _by_group(self.member, a, generator) * math.sqrt(share["special"])  # (A, n)
        luck = generator.standard_normal((a, seeds, folds)) * math.sqrt(share["luck"])
        luck *= np.where(rows % 3 == 0, self.design.uneven, 1.0)[:, None, None]
        fold = self.member % folds
        rest = generator.standard_normal((a, seeds, n), dtype=np.float32) * np.float32(math.sqrt(share["rest"]))
        fixed = levels[rows, None] + self.difficulty + special  # (A, n)
        margin = fixed[:, None, :] + luck[:, :, fold] + rest  # (A, S, n)
        labels, flat = self.sample.labels, margin.reshape(a * seeds, n)
        if self.design.primary == "balanced_accuracy":
            every = classification_metrics.balanced_accuracy(np.where(flat > 0, labels, 1 - labels), labels, 2)
        else:
            score = flat * (2 * labels - 1)
            every = classification_metrics.auroc(np.stack([-score, score], axis=2), labels)
        values, influence = every.values.reshape(a, seeds), every.influence.reshape(a, seeds, n)
        return [Estimate(values[row], influence[row]) for row in range(a)]


def _images(n: int, design: Design, generator: np.random.Generator) -> _Images:
    """n images of two equal classes; a group holds one class."""
    half = n // 2
    labels = (np.arange(n) >= half).astype(np.int64)
    member = np.where(labels == 0, np.arange(n), np.arange(n) - half) // design.group_size
    member = member + labels * (member.max() + 1)
    difficulty = _by_group(member, 1, generator)[0] * math.sqrt(LUCK[design.luck]["image"])
    return _Images(
        design, Sample(labels, member.astype(np.str_) if design.group_size > 1 else None), member, difficulty
    )


def _by_group(member: NDArray[np.int64], rows: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Standard normal values (rows, n), correlated within groups."""
    own = generator.standard_normal((rows, len(member)))
    if len(np.unique(member)) == len(member):
        return own
    shared = generator.standard_normal((rows, int(member.max()) + 1))[:, member]
    return math.sqrt(SHARED_IN_GROUP) * shared + math.sqrt(1 - SHARED_IN_GROUP) * own


def _true_metric(levels: NDArray[np.float64], primary: str) -> NDArray[np.float64]:
    """The metric of a large test split: Phi(level) of the balanced accuracy, Phi(sqrt(2) level) of the AUROC."""
    return np.asarray(norm.cdf(levels * (math.sqrt(2) if primary == "auroc" else 1)))
