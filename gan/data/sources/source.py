"""The contract of a data source.

A source is a module with one `SOURCE`. It only reads; `registry.py` does caching and locking for all of them.
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
"""Images uint8 (n, C, H, W) at the training size, with a label each."""


def nothing_to_fetch(config: DataConfig, progress: Progress) -> None:
    """The `fetch` of a source without downloads."""


@dataclass(frozen=True)
class Source:
    """One source of image sets. Only `fetch` may import torch."""

    title: Callable[[DataConfig], str]
    about: str
    """One sentence: what the images are and what they are useful for."""
    licence: Callable[[DataConfig], str]
    local: Callable[[DataConfig], bool]
    """Whether the files are on this machine; if not, `fetch` downloads them."""
    problem: Callable[[DataConfig], str | None]
    """Why the set cannot be read and what to do; None if it can be read, or downloaded and read."""
    fetch: Callable[[DataConfig, Progress], None]
    """Download missing files and verify their checksums; raises DataError that says which file to put where."""
    fingerprint: Callable[[DataConfig], str]
    """The key of the cache: it changes with the files and with every option that `read` uses."""
    read: Callable[[DataConfig, Progress, Path], ImageSet]
    """Read the local files; raises DataError that names the damaged ones. A source too large for memory writes
    `images.npy` into the cache folder it is given (`decode_images`) and returns a set memory-mapped from there."""
    preview: Callable[[DataConfig, int], Preview]
    """A few images, without reading the whole set."""
    narrow: Callable[[DataConfig, ImageSet], ImageSet] = lambda config, images: images
    """Reduces the cached set to what the config selects, such as some attributes."""
    selection: Callable[[DataConfig], str] = lambda config: ""
    """What `narrow` depends on beside the cached set, for the keys of caches of the narrowed set."""
