"""Evaluation jobs: what is requested, where each kind works, and its state. No torch.

Each kind has a job folder (`gan/jobs`) in the run's `evaluation/`; the request lies in its `request.json`. Scores, the
membership test and what pages need prepared are tasks on the CPU, beside any training; a study queues for the run's
device like a training. All go through the run's engine. Finished parts are kept, so that the same request resumes
where it was stopped.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from gan import jobs
from gan.errors import ConfigError, GanError, RunError
from gan.evaluation.records import results
from gan.evaluation.study.study_options import StudyOptions
from gan.io.json_files import read_json, read_request
from gan.runs.run import Run, all_runs

KINDS = ("scores", "membership", "study")
PREPARATIONS = ("selector", "calibration", "study-estimate")
"""What a page needs prepared before it can answer: tasks without a result of their own."""


@dataclass(frozen=True)
class Request:
    """What to evaluate. `snapshot` is by images seen, None for the newest.

    `every`, `split` and `features` concern scores; with `every`, all snapshots without scores. Raises ConfigError for
    an unknown value.
    """

    kind: str
    snapshot: int | None = None
    every: bool = False
    split: str = "val"
    features: str = "own"
    study: StudyOptions = field(default_factory=StudyOptions)

    def __post_init__(self) -> None:
        for name, value, choices in (
            ("kind", self.kind, (*KINDS, *PREPARATIONS)),
            ("split", self.split, results.SPLITS),
            ("features", self.features, tuple(results.FEATURES)),
        ):
            if value not in choices:
                raise ConfigError(f"{name} is {value!r}: it takes {', '.join(choices)}.")


REQUEST = TypeAdapter(Request)


def job_folder(run: Run, kind: str) -> Path:
    """The job folder of a kind."""
    return run.path / "evaluation" / kind


def job_state(run: Run, kind: str) -> jobs.State | None:
    """The state of the last job of a kind; None where there was none."""
    folder = job_folder(run, kind)
    files = ("queued.json", "started.json", "end.json")
    return jobs.state(folder) if any((folder / name).exists() for name in files) else None


def start_evaluation(run: Run, request: Request) -> None:
    """Queue it; raises RunError where a job of its kind is queued or running already."""
    run.snapshot(request.snapshot)
    folder = job_folder(run, request.kind)
    if request.kind == "study":
        folder.mkdir(parents=True, exist_ok=True)
        jobs.submit(folder, run.config.job.device, asdict(request), engine=run.config.job.engine)
    else:
        jobs.start_task(folder, asdict(request), run.config.job.engine)


def load_request(run: Run, kind: str) -> Request:
    """The request that `start_evaluation` stored; raises RunError or ConfigError where its file is damaged."""
    path = job_folder(run, kind) / "request.json"
    request = read_request(path, REQUEST)
    if request.kind != kind:
        raise RunError(f"{path} requests {request.kind}, not {kind}: start it again.")
    return request


def snapshots_to_score(run: Run, request: Request) -> Sequence[int]:
    """Snapshots that a request for scores concerns, ascending; with `every`, those without such a result."""
    if not request.every:
        return [int(run.snapshot(request.snapshot).name)]
    return [seen for seen in run.snapshots() if not _is_scored(run, seen, request)]


def _is_scored(run: Run, seen: int, request: Request) -> bool:
    """Whether this generator, identified by its hash, has scores: a snapshot can be trained again."""
    try:
        made_with = results.load_result(run, seen, request.split, request.features).made_with
    except RunError:
        return False
    ready = read_json(run.snapshot(seen) / "ready.json") or {}
    return bool(made_with["generator_sha256"] == ready.get("sha256"))


def estimated_seconds(run: Run, snapshots: int = 1) -> float | None:
    """Estimated time for the scores of `snapshots` snapshots, by the last measurement here; None without one.

    Measured on this run, else on another, scaled by the number of pixels.
    """
    measured = _measured_seconds(run)
    if measured:
        return snapshots * measured[-1]
    pixels = _pixels(run)
    for other in all_runs():
        try:
            measured = _measured_seconds(other)
            if measured:
                return snapshots * measured[-1] * pixels / _pixels(other)
        except (GanError, OSError):  # a broken run folder; the overview shows it
            continue
    return None


def _measured_seconds(run: Run) -> list[float]:
    """Seconds that each snapshot's scores took; none for the demo run, which was made on another machine."""
    made_with = (result.made_with for result in results.list_results(run))
    return [float(made["seconds"]) for made in made_with if "seconds" in made]


def _pixels(run: Run) -> float:
    info = run.info()
    return float(info.channels * info.native_size**2)
