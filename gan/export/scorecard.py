"""The scorecard of the data card: the seven criteria of Zamzmi et al. 2025, each from what was measured.

"Scorecard for synthetic medical data evaluation", Communications Engineering 4, 130, doi:10.1038/s44172-025-00450-1
(first as arXiv:2406.11143). The questions follow the definitions in the README of the first author's implementation,
https://github.com/alzamzmigaa/SMD_ScoreCard. A criterion that nobody measured on this generator says so: no text stands
in for a number. No torch.
"""

from typing import Any

from gan.errors import RunError
from gan.evaluation import reader_study
from gan.evaluation.number_format import percent
from gan.evaluation.records import membership_results, results
from gan.evaluation.records.results import FEATURES, EvaluationResult
from gan.runs.run import Run
from gan.sampling.conditions import Condition

CRITERIA = {
    "congruence": "Are they distributed as real images are?",
    "coverage": "Do they span the diversity of real images?",
    "constraint": "Do they obey what anatomy and imaging allow?",
    "completeness": "Is all information there, such as labels?",
    "compliance": "Do they keep to privacy rules and standards?",
    "comprehension": "Is their documentation clear to users?",
    "consistency": "Is their quality the same in every subgroup?",
}
"""The criteria in the paper's order, each as the question that its line answers."""


def scorecard(
    run: Run, snapshot: int, generator_sha256: str, conditions: list[dict[str, Any]], withheld: int | None
) -> dict[str, str | None]:
    """What was measured for each criterion; None where nothing was.

    `conditions` are the rows of the manifest, `withheld` the near copies left out, None where nobody looked for them.
    """
    result = _scores(run, snapshot, generator_sha256)
    return {
        "congruence": _congruence(result) if result else None,
        "coverage": _coverage(result) if result else None,
        "constraint": _constraint(run, generator_sha256),
        "completeness": _completeness(run, conditions),
        "compliance": _compliance(run, snapshot, generator_sha256, result, withheld),
        "comprehension": None,
        "consistency": _consistency(result) if result else None,
    }


def _scores(run: Run, snapshot: int, generator_sha256: str) -> EvaluationResult | None:
    """The scores of this very generator on the validation split."""
    try:
        result = results.load_result(run, snapshot)
    except RunError:
        return None
    return result if result.made_with["generator_sha256"] == generator_sha256 else None


def _congruence(result: EvaluationResult) -> str:
    like, floor = result.like_floor, result.floor
    return (
        f"kernel distance {like['kid']:.3f} (real against real {floor['kid']:.3f}) and precision "
        f"{percent(like['precision'])} ({percent(floor['precision'])}) in {FEATURES[result.features]}; a classifier "
        f"trained on them alone is right on {percent(result.cas_balanced)} of real images (one trained on real images: "
        f"{percent(result.real_accuracy_balanced)})"
    )


def _coverage(result: EvaluationResult) -> str:
    like, floor, ratio = result.like_floor, result.floor, result.diversity["ratio"]
    own = ""
    if result.own is not None:
        coverage, real = (percent(result.own[part]["coverage"]) for part in ("like_floor", "floor"))
        own = f", coverage {coverage} ({real}) in own features"
    diversity = (
        "" if ratio is None else f", pixel diversity within a condition {percent(ratio, 0)} of that of real images"
    )
    return (
        f"coverage {percent(like['coverage'])} (real against real {percent(floor['coverage'])}) and recall "
        f"{percent(like['recall'])} ({percent(floor['recall'])}) in {FEATURES[result.features]}{own}{diversity}"
    )


def _constraint(run: Run, generator_sha256: str) -> str | None:
    """The newest finished blind reading of this generator's images by an expert."""
    for reading in reader_study.list_readings(run):
        summary = reading.summary()
        if reading.finished and reading.generator_sha256 == generator_sha256 and summary is not None:
            return (
                f"in a blind reading {summary.synthetic_plausible} of the synthetic images looked plausible, and "
                f"{summary.real_plausible} of the real ones"
            )
    return None


def _completeness(run: Run, conditions: list[dict[str, Any]]) -> str:
    requested, delivered = (sum(row[key] for row in conditions) for key in ("asked", "count"))
    text = f"{delivered:,} of {requested:,} requested images, each with its label and origin"
    info = run.info()
    if info.kind != "class":
        return text
    written = [Condition.from_text(row["condition"], info) for row in conditions if row["count"]]
    if not all(condition.fixed for condition in written):  # "any" does not tell which
        return text
    classes = {condition.fixed for condition in written}
    return f"{text}; {len(classes)} of the {len(info.names)} classes of the training set"


def _compliance(
    run: Run, snapshot: int, generator_sha256: str, result: EvaluationResult | None, withheld: int | None
) -> str | None:
    parts = [] if withheld is None else [f"{withheld:,} near copies of training images withheld"]
    if result is not None and result.near_copies["checked"]:
        copies, held_out = result.near_copies, result.near_copies["held_out"]
        parts.append(
            f"{copies['count']:,} near copies in {copies['checked']:,} images as generated (in held-out real images "
            f"{held_out['count']:,} of {held_out['checked']:,})"
        )
    membership = membership_results.load_membership(run, snapshot)
    if membership is not None and membership.made_with["generator_sha256"] == generator_sha256:
        found = "risk found" if membership.risk_found else "no risk found by this test"
        parts.append(f"membership test AUC {membership.auc:.2f}, {found}")
    return f"privacy alone: {'; '.join(parts)}" if parts else None


def _consistency(result: EvaluationResult) -> str | None:
    shown = sorted((row["shown"], row["condition"]) for row in result.per_condition if row["shown"] is not None)
    if not shown:
        return None
    (low, worst), (high, best) = shown[0], shown[-1]
    return (
        f"a classifier sees the requested condition in {percent(low)} ({worst}) to {percent(high)} ({best}) of them, "
        f"{100 * (high - low):.1f} points apart"
    )
