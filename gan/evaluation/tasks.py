"""The work of an evaluation, one function for each kind of job, each run inside that job's `working`.

`TASKS` has them by kind. torch is imported only once the job's device is chosen.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gan.evaluation import job, preparation
from gan.evaluation.job import Request
from gan.evaluation.records import results
from gan.evaluation.records.membership_results import MembershipResult
from gan.evaluation.records.study_results import StudyResult
from gan.jobs.worker import Worker, working
from gan.runs.run import Run

Show = Callable[[str, float, float], None]
"""Called with a phase, how much of it is done, and of how much: a progress bar on a terminal."""


def score_snapshots(run: Run, request: Request, show: Show) -> list[results.EvaluationResult] | None:
    """The scores that were asked for, made where they are missing; None where somebody stopped it."""
    run.snapshot(request.snapshot)
    wanted = job.snapshots_to_score(run, request)
    folder = job.job_folder(run, "scores")
    folder.mkdir(parents=True, exist_ok=True)
    with working(folder) as worker:
        from gan.evaluation.scores import score_snapshot  # after `working`: torch must not see a GPU

        for number, seen in enumerate(wanted):
            progress = _Progress(worker, show, number, len(wanted), score_snapshot.SHARE_OF_TIME)
            made = score_snapshot.evaluate_snapshot(
                run, seen, progress, worker.should_stop, split=request.split, features=request.features
            )
            if made is None:
                worker.mark_stopped()
                return None
    if request.every:
        return results.list_results(run, request.split, request.features)
    return [results.load_result(run, seen, request.split, request.features) for seen in wanted]


def run_membership_test(run: Run, request: Request, show: Show) -> list[MembershipResult] | None:
    """The membership test; None where somebody stopped it."""
    run.snapshot(request.snapshot)
    folder = job.job_folder(run, "membership")
    folder.mkdir(parents=True, exist_ok=True)
    with working(folder) as worker:
        from gan.evaluation.privacy.membership import membership_test  # after `working`: torch must not see a GPU

        def report(phase: str, done: float) -> None:
            worker.report(phase, done, 1.0)
            show(phase, done, 1.0)

        made = membership_test(run, request.snapshot, progress=report, should_stop=worker.should_stop)
        if made is None:
            worker.mark_stopped()
            return None
    return [made]


def run_study(run: Run, request: Request, show: Show) -> list[StudyResult] | None:
    """The augmentation study, on the run's device when that is free; None where somebody stopped it."""
    run.snapshot(request.snapshot)
    folder = job.job_folder(run, "study")
    folder.mkdir(parents=True, exist_ok=True)
    with working(folder, run.config.job.device) as worker:
        from gan.evaluation.study import study_plan  # after `working`: torch must not see another GPU
        from gan.evaluation.study.run_study import run_study

        def report(phase: str, done: float) -> None:
            worker.report(phase, done, 1.0)
            show(phase, done, 1.0)

        options = replace(request.study, device=worker.device.partition(":")[0])
        expected = study_plan.estimate_study(run, request.snapshot, options, report)
        print("\n".join(expected.lines()), file=sys.stderr, flush=True)
        made = run_study(run, request.snapshot, options, progress=report, should_stop=worker.should_stop, worker=worker)
        if made is None:
            worker.mark_stopped()
            return None
    return [made]


TASKS: dict[str, Callable[[Run, Request, Show], list[Any] | None]] = {
    "scores": score_snapshots,
    "membership": run_membership_test,
    "study": run_study,
    **preparation.PREPARATIONS,
}


class _Progress:
    """What one of several snapshots reports, made into one bar with the time left of all."""

    def __init__(self, worker: Worker, show: Show, number: int, of: int, shares: dict[str, float]):
        self._worker, self._show = worker, show
        self._number, self._of = number, of
        self._starts = {name: sum(list(shares.values())[:place]) for place, name in enumerate(shares)}
        self._shares = shares
        self._began, self._done = time.monotonic(), 0.0

    def __call__(self, phase: str, done: float) -> None:
        within = self._starts.get(phase, 0.0) + self._shares.get(phase, 0.0) * done
        self._done = max(self._done, within)  # "generating" comes twice
        passed = time.monotonic() - self._began
        left = passed / self._done * (self._of - self._number - self._done) if self._done > 0 else None
        label = phase if self._of == 1 else f"snapshot {self._number + 1} of {self._of}: {phase}"
        self._worker.report(label, self._number + self._done, self._of, seconds_left=left)
        self._show(label, self._number + self._done, self._of)
