"""The rows of several tables with the same columns, as one."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from gan.data.ingest.labels.cell_values import plain_value
from gan.data.ingest.labels.path_names import clean_path, folded_stem
from gan.data.ingest.labels.reading import Join
from gan.data.ingest.labels.row_matching import Identifiers, ImageNames
from gan.data.ingest.labels.split_words import Split, split_word
from gan.data.ingest.labels.tables import describe_row, read_table
from gan.data.ingest.pixels.formats import may_be_dicom
from gan.errors import DataError
from gan.io.atomic import FileVersion, file_version

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Rows:
    """The rows of one or more tables, with the columns that `joins` add."""

    files: tuple[str, ...]
    frames: "tuple[pd.DataFrame, ...]"
    notices: tuple[str, ...]
    joins: tuple[Join, ...] = ()

    @property
    def all_files(self) -> frozenset[str]:
        """The tables, with those that are joined."""
        return frozenset((*self.files, *(join.file for join in self.joins)))

    @property
    def columns(self) -> list[str]:
        """The columns that all tables have, as the first orders them."""
        shared = set.intersection(*(set(frame.columns) for frame in self.frames))
        return [str(name) for name in self.frames[0].columns if name in shared]

    @property
    def count(self) -> int:
        """The number of rows, R."""
        return sum(map(len, self.frames))

    def column(self, name: str) -> list[str]:
        """The (R,) values of a column; raises DataError if a table lacks it."""
        for file, frame in zip(self.files, self.frames, strict=True):
            if name not in frame:
                has = ", ".join(map(str, frame.columns)) or "none"
                raise DataError(f"{file} has no column {name!r}; it has {has}. Choose one of these.")
        return [value for frame in self.frames for value in frame[name].tolist()]

    def per_row(self, values: Sequence[str]) -> list[str]:
        """A value of each table, (R,)."""
        return [value for value, frame in zip(values, self.frames, strict=True) for _ in range(len(frame))]

    def folders(self, images: Sequence[str]) -> list[str]:
        """The (R,) folders in which the names of each table are looked for first; empty if there are none.

        That is the folder of the table, or the only folder that has the split of its name: train_images for train.csv.
        """
        folders = [str(PurePosixPath(file).parent) for file in self.files]
        if set(folders) == {"."}:
            of_split = _split_folders(images)
            words = map(split_word, table_names(self.files))
            folders = [of_split.get(word, "") if word else "" for word in words]
        return self.per_row(["" if folder == "." else folder for folder in folders]) if any(folders) else []

    def describe(self, row: int) -> str:
        """Where a row stands, such as "Line 3 of labels.csv"."""
        for file, frame in zip(self.files, self.frames, strict=True):
            if row < len(frame):
                return describe_row(file, frame, row)
            row -= len(frame)
        raise IndexError(row)


def read_rows(root: Path, files: Sequence[str], header: bool = True, joins: Sequence[Join] = ()) -> Rows:
    """The rows of tables; raises DataError if one cannot be read, or a join names a column that is not there."""
    tables = [read_table(root / file, header) for file in files]
    rows = Rows(
        files=tuple(files),
        frames=tuple(table.frame for table in tables),
        notices=tuple(dict.fromkeys(notice for table in tables for notice in table.notices)),
    )
    for join in joins:
        rows = join_table(root, rows, join)
    return rows


def join_table(root: Path, rows: Rows, join: Join) -> Rows:
    """The rows with the columns of another table that they lack; "" where it has no row with their key.

    Raises DataError if it cannot be read, or lacks the column of keys.
    """
    import pandas as pd  # here: importing it takes half a second

    other = read_rows(root, [join.file])
    keys = other.column(join.key)
    by_name = not any("/" in key or "\\" in key for key in keys)
    by_name = by_name or len({_key(key, True) for key in keys}) == len({_key(key, False) for key in keys})
    row_of = {_key(key, by_name): row for row, key in reversed([*enumerate(keys)]) if key}
    columns = {name: other.column(name) for name in other.columns}
    rows.column(join.column)  # raises where a table lacks it
    frames = []
    for frame in rows.frames:
        found = [row_of.get(_key(value, by_name), -1) for value in frame[join.column]]
        added = {
            name: ["" if row < 0 else values[row] for row in found]
            for name, values in columns.items()
            if name not in frame
        }
        frames.append(pd.concat([frame, pd.DataFrame(added, index=frame.index, dtype=object)], axis=1))
    return replace(rows, frames=tuple(frames), notices=(*rows.notices, *other.notices), joins=(*rows.joins, join))


def _key(value: str, by_name: bool) -> str:
    """A key as it is compared: a base name or a whole path, without suffix and in any case; 1 for 1.0."""
    path = clean_path(plain_value(value))
    return folded_stem(path.rpartition("/")[2] if by_name else path)


def _split_folders(images: Sequence[str]) -> dict[Split, str]:
    """The folder of each split that has one, the highest in the tree."""
    found: dict[Split, set[str]] = defaultdict(set)
    for folder in {image.rpartition("/")[0] for image in images}:
        parts = folder.split("/")
        depth = next((depth for depth, part in enumerate(parts) if split_word(part)), None)
        word = None if depth is None else split_word(parts[depth])
        if depth is not None and word:
            found[word].add("/".join(parts[: depth + 1]))
    return {word: folders.pop() for word, folders in found.items() if len(folders) == 1}


def image_names(root: Path, images: tuple[str, ...]) -> ImageNames:
    """`ImageNames` of the images below `root`, whose dictionaries are built once for all tables of a set."""
    return _image_names(root, images, tuple(file_version(root / name) for name in images if may_be_dicom(name)))


@lru_cache(maxsize=2)
def _image_names(root: Path, images: tuple[str, ...], versions: tuple[FileVersion, ...]) -> ImageNames:
    return ImageNames(images, lambda: _identifiers(root, images))


def _identifiers(root: Path, images: tuple[str, ...]) -> list[Identifiers]:
    if not any(map(may_be_dicom, images)):
        return []
    from gan.data.ingest.pixels.dicom_header import read_headers  # here: most sets have none, and it loads slowly

    headers = read_headers([root / image for image in images])
    return [(header.instance, header.patient, header.study) if header else ("", "", "") for header in headers]


def table_names(files: Sequence[str]) -> list[str]:
    """What tells tables apart: the names without suffix, or where these are equal the folders."""
    stems = [PurePosixPath(file).stem for file in files]
    return stems if len(set(stems)) > 1 or len(files) == 1 else [PurePosixPath(file).parent.name for file in files]
