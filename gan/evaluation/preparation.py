"""What a page has to have measured before it can answer, as tasks: no page trains or calibrates by itself.

    selector         the classifier and the features by which the gallery keeps the best images
    calibration      how close real images come to one another: from where on an image counts as a near copy
    study-estimate   some steps of a study, timed

The first two are kept in the store's cache, by the data; the last in the run's folder. torch is imported only where the
work begins.
"""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gan.errors import StoppedError
from gan.evaluation import job
from gan.evaluation.job import Request
from gan.evaluation.study.study_options import StudyOptions
from gan.io.atomic import write_json
from gan.io.json_files import read_json
from gan.jobs.worker import Worker, working
from gan.runs.run import Run, format_seen

Show = Callable[[str, float, float], None]
Work = Callable[[Run, Request, Show], list[Any] | None]


def prepare_selector(run: Run, request: Request, show: Show) -> list[Any] | None:
    """Learn what the run's real images look like; None where somebody stopped it."""
    with _task(run, "selector", show) as (worker, report):
        from gan.evaluation import selector  # after `working`: torch must not see a GPU

        return [selector.load_selector(run, report, worker.should_stop)]
    return None


def prepare_calibration(run: Run, request: Request, show: Show) -> list[Any] | None:
    """Measure how close the run's real images come to one another; None where somebody stopped it."""
    with _task(run, "calibration", show) as (worker, report):
        from gan.evaluation.privacy import guard  # after `working`: torch must not see a GPU

        return [guard.load_detector(run, report, worker.should_stop)]
    return None


def prepare_study_estimate(run: Run, request: Request, show: Show) -> list[Any] | None:
    """Time some steps of a study, and keep what follows for `estimated`; None where somebody stopped it."""
    with _task(run, "study-estimate", show) as (_, report):
        from gan.evaluation.study import study_plan  # after `working`: torch must not see a GPU

        report("timing some steps", 0.0)
        found = study_plan.estimate_study(run, request.snapshot, request.study, report)
        snapshot = int(run.snapshot(request.snapshot).name)
        document = {"lines": found.lines(), "generator_sha256": _sha256(run, snapshot)}
        write_json(_estimate(run, snapshot, request.study), document)
        return [found]
    return None


PREPARATIONS: dict[str, Work] = {
    "selector": prepare_selector,
    "calibration": prepare_calibration,
    "study-estimate": prepare_study_estimate,
}


def cached_study_estimate(run: Run, snapshot: int, options: StudyOptions) -> list[str] | None:
    """How long a study of this snapshot takes here, a line each; None where no task has timed it yet."""
    document = read_json(_estimate(run, snapshot, options)) or {}
    lines = document.get("lines")
    if document.get("generator_sha256") != _sha256(run, snapshot) or not isinstance(lines, list):
        return None
    return [str(line) for line in lines]


def _estimate(run: Run, snapshot: int, options: StudyOptions) -> Path:
    """The file of one estimate, by what it depends on."""
    shares = "-".join(f"{share:g}" for share in options.shares)
    name = f"{format_seen(snapshot)}-{options.seeds}-{shares}-{options.classifier}.json"
    return job.job_folder(run, "study-estimate") / name


def _sha256(run: Run, snapshot: int) -> object:
    """The hash of a snapshot's generator: a run that was deleted and made again under its name has another."""
    return (read_json(run.snapshot(snapshot) / "ready.json") or {}).get("sha256")


@contextlib.contextmanager
def _task(run: Run, kind: str, show: Show) -> Iterator[tuple[Worker, Callable[[str, float], None]]]:
    """Be the process that works in that task's folder; a stop ends the block, and is the task's last word."""
    folder = job.job_folder(run, kind)
    folder.mkdir(parents=True, exist_ok=True)
    with working(folder) as worker:

        def report(phase: str, done: float) -> None:
            worker.report(phase, done, 1.0)
            show(phase, done, 1.0)
            if worker.should_stop():
                raise StoppedError

        try:
            yield worker, report
        except StoppedError:
            worker.mark_stopped()
