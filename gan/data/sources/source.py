"""The contract of a data source: what `data/__init__.py` asks of each of the five.

A source is a module with one `SOURCE`. It reads; caching, locking and choosing are done once, in `data/__init__.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gan.config.run_config import DataConfig
from gan.data.image_set import ImageSet
from gan.io.progress import Progress

Preview = tuple[NDArray[np.uint8], list[str]]
"""Some real images (n, C, H, W) at the training size, and what each shows in words."""


def nothing_to_fetch(config: DataConfig, progress: Progress) -> None:
    """The `fetch` of a source that downloads nothing."""


@dataclass(frozen=True)
class Source:
    """Where image sets come from. Only `fetch` may import torch, and only when it downloads."""

    title: Callable[[DataConfig], str]
    about: str
    """One sentence: what the images are and what they are good for here."""
    licence: Callable[[DataConfig], str]
    local: Callable[[DataConfig], bool]
    """Whether the files lie on this machine; where they do not, `fetch` downloads them."""
    problem: Callable[[DataConfig], str | None]
    """Why the set cannot be read now and what to do about it; None where it can, a download by itself included."""
    fetch: Callable[[DataConfig, Progress], None]
    """Download what is not there, checksums enforced; raises DataError that says which file to put where."""
    fingerprint: Callable[[DataConfig], str]
    """Changes when the files do or an option that `read` reads: the key of the cache."""
    read: Callable[[DataConfig, Progress, Path], ImageSet]
    """Read local files; raises DataError that names them. A source too large for memory writes `images.npy` straight
    into the cache folder it is given (`parallel.decode`) and returns a set whose images are that file."""
    preview: Callable[[DataConfig, int], Preview]
    """A few images of the local files, fast, without reading the whole set."""
    narrow: Callable[[DataConfig, ImageSet], ImageSet] = lambda config, images: images
    """What a config takes of the cached set, such as some of its attributes."""
