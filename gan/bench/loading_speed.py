"""`gan bench --loading`: whether a set larger than the device's memory loads as fast as the device trains on it.

200,000 RGB images of 128 x 128 pixels, 9.8 GB, in a memory-mapped file as a prepared set has it; fewer where half of
the free disk is smaller. The file is dropped from the page cache first, so that the images come from the disk.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from gan.bench.roofline import measure_rate
from gan.bench.throughput import BATCH, noise_images, training_loop
from gan.config import options
from gan.data.image_set import ImageSet
from gan.data.order import shuffled_batches
from gan.jobs.device_list import matching_devices
from gan.training.batches import prefetch_with_threads

COUNT, SIZE = 200_000, 128
SECONDS = 10.0


@dataclass(frozen=True)
class LoadingSpeed:
    """Images per second of the loader and of the training, and their ratio; image `size` in pixels."""

    device: str
    images: int
    size: int
    bytes: int
    loading: float
    training: float
    ratio: float


def measure_loading(
    show: Callable[[str], None], count: int = COUNT, size: int = SIZE, seconds: float = SECONDS
) -> LoadingSpeed:
    """Load batches alone, then train alone, on the fastest device here, for `seconds` each."""
    device = torch.device(matching_devices("auto")[0].partition(":")[0])
    config = options.build_config({"data.image_size": size, "train.batch": BATCH})
    small = noise_images(size)
    with tempfile.TemporaryDirectory() as folder:
        free = shutil.disk_usage(folder).free // 2
        count = min(count, free // small.images[0].nbytes)
        show(f"loading: writing {count:,} images of {size} px ...")
        large = write_to_disk(small, count, Path(folder) / "images.npy")
        loading = measure_rate(
            load_batches(large, config.train.seed, pinned=device.type == "cuda"), torch.device("cpu"), seconds
        )
        stored = large.images.nbytes
    training = training_loop(small, config, device)
    measure_rate(training, device, seconds / 4)  # the first steps choose algorithms and fill caches
    trained = measure_rate(training, device, seconds)
    speed = LoadingSpeed(device.type, count, size, stored, loading, trained, loading / trained)
    show(
        f"loading: {speed.images:,} images of {size} px, {stored / 1e9:.1f} GB: {loading:,.0f} images/s from the disk; "
        f"training on {device.type} takes {trained:,.0f}; {speed.ratio:.1f} times as fast as needed"
    )
    return speed


def write_to_disk(small: ImageSet, count: int, path: Path) -> ImageSet:
    """Repeat the images of `small` up to `count` in a file, memory-mapped and dropped from the page cache."""
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


def load_batches(images: ImageSet, seed: int, pinned: bool) -> Iterator[int]:
    """Load random batches of a memory-mapped set without end; yields the number of images of each."""
    order = shuffled_batches(len(images), None, seed, 0, BATCH)
    for real, _ in prefetch_with_threads(images, order, pinned):
        yield len(real)
