"""Scores of the snapshots of a run while it trains: when its trainer submits their task, and when it ends by them.

The task (`tasks.score_kept_snapshots`) works in the CPU lane at the lowest priority, on one core. It is submitted after
a snapshot, and after the last one in any case, and scores every snapshot that has no scores: so it catches up after it
was killed. Where the training itself is on the CPU, light scores wait until all of them take at most `SCORING_SHARE` of
the CPU time that the training has had. No torch.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import TypeVar

from gan import jobs
from gan.errors import UserError
from gan.evaluation import job
from gan.evaluation.job import Request
from gan.evaluation.records.best_snapshot import SnapshotScore, best_snapshot, kernel_distance, like_newest
from gan.evaluation.records.light_scores import LightScore, list_light_scores
from gan.evaluation.records.results import list_results
from gan.io.atomic import write_json
from gan.io.json_files import read_typed_or_none
from gan.io.terminal import show
from gan.jobs.status import read_status
from gan.runs.run import Run, all_runs
from gan.training.estimate import SCORING_SHARE
from gan.training.snapshot_hooks import SavedSnapshot, SnapshotHooks

Answer = TypeVar("Answer")
ENDING = "ending"
"""The phase in which the task looks for new snapshots, and for a further request, for the last time."""
FURTHER = "further.json"
"""The trainer's request to a task that is at work, in its folder."""
SHORTEST_SECONDS = 60.0
"""Length of training below which a run is a trial, whose last snapshot is not scored where none was before: its scores
would take longer."""
FIRST_CPU_SECONDS = 60.0
"""CPU seconds that the first scores on a set take, the training of its classifier included, before any were measured:
41 to 50 s of one core (AMD EPYC) for the classifiers of the digits and of 1,019 blood cells, and 4 to 14 s for near
copies."""
WAIT_SECONDS = 10.0
"""How long the trainer waits, at its end, for a task that is ending."""


def training_hooks() -> SnapshotHooks:
    """The trainer's hooks: keep the best snapshot, score each, end when scores no longer get better.

    Scores that cannot be read, such as by a fault of a shared disk, are printed and not taken: training goes on.
    """
    return SnapshotHooks(_if_readable(best_snapshot, None), _if_readable(reason_to_end, ""), score_if_due)


def _if_readable(ask: Callable[[Run], Answer], otherwise: Answer) -> Callable[[Run], Answer]:
    def answer(run: Run) -> Answer:
        try:
            return ask(run)
        except (UserError, OSError) as error:
            show(f"The scores of the snapshots cannot be read: {error}")
            return otherwise

    return answer


def score_if_due(run: Run, snapshot: SavedSnapshot) -> None:
    """Submit the task that scores the snapshots without scores, where the config wants it and it is due now.

    A refusal, such as by a full disk, is printed; training goes on.
    """
    if not scores_by_itself(run) or (snapshot.last and _is_trial(run, snapshot)):
        return
    request = Request(job.BESIDE_TRAINING, every=True, light=run.config.train.score == "light")
    try:
        if not snapshot.last and (_gave_up(run) or not is_affordable(run, snapshot)):
            return
        if _ends_before_it_sees_the_snapshot(run, request, wait=snapshot.last):
            jobs.start_task(job.job_folder(run, job.BESIDE_TRAINING), asdict(request))
    except (UserError, OSError) as error:
        show(f"The snapshot after {snapshot.seen:,} images is not scored now: {error}")


def scores_by_itself(run: Run) -> bool:
    """Whether the snapshots of a run are scored while it trains: not in a job of Slurm, which outlives no node."""
    return run.config.train.score != "off" and run.config.job.engine == "local"


def is_affordable(run: Run, snapshot: SavedSnapshot) -> bool:
    """Whether scores now keep within `SCORING_SHARE` of the run's CPU time; on another device always."""
    if snapshot.device != "cpu" or run.config.train.score != "light":
        return True
    allowed = SCORING_SHARE * snapshot.seconds * snapshot.cores
    scores = list_light_scores(run)
    pending = len(job.snapshots_to_score(run, Request(job.BESIDE_TRAINING, every=True, light=True)))
    return cpu_seconds(scores) + expected_cpu_seconds(run, scores, pending) <= allowed


