"""What the images of a run are worth: scores, the membership test, and the study.

The functions that measure work in this process, on the CPU or the run's device, and keep their result in the run.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from gan.errors import RunError, UserError
from gan.evaluation import tasks
from gan.evaluation.budget import EvaluationBudget, MembershipBudget
from gan.evaluation.feature_choice import AUTO
from gan.evaluation.job import Request
from gan.evaluation.records import membership_results, results, stored_studies
from gan.evaluation.records.best_snapshot import default_snapshot
from gan.evaluation.records.light_scores import list_light_scores
from gan.evaluation.records.membership_results import MembershipResult
from gan.evaluation.records.results import EvaluationResult
from gan.evaluation.records.study_results import StudyResult
from gan.evaluation.study.study_options import StudyOptions
from gan.io.progress import Progress, silent
from gan.runs.run import Run

if TYPE_CHECKING:
    import pandas as pd


def score_run(
    run: Run,
    snapshot: int | None = None,
    *,
    split: str = "val",
    features: str = AUTO,
    budget: EvaluationBudget = EvaluationBudget(),
    progress: Progress = silent,
) -> EvaluationResult:
    """Score a snapshot against the real images of a split, "val" or "test".

    The snapshot is by default the best by the scores so far, else the newest. It is compared in `features`: "auto"
    takes those of ImageNet where they are installed, else "own"; "imagenet" raises UserError where they are not. Raises
    RunError where the training images are missing or have changed.
    """
    request = Request("scores", default_snapshot(run, snapshot), split=split, features=features)
    return tasks.score_snapshots(run, request, progress, budget)[-1]


def read_scores(run: Run, *, split: str = "val", light: bool = False) -> "pd.DataFrame":
    """The scores that were measured so far: a row for each snapshot, ascending, and a column for each single number of
    `EvaluationResult`, or with `light` of the `LightScore` that a run gets while it trains; shares from 0 to 1, and
    their `features`. Empty without scores. Raises UserError for light scores of another split than "val"."""
    import pandas as pd  # here: it takes half a second

    if light and split != "val":
        raise UserError(f"split is {split}: light scores are of the validation split, val.")
    rows = []
    for result in list_light_scores(run) if light else results.list_results(run, split):
        numbers = {name: value for name, value in asdict(result).items() if isinstance(value, int | float)}
        copies = result.near_copies
        shares = {"near_copies": copies["count"] / copies["checked"], "diversity": result.diversity["ratio"]}
        rows.append({"features": result.features} | numbers | shares)
    return pd.DataFrame(rows).drop(columns="version", errors="ignore")


def run_membership_test(
    run: Run,
    snapshot: int | None = None,
    *,
    budget: MembershipBudget = MembershipBudget(),
    progress: Progress = silent,
) -> MembershipResult:
    """Test whether a snapshot's images lie nearer to training images than to others.

    The snapshot is by default the best by scores, else the newest. Raises RunError where the training images are
    missing or have changed.
    """
    request = Request("membership", default_snapshot(run, snapshot))
    result: MembershipResult = tasks.run_membership_test(run, request, progress, budget)[0]
    return result


def read_membership(run: Run, snapshot: int | None = None) -> MembershipResult:
    """The membership test of a snapshot, by default the best by scores, else the newest that was tested.

    Raises RunError where it was not made.
    """
    seen = _measured_snapshot(run, snapshot, membership_results.list_memberships(run))
    result = membership_results.load_membership(run, seen)
    if result is None:
        raise RunError(f"The snapshot {seen} of {run.name} has no membership test: `gan.run_membership_test` makes it.")
    return result


def run_study(
    run: Run, options: StudyOptions = StudyOptions(), snapshot: int | None = None, *, progress: Progress = silent
) -> StudyResult:
    """Study whether a snapshot's images make a classifier better on real test images. Takes from minutes to hours.

    The snapshot is by default the best by scores, else the newest. Finished parts are kept: after StoppedError, or a
    crash, the same call goes on. Raises RunError where the training images are missing or have changed.
    """
    request = Request("study", default_snapshot(run, snapshot), study=options)
    result: StudyResult = tasks.run_augmentation_study(run, request, progress)[0]
    return result


def read_study(run: Run, snapshot: int | None = None) -> StudyResult:
    """The study of a snapshot, by default the best by scores, else the newest that has one.

    Raises RunError where there is none.
    """
    return stored_studies.load_study(run, _measured_snapshot(run, snapshot, stored_studies.list_studies(run)))


def _measured_snapshot(run: Run, requested: int | None, measured: Sequence[MembershipResult | StudyResult]) -> int:
    """The requested snapshot; else of those `measured`, ascending, the best or the newest; without any the default.

    Raises RunError where it does not exist.
    """
    seen, all_seen = default_snapshot(run, requested), [result.snapshot for result in measured]
    if requested is None and all_seen and seen not in all_seen:
        seen = all_seen[-1]
    return int(run.snapshot(seen).name)
