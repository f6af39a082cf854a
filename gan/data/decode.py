"""Decode image files in parallel into an array on the disk.

Threads rather than processes: Pillow releases the GIL while it decodes and resizes, so all cores are used. No child
process can outlive a killed job.
"""

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gan.data.image_set import pixel_digests
from gan.io.image_errors import UNREADABLE
from gan.io.progress import Progress

Item = TypeVar("Item")
Result = TypeVar("Result")
CHUNK = 64

# An image with a suspiciously large header is refused: by default Pillow only warns.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


def map_files(
    function: Callable[[Item], Result], items: Sequence[Item], phase: str, progress: Progress, threads: int = 16
) -> Iterator[Result]:
    """`function(item)` for every item, in order, on up to `threads`; an error of either callable ends the work.

    Threads share the time that is spent in Python itself: for files of a few kilobytes, one is faster than two.
    """
    starts = range(0, len(items), CHUNK)
    with ThreadPoolExecutor(min(os.cpu_count() or 1, threads)) as pool:
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


@dataclass(frozen=True)
class DecodedImages:
    """Decoded files: uint8 (N, C, size, size), memory-mapped, and their digests uint32 (N,) (`pixel_digests`).

    The row of an unreadable file is zero, in both; `failures` map such files to the cause.
    """

    images: NDArray[np.uint8]
    digests: NDArray[np.uint32]
    failures: dict[str, str]


def decode_images(
    read: Callable[[int], NDArray[np.uint8]],
    files: Sequence[str],
    channels: int,
    size: int,
    folder: Path,
    progress: Progress,
) -> DecodedImages:
    """Decode files into `folder/images.npy`. `read` decodes the image of a row to uint8 (C, size, size).
    `files` (N) are the rows' files, which may repeat.

    Raises OSError where the disk is full. The images are written, not assigned to mapped memory: a full disk would end
    the process there, and all pages would count as its memory.
    """
    path, shape = folder / "images.npy", (len(files), channels, size, size)
    images = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
    digests = np.zeros(len(files), dtype=np.uint32)
    start, image_bytes = images.offset, channels * size * size

    with open(path, "r+b") as target:

        def fill(row: int) -> str | None:
            try:
                pixels = np.ascontiguousarray(read(row))
            except UNREADABLE as error:
                return error_line(error)
            assert pixels.dtype == np.uint8
            assert pixels.shape == shape[1:]
            digests[row] = pixel_digests(pixels[None])[0]
            _write_at(target.fileno(), start + row * image_bytes, pixels.tobytes())
            return None

        causes = map_files(fill, range(len(files)), "Decoding images", progress)
        failures = {file: cause for file, cause in zip(files, causes, strict=True) if cause}
    return DecodedImages(images, digests, failures)


def _write_at(file: int, position: int, content: bytes) -> None:
    """Write all of `content` to an open file; threads may write to other positions at the same time."""
    left = memoryview(content)
    while left:
        written = os.pwrite(file, left, position)
        left, position = left[written:], position + written


def error_line(error: BaseException) -> str:
    """The text of an error on one line, or its type where it has none."""
    return " ".join(str(error).split()) or type(error).__name__
