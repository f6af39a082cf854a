"""ImportPlan, the result of a check: which files of a set are read, with which conditions and splits, and how."""

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from gan.config import settings
from gan.data.image_set import SPLITS, UNLABELLED, Kind
from gan.data.ingest.pixels.image_file import Allowed, read_image_file
from gan.data.training_size import Sides
from gan.data.transform import Geometry, fit_image
from gan.errors import DamagedFileError, DataError
from gan.io.atomic import FileVersion, file_version, write_json
from gan.io.json_files import read_typed
from gan.io.untrusted_files import damaged_file

MAX_BYTES = 2**29
"""Size of plan.json in bytes, at most. A million images take about half of it."""
Whole = Annotated[int, Field(ge=0)]
Side = Annotated[int, Field(ge=1, le=100_000)]


class _PlanJson(TypedDict):
    """The content of plan.json. `conditions` lists, for each file, the indices of the names that are 1."""

    root: str
    names: Annotated[tuple[str, ...], Field(min_length=1, max_length=10_000)]
    kind: Kind
    channels: Literal[1, 3]
    geometry: Geometry
    sides: tuple[Side, Side, Side]
    window: tuple[int | float, int | float] | None
    window_of_file: bool
    notices: tuple[str, ...]
    files: Annotated[tuple[str, ...], Field(min_length=1)]
    frames: list[Whole] | None
    conditions: list[list[Whole]]
    split: list[Literal["train", "val", "test", "unlabelled"]]
    group: list[str] | None
    subgroups: dict[str, list[str]]


PLAN_JSON = TypeAdapter(_PlanJson)


def _check(path: Path, document: _PlanJson) -> None:
    """Raise DamagedFileError if lists differ in length, or a path leads out of the set."""
    count, names = len(document["files"]), len(document["names"])
    lists = (document["conditions"], document["split"], document["group"], document["frames"])
    if any(values is not None and len(values) != count for values in (*lists, *document["subgroups"].values())):
        raise damaged_file(path, "it lacks a condition, split, group, subgroup or frame for some files")
    if any(index >= names for on in document["conditions"] for index in on):
        raise damaged_file(path, "a condition has no name")
    for on, split in zip(document["conditions"], document["split"], strict=True):
        if split == UNLABELLED and on:
            raise damaged_file(path, "an unlabelled image has a condition")
        if split != UNLABELLED and document["kind"] == "class" and len(on) != 1:
            raise damaged_file(path, "an image does not have exactly one class")
    if not all(map(_stays_inside, document["files"])):
        raise damaged_file(path, "a file name leads out of the set")
    root = document["root"]
    if "\0" in root or not (_stays_inside(root) or PurePosixPath(root).is_absolute()):
        raise damaged_file(path, f"its folder of images, {root!r}, is outside the set")


