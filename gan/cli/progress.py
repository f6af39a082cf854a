"""A progress bar on the terminal."""

import sys

from gan.io.terminal import printable


def show_progress(phase: str, done: float) -> None:
    """A Progress that draws a bar on stderr where that is a terminal."""
    if sys.stderr.isatty():
        bar = "#" * round(30 * done)
        end = "\n" if done >= 1 else ""
        print(f"\r{printable(phase):<24} [{bar:<30}] {done:4.0%}", end=end, file=sys.stderr, flush=True)
