"""Do the same to many files at once, and decode image files into a memory-mapped array.

Threads, not processes: Pillow frees Python's lock while it decodes and resizes, so that the cores are used, and there
is no second process that could outlive a killed job or start a page of the web server over again.
"""

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gan.io.image_errors import UNREADABLE
from gan.io.progress import Progress

Item = TypeVar("Item")
Result = TypeVar("Result")
CHUNK = 64

# A picture that claims to be huge is refused, not warned of.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


def map_files(
    function: Callable[[Item], Result], items: Sequence[Item], phase: str, progress: Progress
) -> Iterator[Result]:
    """`function` of every item, in order; what it or `progress` raises ends the work."""
    starts = range(0, len(items), CHUNK)
    with ThreadPoolExecutor(min(os.cpu_count() or 1, 16)) as pool:
        try:
            for start, results in zip(
                starts,
                pool.map(lambda start: [function(item) for item in items[start : start + CHUNK]], starts),
                strict=True,
            ):
                progress(phase, start / len(items))
                yield from results
        finally:
            pool.shutdown(cancel_futures=True)
    progress(phase, 1.0)


def decode_images(
    read: Callable[[str], NDArray[np.uint8]],
    files: Sequence[str],
    channels: int,
    size: int,
    folder: Path,
    progress: Progress,
) -> tuple[NDArray[np.uint8], dict[str, str]]:
    """Decode files into `folder/images.npy`: the array (N, C, size, size), memory-mapped, and the files that failed.

    `read` gives one file as (C, size, size). A file that cannot be read leaves zeros and its cause by its name.
    """
    shape = (len(files), channels, size, size)
    images = np.lib.format.open_memmap(folder / "images.npy", mode="w+", dtype=np.uint8, shape=shape)

    def fill(row: int) -> str | None:
        try:
            images[row] = read(files[row])
        except UNREADABLE as error:
            return error_line(error)
        return None

    causes = map_files(fill, range(len(files)), "Decoding images", progress)
    failures = {file: cause for file, cause in zip(files, causes, strict=True) if cause}
    images.flush()
    return images, failures


def error_line(error: BaseException) -> str:
    """Why a file cannot be read, in one line."""
    return " ".join(str(error).split()) or type(error).__name__
