"""How long work reports its progress, and how it is stopped."""

from collections.abc import Callable

Progress = Callable[[str, float], None]
"""`progress(phase, done)`: the phase in a few words, and its finished share from 0 to 1.

The callable raises `StoppedError` to stop the work, which removes unfinished files and lets the error pass.
"""


def silent(phase: str, done: float) -> None:
    """A Progress that shows nothing and never stops the work."""
