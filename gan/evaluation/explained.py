"""What the numbers of an evaluation mean, in words: each score in a line, and all of them in a sentence or two.

Plain data and plain arithmetic for pages and reports; no torch. Read next: `results.py`, where the numbers come from.
"""

from dataclasses import dataclass
from typing import Any

from gan.evaluation import results, study_results
from gan.evaluation.results import Result
from gan.runs import Run


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

NEARLY, PARTLY = 0.95, 0.75
"""Shares of the real-trained accuracy from which on synthetic images carry nearly all, or most, of what it takes."""


def conclusion(result: Result, studied: bool = False) -> list[str]:
    """What a reader should conclude for their images, in sentences, the most important first."""
    open_question = [] if studied else ["Whether adding them to real images helps, only the study can say."]
    return [_taught(result), _copied(result), *open_question]


def headline(run: Run, snapshot: int) -> str:
    """The main findings on a snapshot in some sentences, for data cards; "" where it was neither scored nor studied."""
    result = next((one for one in results.listing(run) if one.snapshot == snapshot), None)
    study = next((one for one in study_results.listing(run) if one.snapshot == snapshot), None)
    told = [study.verdict] if study is not None else []
    return " ".join(told + (conclusion(result, study is not None) if result is not None else []))


def rarest(result: Result) -> dict[str, Any]:
    """The row of the condition with the fewest training images."""
    return min(result.per_condition, key=lambda row: int(row["synthetic"]))


def worst(result: Result) -> dict[str, Any] | None:
    """The row of the condition that is least often shown when asked for; None where nothing was asked."""
    known = [row for row in result.per_condition if row["shown"] is not None]
    return min(known, key=lambda row: float(row["shown"]), default=None)


def copied_more_than_real(result: Result) -> bool:
    """Whether more synthetic images are near copies than held-out real ones, beyond chance."""
    copies = result.near_copies
    return bool(copies["interval"][0] > copies["held_out"]["rate"])


def _taught(result: Result) -> str:
    ratio = result.cas_balanced / result.real_accuracy_balanced if result.real_accuracy_balanced else 0.0
    how_much = "nearly all" if ratio >= NEARLY else "most" if ratio >= PARTLY else "only a part"
    text = (
        f"A classifier that saw only these synthetic images is right in {result.cas_balanced:.1%} of real ones "
        f"(conditions weighed alike), one trained on real images in {result.real_accuracy_balanced:.1%}: they carry "
        f"{how_much} of what tells the conditions apart"
    )
    row = rarest(result)
    if row["shown"] is None or row["shown_in_real"] is None or len(result.per_condition) < 2:
        return f"{text}."
    return (
        f"{text}. Of the images that were to show {row['condition']}, the rarest, {row['shown']:.1%} are taken for it "
        f"by the real-trained classifier, of real ones that show it {row['shown_in_real']:.1%}."
    )


def _copied(result: Result) -> str:
    copies = result.near_copies
    count, checked = int(copies["count"]), int(copies["checked"])
    if copied_more_than_real(result):
        return (
            f"{count:,} of {checked:,} generated images are near copies of training images, more than new real images "
            "are: hold them back, and look at the pairs below."
        )
    if count:
        return f"{count:,} of {checked:,} generated images are near copies, no more than among new real images."
    return f"None of {checked:,} generated images is a near copy of a training image, as far as this test can see."
