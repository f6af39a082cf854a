"""The contract of a data source: what `data/__init__.py` asks of each of the five.

A source is a module with one `SOURCE`. It reads; caching, locking and choosing are done once, in `data/__init__.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from gan.config import DataConfig
from gan.data.imageset import ImageSet

Progress = Callable[[str, float], None]
"""Told of a phase in words and how much of it is done, 0 to 1."""


def silent(phase: str, done: float) -> None:
    """A Progress that tells nobody."""


@dataclass(frozen=True)
class Source:
    """Where image sets come from. None of these functions imports torch unless it must download."""

    title: Callable[[DataConfig], str]
    about: str
    """One sentence: what the images are and what they are good for here."""
    licence: Callable[[DataConfig], str]
    problem: Callable[[DataConfig], str | None]
    """Why the set cannot be read now and what to do about it; None where it can, a download by itself included."""
    fingerprint: Callable[[DataConfig], str]
    """Changes when the files do or an option that this source reads: the key of the cache."""
    read: Callable[[DataConfig, Progress], ImageSet]
    """Read, and download where the source can; raises DataError that names the files."""
