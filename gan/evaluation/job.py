"""Evaluations as background jobs: what to do, where it works, and whether it is at work. No torch.

Each kind has a folder of its own in the run's `evaluation/`, with the files of a job (`gan/jobs`). Scores and the
membership test are tasks on the CPU, beside whatever trains; a study waits for the run's device like a training. What
was asked for lies in the folder's `request.json`.
What is finished is kept as it comes, so that the same request goes on where it was stopped.
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
"""What a page needs measured first (`preparing.py`): tasks like the others, with nothing to report."""


@dataclass(frozen=True)
class Request:
    """What to evaluate. `snapshot` is by images seen, None for the newest.

    Of scores are `every` (each snapshot that has none yet), `split` and `features`; of a study the seeds, the
    classifier and the shares of real images: it takes its device itself. Raises ConfigError for what does not exist.
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
    """Where evaluations of that kind work."""
    return run.path / "evaluation" / kind


def job_state(run: Run, kind: str) -> jobs.State | None:
    """What became of the last evaluation of that kind; None where there was none."""
    there = job_folder(run, kind)
    return (
        jobs.state(there)
        if any((there / name).exists() for name in ("queued.json", "started.json", "end.json"))
        else None
    )


def start_evaluation(run: Run, request: Request) -> None:
    """Put it into the queue; raises RunError where one of its kind waits or works already."""
    run.snapshot(request.snapshot)
    there = job_folder(run, request.kind)
    if request.kind == "study":
        there.mkdir(parents=True, exist_ok=True)
        jobs.submit(there, run.config.job.device, asdict(request))
    else:
        jobs.start_task(there, asdict(request))


def load_request(run: Run, kind: str) -> Request:
    """What `begin` was asked for; raises RunError or ConfigError where the file does not say it."""
    path = job_folder(run, kind) / "request.json"
    request = read_request(path, REQUEST)
    if request.kind != kind:
        raise RunError(f"{path} asks for {request.kind}, and not for {kind}: start it again.")
    return request


def snapshots_to_score(run: Run, request: Request) -> Sequence[int]:
    """The snapshots that a request for scores is about, ascending: with `every` those without a result as asked for."""
    if not request.every:
        return [int(run.snapshot(request.snapshot).name)]
    return [seen for seen in run.snapshots() if not _scored(run, seen, request)]


def _scored(run: Run, seen: int, request: Request) -> bool:
    """Whether there are scores of this very generator, by its hash: a snapshot can be trained anew."""
    try:
        made_with = results.load_result(run, seen, request.split, request.features).made_with
    except RunError:
        return False
    ready = read_json(run.snapshot(seen) / "ready.json") or {}
    return bool(made_with["generator_sha256"] == ready.get("sha256"))


def estimated_seconds(run: Run, snapshots: int = 1) -> float | None:
    """How long the scores of so many snapshots take, by what was measured here last; None before anything was.

    By this run's own scores where there are some, else by another's, set in proportion to the pixels.
    """
    own = _measured(run)
    if own:
        return snapshots * own[-1]
    pixels = _pixels(run)
    for other in all_runs():
        try:
            there = _measured(other)
            if there:
                return snapshots * there[-1] * pixels / _pixels(other)
        except GanError:  # a broken run folder measures nothing; the overview shows it
            continue
    return None


def _measured(run: Run) -> list[float]:
    """The seconds that each snapshot's scores took; the demo run, made on another machine, does not tell."""
    made_with = (result.made_with for result in results.list_results(run))
    return [float(made["seconds"]) for made in made_with if "seconds" in made]


def _pixels(run: Run) -> float:
    info = run.info()
    return float(info.channels * info.native_size**2)