def cpu_seconds(scores: Sequence[LightScore]) -> float:
    """CPU seconds that light scores took, the preparation of each task included."""
    return math.fsum(score.made_with["cpu_seconds"] + score.made_with["start_cpu_seconds"] for score in scores)


def expected_cpu_seconds(run: Run, scores: Sequence[LightScore], pending: int) -> float:
    """CPU seconds that `pending` light scores will take, by those of the run, or else of another run on its set."""
    if not scores:
        others = (other for other in all_runs() if other.name != run.name and not other.config_problem)
        alike = (list_light_scores(other) for other in others if other.config.data == run.config.data)
        scores = next((found for found in alike if found), ())
    starts = [float(score.made_with["start_cpu_seconds"]) for score in scores]
    starts = [start for start in starts if start]
    if not starts:
        return FIRST_CPU_SECONDS
    return min(starts) + pending * fmean(score.made_with["cpu_seconds"] for score in scores)


def reason_to_end(run: Run) -> str:
    """Why a run ends by itself: as many snapshots as `train.patience` had no better score than the best; else ""."""
    patience = run.config.train.patience
    if not patience:
        return ""
    best, later = without_improvement(run)
    if best is None or later < patience:
        return ""
    return (
        f"It ended by itself and saved: the last {later} scored snapshots are no better than that after "
        f"{best.snapshot:,} images, by their kernel distance, and train.patience is {patience}."
    )


def without_improvement(run: Run) -> tuple[SnapshotScore | None, int]:
    """The best scores of a run, of deleted snapshots too, and how many scored snapshots came later.

    Snapshots that a stop added do not count: a run that is stopped and resumed ends where it would without.
    """
    light = run.config.train.score == "light"
    scores = like_newest(list_light_scores(run) if light else list_results(run))
    scores = [score for score in scores if not _is_extra(run, score.snapshot)]
    best = min(scores, key=kernel_distance, default=None)
    return best, 0 if best is None else sum(score.snapshot > best.snapshot for score in scores)


def _is_extra(run: Run, seen: int) -> bool:
    """Whether a snapshot lies between those of every `train.snapshot_kimg`."""
    train = run.config.train
    interval = train.snapshot_kimg * 1000
    return seen // interval == (seen - train.batch) // interval


def _is_trial(run: Run, snapshot: SavedSnapshot) -> bool:
    return snapshot.seconds < SHORTEST_SECONDS and job.job_state(run, job.BESIDE_TRAINING) is None


def _gave_up(run: Run) -> bool:
    """Whether the last task failed by itself, as where the validation split has too few images: it would again."""
    state = job.job_state(run, job.BESIDE_TRAINING)
    return state is not None and state.name == "failed"


def take_further_request(run: Run) -> Request | None:
    """What the trainer asked of the task while it was at work; None where it asked nothing, or that was taken before.

    A task takes it after it has reported `ENDING`.
    """
    path = job.job_folder(run, job.BESIDE_TRAINING) / FURTHER
    request = read_typed_or_none(path, job.REQUEST)
    path.unlink(missing_ok=True)
    return request if request is not None and request.kind == job.BESIDE_TRAINING else None


def _ends_before_it_sees_the_snapshot(run: Run, request: Request, wait: bool) -> bool:
    """Whether a new task must be started: none is alive, or one that is ending has ended within `WAIT_SECONDS`.

    One in another phase gets the request, in case it scores other snapshots, such as a single one that a user named.
    """
    folder, until = job.job_folder(run, job.BESIDE_TRAINING), time.monotonic() + WAIT_SECONDS
    while jobs.state(folder).alive:
        if not _is_ending(folder):
            write_json(folder / FURTHER, asdict(request))
            if not _is_ending(folder):  # else it may have looked before
                return False
        if not wait or time.monotonic() > until:
            return False
        time.sleep(0.1)
    (folder / FURTHER).unlink(missing_ok=True)
    return True


def _is_ending(folder: Path) -> bool:
    return read_status(folder).get("phase") == ENDING
