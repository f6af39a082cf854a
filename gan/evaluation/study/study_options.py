"""The options of an augmentation study. No torch."""

import re
from dataclasses import dataclass, field, replace

from gan.config import settings
from gan.errors import ConfigError
from gan.evaluation.budget import ClassifierBudget, EarlyStopping
from gan.evaluation.study.arms import KEEP_RATES, RATIOS, USES, ArmPlan

MAX_FOLDS = 20
ENOUGH_SEEDS = 5
"""Fewer seeds say little about the variation between trainings."""
SHARES = (1.0, 0.25, 0.1)
"""Shares of the real training images: all of them, and the low-data regimes."""
PRIMARY_METRICS = {
    "auroc": "AUROC",
    "balanced_accuracy": "balanced accuracy",
    "average_precision": "average precision",
}
"""The metrics that a study can be about, and their names. AUROC and average precision do not depend on a threshold."""


def macro_name(metric: str, attributes: bool) -> str:
    """The name of a primary metric; of attributes, `macro AUROC`."""
    return f"macro {PRIMARY_METRICS[metric]}" if attributes else PRIMARY_METRICS[metric]


def metric_name(metric: str, attributes: int = 0) -> str:
    """The name of a primary metric in a sentence; of a set of attributes, over how many it is the mean: `macro AUROC
    over 5 attributes`."""
    over = f" over {attributes} attribute{'' if attributes == 1 else 's'}" if attributes else ""
    return macro_name(metric, attributes > 0) + over


PRETRAINED_STEP = 16
"""A step of fine-tuning EfficientNet-Lite0 takes as long as so many of the small network: 1.17 against 0.07 CPU seconds
at 64 px (AMD EPYC without AMX)."""
UNLABELLED_STEP = 5
"""A step that learns unlabelled images too sees five images where others see one: two more, each in two views
(`classifiers/consistency.py`)."""
TEST_SET = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}(:test)?")


@dataclass(frozen=True)
class TrainingBudget:
    """How long each classifier trains: until its AUROC on validation images stops improving, by the rule `stopping`.

    `batch` images a step. Before each check, batch norm's statistics are recomputed from `batch_norm_images` training
    images. The time of a study is estimated from `timed_steps`. Its classifiers are then taken to need, in the mean,
    the shares `typical_steps` of the most steps of one that is trained on real images: at the least, probably, and at
    the most. By the default rule it was 0.54 to 0.75 in four studies of 35 to 135 classifiers; of those with synthetic
    images, which may take more, 0.35 to 0.75. For PneumoniaMNIST it was 0.87 to 1.
    """

    batch: int = 32
    stopping: EarlyStopping = EarlyStopping()
    batch_norm_images: int = 512
    timed_steps: int = 8
    typical_steps: tuple[float, float, float] = (0.45, 0.65, 1.0)

    def most_steps(self, arm: ArmPlan) -> int:
        """The most steps of a classifier of this arm."""
        return self.stopping.extended(arm.growth).most_steps * arm.stages

    def typical_steps_of(self, arm: ArmPlan) -> tuple[int, int, int]:
        """The steps that classifiers of this arm take in the mean: at the least, probably, and at the most."""
        if arm.kind == "unlabelled":  # it always takes the most
            return (self.most_steps(arm),) * 3
        least, likely, most = (round(share * self.stopping.most_steps) * arm.stages for share in self.typical_steps)
        return least, likely, most


@dataclass(frozen=True)
class StudyOptions:
    """How a study is run. Raises ConfigError for fewer than two seeds, an unknown metric, or a share out of range.

    `shares` of the real training images, out of SHARES; `ratios` of synthetic to real images; `keep_rates`: shares of
    the synthetic images that the filter keeps. At least one of each. `uses` of synthetic images, out of USES, with
    "added". `classifier` is one of `architectures.CLASSIFIERS`; with `pretrained`, a pretrained network is tried on
    real images too, where it can be (`study_plan.py`). Arms are chosen on validation images with `selection_seeds`, and
    the chosen one is tested with `seeds`, all others. `primary` is the metric that decides; `specificity` is that at
    which sensitivity is given.
    `test_set` names another set of the store, on whose images the study tests too, "" without one, and `class_map` has
    our classes by theirs where the names differ. With `folds` of 2 or more, every image is tested once, each fold with
    a generator of its own; without, `generators` are trained for each regime. `selector` is how long the filter's
    classifier trains.
    """

    seeds: int = ENOUGH_SEEDS
    shares: tuple[float, ...] = SHARES
    ratios: tuple[float, ...] = RATIOS
    keep_rates: tuple[float, ...] = KEEP_RATES
    classifier: str = "small"
    device: str = "cpu"
    budget: TrainingBudget = TrainingBudget()
    primary: str = "auroc"
    specificity: float = 0.9
    selection_seeds: int = 3
    test_set: str = ""
    class_map: dict[str, str] = field(default_factory=dict)
    folds: int = 1
    generators: int = 1
    selector: ClassifierBudget = ClassifierBudget()
    pretrained: bool = True
    uses: tuple[str, ...] = USES

    def __post_init__(self) -> None:
        for name, count in (("seeds", self.seeds), ("selection_seeds", self.selection_seeds)):
            if count < 2:
                raise ConfigError(f"{name} is {count}: a study takes at least 2, and 5 for useful intervals.")
        if self.primary not in PRIMARY_METRICS:
            raise ConfigError(f"primary is {self.primary!r}: it takes {', '.join(PRIMARY_METRICS)}.")
        if self.test_set and not TEST_SET.fullmatch(self.test_set):
            raise ConfigError(
                f"test_set is {self.test_set!r}: it takes the name of a set of the store, such as my-xrays, or "
                f"my-xrays:test for its test split alone. `{settings.PROGRAM} data list` shows the sets."
            )
        if self.class_map and not self.test_set:
            raise ConfigError("--map names classes of an external test set: name the set with --test-set.")
        if not 0 < self.specificity < 1:
            raise ConfigError(
                f"specificity is {self.specificity:g}: it takes a share above 0 and below 1, such as 0.9."
            )
        if not 1 <= self.folds <= MAX_FOLDS:
            raise ConfigError(
                f"folds is {self.folds}: it takes 1, which tests on the set's own test split, or up to {MAX_FOLDS}."
            )
        if self.generators < 1:
            raise ConfigError(f"generators is {self.generators}: it takes 1 or more.")
        if self.folds > 1 and self.generators > 1:
            raise ConfigError(
                f"generators is {self.generators} with {self.folds} folds: each fold trains a generator of its own. "
                "Leave one of them out."
            )
        if self.generators > 1 and self.seeds < 2 * self.generators:
            raise ConfigError(
                f"generators is {self.generators} with {self.seeds} seeds: it takes at least two seeds for each "
                f"generator. Use {2 * self.generators} seeds or more."
            )

    def work(self, arm: ArmPlan) -> float:
        """The most steps of a classifier of this arm, in steps of the study's own network: a measure of its time."""
        step = PRETRAINED_STEP if arm.classifier else UNLABELLED_STEP if arm.kind == "unlabelled" else 1
        return self.budget.most_steps(arm) * step

    def small(self) -> "StudyOptions":
        """A smaller design of the same study: all real images, one ratio, keep rate and use, and few seeds for the
        choice."""
        return replace(
            self,
            selection_seeds=2,
            shares=(1.0,),
            ratios=(1.0,),
            keep_rates=(0.5,),
            uses=("added",),
        )
