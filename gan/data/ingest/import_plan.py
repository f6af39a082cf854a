"""Plan: exactly which of a user's images are read, as what, and how; the outcome of a check, kept with an added set."""

import errno
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from gan.config import settings
from gan.data.image_set import SPLITS, Kind
from gan.errors import DamagedFileError, DataError
from gan.io.atomic import file_version, write_json
from gan.io.json_files import read_typed
from gan.io.untrusted_files import damaged_file

MAX_BYTES = 2**29
"""Bytes of a plan, at most: that of a million images takes about half."""
Whole = Annotated[int, Field(ge=0)]


class _PlanJson(TypedDict):
    """What plan.json holds; `conditions` has, for each file, which of the names it shows."""

    root: str
    names: Annotated[tuple[str, ...], Field(min_length=1, max_length=10_000)]
    kind: Kind
    channels: Literal[1, 3]
    side: Annotated[int, Field(ge=1, le=100_000)] | None
    window: tuple[int, int] | None
    notices: tuple[str, ...]
    files: Annotated[tuple[str, ...], Field(min_length=1)]
    conditions: list[list[Whole]]
    split: list[Literal["train", "val", "test"]]
    group: list[str] | None


PLAN_JSON = TypeAdapter(_PlanJson)


def _check(path: Path, document: _PlanJson) -> None:
    """Raise DamagedFileError where lists do not belong together, or a name leads out of where images may lie."""
    count, names = len(document["files"]), len(document["names"])
    lists = (document["conditions"], document["split"], document["group"] or document["split"])
    if any(len(one) != count for one in lists):
        raise damaged_file(path, "it has not a condition, a split and a group for each file")
    if any(one >= names for ones in document["conditions"] for one in ones):
        raise damaged_file(path, "a condition has no name")
    if document["kind"] == "class" and any(len(ones) != 1 for ones in document["conditions"]):
        raise damaged_file(path, "an image has not one class")
    if not all(map(_inside, document["files"])):
        raise damaged_file(path, "a file's name leads out of the set")
    root = document["root"]
    if "\0" in root or not (_inside(root) or PurePosixPath(root).is_absolute()):
        raise damaged_file(path, f"its images lie in {root!r}, which is not in the set")


def _inside(name: str) -> bool:
    """Whether a relative path stays below where it begins."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and "\0" not in name


@dataclass(frozen=True)
class ImportPlan:
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
    def load(cls, folder: Path) -> "ImportPlan":
        """The plan in a folder, read again where its file changed; raises DataError where it is absent or damaged."""
        plan = cls._read(folder, file_version(folder / "plan.json"))
        if not any(
            plan.root.resolve().is_relative_to(place) for place in (folder.resolve(), *settings.browsable_paths())
        ):
            raise DataError(
                f"The images of the set {folder.name} lie in {plan.root}, neither in the set nor in a folder of "
                "GAN_PATHS: remove it and add it again."
            )
        return plan

    @classmethod
    @lru_cache(maxsize=4)
    def _read(cls, folder: Path, version: tuple[int, int] | None) -> "ImportPlan":
        path = folder / "plan.json"
        again = f"remove the set {folder.name} and add it again"
        try:
            document = read_typed(path, PLAN_JSON, MAX_BYTES)
            if document is None:
                raise DataError(f"{path} is missing: {again}.")
            _check(path, document)
        except DamagedFileError as error:
            raise DataError(f"{error} Or {again}.") from None
        conditions = np.zeros((len(document["files"]), len(document["names"])), dtype=np.uint8)
        for row, ones in enumerate(document["conditions"]):
            conditions[row, ones] = 1
        group, root = document["group"], document["root"]
        return cls(
            root=folder / root,  # an absolute root stays as it is
            files=document["files"],
            conditions=conditions,
            names=document["names"],
            kind=document["kind"],
            split=np.array(document["split"], dtype="U5"),
            group=None if group is None else np.array(group, dtype=np.str_),
            channels=document["channels"],
            side=document["side"],
            window=document["window"],
            notices=document["notices"],
        )

    def path(self, file: str) -> Path:
        """Where one of the files lies; raises OSError where it is no regular file, or a link leads out of the set.

        A link in a folder of the server may lead to another folder of GAN_PATHS.
        """
        place = (self.root / file).resolve()
        allowed = (self.root.resolve(), *settings.browsable_paths())
        if not place.is_file() or not any(place.is_relative_to(folder) for folder in allowed):
            raise FileNotFoundError(errno.ENOENT, "it is no file of this set", file)
        return place

    def counts(self) -> dict[str, dict[str, int]]:
        """Images per split and condition."""
        return {
            split: dict(
                zip(self.names, self.conditions[self.split == split].sum(axis=0, dtype=int).tolist(), strict=True)
            )
            for split in SPLITS
        }
