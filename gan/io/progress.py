"""Progress: how long work reports how far it is, and how it is stopped from outside."""

from collections.abc import Callable

Progress = Callable[[str, float], None]
"""Called as `progress(phase, done)`: the phase in a few words, and its finished share from 0 to 1.

To stop the work the callable raises `StoppedError`. The work removes what is half done and lets the error pass.
"""


def silent(phase: str, done: float) -> None:
    """A Progress that shows nothing and never stops the work."""
