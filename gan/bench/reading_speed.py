"""`gan bench --loading`: how fast a user's files are checked and read into the cache, and that memory stays flat.

The files are 20,000 different colour JPEGs of 256 x 256 pixels in two class folders; the cache takes 3.9 GB. The system
forgets the files first, so that they come from the disk.
"""

import io
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import torch
from PIL import Image

from gan.bench.loading_speed import load_batches
from gan.bench.roofline import measure_rate
from gan.config.run_config import DataConfig
from gan.data.image_set import ImageSet
from gan.data.ingest.checks.check import check_images
from gan.data.sources.folder import read_plan

COUNT, SIZE = 20_000, 256
SECONDS = 5.0
SAMPLING_SECONDS = 0.02


@dataclass(frozen=True)
class ReadingSpeed:
    """Images per second that are checked, read into the cache and loaded from there in batches.

    `size` is the side in pixels, `bytes` the size of the cache, `memory_growth` the most memory in bytes that the
    process took on, without pages of files, which the system takes back where it needs them.
    """

    images: int
    size: int
    bytes: int
    checking: float
    reading: float
    loading: float
    memory_growth: int


def measure_reading(
    show: Callable[[str], None], count: int = COUNT, size: int = SIZE, seconds: float = SECONDS
) -> ReadingSpeed:
    """Write `count` files, fewer where half of the free disk is smaller; check, read and load them."""
    with tempfile.TemporaryDirectory() as folder:
        files, cache = Path(folder) / "files", Path(folder) / "cache"
        cache.mkdir()
        count = min(count, shutil.disk_usage(folder).free // 2 // (3 * size * size))
        show(f"reading: writing {count:,} files of {size} px ...")
        write_files(files, count, size)
        config = DataConfig.model_validate({"name": "folder", "path": str(files), "image_size": size})
        with peak_memory() as memory:
            began = time.perf_counter()
            plan = check_images(files).plan
            assert plan is not None, "the files have no fault"
            forget_files(files)
            checked = time.perf_counter()
            read_plan(plan, config, cache).save(cache)
            read = time.perf_counter()
            image_set = ImageSet.open_cached(cache)
            loading = measure_rate(load_batches(image_set, seed=0, pinned=False), torch.device("cpu"), seconds)
        stored = image_set.images.nbytes
    speed = ReadingSpeed(
        count, size, stored, count / (checked - began), count / (read - checked), loading, memory.growth
    )
    show(
        f"reading: {count:,} files of {size} px: {speed.checking:,.0f} images/s checked, {speed.reading:,.0f} read and "
        f"cached ({stored / 1e9:.1f} GB), {loading:,.0f} loaded again; {memory.growth / 1e6:,.0f} MB more memory"
    )
    return speed


def write_files(root: Path, count: int, size: int) -> None:
    """Different colour JPEGs of `size` px in two class folders, forgotten by the page cache."""
    generator = np.random.default_rng(0)
    for name in ("a", "b"):
        (root / name).mkdir(parents=True)
    for number in range(count):
        coarse = Image.fromarray(generator.integers(0, 256, (16, 16, 3), dtype=np.uint8))
        content = io.BytesIO()
        coarse.resize((size, size), Image.Resampling.BILINEAR).save(content, "JPEG", quality=90)
        (root / "ab"[number % 2] / f"{number:06d}.jpg").write_bytes(content.getvalue())
    forget_files(root)


def forget_files(root: Path) -> None:
    """Write all files below a folder to the disk, and drop them from the page cache."""
    os.sync()
    for path in root.rglob("*"):
        if not path.is_file():
            continue
        with open(path, "rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


@dataclass
class PeakMemory:
    """The growth of this process's own memory in bytes, at most so far."""

    growth: int = 0


@contextmanager
def peak_memory() -> Iterator[PeakMemory]:
    """Sample the memory of this process, without shared pages of files, until the block ends."""
    peak, ended, before = PeakMemory(), threading.Event(), _own_memory()

    def sample() -> None:
        while not ended.wait(SAMPLING_SECONDS):
            peak.growth = max(peak.growth, _own_memory() - before)

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield peak
    finally:
        ended.set()
        thread.join()


def _own_memory() -> int:
    memory = psutil.Process().memory_info()
    return int(memory.rss - memory.shared)
