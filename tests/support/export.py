"""Progress of an export that stops it."""

from gan.errors import StoppedError
from gan.export.writer import GENERATING


def stop_after_first_chunk(phase: str, done: float) -> None:
    """Stop once the first images are spooled; raises StoppedError."""
    if phase == GENERATING and done > 0:
        raise StoppedError
