"""Choose a few images of a set to show, so that rare conditions are among them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gan.data.image_set import ImageSet
from gan.data.sources.source import Preview


def round_robin(conditions: NDArray[np.generic], count: int) -> NDArray[np.int64]:
    """Up to `count` distinct rows of conditions (N, K), taken from each condition in turn."""
    queues = [np.flatnonzero(column)[:count].tolist() for column in conditions.T]
    rest = np.flatnonzero(~conditions.any(axis=1))[:count].tolist()  # attributes may all be 0
    queues = [queue[::-1] for queue in [*queues, rest] if queue]
    chosen: dict[int, None] = {}
    while queues and len(chosen) < count:
        queue = queues.pop(0)
        row = queue.pop()
        while row in chosen and queue:
            row = queue.pop()
        chosen[row] = None
        if queue:
            queues.append(queue)
    return np.array(list(chosen), dtype=np.int64)


def condition_label(row: NDArray[np.generic], names: Sequence[str]) -> str:
    """The names that are 1 in a row of conditions (K,), at most three; "none" if there are none."""
    on = [name for name, value in zip(names, row, strict=True) if value]
    return ", ".join(on[:3]) + (f" and {len(on) - 3} more" if len(on) > 3 else "") if on else "none"


def pick_preview(images: ImageSet, count: int) -> Preview:
    """Up to `count` training images with a label each, conditions in turn."""
    train = images.rows("train")
    rows = train[round_robin(images.conditions[train], count)]
    return np.asarray(images.images[rows]), [condition_label(images.conditions[row], images.names) for row in rows]
