"""The parts of the verdict on a snapshot: what each measurement says about its images. No torch.

    health        the curves and sample sheets up to the snapshot (`diagnosis.py`)
    scores        how much a classifier learns from the images alone
    near copies   whether more images repeat training images than chance explains
    membership    whether the images reveal which images were trained on
    study         whether a classifier gains when the images are added to real ones

Each says "not measured" where nobody measured it.
"""

from dataclasses import dataclass
from typing import Literal

from gan.evaluation.number_format import percent, points, points_interval
from gan.evaluation.records import interpretation
from gan.evaluation.records.light_scores import LightScore
from gan.evaluation.records.membership_results import MembershipResult
from gan.evaluation.records.results import FEATURES, EvaluationResult
from gan.evaluation.records.study_results import StudyResult
from gan.evaluation.study.verdict import VERDICT_NAMES
from gan.monitoring.curve_rules import Finding

PartName = Literal["health", "scores", "near copies", "membership", "study"]
VerdictLevel = Literal["good", "caution", "bad", "neutral"]
NOT_MEASURED = "not measured"
STUDY_LEVELS: dict[str, VerdictLevel] = {
    "helps": "good",
    "no-room": "caution",
    "none": "caution",
    "harmful": "bad",
    "unclear": "neutral",
}
USELESS = ("one-image", "nothing-learnt")
"""Findings on images that add nothing to a training set."""
HEALTH_LABELS = {
    "nan": "Training diverged",
    "silent": "Training stalled",
    "nothing-learnt": "Nothing learnt",
    "condition-ignored": "Strays from the condition",
    "early": "Too early to tell",
    "past-best": "Past its best",
}
"""Labels of findings whose headline does not begin with one of at most four words and a colon."""


@dataclass(frozen=True)
class VerdictPart:
    """What one measurement says; `kind` is its key, "" where nobody measured it.

    `text` is its state in a few words. `label`, of at most four words, and `sentence`, which does not repeat it, are
    those of the verdict where this part decides it.
    """

    name: PartName
    kind: str = ""
    level: VerdictLevel = "neutral"
    text: str = NOT_MEASURED
    label: str = ""
    sentence: str = ""

    @property
    def measured(self) -> bool:
        """Whether somebody measured it."""
        return bool(self.kind)


def health_part(findings: list[Finding]) -> VerdictPart:
    """The most pressing of a run's findings. Scores and near copies are parts of their own: what is found by them alone
    leaves "Losses in balance"."""
    others = [finding for finding in findings if not (finding.key == "memorising" and finding.basis == "test")]
    first = others[0] if others else None
    if first is not None and first.level in ("warning", "error"):
        label = HEALTH_LABELS.get(first.key) or first.headline.partition(":")[0]
        return _health(first.key, "bad" if first.key in USELESS else "caution", label, first.meaning)
    if first is not None and first.level == "wait":
        return _health("early", "neutral", HEALTH_LABELS["early"], first.meaning)
    return _health(
        "balanced", "neutral", "Losses in balance",
        "Neither network has run away from the other. Whether the images are good, only scores can say.",
    )  # fmt: skip


def _health(kind: str, level: VerdictLevel, label: str, sentence: str) -> VerdictPart:
    return VerdictPart("health", kind, level, f"{label[0].lower()}{label[1:]}", label, sentence)


def scores_part(result: EvaluationResult | None, light: LightScore | None = None) -> VerdictPart:
    """Whether a classifier trained on these images alone recognises real ones; light scores do not tell it."""
    if result is None and light is None:
        return VerdictPart("scores")
    if result is None:
        assert light is not None
        obedience, real = percent(light.obedience_balanced, 0), percent(light.real_accuracy_balanced, 0)
        coverage, floor = percent(light.coverage, 0), percent(light.floor["coverage"], 0)
        text = (
            f"light only: obedience {obedience}, real images {real}; coverage {coverage}, real images {floor}, in "
            f"{FEATURES[light.features]}"
        )
        return VerdictPart("scores", text=text)
    kind = interpretation.training_value(result)
    levels: dict[str, VerdictLevel] = {"good": "good", "weak": "neutral", "none": "caution", "unknown": "caution"}
    labels = {
        "good": "Learning well",
        "weak": "Weaker than real images",
        "none": "No better than guessing",
        "unknown": "Labels not recognised",
    }
    real, cas = percent(result.real_accuracy_balanced, 0), percent(result.cas_balanced, 0)
    guessing = f"guessing reaches {percent(result.chance, 0)}"
    sentence = (
        f"A classifier trained on these images alone is right on {cas} of real ones, one trained on real images on "
        f"{real}; {guessing}."
    )
    if kind == "unknown":
        sentence = (
            f"Not even a classifier trained on real images beats guessing ({real}; {guessing}): check the labels."
        )
    text = f"CAS {cas}, real images {real}, guessing {percent(result.chance, 0)}"
    return VerdictPart("scores", kind, levels[kind], text, labels[kind], sentence)


def near_copies_part(result: EvaluationResult | None, light: LightScore | None = None) -> VerdictPart:
    """Near copies of training images, counted with the scores."""
    if result is None and light is not None:
        copies = light.near_copies
        return VerdictPart("near copies", text=f"light only: {copies['count']:,} of {copies['checked']:,}")
    if result is None or not result.near_copies["checked"]:
        return VerdictPart("near copies")
    copies, held = result.near_copies, result.near_copies["held_out"]
    text = f"{copies['count']:,} of {copies['checked']:,}"
    if not interpretation.near_copies_exceed_real(result):
        text = f"{text}, no more than among new real images" if copies["count"] else f"none of {copies['checked']:,}"
        return VerdictPart("near copies", "few", "good", text)
    return VerdictPart(
        "near copies", "many", "caution", text, "Near copies found",
        f"{text} images are near copies of training images, more than the {held['count']:,} of {held['checked']:,} "
        "among new real images.",
    )  # fmt: skip


def membership_part(result: MembershipResult | None) -> VerdictPart:
    """Whether the images reveal which images were trained on."""
    if result is None:
        return VerdictPart("membership")
    statistics = f"AUC {result.auc:.2f}"
    if not result.risk_found:
        return VerdictPart("membership", "none", "good", f"no risk found by this test ({statistics})")
    return VerdictPart(
        "membership", "risk", "caution", f"risk found ({statistics})", "Membership risk found",
        f"Training images can be told from held-out ones by these images ({statistics}).",
    )  # fmt: skip


def study_part(study: StudyResult | None) -> VerdictPart:
    """Whether a classifier gains when these images join all real training images."""
    if study is None:
        return VerdictPart("study")
    kind, regime = study.verdict_kind, study.regimes[0]
    label = VERDICT_NAMES[kind]
    gain = regime.gain.harm if kind == "harmful" else regime.gain.corrected
    change = (
        f"changes {study.metric(regime)} by {points(gain.mean)} points (95% interval "
        f"{points_interval(gain.low, gain.high)})"
    )
    sentence = f"Adding these images to real ones {change}."
    text = f"{label[0].lower()}{label[1:]}, {points(gain.mean)} points"
    return VerdictPart("study", kind, STUDY_LEVELS[kind], text, label, sentence)
