"""DatasetInfo: what a run keeps of its training data, so that its folder works on a machine without the images.

The trainer writes it; networks, gallery and export read it. No torch.

Letters: n training images, K conditions, S subclasses per class.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from gan.config.run_config import ImageSize
from gan.errors import DataError
from gan.io.atomic import replacing, write_json
from gan.io.json_files import read_typed
from gan.io.untrusted_files import damaged_file, read_arrays


class _DataJson(TypedDict):
    """The content of data.json."""

    names: Annotated[tuple[str, ...], Field(min_length=1, max_length=10_000)]
    kind: Literal["class", "attributes"]
    channels: Literal[1, 3]
    image_size: ImageSize
    native_size: Annotated[int, Field(ge=1)]
    title: str
    source: str
    licence: str
    subclasses: tuple[Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1, max_length=64)], ...]
    subclass_separation: float


DATA_JSON = TypeAdapter(_DataJson)


def check_names(names: Sequence[str], kind: str) -> None:
    """Raise DataError for a name that is not UTF-8 text, or an attribute name that would break `Smiling=1,Male=0`.

    A class may have any other name.
    """
    for name in names:
        if name.encode(errors="replace").decode() != name:  # a folder from a disk with another encoding
            raise DataError(f"The name {name!r} is not UTF-8 text. Rename its folder.")
        if kind != "class" and ("," in name or "=" in name or name.strip() != name or not name):
            raise DataError(
                f"The attribute name {name!r} is not allowed: no commas, no equals signs, no spaces at either end, and "
                "not empty. Rename its column in labels.csv."
            )


@dataclass(frozen=True)
class DatasetInfo:
    """Names, sizes and the conditions of the training split.

    `kind` is "class" or "attributes"; `conditions` uint8 (n, K) are one-hot or 0/1 rows. `image_size` is the side of
    training images in pixels, `native_size` that of generated images after the padding is cropped. For a run with
    subclasses, `subclasses` (K, S) counts the training images of each, and `subclass_separation` is the measure of
    `Subclasses`.
    """

    names: tuple[str, ...]
    kind: str
    channels: int
    image_size: int
    native_size: int
    title: str
    source: str
    licence: str
    conditions: NDArray[np.uint8]
    subclasses: tuple[tuple[int, ...], ...] = ()
    subclass_separation: float = 0.0

    def training_counts(self) -> dict[str, int]:
        """The training images of each class or attribute, by its name."""
        return dict(zip(self.names, self.conditions.sum(axis=0, dtype=int).tolist(), strict=True))

    def save(self, folder: Path) -> None:
        """Write data.json and conditions.npz into a run folder."""
        with replacing(folder / "conditions.npz") as temporary, open(temporary, "wb") as file:
            np.savez_compressed(file, conditions=np.packbits(self.conditions, axis=1))
        texts = asdict(self)
        del texts["conditions"]
        write_json(folder / "data.json", texts)

    @classmethod
    def load(cls, folder: Path) -> "DatasetInfo | None":
        """The info in a run folder, or None before training has written it; raises DamagedFileError."""
        texts, path = read_typed(folder / "data.json", DATA_JSON), folder / "conditions.npz"
        if texts is None:
            return None
        names, subclasses = texts["names"], texts["subclasses"]
        if texts["native_size"] > texts["image_size"]:
            raise damaged_file(folder / "data.json", "native_size is larger than image_size")
        if subclasses and (len(subclasses) != len(names) or len({len(row) for row in subclasses}) != 1):
            raise damaged_file(folder / "data.json", "subclasses does not have one row of equal length per name")
        try:
            packed = read_arrays(path).get("conditions")
        except (FileNotFoundError, NotADirectoryError):
            raise damaged_file(path, "it is missing") from None
        if packed is None or packed.dtype != np.uint8 or packed.ndim != 2 or packed.shape[1] != -(-len(names) // 8):
            raise damaged_file(path, f"it does not hold rows of {len(names)} conditions")
        return cls(conditions=np.unpackbits(packed, axis=1, count=len(names)), **texts)
