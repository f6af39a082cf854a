"""Evaluation jobs: what is requested, where each kind works, and its state. No torch.

Each kind has a job folder (`gan/jobs`) in the run's `evaluation/`; the request lies in its `request.json`. Scores, the
membership test and what pages need prepared are tasks on the CPU, beside any training; a study queues for the run's
device like a training. All go through the run's engine. Finished parts are kept, so that the same request resumes
where it was stopped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from gan import jobs
from gan.access.permissions import Action, require
from gan.errors import ConfigError, GanError, RunError
from gan.evaluation.feature_choice import AUTO, CHOICES, chosen_features
from gan.evaluation.records import results
from gan.evaluation.records.light_scores import load_light_score
from gan.evaluation.records.membership_results import MembershipResult, list_memberships
from gan.evaluation.study.study_options import StudyOptions
from gan.io.json_files import read_request
from gan.runs.run import Run, stored_runs

KINDS = ("scores", "membership", "study")
PREPARATIONS = ("selector", "calibration", "study-estimate")
"""What a page needs prepared before it can answer: tasks without a result of their own."""
BESIDE_TRAINING = "snapshot-scores"
"""Scores of every kept snapshot, of those too that are saved meanwhile."""


@dataclass(frozen=True)
class Request:
    """What to evaluate. `snapshot` is by images seen, None for the newest.

    `every`, `split` and `features` concern scores; with `every`, all snapshots without scores. `light` scores use fewer
    images (`light_scores.py`) of the validation split. Raises ConfigError for an unknown value.
    """

    kind: str
    snapshot: int | None = None
    every: bool = False
    split: str = "val"
    features: str = AUTO
    study: StudyOptions = field(default_factory=StudyOptions)
    light: bool = False

    def __post_init__(self) -> None:
        for name, value, choices in (
            ("kind", self.kind, (*KINDS, BESIDE_TRAINING, *PREPARATIONS)),
            ("split", self.split, results.SPLITS),
            ("features", self.features, CHOICES),
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
    if not folder.exists():  # as in most runs: a list of runs asks each
        return None
    files = ("queued.json", "started.json", "end.json")
    return jobs.state(folder) if any((folder / name).exists() for name in files) else None


def start_evaluation(run: Run, request: Request) -> None:
    """Queue it; raises RunError where a job of its kind is queued or running already, and AccessError where the
    current person may not evaluate the run or use the set that the request names."""
    require(Action.EVALUATE, run)
    if request.study.test_set:
        from gan.evaluation.study.external_classes import find_test_set  # here: it imports Pillow

        find_test_set(request.study.test_set, run.config.data)
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
    """Snapshots that a request for scores concerns, ascending; with `every`, those without such a result.

    Raises UserError where ImageNet features are requested and cannot be had.
    """
    if not request.every:
        return [int(run.snapshot(request.snapshot).name)]
    features = chosen_features(request.features, run.info().channels)
    return [seen for seen in run.snapshots() if not _is_scored(run, seen, request, features)]


def _is_scored(run: Run, seen: int, request: Request, features: str) -> bool:
    """Whether the snapshot's generator has scores in these features; those of one that was overwritten do not count."""
    try:
        score = load_light_score(run, seen) if request.light else results.load_result(run, seen, request.split)
    except RunError:
        return False
    return score.features == features


def estimated_seconds(
    run: Run, snapshots: int = 1, kind: str = "scores", rates: Mapping[str, float] | None = None
) -> float | None:
    """Estimated time for the scores, or the membership test, of `snapshots` snapshots; None where nobody measured one.

    By the last measurement on this run, else on another, scaled by the number of pixels. `rates` spares a caller with
    many runs the search for the other: the value of `measured_rates`.
    """
    measured = _measured_seconds(run, kind)
    if measured is not None:
        return snapshots * measured
    rate = (measured_rates() if rates is None else rates).get(kind)
    return None if rate is None else snapshots * rate * _pixels(run)


def measured_rates() -> dict[str, float]:
    """Seconds per pixel value of an image that scores and membership tests of a snapshot took on this machine.

    Of each kind by the newest run that has one; what nobody measured is absent.
    """
    rates: dict[str, float] = {}
    for run in stored_runs():
        for kind in {"scores", "membership"} - rates.keys():
            try:
                measured = _measured_seconds(run, kind)
                if measured is not None:
                    rates[kind] = measured / _pixels(run)
            except (GanError, OSError):  # a broken run folder; the overview shows it
                continue
        if len(rates) == 2:
            break
    return rates


def _measured_seconds(run: Run, kind: str) -> float | None:
    """Seconds that the newest snapshot with a result took; None for the demo run, which was made on another machine."""
    made_with = [result.made_with for result in _results(run, kind)]
    return next((float(made["seconds"]) for made in reversed(made_with) if "seconds" in made), None)


def _results(run: Run, kind: str) -> Sequence[results.EvaluationResult | MembershipResult]:
    return results.list_results(run) if kind == "scores" else list_memberships(run)


def _pixels(run: Run) -> float:
    info = run.info()
    return float(info.channels * info.native_size**2)
