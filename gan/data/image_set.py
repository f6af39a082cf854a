"""ImageSet: the arrays that every data set is read into.

Classes and attributes share one representation: a class is a one-hot row of `conditions`. Sets are memory-mapped from
the cache (`registry.py`). No torch.

Letters: N images, C channels, H = W the training size, K conditions.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from gan.data.info import DatasetInfo, check_names
from gan.errors import DamagedFileError, DataError
from gan.io.atomic import write_json
from gan.io.json_files import read_typed
from gan.io.untrusted_files import damaged_file, map_array, read_array

Kind = Literal["class", "attributes"]
SPLITS = ("train", "val", "test")
UNLABELLED = "unlabelled"
"""The split of images without a condition, which are kept beside the others. They have a row of zeros."""
DROPPED = "dropped"
"""The split of training images that somebody left out (`label_edits.py`)."""


def pixel_digests(images: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """A 32-bit BLAKE2b digest of each image's pixels: (N,) from images (N, C, H, W).

    Equal images have equal digests. A changed image keeps its digest with probability 2^-32: this detects accidents,
    not forgery.
    """
    values = (hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=4).digest() for image in images)
    return np.frombuffer(b"".join(values), dtype="<u4").astype(np.uint32)


@dataclass(frozen=True)
class ImageSet:
    """Square images of one size with conditions and splits; raises DataError for a name that is not allowed.

    images       uint8 (N, C, H, W), H = W
    conditions   float32 (N, K): one-hot rows if `kind` is "class", any 0/1 rows if it is "attributes"; unlabelled
                 images have zeros
    names        of the K conditions
    split        (N,): "train", "val", "test", "unlabelled", or "dropped" (see the constants above)
    group        (N,): the patient or slide of each image, or None if unknown
    subgroups    (N,) values by the name of the subgroup, such as "sex" or "scanner"; "" where missing
    native_size  side in pixels to which generated images are cropped
    notices      what the user should know about how the set was read, one sentence each
    digests      uint32 (N,), see `pixel_digests`; None until the set is saved to the cache
    folder       the cache folder that it was opened from; None for a set in memory
    """

    images: NDArray[np.uint8]
    conditions: NDArray[np.float32]
    names: tuple[str, ...]
    kind: Kind
    split: NDArray[np.str_]
    group: NDArray[np.str_] | None
    native_size: int
    title: str
    source: str
    licence: str
    notices: tuple[str, ...] = ()
    digests: NDArray[np.uint32] | None = None
    subgroups: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)
    folder: Path | None = None

    def __post_init__(self) -> None:
        n, _, height, width = self.images.shape
        assert self.images.dtype == np.uint8, "images are uint8 (N, C, H, H)"
        assert height == width, "images are square"
        assert self.conditions.dtype == np.float32
        assert self.conditions.shape == (n, len(self.names))
        check_names(self.names, self.kind)
        assert len(self.split) == n
        assert self.group is None or len(self.group) == n
        assert self.digests is None or len(self.digests) == n
        assert all(len(values) == n for values in self.subgroups.values())

    def __len__(self) -> int:
        return len(self.images)

    def rows(self, split: str) -> NDArray[np.int64]:
        """Row numbers of a split's images, ascending."""
        return np.asarray(np.flatnonzero(self.split == split), dtype=np.int64)

    def labels(self) -> NDArray[np.int64]:
        """The class of each image (N,), if `kind` is "class"; -1 for an unlabelled image."""
        assert self.kind == "class"
        return np.where(self.conditions.any(axis=1), self.conditions.argmax(axis=1), -1)

    def one_condition(self) -> bool:
        """Whether all training images have the same condition, so that there is nothing to condition on."""
        conditions = self.conditions[self.rows("train")]
        return bool((conditions == conditions[:1]).all())

    def counts(self) -> dict[str, dict[str, int]]:
        """Images per split and condition, such as `{"train": {"cat": 12}, ...}`; attributes are counted where 1."""
        return {
            split: dict(
                zip(self.names, self.conditions[self.rows(split)].sum(axis=0).astype(int).tolist(), strict=True)
            )
            for split in SPLITS
        }

    def info(self) -> DatasetInfo:
        """What a run keeps of the set."""
        return DatasetInfo(
            names=self.names,
            kind=self.kind,
            channels=self.images.shape[1],
            image_size=self.images.shape[2],
            native_size=self.native_size,
            title=self.title,
            source=self.source,
            licence=self.licence,
            conditions=self.conditions[self.rows("train")].astype(np.uint8),
        )

    def save(self, folder: Path) -> None:
        """Write the set to a cache folder for `open_cached`; an images.npy that is already there is kept."""
        if not (folder / "images.npy").exists():
            np.save(folder / "images.npy", self.images)
        np.save(folder / "conditions.npy", self.conditions)
        np.save(folder / "split.npy", self.split.astype("U10"))
        np.save(folder / "digests.npy", pixel_digests(self.images) if self.digests is None else self.digests)
        if self.group is not None:
            np.save(folder / "group.npy", self.group.astype(np.str_))
        if self.subgroups:
            np.save(folder / "subgroups.npy", np.stack([values.astype(np.str_) for values in self.subgroups.values()]))
        texts: dict[str, object] = {
            key: getattr(self, key) for key in ("names", "kind", "native_size", "title", "source", "licence", "notices")
        }
        texts["subgroups"] = [*self.subgroups]
        write_json(folder / "set.json", texts)  # last: its presence marks a complete folder

    @classmethod
    def open_cached(cls, folder: Path) -> "ImageSet":
        """The set in a cache folder, with memory-mapped images; raises DataError if the folder is damaged."""
        group = folder / "group.npy"
        try:
            texts = read_typed(folder / "set.json", SET_JSON)
            if texts is None:
                raise damaged_file(folder / "set.json", "it is missing")
            values = read_array(folder / "subgroups.npy") if texts["subgroups"] else ()  # (subgroups, N)
            return cls(
                images=map_array(folder / "images.npy"),
                conditions=read_array(folder / "conditions.npy"),
                split=read_array(folder / "split.npy"),
                digests=read_array(folder / "digests.npy"),
                group=read_array(group) if group.exists() else None,
                subgroups=dict(zip(texts["subgroups"], values, strict=True)),
                names=texts["names"],
                kind=texts["kind"],
                native_size=texts["native_size"],
                title=texts["title"],
                source=texts["source"],
                licence=texts["licence"],
                notices=texts["notices"],
                folder=folder,
            )
        except (DamagedFileError, FileNotFoundError, ValueError, EOFError, MemoryError, AssertionError) as error:
            raise DataError(
                f"The cached data set in {folder} is damaged ({error}). Delete that folder: the set is then read again."
            ) from None


class _SetJson(TypedDict):
    """The content of set.json."""

    names: Annotated[tuple[str, ...], Field(min_length=1)]
    kind: Kind
    native_size: Annotated[int, Field(ge=1)]
    title: str
    source: str
    licence: str
    notices: tuple[str, ...]
    subgroups: tuple[str, ...]


SET_JSON = TypeAdapter(_SetJson)
