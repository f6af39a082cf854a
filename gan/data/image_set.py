"""ImageSet: what every data set becomes, whatever it was before.

One code path serves classes and attributes: a class is a one-hot row of `conditions`. Large sets are memory-mapped from
the cache that `data/__init__.py` keeps. No torch.

Letters: N images, C channels, H = W the training size, K conditions.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from gan.data.info import DatasetInfo, check_names
from gan.errors import DamagedFileError, DataError
from gan.io.atomic import write_json
from gan.io.json_files import read_typed
from gan.io.untrusted_files import check_regular, damaged_file, open_regular

Kind = Literal["class", "attributes"]
SPLITS = ("train", "val", "test")


def pixel_digests(images: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """BLAKE2b of 4 bytes of each image's pixels (N,), from images (N, C, H, W).

    Equal images have equal ones, and one image in four billion that changes keeps its own: enough against accidents.
    """
    found = (hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=4).digest() for image in images)
    return np.frombuffer(b"".join(found), dtype="<u4").astype(np.uint32)


@dataclass(frozen=True)
class ImageSet:
    """Images of one size with their conditions; raises DataError for attributes with names that no text could ask for.

    `images` uint8 (N, C, H, W); `conditions` float32 (N, K), one-hot rows where `kind` is "class", else 0/1 each;
    `names` of the K conditions; `split` (N,) of "train", "val", "test"; `group` (N,) names the patient or slide an
    image came from, or None where that is not known. `native_size` is the side to which generated images are cropped on
    output. `notices` are things the user should know of how the set was read, one sentence each. `digests` (N,)
    identify the images (`fingerprint.py`); None where nobody computed them yet: a set in the cache has them.
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

    def __len__(self) -> int:
        return len(self.images)

    def rows(self, split: str) -> NDArray[np.int64]:
        """Positions of one split's images, ascending."""
        return np.asarray(np.flatnonzero(self.split == split), dtype=np.int64)

    def labels(self) -> NDArray[np.int64]:
        """The class of each image (N,); only where `kind` is "class"."""
        assert self.kind == "class"
        return np.asarray(self.conditions.argmax(axis=1), dtype=np.int64)

    def one_condition(self) -> bool:
        """Whether all training images have the same condition: then there is nothing to tell apart."""
        conditions = self.conditions[self.rows("train")]
        return bool((conditions == conditions[:1]).all())

    def counts(self) -> dict[str, dict[str, int]]:
        """Images per split and condition: `{"train": {"cat": 12, ...}, ...}`; an attribute counts where it is 1."""
        return {
            split: dict(
                zip(self.names, self.conditions[self.rows(split)].sum(axis=0).astype(int).tolist(), strict=True)
            )
            for split in SPLITS
        }

    def info(self) -> DatasetInfo:
        """What a run keeps of the set, so that its folder works without it."""
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
        """Write the set to a cache folder, which `open_cached` reads; images already in the folder are left alone."""
        if not (folder / "images.npy").exists():
            np.save(folder / "images.npy", self.images)
        np.save(folder / "conditions.npy", self.conditions)
        np.save(folder / "split.npy", self.split.astype("U5"))
        np.save(folder / "digests.npy", pixel_digests(self.images) if self.digests is None else self.digests)
        if self.group is not None:
            np.save(folder / "group.npy", self.group.astype(np.str_))
        texts = {
            key: getattr(self, key) for key in ("names", "kind", "native_size", "title", "source", "licence", "notices")
        }
        write_json(folder / "set.json", texts)  # last: its presence says that the rest is whole

    @classmethod
    def open_cached(cls, folder: Path) -> "ImageSet":
        """The set in a cache folder, its images memory-mapped; raises DataError where the cache is damaged."""
        group = folder / "group.npy"
        try:
            texts = read_typed(folder / "set.json", SET_JSON)
            if texts is None:
                raise damaged_file(folder / "set.json", "it is missing")
            return cls(
                images=np.lib.format.open_memmap(check_regular(folder / "images.npy"), mode="r"),
                conditions=_array(folder / "conditions.npy"),
                split=_array(folder / "split.npy"),
                digests=_array(folder / "digests.npy"),
                group=_array(group) if group.exists() else None,
                **texts,
            )
        except (DamagedFileError, FileNotFoundError, ValueError, EOFError, MemoryError, AssertionError) as error:
            raise DataError(
                f"The cache of a data set is damaged ({error}): delete {folder}, and it is read again."
            ) from None


def _array(path: Path) -> NDArray[Any]:
    with open_regular(path) as file:
        return np.asarray(np.lib.format.read_array(file, allow_pickle=False))


class _SetJson(TypedDict):
    """What set.json holds."""

    names: Annotated[tuple[str, ...], Field(min_length=1)]
    kind: Kind
    native_size: Annotated[int, Field(ge=1)]
    title: str
    source: str
    licence: str
    notices: tuple[str, ...]


SET_JSON = TypeAdapter(_SetJson)
