"""The scores in plain language: one line for each, and conclusions in a few sentences. No torch.

A sentence claims something only where a test excludes chance (`statistics.py`); otherwise it gives the numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from gan.config import glossary
from gan.evaluation.records import results, stored_studies
from gan.evaluation.records.results import EvaluationResult
from gan.evaluation.statistics import ALPHA, fisher_greater
from gan.runs.run import Run

GOOD_SHARE = 0.8
"""From here on images teach well: their CAS as a share of what real images teach, both above guessing. A convention,
not a test: runs whose images were good reached 0.8 to 1, and young or collapsed ones less (docs/results.md)."""


@dataclass(frozen=True)
class Score:
    """One score: `key` is its field in EvaluationResult, `name` its term in the glossary.

    `scale` is "share" (0 to 1, displayed in percent), "ratio" or "distance"; `better` is "higher" or "lower"; `beside`
    is "floor", or the field of the score it is compared with.
    """

    key: str
    name: str
    scale: str
    better: str
    beside: str

    @property
    def says(self) -> str:
        """What it means, in one sentence."""
        return glossary.meaning(self.name)


SCORES = (
    Score("obedience_balanced", "Obedience", "share", "higher", "real_accuracy_balanced"),
    Score("cas_balanced", "CAS", "share", "higher", "real_accuracy_balanced"),
    Score("precision", "Precision", "share", "higher", "floor"),
    Score("recall", "Recall", "share", "higher", "floor"),
    Score("density", "Density", "ratio", "higher", "floor"),
    Score("coverage", "Coverage", "share", "higher", "floor"),
    Score("kid", "Kernel distance", "distance", "lower", "floor"),
    Score("frechet", "Frechet distance", "distance", "lower", "floor"),
)


def conclusion(result: EvaluationResult, counts: Mapping[str, int], studied: bool = False) -> list[str]:
    """What to conclude about the images, in sentences, the most important first.

    `counts` has the training images of each condition (`DatasetInfo.training_counts`).
    """
    open_question = [] if studied else ["Whether adding them to real images helps, only the study can say."]
    return [_training_value(result, counts), _near_copies(result), *open_question]


def headline(run: Run, snapshot: int) -> str:
    """The main findings on a snapshot, for data cards; "" where it was neither scored nor studied."""
    result = next((result for result in results.list_results(run) if result.snapshot == snapshot), None)
    study = next((study for study in stored_studies.list_studies(run) if study.snapshot == snapshot), None)
    verdicts = [study.verdict] if study is not None else []
    return " ".join(verdicts + (conclusion(result, run.info().training_counts(), study is not None) if result else []))


def rarest_first(result: EvaluationResult, counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """The rows of the conditions, that with the fewest training images first."""
    return sorted(result.per_condition, key=lambda row: counts.get(row["condition"], 0))


def has_rare_condition(result: EvaluationResult, counts: Mapping[str, int]) -> bool:
    """Whether a condition has at most half as many training images as another: else none is called the rarest."""
    numbers = [counts.get(row["condition"], 0) for row in rarest_first(result, counts)]
    return 2 * numbers[0] <= numbers[-1]


def least_obeyed_condition(result: EvaluationResult) -> dict[str, Any] | None:
    """The row of the condition with the lowest obedience; None where none was requested."""
    requested = [row for row in result.per_condition if row["shown"] is not None]
    return min(requested, key=lambda row: float(row["shown"]), default=None)


def near_copies_exceed_real(result: EvaluationResult) -> bool:
    """Whether near copies are significantly more frequent than among held-out real images (Fisher's exact test)."""
    return _near_copies_p_value(result) < ALPHA


def cas_beats_chance(result: EvaluationResult) -> bool:
    """Whether a classifier trained on synthetic images only beats guessing on real images."""
    return result.intervals["cas_balanced"][0] > result.chance


def real_accuracy_beats_chance(result: EvaluationResult) -> bool:
    """Whether a classifier trained on real images beats guessing on other real images."""
    return result.intervals["real_accuracy_balanced"][0] > result.chance


def training_value(result: EvaluationResult) -> Literal["good", "weak", "none", "unknown"]:
    """How much a classifier learns from the images alone: at least GOOD_SHARE of what real images teach, less, or
    nothing that excludes chance; "unknown" where not even real images teach it anything."""
    if not real_accuracy_beats_chance(result):
        return "unknown"
    if not cas_beats_chance(result):
        return "none"
    return "good" if _share_of_real(result)[0] >= GOOD_SHARE else "weak"


def _near_copies_p_value(result: EvaluationResult) -> float:
    copies, held = result.near_copies, result.near_copies["held_out"]
    return fisher_greater(copies["count"], copies["checked"], held["count"], held["checked"])


def _training_value(result: EvaluationResult, counts: Mapping[str, int]) -> str:
    guessing = f"guessing reaches {result.chance:.0%}"
    if not real_accuracy_beats_chance(result):
        return (
            f"A classifier trained on real images is right on {result.real_accuracy_balanced:.1%} of other real images "
            f"(conditions weighed equally), where {guessing}: it could not be shown to distinguish the conditions, so "
            "nothing can be said about the synthetic images. Look at the labels: are they right, and are they visible "
            "in the images?"
        )
    text = (
        f"A classifier trained only on these synthetic images is right on {result.cas_balanced:.1%} of real images "
        f"(conditions weighed equally), one trained on real images on {result.real_accuracy_balanced:.1%}; {guessing}. "
    )
    if cas_beats_chance(result):
        share, low, high = _share_of_real(result)
        text += f"Above guessing, they teach {share:.0%} of what real images teach ({low:.0%} to {high:.0%})."
    else:
        text += "They could not be shown to teach anything about the conditions."
    row = rarest_first(result, counts)[0]
    shown = row["intervals"]["shown"]
    if row["shown"] is None or row["shown_in_real"] is None or shown is None or not has_rare_condition(result, counts):
        return text
    return (
        f"{text} The classifier trained on real images recognises {row['condition']}, the rarest condition, in "
        f"{row['shown']:.1%} of the images generated for it ({shown[0]:.1%} to {shown[1]:.1%}), and in "
        f"{row['shown_in_real']:.1%} of real ones."
    )


def _share_of_real(result: EvaluationResult) -> tuple[float, float, float]:
    """CAS over real accuracy, both above chance, and the extremes that their 95% intervals allow."""
    cas, real = result.intervals["cas_balanced"], result.intervals["real_accuracy_balanced"]
    value = (result.cas_balanced - result.chance) / (result.real_accuracy_balanced - result.chance)
    return (
        value,
        (cas[0] - result.chance) / (real[1] - result.chance),
        (cas[1] - result.chance) / (real[0] - result.chance),
    )


def _near_copies(result: EvaluationResult) -> str:
    copies, held = result.near_copies, result.near_copies["held_out"]
    count, checked = int(copies["count"]), int(copies["checked"])
    p = _near_copies_p_value(result)
    if p < ALPHA:
        return (
            f"{count:,} of {checked:,} generated images are near copies of training images, more than the "
            f"{held['count']:,} of {held['checked']:,} new real images (p = {p:.2g}): hold them back, and look at "
            "the pairs below."
        )
    if count:
        return (
            f"{count:,} of {checked:,} generated images are near copies of training images, and {held['count']:,} of "
            f"{held['checked']:,} new real images: the difference may be chance (p = {p:.2g})."
        )
    return (
        f"None of {checked:,} generated images is a near copy of a training image as far as this test can see; up to "
        f"{copies['interval'][1]:.1%} of all could be (95%)."
    )
