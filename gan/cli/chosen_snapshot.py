"""The snapshot that commands take by default: the best by its scores."""

from gan.evaluation.records.best_snapshot import best_of_several, best_text
from gan.io.terminal import show
from gan.runs.run import Run


def chosen_snapshot(run: Run, requested: int | None) -> int | None:
    """The requested snapshot, else the best where several were scored, which is printed; None: the newest."""
    best = None if requested is not None else best_of_several(run)
    if best is None:
        return requested
    show(f"The best snapshot of {run.name}, {best_text(run)}. --snapshot takes another.", error=True)
    return best
