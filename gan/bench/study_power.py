"""`gan bench --study-power`: how often simulated studies say that images help, where the truth is known. No training.

A simulated classifier is right about a test image where its margin is above 0:

    margin = level + image + special + fold + luck + rest

`level` gives the arm's accuracy. `image` is the difficulty of an image, shared by all arms and seeds; `special` what an
arm does to an image; `fold` the luck of a fold's generator, shared by all arms with its images; `luck` the seed's;
`rest` everything else. All are normal, with variances that sum to 1 (LUCK). The images of a group share half of
`image` and of `special`. The score of the second class is the margin, or minus the margin for an image of the first, so
that the true accuracy is Phi(level) and the true AUROC Phi(sqrt(2) level). Without folds, `fold` is constant: a gain is
that of the one generator.

Each study chooses an arm and the strongest control on validation images with its own seeds, in each fold, and compares
them on test images with the functions of the real study (`analysis.py`, `comparisons.py`). Its regimes share the test
images. With folds, each image is tested once, and validates in other folds.

Letters: A arms, S seeds, n images, F folds.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from gan.evaluation.study import comparisons, power
from gan.evaluation.study.analysis import PlannedArms, choose_arms
from gan.evaluation.study.arms import ArmPlan, plan_arms
from gan.evaluation.study.comparisons import Comparison, Decision
from gan.evaluation.study.confirmation_plan import RegimeChoice
from gan.evaluation.study.predictions import GroundTruth, Predictions

LUCK = {
    "seeds": {"image": 0.60, "special": 0.00, "fold": 0.0010, "luck": 0.0075, "rest": 0.3915},
    "mixed": {"image": 0.60, "special": 0.10, "fold": 0.0010, "luck": 0.0040, "rest": 0.2950},
    "images": {"image": 0.60, "special": 0.25, "fold": 0.0010, "luck": 0.0004, "rest": 0.1486},
    "folds": {"image": 0.60, "special": 0.10, "fold": 0.0060, "luck": 0.0040, "rest": 0.2900},
}
"""Shares of the variance, where results vary most with seeds, with seeds and images, with images, or with folds."""
VALIDATION_SHARE = 0.1
"""Share of a fold's other images that validate."""
SHARED_IN_GROUP = 0.5
STUDIES = 200


