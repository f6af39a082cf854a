"""The work of each kind of evaluation job, run in this process under the job's locks.

`TASKS` maps kinds to functions. torch is imported only after the job's device is chosen.
"""

import contextlib
import functools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from gan.errors import RunError, StoppedError
from gan.evaluation import job
from gan.evaluation.beside_training import ENDING, take_further_request
from gan.evaluation.budget import ClassifierBudget, EvaluationBudget, LightBudget, MembershipBudget
from gan.evaluation.job import Request
from gan.evaluation.records import results
from gan.evaluation.records.best_snapshot import SnapshotScore
from gan.evaluation.records.light_scores import list_light_scores, load_light_score
from gan.evaluation.records.membership_results import MembershipResult
from gan.evaluation.records.study_results import StudyResult, study_folder
from gan.evaluation.study_estimate import SavedEstimate, save_study_estimate
from gan.io.progress import Progress
from gan.io.terminal import show
from gan.jobs.worker import Worker, working
from gan.runs.run import Run


@contextlib.contextmanager
def at_work(run: Run, kind: str, progress: Progress, device: str | None = None) -> Iterator[tuple[Worker, Progress]]:
    """Work in the folder of that kind's jobs; yields the worker and a Progress that reports to it and to `progress`.

    Raises StoppedError where the job was asked to stop, after recording it.
    """
    folder = job.job_folder(run, kind)
    folder.mkdir(parents=True, exist_ok=True)
    with working(folder, device) as worker:

        def report(phase: str, done: float) -> None:
            progress(phase, done)
            worker.progress(phase, done)

        yield worker, report
    if worker.was_stopped:
        raise StoppedError


def score_snapshots(
    run: Run, request: Request, progress: Progress, budget: EvaluationBudget = EvaluationBudget()
) -> list[results.EvaluationResult]:
    """The requested scores, computed where they are missing; raises StoppedError."""
    run.snapshot(request.snapshot)
    snapshots = job.snapshots_to_score(run, request)
    with at_work(run, "scores", progress) as (worker, _):
        from gan.evaluation.scores import score_snapshot  # after `working`: torch must not see a GPU

        for number, seen in enumerate(snapshots):
            report = _SnapshotProgress(worker, progress, number, len(snapshots), score_snapshot.PHASES)
            score_snapshot.evaluate_snapshot(
                run, seen, report, split=request.split, features=request.features, budget=budget
            )
    if request.every:
        return results.list_results(run, request.split)
    return [results.load_result(run, seen, request.split) for seen in snapshots]


def score_kept_snapshots(
    run: Run,
    request: Request,
    progress: Progress,
    budget: LightBudget = LightBudget(),
    full: EvaluationBudget = EvaluationBudget(),
) -> list[SnapshotScore]:
    """Scores of the requested snapshots: with `request.every`, of all that have none, also of those that are saved
    meanwhile. Raises StoppedError.

    While a run trains, its trainer submits this as a task (`beside_training.py`). What it asks while another request is
    at work is done after that.
    """
    run.snapshot(request.snapshot)
    try:
        with at_work(run, job.BESIDE_TRAINING, progress) as (_, report):
            scored = _score_pending(run, request, report, budget, full)
            done, further = request, take_further_request(run)
            while further is not None and further != done:
                _score_pending(run, further, report, budget, full)
                done, further = further, take_further_request(run)
    except StoppedError:
        take_further_request(run)  # who stops the scores stops these too
        raise
    if not request.light:
        return [*results.list_results(run)]
    if request.every:
        return [*list_light_scores(run)]
    return [load_light_score(run, seen) for seen in scored]


def _score_pending(
    run: Run, request: Request, report: Progress, budget: LightBudget, full: EvaluationBudget
) -> list[int]:
    """Score the requested snapshots until none is left; returns them."""
    score = _snapshot_scorer(run, request, report, budget, full)  # after `working`: torch must not see a GPU
    scored: list[int] = []
    while pending := _pending(run, request, scored, report):
        scored.append(pending[0])
        try:
            score(pending[0], f"snapshot {len(scored)} of {len(scored) + len(pending) - 1}")
        except RunError:
            if pending[0] in run.snapshots():
                raise  # else it was pruned meanwhile
    return scored


def _snapshot_scorer(
    run: Run, request: Request, report: Progress, budget: LightBudget, full: EvaluationBudget
) -> Callable[[int, str], object]:
    """The function that scores and saves a snapshot, given the beginning of what it reports."""
    if request.light:
        from gan.evaluation.scores.light_score import LightScorer

        @functools.cache
        def scorer() -> LightScorer:
            return LightScorer(run, report, budget)

        return lambda seen, label: scorer().score(seen, lambda phase, done: report(f"{label}: {phase}", done))
    from gan.evaluation.scores.score_snapshot import evaluate_snapshot

    return lambda seen, label: evaluate_snapshot(
        run, seen, lambda phase, done: report(f"{label}: {phase}", done), budget=full
    )


def _pending(run: Run, request: Request, scored: Sequence[int], report: Progress) -> list[int]:
    """The requested snapshots that are not scored yet; where there is none, `ENDING` is reported before a last look.

    So a trainer that reads another phase after it saved a snapshot knows that the snapshot will be seen.
    """
    for ending in (False, True):
        if ending:
            report(ENDING, 1.0)
        pending = [seen for seen in job.snapshots_to_score(run, request) if seen not in scored]
        if pending:
            return pending
    return []


