"""What the numbers of an evaluation mean, in words: each score in a line, and all of them in a sentence or two.

A sentence says that something is so where a test excludes chance (`statistics.py`), and gives the numbers otherwise. No
torch.
"""

from dataclasses import dataclass
from typing import Any

from gan.evaluation.records import results, study_results
from gan.evaluation.records.results import EvaluationResult
from gan.evaluation.statistics import ALPHA, fisher_greater
from gan.runs.run import Run


@dataclass(frozen=True)
class Score:
    """One score: its field in a Result, how people call it, what it says, and how it is read.

    `scale` is "share" (0 to 1, shown in percent), "ratio" or "distance"; `better` is "higher" or "lower"; `beside` is
    "floor" where a real-vs-real value at equal counts stands in the result, or the field that is the measure of it.
    """

    key: str
    name: str
    says: str
    scale: str
    better: str
    beside: str


SCORES = (
    Score(
        "obedience_balanced",
        "Obedience",
        "How often a generated image shows what was asked for, in the eyes of a classifier trained on real images.",
        "share",
        "higher",
        "real_accuracy_balanced",
    ),
    Score(
        "cas_balanced",
        "Taught by synthetic images (CAS)",
        "Accuracy on real images of a classifier that saw only synthetic ones, beside one trained on the real ones.",
        "share",
        "higher",
        "real_accuracy_balanced",
    ),
    Score(
        "precision",
        "Precision",
        "The share of generated images that look like real ones.",
        "share",
        "higher",
        "floor",
    ),
    Score(
        "recall",
        "Recall",
        "The share of real images that the variety of the generated ones reaches.",
        "share",
        "higher",
        "floor",
    ),
    Score(
        "density",
        "Density",
        "How deep generated images lie among real ones: about 1 for real images, lower where they lie apart.",
        "ratio",
        "higher",
        "floor",
    ),
    Score(
        "coverage",
        "Coverage",
        "The share of real images that have a generated one close by: low where kinds of images are missing.",
        "share",
        "higher",
        "floor",
    ),
    Score(
        "kid",
        "Kernel distance",
        "How far apart the two sets lie as a whole; 0 for sets of the same kind. It chooses the best snapshot.",
        "distance",
        "lower",
        "floor",
    ),
    Score(
        "frechet",
        "Frechet distance",
        "How far apart the averages and spreads of the two sets lie; grows by itself as images get fewer.",
        "distance",
        "lower",
        "floor",
    ),
)


def conclusion(result: EvaluationResult, studied: bool = False) -> list[str]:
    """What a reader should conclude for their images, in sentences, the most important first."""
    open_question = [] if studied else ["Whether adding them to real images helps, only the study can say."]
    return [_taught(result), _copied(result), *open_question]


def headline(run: Run, snapshot: int) -> str:
    """The main findings on a snapshot in some sentences, for data cards; "" where it was neither scored nor studied."""
    result = next((one for one in results.list_results(run) if one.snapshot == snapshot), None)
    study = next((one for one in study_results.list_studies(run) if one.snapshot == snapshot), None)
    told = [study.verdict] if study is not None else []
    return " ".join(told + (conclusion(result, study is not None) if result is not None else []))


def rarest_condition(result: EvaluationResult) -> dict[str, Any]:
    """The row of the condition with the fewest training images."""
    return min(result.per_condition, key=lambda row: int(row["synthetic"]))


def least_obeyed_condition(result: EvaluationResult) -> dict[str, Any] | None:
    """The row of the condition that is least often shown when asked for; None where nothing was asked."""
    known = [row for row in result.per_condition if row["shown"] is not None]
    return min(known, key=lambda row: float(row["shown"]), default=None)


def near_copies_exceed_real(result: EvaluationResult) -> bool:
    """Whether more synthetic images are near copies than held-out real ones, beyond chance (Fisher's exact test)."""
    return _copied_by_chance(result) < ALPHA


def cas_beats_chance(result: EvaluationResult) -> bool:
    """Whether a classifier that saw only the synthetic images does better on real ones than guessing."""
    return result.intervals["cas_balanced"][0] > result.chance


def real_accuracy_beats_chance(result: EvaluationResult) -> bool:
    """Whether a classifier trained on real images does better on other real ones than guessing."""
    return result.intervals["real_accuracy_balanced"][0] > result.chance


def _copied_by_chance(result: EvaluationResult) -> float:
    copies, held = result.near_copies, result.near_copies["held_out"]
    return fisher_greater(copies["count"], copies["checked"], held["count"], held["checked"])


def _taught(result: EvaluationResult) -> str:
    guessing = f"guessing reaches {result.chance:.0%}"
    if not real_accuracy_beats_chance(result):
        return (
            f"A classifier trained on real images is right in {result.real_accuracy_balanced:.1%} of other real ones "
            f"(conditions weighed alike), where {guessing}: it could not be shown to tell the conditions apart, so "
            "nothing can be said of the synthetic ones. Look at the labels: are they right, and can the images show "
            "them?"
        )
    text = (
        f"A classifier that saw only these synthetic images is right in {result.cas_balanced:.1%} of real ones "
        f"(conditions weighed alike), one trained on real images in {result.real_accuracy_balanced:.1%}, and "
        f"{guessing}: "
    )
    if cas_beats_chance(result):
        share, low, high = _share_taught(result)
        text += f"above guessing, they teach {share:.0%} of what real images teach ({low:.0%} to {high:.0%})"
    else:
        text += "they could not be shown to teach anything about the conditions"
    row = rarest_condition(result)
    shown = row["intervals"]["shown"]
    if row["shown"] is None or row["shown_in_real"] is None or shown is None or len(result.per_condition) < 2:
        return f"{text}."
    return (
        f"{text}. Of the images that were to show {row['condition']}, the rarest, {row['shown']:.1%} are taken for it "
        f"by the real-trained classifier ({shown[0]:.1%} to {shown[1]:.1%}), of real ones that show it "
        f"{row['shown_in_real']:.1%}."
    )


def _share_taught(result: EvaluationResult) -> tuple[float, float, float]:
    """What synthetic images teach above chance, as a share of what real ones do, and the widest that both 95% intervals
    allow."""
    cas, real = result.intervals["cas_balanced"], result.intervals["real_accuracy_balanced"]
    value = (result.cas_balanced - result.chance) / (result.real_accuracy_balanced - result.chance)
    return (
        value,
        (cas[0] - result.chance) / (real[1] - result.chance),
        (cas[1] - result.chance) / (real[0] - result.chance),
    )


def _copied(result: EvaluationResult) -> str:
    copies, held = result.near_copies, result.near_copies["held_out"]
    count, checked = int(copies["count"]), int(copies["checked"])
    p = _copied_by_chance(result)
    if p < ALPHA:
        return (
            f"{count:,} of {checked:,} generated images are near copies of training images, more than the "
            f"{held['count']:,} of {held['checked']:,} new real images (p = {p:.2g}): hold them back, and look at the "
            "pairs below."
        )
    if count:
        return (
            f"{count:,} of {checked:,} generated images are near copies of training images, and {held['count']:,} of "
            f"{held['checked']:,} new real images: the difference may be chance (p = {p:.2g})."
        )
    return (
        f"None of {checked:,} generated images is a near copy of a training image, as far as this test can see: up to "
        f"{copies['interval'][1]:.1%} of all could be (95%)."
    )
