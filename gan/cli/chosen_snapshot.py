"""The snapshot that commands take by default: the best by its scores."""

from gan.evaluation import job
from gan.evaluation.records.best_snapshot import best_of_several, best_text, comparable_scores
from gan.io.terminal import show
from gan.runs.run import Run


def chosen_snapshot(run: Run, requested: int | None) -> int | None:
    """The requested snapshot, else the best where several were scored, which is printed; None: the newest.

    Prints also how many others have no such scores, so that the best may be one of them.
    """
    if requested is not None:
        return requested
    best, scoring = best_of_several(run), job.job_state(run, job.BESIDE_TRAINING)
    alive = scoring is not None and scoring.alive
    if best is not None:
        others = len(run.snapshots()) - len(comparable_scores(run))
        state = "still being scored" if alive else "not scored"
        so_far = f" so far ({others} of {len(run.snapshots())} are {state})" if others else ""
        show(f"The best snapshot of {run.name}{so_far}, {best_text(run)}. --snapshot takes another.", error=True)
    elif alive:
        show(
            f"The snapshots of {run.name} are still being scored: the newest is taken, which may not be the best. "
            "--snapshot takes another.",
            error=True,
        )
    return best
