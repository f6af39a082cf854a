"""The progress bar of a command that takes a while."""

import sys
from collections.abc import Callable

Show = Callable[[str, float, float], None]
"""Called with a phase, how much of it is done, and of how much."""


def show(phase: str, done: float, total: float) -> None:
    """A progress bar on a terminal; nothing where stderr goes to a file."""
    if sys.stderr.isatty():
        share = done / total if total else 1.0
        bar = "#" * round(30 * share)
        print(f"\r{phase:<24} [{bar:<30}] {share:4.0%}", end="\n" if done >= total else "", file=sys.stderr, flush=True)
