"""The training stream: which image comes when depends on the seed and on the images seen so far, and nothing else.

So a resumed run needs no position of its own to go on exactly. Images stay uint8 until they are on the device.

Letters: N images in a batch, n images in the training split, C channels, H = W the side, K conditions.
"""

import collections
import functools
import itertools
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from gan.config.run_config import RunConfig
from gan.data.image_set import ImageSet
from gan.data.order import training_order

Batch = tuple[Tensor, Tensor]

THREADS = 2
AHEAD = 4
"""Batches that are fetched, or on their way, while a step is computed."""


class _Rows(Dataset[Batch]):
    """Rows of the image set by a whole batch of positions at a time; each loading worker maps the file itself."""

    def __init__(self, images: ImageSet):
        self._images = images

    def __getitem__(self, rows: NDArray[np.int64]) -> Batch:
        return torch.from_numpy(self._images.images[rows]), torch.from_numpy(self._images.conditions[rows])


def batches(
    images: ImageSet, config: RunConfig, device: torch.device, start: int, in_worker: Callable[[], None]
) -> Iterator[Batch]:
    """Real images uint8 (N, C, H, H) and their conditions (N, K) on the device, for ever, from the `start`-th image on.

    The training split lies on the device as a whole where it fits. Else it is fetched while a step is computed, into
    pinned memory for a GPU: by `data.workers` processes, or by threads of this one where that is 0. `in_worker` is
    called once in each of those processes.
    """
    rows, positions = images.rows("train"), training_order(images, config, start)
    if fits_on_device(images, device):
        on_device = torch.from_numpy(images.images[rows]).to(device)  # (n, C, H, H)
        conditions = torch.from_numpy(images.conditions[rows]).to(device)  # (n, K)
        for chosen in positions:
            index = torch.from_numpy(chosen).to(device, non_blocking=True)
            yield on_device[index], conditions[index]
    pinned, wanted = device.type == "cuda", (rows[chosen] for chosen in positions)
    fetched: Iterable[Batch]
    if config.data.workers:
        fetched = DataLoader(
            _Rows(images),
            sampler=wanted,
            batch_size=None,
            num_workers=config.data.workers,
            pin_memory=pinned,
            worker_init_fn=functools.partial(_begin_worker, in_worker),
        )
    else:
        fetched = prefetch_with_threads(images, wanted, pinned)
    for real, condition in fetched:
        yield real.to(device, non_blocking=True), condition.to(device, non_blocking=True)


def prefetch_with_threads(images: ImageSet, wanted: Iterator[NDArray[np.int64]], pinned: bool) -> Iterator[Batch]:
    """The batches of these rows in their order, a few fetched ahead.

    Threads are enough: numpy copies rows, and waits for the disk behind a memory map, without Python's lock.
    """
    whole = _Rows(images)

    def fetch(rows: NDArray[np.int64]) -> Batch:
        real, condition = whole[rows]
        return (real.pin_memory(), condition.pin_memory()) if pinned else (real, condition)

    with ThreadPoolExecutor(THREADS, "loading") as pool:
        ahead = collections.deque(pool.submit(fetch, rows) for rows in itertools.islice(wanted, AHEAD))
        for rows in wanted:
            batch = ahead.popleft().result()
            ahead.append(pool.submit(fetch, rows))
            yield batch


def _begin_worker(in_worker: Callable[[], None], number: int) -> None:
    in_worker()


def fits_on_device(images: ImageSet, device: torch.device) -> bool:
    """Whether the training split may lie on the device as a whole: a third of a GPU's free memory, 2 GB elsewhere.

    On the CPU a larger set stays memory-mapped, where the system keeps what it has room for.
    """
    room: float = torch.cuda.mem_get_info(device)[0] / 3 if device.type == "cuda" else 2e9
    return int(images.images[0].nbytes + images.conditions[0].nbytes) * len(images.rows("train")) < room
