"""What to do next with a run, from what was measured: score it, study it, train on, or train again. No torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from gan import jobs
from gan.errors import RunError
from gan.evaluation import job
from gan.evaluation.study.study_options import StudyOptions
from gan.evaluation.study_estimate import cached_study_estimate
from gan.monitoring.curve_rules import Finding
from gan.monitoring.verdict_parts import VerdictPart
from gan.runs.run import Run
from gan.training.measured_speed import rate_of_run

StepKind = Literal["score", "membership", "study", "train on", "new training"]
STEP_LABELS: dict[StepKind, str] = {
    "score": "Score it",
    "membership": "Test membership",
    "study": "Study whether it helps",
    "train on": "Train longer",
    "new training": "Train again",
}
MEASURING: dict[StepKind, str] = {"score": "scores", "membership": "membership", "study": "study"}
"""The kind of evaluation job that does a step."""


@dataclass(frozen=True)
class NextStep:
    """A step with its estimated `seconds` on this machine; None where nothing measured them.

    `advice` are the options, by dotted path, that a clone of the run should change; a step to "train on" without any
    resumes the run.
    """

    kind: StepKind
    seconds: float | None = None
    advice: Mapping[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The words of its button."""
        return STEP_LABELS[self.kind]

    def as_json(self) -> dict[str, Any]:
        """The step as a JSON document."""
        return {"kind": self.kind, "label": self.label, "seconds": self.seconds, "advice": dict(self.advice)}


def next_step(
    run: Run,
    state: jobs.State,
    snapshot: int,
    parts: Mapping[str, VerdictPart],
    findings: Sequence[Finding],
    rates: Mapping[str, float] | None,
) -> NextStep | None:
    """The step that tells most for its price; None where nothing is left, or it is being done.

    `rates` are those of `gan.evaluation.job.measured_rates`; None reads them.
    """
    kind = _kind(state, parts)
    if kind is None or (kind in MEASURING and _is_alive(run, MEASURING[kind])):
        return None
    if kind == "new training":
        advice = next((finding.advice for finding in findings if finding.key == parts["health"].kind), {})
        return NextStep(kind, _training_seconds(run, run.total), advice)
    if kind == "train on":
        if state.name == "stopped":
            return NextStep(kind, _training_seconds(run, run.total - run.seen))
        advice = {"train.kimg": 2 * run.config.train.kimg}
        return NextStep(kind, _training_seconds(run, 2 * run.total), advice)
    return NextStep(kind, _measuring_seconds(run, kind, snapshot, rates))


def _kind(state: jobs.State, parts: Mapping[str, VerdictPart]) -> StepKind | None:
    if parts["health"].level == "bad" and parts["study"].kind != "helps":
        return None if state.alive else "new training"
    if state.alive and parts["health"].kind == "early":
        return None
    if not parts["scores"].measured:
        return "score"
    if parts["scores"].kind == "none":
        return None if state.alive else "train on"
    if parts["scores"].kind == "unknown":
        return None
    return next((kind for kind in ("study", "membership") if not parts[kind].measured), None)


def _is_alive(run: Run, kind: str) -> bool:
    state = job.job_state(run, kind)
    return state is not None and state.alive


def _measuring_seconds(run: Run, kind: StepKind, snapshot: int, rates: Mapping[str, float] | None) -> float | None:
    if kind == "study":
        estimate = cached_study_estimate(run, snapshot, StudyOptions())
        return None if estimate is None else estimate.seconds
    try:
        return job.estimated_seconds(run, kind=MEASURING[kind], rates=rates)
    except RunError:  # its data.json is damaged: the pages of the run say so
        return None


def _training_seconds(run: Run, images: int) -> float | None:
    """The time of so many images at the run's own speed; None for one that was trained on another machine."""
    rate = rate_of_run(run)
    return images / rate if rate else None
