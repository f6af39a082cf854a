"""`gan bench --loading`: whether images come as fast as they are trained on, from a set larger than the device takes.

200,000 colour images of 128 x 128 pixels, 9.8 GB, lie in a file that is memory-mapped as a prepared set is; fewer where
the disk has no room, and the count is told. The system is asked to forget the file first, so that they come from the
disk.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from gan.bench.roofline import rate
from gan.bench.throughput import BATCH, noise_images, our_loop
from gan.config import options
from gan.data.image_set import ImageSet
from gan.data.order import shuffled_batches
from gan.jobs.device_list import matching_devices
from gan.training.batches import prefetch_with_threads

COUNT, SIZE = 200_000, 128
SECONDS = 10.0


@dataclass(frozen=True)
class Loading:
    """Images per second that the loader brings and that the training takes, and the first over the second."""

    device: str
    images: int
    size: int
    bytes: int
    loading: float
    training: float
    ratio: float


def measure(show: Callable[[str], None], count: int = COUNT, size: int = SIZE, seconds: float = SECONDS) -> Loading:
    """Fetch batches alone, then train alone, on the fastest device here."""
    device = torch.device(matching_devices("auto")[0].partition(":")[0])
    config = options.build_config({"data.image_size": size, "train.batch": BATCH})
    small = noise_images(size)
    with tempfile.TemporaryDirectory() as folder:
        room = shutil.disk_usage(folder).free // 2
        count = min(count, room // small.images[0].nbytes)
        show(f"loading: writing {count:,} images of {size} px ...")
        large = on_disk(small, count, Path(folder) / "images.npy")
        loading = rate(_fetched(large, config.train.seed, device), torch.device("cpu"), seconds)
        taken = large.images.nbytes
    training = our_loop(small, config, device)
    rate(training, device, seconds / 4)  # the first steps choose algorithms and fill caches
    trained = rate(training, device, seconds)
    found = Loading(device.type, count, size, taken, loading, trained, loading / trained)
    show(
        f"loading: {found.images:,} images of {size} px, {taken / 1e9:.1f} GB: {loading:,.0f} images/s from the disk; "
        f"training on {device.type} takes {trained:,.0f}; {found.ratio:.1f} times as fast as needed"
    )
    return found


def on_disk(small: ImageSet, count: int, path: Path) -> ImageSet:
    """A set of `count` images, those of `small` again and again, memory-mapped from a file that is in no cache."""
    whole = np.lib.format.open_memmap(path, "w+", np.uint8, (count, *small.images.shape[1:]))
    for start in range(0, count, len(small)):
        whole[start : start + len(small)] = small.images[: count - start]
    whole.flush()
    del whole
    with open(path, "rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    conditions = np.resize(small.conditions, (count, small.conditions.shape[1]))
    split = np.full(count, "train")
    return replace(small, images=np.load(path, mmap_mode="r"), conditions=conditions, split=split, digests=None)


def _fetched(images: ImageSet, seed: int, device: torch.device) -> Iterator[int]:
    wanted = shuffled_batches(len(images), None, seed, 0, BATCH)
    for real, _ in prefetch_with_threads(images, wanted, pinned=device.type == "cuda"):
        yield len(real)
