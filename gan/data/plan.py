"""Plan: exactly which of a user's images are read, as what, and how; the outcome of a check, kept with an added set."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gan.data.imageset import SPLITS, Kind
from gan.errors import DataError
from gan.files import read_json, write_json


@dataclass(frozen=True)
class Plan:
    """The images to read: `files` (N) below `root`, `conditions` uint8 (N, K), `split` (N,), `group` (N,) or None.

    `window` are the grey levels that become 0 and 255 where images have 16 bits; `side` is the side that all images
    share after they are cropped square, or None. `notices` go into the ImageSet.
    """

    root: Path
    files: tuple[str, ...]
    conditions: NDArray[np.uint8]
    names: tuple[str, ...]
    kind: Kind
    split: NDArray[np.str_]
    group: NDArray[np.str_] | None
    channels: int
    side: int | None
    window: tuple[int, int] | None
    notices: tuple[str, ...]

    def save(self, folder: Path) -> None:
        """Write plan.json; a `root` inside `folder` is kept relative, so that a set can be moved as a whole."""
        inside = self.root.is_relative_to(folder)
        write_json(
            folder / "plan.json",
            {
                "root": str(self.root.relative_to(folder) if inside else self.root),
                "names": self.names,
                "kind": self.kind,
                "channels": self.channels,
                "side": self.side,
                "window": self.window,
                "notices": self.notices,
                "files": self.files,
                "conditions": [np.flatnonzero(row).tolist() for row in self.conditions],
                "split": self.split.tolist(),
                "group": None if self.group is None else self.group.tolist(),
            },
        )

    @classmethod
    def load(cls, folder: Path) -> "Plan":
        """The plan in a folder, read again where its file changed; raises DataError where it is absent or damaged."""
        try:
            stat = (folder / "plan.json").stat()
        except FileNotFoundError:
            return cls._read(folder, 0, 0)
        return cls._read(folder, stat.st_mtime_ns, stat.st_size)

    @classmethod
    @lru_cache(maxsize=4)
    def _read(cls, folder: Path, mtime_ns: int, size: int) -> "Plan":
        document = read_json(folder / "plan.json")
        if document is None:
            raise DataError(
                f"{folder / 'plan.json'} is missing or damaged: remove the set {folder.name} and add it again."
            )
        conditions = np.zeros((len(document["files"]), len(document["names"])), dtype=np.uint8)
        for row, ones in enumerate(document["conditions"]):
            conditions[row, ones] = 1
        group, window = document["group"], document["window"]
        return cls(
            root=folder / document["root"],  # an absolute root stays as it is
            files=tuple(document["files"]),
            conditions=conditions,
            names=tuple(document["names"]),
            kind=document["kind"],
            split=np.array(document["split"], dtype="U5"),
            group=None if group is None else np.array(group, dtype=np.str_),
            channels=document["channels"],
            side=document["side"],
            window=None if window is None else (window[0], window[1]),
            notices=tuple(document["notices"]),
        )

    def counts(self) -> dict[str, dict[str, int]]:
        """Images per split and condition."""
        return {
            split: dict(
                zip(self.names, self.conditions[self.split == split].sum(axis=0, dtype=int).tolist(), strict=True)
            )
            for split in SPLITS
        }
