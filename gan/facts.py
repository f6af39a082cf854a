"""DataFacts: what a run must know of its data once trained, kept in its folder so that it works on another machine.

Written by the trainer when it has read its data; read by the networks, the gallery and the export. No torch.
"""

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan.errors import DataError
from gan.files import read_json, replacing, write_json


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
class DataFacts:
    """Names, sizes and the training split's conditions (n, K) as uint8; `kind` is "class" or "attributes".

    `kinds` (K, kinds) counts its images of each kind within a class, where the networks are told of them, and
    `kinds_apart` says how far these lie apart (`kinds.py`).
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
    kinds: tuple[tuple[int, ...], ...] = ()
    kinds_apart: float = 0.0

    def save(self, folder: Path) -> None:
        """Write data.json and conditions.npz into a run folder."""
        with replacing(folder / "conditions.npz") as temporary, open(temporary, "wb") as file:
            np.savez_compressed(file, conditions=np.packbits(self.conditions, axis=1))
        texts = asdict(self)
        del texts["conditions"]
        write_json(folder / "data.json", texts)

    @classmethod
    def load(cls, folder: Path) -> "DataFacts | None":
        """The facts in a run folder, or None where they are not written yet."""
        texts = read_json(folder / "data.json")
        if texts is None:
            return None
        names, kinds = tuple(texts.pop("names")), tuple(tuple(row) for row in texts.pop("kinds", ()))
        packed = np.load(folder / "conditions.npz")["conditions"]
        return cls(names=names, kinds=kinds, conditions=np.unpackbits(packed, axis=1, count=len(names)), **texts)


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of an npz file by name; raises ValueError that says why where it is absent or damaged."""
    try:
        with open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (
        OSError,
        EOFError,
        RuntimeError,
        TypeError,
        ValueError,
        MemoryError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise ValueError(f"{path.name}: {error}") from None
