"""Training batches on the device, in the order of `data/order.py`.

The order depends on the seed and on the images seen alone, so that a resumed run continues exactly. Images stay uint8
until they are on the device.

Of several ranks each gets the images of its part of each batch, and the conditions of the whole batch. It reads no
other images, so that a set larger than a GPU is divided among them.

Letters: N images in a batch, m in this rank's part of it (on one rank N), n in the training split, C channels,
H = W the side, K conditions.
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
from gan.training.ranks import ALONE, Ranks

Batch = tuple[Tensor, Tensor]

THREADS = 2
PREFETCHED = 4
"""Batches that are loaded ahead of the step."""


class _Rows(Dataset[Batch]):
    """An image set indexed by the rows of a whole batch; each worker process maps the files itself."""

    def __init__(self, images: ImageSet, own: slice):
        self._images = images
        self._own = own

    def __getitem__(self, rows: NDArray[np.int64]) -> Batch:
        return torch.from_numpy(self._images.images[rows[self._own]]), torch.from_numpy(self._images.conditions[rows])


def batches(
    images: ImageSet,
    config: RunConfig,
    device: torch.device,
    start: int,
    in_worker: Callable[[], None],
    ranks: Ranks = ALONE,
) -> Iterator[Batch]:
    """Endless real images uint8 (m, C, H, H) and the conditions (N, K) of the batch on the device, from the `start`-th
    image on.

    A training split that fits is put on the device as a whole. Else batches are loaded during the step, into pinned
    memory for a GPU: by `data.workers` processes, or by threads where that is 0. Each of the processes calls
    `in_worker` once.
    """
    rows, positions = images.rows("train"), training_order(images, config, start)
    part = ranks.part(config.train.batch)
    own = slice(part.first, part.first + part.count)
    if fits_on_device(images, device, ranks.count):
        on_device = torch.from_numpy(images.images[rows]).to(device)  # (n, C, H, H)
        conditions = torch.from_numpy(images.conditions[rows]).to(device)  # (n, K)
        for chosen in positions:
            index = torch.from_numpy(chosen).to(device, non_blocking=True)
            yield on_device[part.of(index)], conditions[index]
    pinned, batch_rows = device.type == "cuda", (rows[chosen] for chosen in positions)
    loaded: Iterable[Batch]
    if config.data.workers:
        loaded = DataLoader(
            _Rows(images, own),
            sampler=batch_rows,
            batch_size=None,
            num_workers=config.data.workers,
            pin_memory=pinned,
            worker_init_fn=functools.partial(_begin_worker, in_worker),
        )
    else:
        loaded = prefetch_with_threads(images, batch_rows, pinned, own)
    for real, condition in loaded:
        yield real.to(device, non_blocking=True), condition.to(device, non_blocking=True)


def prefetch_with_threads(
    images: ImageSet, batch_rows: Iterator[NDArray[np.int64]], pinned: bool, own: slice = slice(None)
) -> Iterator[Batch]:
    """The batches of these rows in order, with this rank's `own` images of each; `PREFETCHED` are loaded ahead.

    Threads are enough: numpy releases Python's lock while it copies rows and waits for the disk.
    """
    rows_of_set = _Rows(images, own)

    def fetch(rows: NDArray[np.int64]) -> Batch:
        real, condition = rows_of_set[rows]
        return (real.pin_memory(), condition.pin_memory()) if pinned else (real, condition)

    with ThreadPoolExecutor(THREADS, "loading") as pool:
        ahead = collections.deque(pool.submit(fetch, rows) for rows in itertools.islice(batch_rows, PREFETCHED))
        for rows in batch_rows:
            batch = ahead.popleft().result()
            ahead.append(pool.submit(fetch, rows))
            yield batch


def _begin_worker(in_worker: Callable[[], None], number: int) -> None:
    in_worker()


def fits_on_device(images: ImageSet, device: torch.device, ranks: int = 1) -> bool:
    """Whether the training split takes less than a third of a GPU's free memory, or than 2 GB on a CPU, which `ranks`
    processes share."""
    limit: float = torch.cuda.mem_get_info(device)[0] / 3 if device.type == "cuda" else 2e9 / ranks
    return int(images.images[0].nbytes + images.conditions[0].nbytes) * len(images.rows("train")) < limit
