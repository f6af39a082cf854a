"""The result of an augmentation study, stored as `evaluation/<seen>-study.json`. No torch.

    StudyResult      the run, the test images, the verdict
      Regime         one share of the real training images, with its verdict
        Arm          one training set: real images, and what was added to them
        RegimeChoice what was chosen on validation images, to be confirmed
        Gain         the chosen arm against the strongest control, on test images
        KeepRate     what keeping only the better synthetic images did
      SkippedArms    arms that were not run, and why

Shares, scores and gains are from 0 to 1: 0.03 is three points of balanced accuracy, or of AUROC.
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from gan.evaluation.records.external_results import ExternalImages
from gan.evaluation.records.intervals import MeanInterval
from gan.evaluation.records.results import round_floats
from gan.evaluation.records.subgroup_results import NO_SUBGROUPS, Subgroups
from gan.evaluation.study.arms import ArmPlan
from gan.evaluation.study.confirmation_plan import RegimeChoice
from gan.evaluation.study.study_options import metric_name
from gan.io.atomic import write_json
from gan.runs.run import Run, format_seen

VERSION = 13


@dataclass(frozen=True)
class ExploratoryGain:
    """The primary metric of a synthetic arm minus that of the strongest free control, `over`, on validation images.

    With a 95% interval that is corrected for nothing: arms were chosen by these numbers, and none of them is a verdict.
    """

    value: float
    low: float
    high: float
    over: str


@dataclass(frozen=True)
class Gain:
    """The primary metric of the chosen `arm` minus that of the best of the controls to beat, `over`, on test images.

    All three names are those of `Regime.tested`. `low` and `high` are 95% by themselves; `corrected_low` and
    `corrected_high`, and `p`, are Holm-corrected over the regimes of the study, and over both test sets where there is
    an external one. `helps`: the corrected lower end is above 0. `harms`: worse than the control that is trained as the
    arm is, `harm_over`, likewise corrected, with `harm_p`; `harm` is the difference from it with its corrected ends.
    `by_class` is the gain in sensitivity of each class over that control, or in the primary metric of each
    attribute. `detectable` is the gain that a study with these variances confirms with a probability of 80%;
    `detectable_with` the same by what there is more of.
    """

    value: float
    low: float
    high: float
    corrected_low: float
    corrected_high: float
    p: float
    harm_p: float
    helps: bool
    harms: bool
    arm: str
    over: str
    harm: MeanInterval
    harm_over: str
    by_class: dict[str, float]
    detectable: float
    detectable_with: dict[str, float]

    @property
    def corrected(self) -> MeanInterval:
        """The gain with its corrected ends."""
        return MeanInterval(self.value, self.corrected_low, self.corrected_high)


@dataclass(frozen=True)
class Arm:
    """Performance on real images of classifiers trained on one training set.

    `scores` has the primary metric of each seed, `steps` is the mean number of optimiser steps. `aurocs` and
    `average_precisions` are those of each class against the rest, or of each attribute; `auroc` and `average_precision`
    their means. `balanced_accuracy`, `sensitivity`, `specificity` and `rarest_f1` are at the threshold of each
    classifier that was best on validation images, `argmax` is the balanced accuracy of the most likely class, or of
    attributes with a probability above one half. `sensitivity_at` is that for the regime's rarest condition at the
    study's specificity, `brier` the Brier score and `ece` the expected calibration error; for both lower is better.
    """

    plan: ArmPlan
    scores: list[float]
    steps: int
    auroc: MeanInterval
    average_precision: MeanInterval
    balanced_accuracy: MeanInterval
    aurocs: dict[str, MeanInterval]
    average_precisions: dict[str, MeanInterval]
    sensitivity: dict[str, MeanInterval]
    specificity: dict[str, MeanInterval]
    argmax: float
    sensitivity_at: float
    rarest_f1: float
    brier: float
    ece: float
    gain: ExploratoryGain | None

    def primary(self, metric: str) -> MeanInterval:
        """The arm's mean of a metric of PRIMARY_METRICS."""
        means = {
            "auroc": self.auroc,
            "average_precision": self.average_precision,
            "balanced_accuracy": self.balanced_accuracy,
        }
        return means[metric]


@dataclass(frozen=True)
class ExternalResult:
    """A regime on the images of an external test set: the primary metric of each tested arm, by its name, the gain,
    confirmed like that on the test images, and the sentence and kind of the verdict."""

    scores: dict[str, MeanInterval]
    gain: Gain
    verdict: str
    verdict_kind: str


@dataclass(frozen=True)
class KeepRate:
    """The primary metric with the better share `keep` of the synthetic images minus that with all of them.

    On validation images, with classical augmentation, with a 95% interval that is corrected for nothing.
    """

    keep: float
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Filtering:
    """The effect of keeping fewer synthetic images, with as many added: `ratio` for each real image. Exploratory:
    `best` is the keep rate of the highest value, and `words` is the sentence."""

    ratio: float
    rates: list[KeepRate]
    best: float
    words: str


@dataclass(frozen=True)
class OwnTest:
    """The gain over the strongest control on the `images` of the user's own test split alone, where a regime tested on
    others as well: exploratory, with a 95% interval that is corrected for nothing."""

    images: int
    gain: MeanInterval