def run_membership_test(
    run: Run, request: Request, progress: Progress, budget: MembershipBudget = MembershipBudget()
) -> list[MembershipResult]:
    """The membership test; raises StoppedError."""
    run.snapshot(request.snapshot)
    with at_work(run, "membership", progress) as (_, report):
        from gan.evaluation.privacy.membership import membership_test  # after `working`: torch must not see a GPU

        result = membership_test(run, request.snapshot, progress=report, budget=budget)
    return [result]


def run_augmentation_study(run: Run, request: Request, progress: Progress) -> list[StudyResult]:
    """The augmentation study, on the run's device when it is free; raises StoppedError."""
    run.snapshot(request.snapshot)
    with at_work(run, "study", progress, run.config.job.device) as (worker, report):
        from gan.evaluation.study.estimate import estimate_study  # after `working`: torch must not see another GPU
        from gan.evaluation.study.run_study import run_study

        options = replace(request.study, device=worker.device.partition(":")[0])
        expected = estimate_study(run, request.snapshot, options, report)
        show("\n".join(expected.lines()), error=True)
        before_stage = None
        if worker.can_wait_for_jobs:
            from gan.evaluation.study.study_parts import PartsOnCluster

            folder = study_folder(run, int(run.snapshot(request.snapshot).name))
            before_stage = PartsOnCluster(run, job.job_folder(run, "study"), folder, options, expected, worker)
        result = run_study(run, request.snapshot, options, progress=report, worker=worker, before_stage=before_stage)
    return [result]


def run_study_part(run: Run, number: int, progress: Progress) -> None:
    """Train a part of a study in a job of its own, on a cluster; raises StoppedError."""
    request, job_folder = job.load_request(run, "study"), job.job_folder(run, "study")
    with working(job_folder / "parts" / str(number), run.config.job.device) as worker:
        from gan.evaluation.study.study_parts import train_part  # after `working`: torch must not see another GPU

        def report(phase: str, done: float) -> None:
            progress(phase, done)
            worker.progress(phase, done)

        options = replace(request.study, device=worker.device.partition(":")[0])
        train_part(run, request.snapshot, options, job_folder, number, report, worker)
    if worker.was_stopped:
        raise StoppedError


def prepare_selector(
    run: Run, request: Request, progress: Progress, budget: ClassifierBudget = ClassifierBudget()
) -> list[Any]:
    """Build and cache the selector by which the gallery keeps the best images; raises StoppedError."""
    with at_work(run, "selector", progress) as (_, report):
        from gan.evaluation.selector import load_selector  # after `working`: torch must not see a GPU

        selector = load_selector(run, report, budget)
    return [selector]


def prepare_calibration(run: Run, request: Request, progress: Progress) -> list[Any]:
    """Calibrate the near-copy detector and cache the result; raises StoppedError."""
    with at_work(run, "calibration", progress) as (_, report):
        from gan.evaluation.privacy.guard import load_detector  # after `working`: torch must not see a GPU

        detector = load_detector(run, report)
    return [detector]


def prepare_study_estimate(run: Run, request: Request, progress: Progress) -> list[Any]:
    """Time some steps of a study and of its smaller design, and keep both estimates for the page; raises
    StoppedError."""
    with at_work(run, "study-estimate", progress) as (_, report):
        from gan.evaluation.study.estimate import estimate_study  # after `working`: torch must not see a GPU

        report("timing some steps", 0.0)
        snapshot, estimates = int(run.snapshot(request.snapshot).name), []
        for options in (request.study, request.study.small()):
            estimate = estimate_study(run, request.snapshot, options, report)
            saved = SavedEstimate(
                estimate.classifiers, estimate.seconds, estimate.designs, replace(estimate, small_seconds=None).lines()
            )
            save_study_estimate(run, snapshot, options, saved)
            estimates.append(estimate)
    return estimates


TASKS: dict[str, Callable[..., list[Any]]] = {
    "scores": score_snapshots,
    job.BESIDE_TRAINING: score_kept_snapshots,
    "membership": run_membership_test,
    "study": run_augmentation_study,
    "selector": prepare_selector,
    "calibration": prepare_calibration,
    "study-estimate": prepare_study_estimate,
}
"""By kind: called with a run, a request and a Progress; a `budget` other than the default is for tests."""


class _SnapshotProgress:
    """Progress over several snapshots as one share, with the time left for all of them."""

    def __init__(self, worker: Worker, progress: Progress, number: int, count: int, phases: dict[str, float]):
        self._worker, self._progress = worker, progress
        self._number, self._count = number, count
        self._starts = {name: sum(list(phases.values())[:index]) for index, name in enumerate(phases)}
        self._phases = phases
        self._began, self._done = time.monotonic(), 0.0

    def __call__(self, phase: str, done: float) -> None:
        within = self._starts.get(phase, 0.0) + self._phases.get(phase, 0.0) * done
        self._done = max(self._done, within)  # "generating" comes twice
        passed = time.monotonic() - self._began
        left = passed / self._done * (self._count - self._number - self._done) if self._done > 0 else None
        label = phase if self._count == 1 else f"snapshot {self._number + 1} of {self._count}: {phase}"
        share = (self._number + self._done) / self._count
        self._progress(label, share)
        self._worker.progress(label, share, seconds_left=left)