@dataclass(frozen=True)
class Design:
    """A study and the truth: `gain` in balanced accuracy of every augmented arm with synthetic images, and `free_gain`
    of the first augmented arm without.

    `n` test images, `folds` times as many where every image is tested once, in groups of `group_size`; `validation`
    images for the choice without folds, with `selection_seeds`. `base` is the balanced accuracy of all other arms.
    `uneven` is how many times the standard deviation between seeds of every third arm is that of the others.
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
    free_gain: float = 0.0


@dataclass(frozen=True)
class StudyPower:
    """Shares of simulated studies, or of their regimes.

    `false_helps`: studies that say of any regime that the chosen arms help while these are no better than the controls
    that they were compared with; `false_helps_best`: while some control, chosen or not, is at least as good. `power`:
    regimes where the chosen arms are said to help that are better than every control. `coverage`: regimes whose 95%
    interval of the confirmed gain holds the true gain. `detectable` is the gain in the primary metric that the studies
    expect to see, mean. `groups` counts test groups.
    """

    n: int
    gain: float
    folds: int
    seeds: int
    groups: int
    false_helps: float
    false_helps_best: float
    power: float
    coverage: float
    primary: str
    regimes: int
    luck: str
    uneven: float
    free_gain: float
    studies: int
    true_gain: float
    detectable: float


DESIGNS = (
    Design(),
    Design(gain=0.05),
    Design(gain=0.05, seeds=10),
    Design(folds=5),
    Design(gain=0.05, folds=5),
    Design(folds=5, luck="folds"),
    Design(gain=0.05, folds=5, luck="folds"),
    Design(gain=0.05, free_gain=0.05),
    Design(gain=0.05, free_gain=0.05, folds=5),
    Design(gain=0.05, group_size=4),
    Design(primary="balanced_accuracy"),
    Design(gain=0.05, primary="balanced_accuracy"),
    Design(gain=0.05, folds=5, primary="balanced_accuracy"),
    Design(uneven=4.0),
    Design(gain=0.05, n=1000),
)
HEADER = (
    f"{'n':>6} {'gain':>6} {'folds':>5} {'seeds':>5} {'groups':>6} {'luck':<7} {'uneven':>6} {'free gain':>9} "
    f"{'primary':<18}{'false Helps':>12} {'(any better)':>13} {'power':>7} {'coverage':>9} {'true gain':>10} "
    f"{'seen from':>10}"
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
        f"{row.uneven:>6g} {100 * row.free_gain:>9.1f} {row.primary:<18}{row.false_helps:>12.1%} "
        f"{row.false_helps_best:>13.1%} {row.power:>7.1%} {row.coverage:>9.1%} {100 * row.true_gain:>10.1f} "
        f"{100 * row.detectable:>10.1f}"
    )


def simulate_studies(design: Design, studies: int, seed: int = 0) -> StudyPower:
    """Simulate studies of a design; the same seed gives the same numbers."""
    generator = np.random.default_rng([seed, 2027])
    arms = plan_arms({"a": 300, "b": 200})
    gains = [design.gain * arm.augmented if not arm.is_free else 0.0 for arm in arms]
    gains[next(i for i, arm in enumerate(arms) if arm.augmented)] = design.free_gain
    levels = norm.ppf(design.base + np.array(gains))
    true = dict(zip([arm.name for arm in arms], _true_metric(levels, design.primary), strict=True))
    best = max(true[arm.name] for arm in arms if arm.is_free)
    false, false_best, helped, covered, seen = 0, 0, 0, 0, 0.0
    for _ in range(studies):
        wrong, worse = False, False
        for choice, decision in _study(design, arms, levels, generator):
            ours = float(np.mean([true[one.arm] for one in choice.divisions]))
            ranked = zip(*(one.controls for one in choice.divisions), strict=True)
            gain = ours - max(float(np.mean([true[name] for name in names])) for names in ranked)
            wrong |= decision.helps and gain <= 1e-9
            worse |= decision.helps and ours <= best + 1e-9
            helped += decision.helps and ours > best + 1e-9
            low, high = decision.comparison.interval()
            covered += low <= gain <= high
            seen += power.detectable_gain(decision.comparison.widest)
        false, false_best = false + wrong, false_best + worse
    regimes = studies * design.regimes
    n = design.n * design.folds
    plain, gaining = _true_metric(norm.ppf(np.array([design.base, design.base + design.gain])), design.primary)
    return StudyPower(
        design.n, design.gain, design.folds, design.seeds, math.ceil(n / design.group_size), false / studies,
        false_best / studies, helped / regimes, covered / regimes, design.primary, design.regimes, design.luck,
        design.uneven, design.free_gain, studies, float(gaining - plain), seen / regimes,
    )  # fmt: skip


def json_rows(measured: Sequence[StudyPower]) -> list[dict[str, Any]]:
    """The rows of `--json`."""
    return [asdict(row) for row in measured]


def _study(
    design: Design, arms: list[ArmPlan], levels: NDArray[np.float64], generator: np.random.Generator
) -> list[tuple[RegimeChoice, Decision]]:
    """One study: for each regime what was chosen on validation images, and the decision on it."""
    images = _simulate_images(design.n * design.folds, design, generator)
    separate = _simulate_images(design.validation, design, generator)
    choices: list[RegimeChoice] = []
    compared: list[Comparison] = []
    for _ in range(design.regimes):
        classifiers = [_Classifiers(design, levels, arms, fold, generator) for fold in range(design.folds)]
        validated = [
            one.predictions(images.validation(one.fold) if design.folds > 1 else separate, arms, design.selection_seeds)
            for one in classifiers
        ]
        folds = [one.fold for one in classifiers]
        choice = choose_arms(1.0, folds, validated, design.primary, len(images.difficulty), design.seeds)
        tested = []
        for one, chosen in zip(classifiers, choice.divisions, strict=True):
            again = [arm for arm in arms if arm.name in chosen.tested]
            tested.append(one.predictions(images.part(images.fold == one.fold), again, design.seeds))
        choices.append(choice)
        compared.append(PlannedArms.pooled(tested, choice.divisions).compared(design.primary))
    return list(zip(choices, comparisons.decide(compared), strict=True))


@dataclass(frozen=True)
class _Images:
    """Simulated images: `labels` and groups (`member`), the `fold` that tests them, and their `difficulty` (n,)."""

    design: Design
    labels: NDArray[np.int64]
    member: NDArray[np.int64]
    fold: NDArray[np.int64]
    difficulty: NDArray[np.float64]

    @property
    def truth(self) -> GroundTruth:
        n = len(self.labels)
        return GroundTruth(
            np.eye(2, dtype=np.uint8)[self.labels],
            "class",
            self.member.astype(np.str_) if self.design.group_size > 1 else None,
            np.zeros(n, dtype=np.int64),
            np.ones(n, dtype=bool),
            ("a", "b"),
            1,
            (0, 1),
        )

    def part(self, chosen: NDArray[np.bool_]) -> "_Images":
        """The `chosen` (n,) images alone."""
        return _Images(
            self.design, self.labels[chosen], self.member[chosen], self.fold[chosen], self.difficulty[chosen]
        )

    def validation(self, fold: int) -> "_Images":
        """Images of other folds on which the classifiers of a fold are compared; whole groups."""
        rank = np.random.default_rng(fold).permutation(self.member.max() + 1)[self.member]
        return self.part((self.fold != fold) & (rank < VALIDATION_SHARE * (self.member.max() + 1)))


@dataclass(frozen=True)
class _Classifiers:
    """The classifiers of one fold: their arms' `levels` (A,), with the luck of the fold's generator."""

    design: Design
    levels: NDArray[np.float64]
    arms: list[ArmPlan]
    fold: int
    generator: np.random.Generator

    def __post_init__(self) -> None:
        luck = LUCK[self.design.luck]["fold"] if self.design.folds > 1 else 0.0
        generated = np.array([not arm.is_free for arm in self.arms])
        shifted = self.levels + generated * self.generator.standard_normal() * math.sqrt(luck)
        object.__setattr__(self, "levels", shifted)

    def predictions(self, images: _Images, arms: list[ArmPlan], seeds: int) -> list[Predictions]:
        """Of classifiers with so many seeds for each of these arms."""
        share, generator = LUCK[self.design.luck], self.generator
        rows = np.array([number for number, arm in enumerate(self.arms) if arm in arms])
        n, a = len(images.difficulty), len(rows)
        special = _by_group(images.member, a, generator) * math.sqrt(share["special"])  # (A, n)
        luck = generator.standard_normal((a, seeds, 1)) * math.sqrt(share["luck"])
        luck *= np.where(rows % 3 == 0, self.design.uneven, 1.0)[:, None, None]
        rest = generator.standard_normal((a, seeds, n), dtype=np.float32) * np.float32(math.sqrt(share["rest"]))
        fixed = self.levels[rows, None] + images.difficulty + special  # (A, n)
        score = (fixed[:, None, :] + luck + rest) * (2 * images.labels - 1)  # (A, S, n)
        logits = np.stack([-score, score], axis=3).astype(np.float32)
        truth, offsets = images.truth, np.zeros((seeds, 1, 2))
        return [Predictions(self.arms[row], one, offsets, truth) for row, one in zip(rows, logits, strict=True)]


def _simulate_images(n: int, design: Design, generator: np.random.Generator) -> _Images:
    """n images of two equal classes; a group holds one class and lies in one fold."""
    half = n // 2
    labels = (np.arange(n) >= half).astype(np.int64)
    member = np.where(labels == 0, np.arange(n), np.arange(n) - half) // design.group_size
    fold = member % design.folds
    member = member + labels * (member.max() + 1)
    difficulty = _by_group(member, 1, generator)[0] * math.sqrt(LUCK[design.luck]["image"])
    return _Images(design, labels, member, fold, difficulty)


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
