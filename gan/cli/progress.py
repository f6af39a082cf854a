"""A progress bar on the terminal."""

import sys


def show_progress(phase: str, done: float, total: float = 1.0) -> None:
    """Draw `done` of `total` on stderr where that is a terminal; a `gan.io.progress.Progress`."""
    if sys.stderr.isatty():
        share = done / total if total else 1.0
        bar = "#" * round(30 * share)
        end = "\n" if done >= total else ""
        print(f"\r{phase:<24} [{bar:<30}] {share:4.0%}", end=end, file=sys.stderr, flush=True)