@dataclass(frozen=True)
class Regime:
    """All arms on one share of the real training images.

    `images` is the number of real images, `real` that of each class or attribute; with folds means over these.
    `attributes` names those that metrics are means over; it is empty for classes. `rarest` is the rarest class, or the
    rarest of these. `steps` are the mean optimiser steps of a classifier, `batch` images each. `generator` tells what
    made the synthetic images, with folds those of the first: `name`, `snapshot`, `sha256`, `kimg`, `recipe`. `guard`
    counts the `images` that were generated for all seeds, those that were first `near_copies` of training images and
    were replaced, and those `kept` all the same. `arms` are all arms on validation images, exploratory; `choice` is
    what was chosen by them, in each division. `tested` are the chosen arm, the controls to beat and the one matched to
    the chosen arm, on test images with other seeds, and `gain` is the confirmed gain. Where divisions chose different
    arms, `tested` holds them pooled. `verdict_kind` is one of `VERDICT_NAMES` in study/verdict.py. `without_copies` is
    the verdict on the test images that are no near copies of training images; "" where all are, and
    `gain_without_copies` its corrected gain. `validation_copies` counts
    validation images that are near copies of training images. `test` is as in StudyResult, for the test images of this
    regime, and `own_test` the result on the user's own test split alone; None where that is all. `subgroups` is the
    same comparison by sex, scanner and the like, exploratory, and `external` that on the images of an external test
    set; None without one.
    """

    share: float
    images: int
    real: dict[str, int]
    attributes: list[str]
    rarest: str
    steps: int
    batch: int
    generator: dict[str, Any]
    arms: list[Arm]
    choice: RegimeChoice
    tested: list[Arm]
    gain: Gain
    filtering: Filtering
    verdict: str
    verdict_kind: str
    without_copies: str
    validation_copies: int
    guard: dict[str, int]
    test: dict[str, Any]
    own_test: OwnTest | None
    subgroups: Subgroups = NO_SUBGROUPS
    external: ExternalResult | None = None
    gain_without_copies: MeanInterval | None = None

    def arm(self, name: str) -> Arm:
        """The arm with this name, on validation images."""
        return next(arm for arm in self.arms if arm.plan.name == name)

    def tested_arm(self, name: str) -> Arm:
        """The chosen arm or one of its controls, on test images."""
        return next(arm for arm in self.tested if arm.plan.name == name)


@dataclass(frozen=True)
class SkippedArms:
    """Arms that were not run in the regime with this share of the real images, and why, both as text."""

    share: float
    arms: str
    why: str


@dataclass(frozen=True)
class StudyResult:
    """The study of one snapshot. `regimes` begin with all real training images, then 25%, then 10%.

    `test` has `images`, `groups` (patients, slides; as many as images where they are not known), `grouped`, and, by
    class, `per_class` and `groups_per_class`; `near_copies` of them show the same picture as a training image, and
    `own` are of the user's own test split; `folds` is 1 without folds. With `folds` of 2 or more, each image was tested
    once. `generators` is the number of each regime without folds. `validation` counts the images of the choice.
    `planned` is the time of the plan, in seconds since 1970, before any test image was read. `looks` counts the studies
    and scores of this store that read the same test images, this one included. `verdict` is the headline,
    `verdict_kind` as in Regime. `external` are the images of an external test set.
    """

    version: int
    run: str
    snapshot: int
    title: str
    classifier: str
    primary: Literal["auroc", "balanced_accuracy", "average_precision"]
    specificity: float
    seeds: int
    selection_seeds: int
    folds: int
    generators: int
    classes: list[str]
    validation: int
    test: dict[str, Any]
    planned: float
    looks: int
    regimes: Annotated[list[Regime], Field(min_length=1)]
    left: list[SkippedArms]
    verdict: str
    verdict_kind: str
    notices: list[str]
    minutes: float
    made_with: dict[str, Any] = field(default_factory=dict)
    external: ExternalImages | None = None

    def metric(self, regime: Regime) -> str:
        """The name of the primary metric in a regime: of attributes, over how many it is the mean."""
        return metric_name(self.primary, len(regime.attributes))

    def as_json(self) -> dict[str, Any]:
        """The study as a JSON document; the `arms` of the regime with all training images stand on top too."""
        document = self._document()
        return document | {"arms": document["regimes"][0]["arms"]}

    def save(self, run: Run) -> Path:
        """Write the study into the run's folder, replacing an earlier one of the same snapshot."""
        path = study_path(run, self.snapshot)
        path.parent.mkdir(exist_ok=True)
        write_json(path, self._document())
        return path

    def _document(self) -> dict[str, Any]:
        """The stored document: an arm's plan is merged with its measurements."""
        document: dict[str, Any] = round_floats(asdict(self))
        for regime in document["regimes"]:
            for key in ("arms", "tested"):
                regime[key] = [arm.pop("plan") | arm for arm in regime[key]]
        return document


def study_path(run: Run, snapshot: int) -> Path:
    """The file of a snapshot's study."""
    return run.path / "evaluation" / f"{format_seen(snapshot)}-study.json"


def study_folder(run: Run, snapshot: int) -> Path:
    """Where a study keeps its progress and every classifier's predictions on the test images."""
    return run.path / "evaluation" / f"{format_seen(snapshot)}-study"


def ranked_attributes(regime: Regime) -> list[str]:
    """The attributes that the test images hold and lack, the rarest in training first; none for classes."""
    return sorted((name for name in regime.attributes if name in regime.tested[0].aurocs), key=lambda k: regime.real[k])
