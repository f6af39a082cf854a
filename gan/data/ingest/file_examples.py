"""Example files of each class or attribute, whole and as the networks see them, to show before a set is accepted.

They make a wrong folder or column, and what geometry and size take away, visible before anything is trained. No torch.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gan.data.ingest.import_plan import ImportPlan
from gan.data.training_size import proposed_size
from gan.io.image_errors import UNREADABLE


@dataclass(frozen=True)
class Example:
    """One file: its path in the set, its split, and its group or "".

    `pixels` uint8 (C, h, w) are the whole image, reduced; `fitted` uint8 (C, size, size) are what the networks see.
    """

    file: str
    pixels: NDArray[np.uint8]
    fitted: NDArray[np.uint8]
    split: str
    group: str


def example_files(
    plan: ImportPlan, size: int | None = None, each: int = 4, height: int = 96, names: int = 40
) -> dict[str, list[Example]]:
    """Up to `each` evenly spaced files of each of the first `names` classes or attributes, at most `height` px high.

    `size` is the training size in pixels, the proposed one if None. Unreadable files, and links that lead out of the
    set, are skipped; reading the set reports them.
    """
    size = size or proposed_size(plan.sides)
    by_name: dict[str, list[Example]] = {}
    for position, name in enumerate(plan.names[:names]):
        rows = np.flatnonzero(plan.conditions[:, position])
        chosen = rows[np.unique(np.linspace(0, len(rows) - 1, each).round().astype(int))] if len(rows) else rows
        read = (_example(plan, int(row), size, height) for row in chosen)
        by_name[name] = [example for example in read if example is not None]
    return by_name


def _example(plan: ImportPlan, row: int, size: int, height: int) -> Example | None:
    try:
        pixels = plan.read(row)
    except UNREADABLE:
        return None
    picture = Image.fromarray(pixels)
    if picture.height > height:
        picture = picture.resize((max(1, round(picture.width * height / picture.height)), height), Image.Resampling.BOX)
    small = np.atleast_3d(np.asarray(picture))  # (h, w, C)
    group = "" if plan.group is None else str(plan.group[row])
    return Example(
        file=plan.files[row],
        pixels=np.ascontiguousarray(small.transpose(2, 0, 1)),
        fitted=plan.fit(pixels, size),
        split=str(plan.split[row]),
        group=group,
    )
