"""Choose a few images of a set to show: the conditions in turn, so that a rare class is seen too."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gan.data.image_set import ImageSet
from gan.data.sources.source import Preview


def round_robin(conditions: NDArray[np.generic], count: int) -> NDArray[np.int64]:
    """Up to `count` rows of conditions (N, K), one of each condition in turn, each row once; in that order."""
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
    """What a row of conditions (K,) says: the names that are 1, three at most."""
    said = [name for name, value in zip(names, row, strict=True) if value]
    return ", ".join(said[:3]) + (f" and {len(said) - 3} more" if len(said) > 3 else "") if said else "none"


def pick_preview(images: ImageSet, count: int) -> Preview:
    """Some training images of a set, and what each shows."""
    train = images.rows("train")
    rows = train[round_robin(images.conditions[train], count)]
    return np.asarray(images.images[rows]), [condition_label(images.conditions[row], images.names) for row in rows]
