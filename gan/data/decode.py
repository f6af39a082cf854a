"""Decode image files in parallel into a memory-mapped array.

Threads rather than processes: Pillow releases the GIL while it decodes and resizes, so all cores are used. No child
process can outlive a killed job.
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

# An image with a suspiciously large header is refused: by default Pillow only warns.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


def map_files(
    function: Callable[[Item], Result], items: Sequence[Item], phase: str, progress: Progress
) -> Iterator[Result]:
    """`function(item)` for every item, in order, on up to 16 threads; an error of either callable ends the work."""
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
    """Decode files into `folder/images.npy`; returns that array (N, C, size, size), memory-mapped, and the failures.

    `read` decodes one file to (C, size, size). The row of an unreadable file stays zero; failures map file to cause.
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
    """The text of an error on one line, or its type where it has none."""
    return " ".join(str(error).split()) or type(error).__name__
