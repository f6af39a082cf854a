"""DatasetInfo: what a run must know of its data once trained, kept in its folder so that it works on another machine.

Written by the trainer when it has read its data; read by the networks, the gallery and the export. No torch.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from gan.errors import DataError
from gan.io.atomic import replacing, write_json
from gan.io.json_files import read_typed
from gan.io.untrusted_files import damaged_file, read_arrays


class _DataJson(TypedDict):
    """What data.json holds."""

    names: Annotated[tuple[str, ...], Field(min_length=1, max_length=10_000)]
    kind: Literal["class", "attributes"]
    channels: Literal[1, 3]
    image_size: Literal[32, 64, 128]
    native_size: Annotated[int, Field(ge=1)]
    title: str
    source: str
    licence: str
    subclasses: tuple[Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1, max_length=64)], ...]
    subclass_separation: float


DATA_JSON = TypeAdapter(_DataJson)


def check_names(names: Sequence[str], kind: str) -> None:
    """Raise DataError for a name that no file could hold, or an attribute that no text could ask for (`conditions.py`).

    Classes take any other name.
    """
    for name in names:
        if name.encode(errors="replace").decode() != name:  # of a folder on a disk of another encoding
            raise DataError(f"The name {name!r} is not text in UTF-8: rename its folder.")
        if kind != "class" and ("," in name or "=" in name or name.strip() != name or not name):
            raise DataError(
                f"The attribute {name!r} could not be asked for, as in Smiling=1,Male=0: its name takes no comma, no "
                "equals sign, and no space at its ends. Rename its column in labels.csv."
            )


@dataclass(frozen=True)
class DatasetInfo:
    """Names, sizes and the training split's conditions (n, K) as uint8; `kind` is "class" or "attributes".

    `subclasses` (K, subclasses) counts its images of each subclass within a class, where the networks are told of them,
    and `subclass_separation` says how far these lie apart (`subclasses.py`).
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

    def save(self, folder: Path) -> None:
        """Write data.json and conditions.npz into a run folder."""
        with replacing(folder / "conditions.npz") as temporary, open(temporary, "wb") as file:
            np.savez_compressed(file, conditions=np.packbits(self.conditions, axis=1))
        texts = asdict(self)
        del texts["conditions"]
        write_json(folder / "data.json", texts)

    @classmethod
    def load(cls, folder: Path) -> "DatasetInfo | None":
        """The info in a run folder, or None where it is not written yet; raises DamagedFileError."""
        texts, path = read_typed(folder / "data.json", DATA_JSON), folder / "conditions.npz"
        if texts is None:
            return None
        names, subclasses = texts["names"], texts["subclasses"]
        if texts["native_size"] > texts["image_size"]:
            raise damaged_file(folder / "data.json", "native_size is larger than image_size")
        if subclasses and (len(subclasses) != len(names) or len({len(row) for row in subclasses}) != 1):
            raise damaged_file(folder / "data.json", "subclasses has not a row of the same length for each name")
        try:
            packed = read_arrays(path).get("conditions")
        except (FileNotFoundError, NotADirectoryError):
            raise damaged_file(path, "it is missing") from None
        if packed is None or packed.dtype != np.uint8 or packed.ndim != 2 or packed.shape[1] != -(-len(names) // 8):
            raise damaged_file(path, f"it has not {len(names)} conditions")
        return cls(conditions=np.unpackbits(packed, axis=1, count=len(names)), **texts)
