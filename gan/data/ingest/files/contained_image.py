"""ContainedImage: one image of an .npz or parquet file."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class ContainedImage:
    """An image as the bytes of an image file with this `suffix`.

    `name` is its file name if known, or "". `labels` is {"class": name}, or 1 for each attribute that it has, or None
    if it has no label. `split` is train, val, test or "". `done` is the share of the file that has been read.
    """

    content: bytes
    suffix: str
    name: str
    labels: Mapping[str, str] | None
    split: str
    group: str = ""
    done: float = 0.0
