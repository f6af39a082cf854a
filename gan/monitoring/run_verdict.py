"""The verdict on a run: are its images worth using? One label, one sentence, and the parts behind them. No torch.

The part that decides is the first of these:

    the study, where it found a gain                             good, or caution where another part warns
    a bad part: the study found harm, or the images are useless  bad
    the study, where it found no gain                            caution
    a part that warns: near copies, membership, health, scores   caution
    the study, where it cannot tell                              neutral
    the scores                                                   good or neutral
    the health of the training                                   neutral

A verdict is on one snapshot: by default the newest with a study, else the best by its scores, else the newest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from gan import jobs
from gan.errors import RunError
from gan.evaluation.records import membership_results, results, stored_studies
from gan.evaluation.records.best_snapshot import best_snapshot
from gan.evaluation.records.light_scores import list_light_scores
from gan.evaluation.records.results import EvaluationResult
from gan.monitoring.curve_rules import Finding
from gan.monitoring.diagnosis import diagnose
from gan.monitoring.next_step import NextStep, next_step
from gan.monitoring.observations import observations_from_run
from gan.monitoring.real_diversity import real_diversity
from gan.monitoring.verdict_parts import (
    VerdictLevel,
    VerdictPart,
    health_part,
    membership_part,
    near_copies_part,
    scores_part,
    study_part,
)
from gan.runs.metrics_table import MetricsReader
from gan.runs.run import Run

WARNING_ORDER = ("near copies", "membership", "health", "scores")
NO_PARTS = (VerdictPart("health"), scores_part(None), near_copies_part(None), membership_part(None), study_part(None))


@dataclass(frozen=True)
class RunVerdict:
    """The verdict on the images of a run's `snapshot`; None where it has none.

    `kind` is the key of the part that decides, or "unreadable" or "no-images". `label` has at most four words;
    `sentence` says why in one or two sentences, without the label. `parts` are always all five, in one order.
    """

    run: str
    snapshot: int | None
    kind: str
    level: VerdictLevel
    label: str
    sentence: str
    parts: tuple[VerdictPart, ...]
    next_step: NextStep | None = None

    def part(self, name: str) -> VerdictPart:
        """The part of that name."""
        return next(part for part in self.parts if part.name == name)

    def as_json(self) -> dict[str, Any]:
        """The verdict as a JSON document."""
        return {
            "kind": self.kind,
            "level": self.level,
            "label": self.label,
            "sentence": self.sentence,
            "snapshot": self.snapshot,
            "parts": {part.name: {"level": part.level, "text": part.text} for part in self.parts},
            "next_step": self.next_step.as_json() if self.next_step is not None else None,
        }


def run_verdict(
    run: Run, state: jobs.State, snapshot: int | None = None, *, rates: Mapping[str, float] | None = None
) -> RunVerdict:
    """The verdict on an existing `snapshot` of a run, by default that of `judged_snapshot`.

    Raises OSError where its files cannot be read; one whose config cannot be read has the verdict "unreadable".
    `rates` are those of `gan.evaluation.job.measured_rates`, which a caller with many runs reads once.
    """
    if snapshot is None:
        snapshot = judged_snapshot(run)
    if problem := run.config_problem:
        return RunVerdict(run.name, snapshot, "unreadable", "neutral", "Cannot be read", problem, NO_PARTS)
    if snapshot is None:
        text = "The run has no snapshot yet." if state.alive else "The run ended before its first snapshot."
        return RunVerdict(run.name, None, "no-images", "neutral", "No images yet", text, NO_PARTS)
    result = next((result for result in results.list_results(run) if result.snapshot == snapshot), None)
    light = next((score for score in list_light_scores(run) if score.snapshot == snapshot), None)
    findings = _findings(run, state, snapshot, result)
    study = next((study for study in stored_studies.list_studies(run) if study.snapshot == snapshot), None)
    parts = (
        health_part(findings),
        scores_part(result, light),
        near_copies_part(result, light),
        membership_part(membership_results.load_membership(run, snapshot)),
        study_part(study),
    )
    verdict = _combined(run, snapshot, parts)
    by_name: dict[str, VerdictPart] = {part.name: part for part in parts}
    return replace(verdict, next_step=next_step(run, state, snapshot, by_name, findings, rates))


def judged_snapshot(run: Run) -> int | None:
    """The snapshot that the verdict is on: the newest with a study, else the best by its scores, else the newest."""
    snapshots = run.snapshots()
    studied = [study.snapshot for study in stored_studies.list_studies(run) if study.snapshot in snapshots]
    return max(studied, default=None) or best_snapshot(run) or max(snapshots, default=None)


def _findings(run: Run, state: jobs.State, snapshot: int, result: EvaluationResult | None) -> list[Finding]:
    """What the run's curves and sheets say: of the newest snapshot all, of an earlier one those up to it."""
    observations = observations_from_run(
        run,
        MetricsReader(run.path / "metrics.jsonl").read(),
        state,
        real_diversity=real_diversity(run),
        subclass_separation=_subclass_separation(run),
    )
    if snapshot < max(run.snapshots(), default=0):
        observations = observations.until(snapshot)
    return diagnose(replace(observations, evaluation=result))


def _subclass_separation(run: Run) -> float:
    try:
        return run.info().subclass_separation if run.config.model.subclasses else 0.0
    except RunError:  # its data.json is damaged: the pages of the run say so
        return 0.0


def _combined(run: Run, snapshot: int, parts: tuple[VerdictPart, ...]) -> RunVerdict:
    decides = _deciding_part({part.name: part for part in parts})
    warnings = [part for part in parts if part.level in ("caution", "bad") and part is not decides]
    level, label, sentence = decides.level, decides.label, decides.sentence
    if decides.kind == "helps" and warnings:
        level, label = "caution", f"{decides.label}, with caveats"
        sentence = f"{sentence} But: {', '.join(part.label.lower() for part in warnings)}."
    elif decides.name == "scores" and decides.kind in ("good", "weak"):
        sentence = f"{sentence} Whether adding them to real images helps, only the study can say."
    return RunVerdict(run.name, snapshot, decides.kind, level, label, sentence, parts)


def _deciding_part(parts: Mapping[str, VerdictPart]) -> VerdictPart:
    """The part that decides, by the order in the module's docstring."""
    study = parts["study"]
    candidates = [
        study if study.kind == "helps" else None,
        *(parts[name] for name in ("study", "health") if parts[name].level == "bad"),
        study if study.kind in ("none", "no-room") else None,
        *(parts[name] for name in WARNING_ORDER if parts[name].level == "caution"),
        study if study.measured else None,
        parts["scores"] if parts["scores"].measured else None,
        parts["health"],
    ]
    return next(part for part in candidates if part is not None)