def _stays_inside(name: str) -> bool:
    """Whether a path is relative and leads nowhere above its folder."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and "\0" not in name


@dataclass(frozen=True)
class ImportPlan:
    """The files to read, with their conditions and splits.

    files       (N,), relative to `root`
    frames      int64 (N,), the frame of each file, from 0
    conditions  uint8 (N, K) with K `names`
    split       (N,)
    group       (N,), "" for an image without one; None if no image has one
    subgroups   (N,) values by the name of the subgroup, such as "sex"; "" where missing
    geometry    how images that are not square become square
    sides       the smallest, median and largest side in pixels of the images as squares
    window      levels of images with more than 8 bits that become 0 and 255, or None if there are none
    window_of_file  whether a DICOM file that names a window is read with that one
    notices     go into the ImageSet
    """

    root: Path
    files: tuple[str, ...]
    frames: NDArray[np.int64]
    conditions: NDArray[np.uint8]
    names: tuple[str, ...]
    kind: Kind
    split: NDArray[np.str_]
    group: NDArray[np.str_] | None
    channels: int
    geometry: Geometry
    sides: Sides
    window: tuple[float, float] | None
    window_of_file: bool
    notices: tuple[str, ...]
    subgroups: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Write plan.json. A `root` inside `folder` is stored relative to it, so that the set can be moved."""
        inside = self.root.is_relative_to(folder)
        write_json(
            folder / "plan.json",
            {
                "root": str(self.root.relative_to(folder) if inside else self.root),
                "names": self.names,
                "kind": self.kind,
                "channels": self.channels,
                "geometry": self.geometry,
                "sides": self.sides,
                "window": self.window,
                "window_of_file": self.window_of_file,
                "notices": self.notices,
                "files": self.files,
                "frames": self.frames.tolist() if self.frames.any() else None,
                "conditions": [np.flatnonzero(row).tolist() for row in self.conditions],
                "split": self.split.tolist(),
                "group": None if self.group is None else self.group.tolist(),
                "subgroups": {name: values.tolist() for name, values in self.subgroups.items()},
            },
        )

    @classmethod
    def load(cls, folder: Path) -> "ImportPlan":
        """The plan in a folder, cached until its file changes; raises DataError if it is missing or damaged."""
        plan = cls._read(folder, file_version(folder / "plan.json"))
        if not may_be_read(folder)(plan.root.resolve()):
            raise DataError(
                f"The images of the set {folder.name} are in {plan.root}, which is neither in the set nor in "
                "GAN_PATHS. Remove the set and add it again."
            )
        return plan

    @classmethod
    @lru_cache(maxsize=4)
    def _read(cls, folder: Path, version: FileVersion) -> "ImportPlan":
        path = folder / "plan.json"
        again = f"Remove the set {folder.name} and add it again"
        try:
            document = read_typed(path, PLAN_JSON, MAX_BYTES)
            if document is None:
                raise DataError(f"{path} is missing. {again}.")
            _check(path, document)
        except DamagedFileError as error:
            raise DataError(f"{error} {again}.") from None
        conditions = np.zeros((len(document["files"]), len(document["names"])), dtype=np.uint8)
        for row, on in enumerate(document["conditions"]):
            conditions[row, on] = 1
        group, root = document["group"], document["root"]
        return cls(
            root=folder / root,  # an absolute root stays absolute
            files=document["files"],
            frames=np.array(document["frames"] or [0] * len(document["files"]), dtype=np.int64),
            conditions=conditions,
            names=document["names"],
            kind=document["kind"],
            split=np.array(document["split"], dtype="U10"),
            group=None if group is None else np.array(group, dtype=np.str_),
            channels=document["channels"],
            geometry=document["geometry"],
            sides=Sides(*document["sides"]),
            window=document["window"],
            window_of_file=document["window_of_file"],
            notices=document["notices"],
            subgroups={name: np.array(values, dtype=np.str_) for name, values in document["subgroups"].items()},
        )

    def path(self, file: str) -> Path:
        """The path of a file; raises FileNotFoundError as `path_in_set` does."""
        return path_in_set(self.root, file)

    def read(self, row: int) -> NDArray[np.uint8]:
        """The image of a row as 8 bits: (H, W) for one channel, else (H, W, 3).

        Raises FileNotFoundError, other OSErrors, and ImageFileError where the file cannot be read.
        """
        allowed = may_be_read(self.root)
        path = _path_inside(self.root, self.files[row], allowed)
        image = read_image_file(path, int(self.frames[row]), "file" if self.window_of_file else None, allowed)
        return image.to_uint8(self.channels, self.window)

    def fit(self, pixels: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
        """An image (H, W) or (H, W, C) of this set as the networks see it at `size` px: (C, size, size)."""
        return fit_image(pixels, size, self.geometry, pad=self.sides.common is not None)

    def counts(self) -> dict[str, dict[str, int]]:
        """Images per split and condition, such as `{"train": {"cat": 12}, ...}`."""
        return {
            split: dict(
                zip(self.names, self.conditions[self.split == split].sum(axis=0, dtype=int).tolist(), strict=True)
            )
            for split in SPLITS
        }


def may_be_read(root: Path) -> Allowed:
    """Tells of a resolved path whether a file of the set may lie there: in the set's own folder, or in GAN_PATHS."""
    own = root.resolve()
    return lambda path: path.is_relative_to(own) or settings.is_browsable(path)


def path_in_set(root: Path, file: str) -> Path:
    """The path of a file of a set; raises FileNotFoundError if it is not regular, or a link that leads out of the set.

    A link in a folder on the server may lead to another folder of GAN_PATHS.
    """
    return _path_inside(root, file, may_be_read(root))


def _path_inside(root: Path, file: str, allowed: Allowed) -> Path:
    path = Path(os.path.realpath(root / file))  # resolve raises RuntimeError for a loop of links
    if not path.is_file() or not allowed(path):
        raise FileNotFoundError(errno.ENOENT, "it is not a file of this set", file)
    return path
