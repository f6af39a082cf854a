"""A few of a user's files as they are, in their own shape, by the class or attributes that they were understood as.

Shown before a set is accepted, so that a wrong folder or column is seen and not trained on. No torch.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gan.data.ingest.image_file import read_image_file
from gan.data.ingest.import_plan import ImportPlan
from gan.io.image_errors import UNREADABLE


@dataclass(frozen=True)
class Example:
    """One file: its path in the set, its pixels uint8 (C, h, w) made small, and where it goes; `group` may be ""."""

    file: str
    pixels: NDArray[np.uint8]
    split: str
    group: str


def example_files(plan: ImportPlan, each: int = 4, height: int = 96, names: int = 40) -> dict[str, list[Example]]:
    """Up to `each` files of each of the first `names` classes or attributes, at most `height` pixels high.

    They are spread over all files of the class.

    Files that cannot be read any more are passed over: reading the set names them.
    """
    found: dict[str, list[Example]] = {}
    for position, name in enumerate(plan.names[:names]):
        rows = np.flatnonzero(plan.conditions[:, position])
        chosen = rows[np.unique(np.linspace(0, len(rows) - 1, each).round().astype(int))] if len(rows) else rows
        shown = (_example(plan, int(row), height) for row in chosen)
        found[name] = [one for one in shown if one is not None]
    return found


def _example(plan: ImportPlan, row: int, height: int) -> Example | None:
    try:
        pixels = read_image_file(plan.root / plan.files[row]).to_bytes(plan.channels, plan.window)
    except UNREADABLE:
        return None
    picture = Image.fromarray(pixels)
    if picture.height > height:
        picture = picture.resize((max(1, round(picture.width * height / picture.height)), height), Image.Resampling.BOX)
    small = np.atleast_3d(np.asarray(picture))  # (h, w, C)
    group = "" if plan.group is None else str(plan.group[row])
    return Example(plan.files[row], np.ascontiguousarray(small.transpose(2, 0, 1)), str(plan.split[row]), group)
