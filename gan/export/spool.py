"""The images of an unfinished export, on the disk beside its file, so that it can be resumed. No torch.

    key.json       identifies the content; a spool with another key is discarded
    images.bin     the encoded images, one after the other
    rows.jsonl     a line for each chunk: origin and size of its images, and the state to resume from

A line is written after its images. Opening the spool cuts off what a crash left incomplete.
"""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from gan.io.atomic import open_for_append, remove_folder, write_json
from gan.io.json_files import parse_json, read_json
from gan.io.untrusted_files import is_link, not_regular


class Row(NamedTuple):
    """One image: index of its item, origin, positions of the conditions that are on, size in bytes, and the subclass
    that was asked for."""

    item: int
    snapshot: int
    seed: int
    position: int
    truncation: float
    on: tuple[int, ...]
    size: Annotated[int, Field(ge=0)]
    subclass: Annotated[int, Field(ge=0)] | None = None


class Chunk(TypedDict):
    """A line of rows.jsonl; `state` is any JSON value of the writer's."""

    rows: list[Row]
    state: Any


CHUNK = TypeAdapter(Chunk)


class Spool:
    """A spool folder, open for one process at a time; `with` closes it."""

    def __init__(self, folder: Path, key: dict[str, Any]):
        """Open the spool of this key, or start an empty one; raises DamagedFileError for a symbolic link."""
        self.folder = folder
        if is_link(folder) or folder.is_symlink():
            raise not_regular(folder)
        key = json.loads(json.dumps(key))  # tuples become lists, as in the file
        parts = (folder / "images.bin", folder / "rows.jsonl")
        if read_json(folder / "key.json") != key or any(path.is_symlink() or path.is_dir() for path in parts):
            remove_folder(folder)
            folder.mkdir(parents=True)
            write_json(folder / "key.json", key)
        self.count = 0
        """Images in the spool."""
        self.state: Any = None
        """The state of the last chunk; None in an empty spool."""
        with contextlib.ExitStack() as opened:
            self._images = opened.enter_context(open_for_append(parts[0]))
            self._rows = opened.enter_context(open_for_append(parts[1]))
            self._close = opened.pop_all().close
        self._cut_torn_end()

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, *error: object) -> None:
        self._close()

    def add(self, rows: list[Row], contents: list[bytes], state: Any) -> None:
        """Append a chunk of images, and the state to resume from."""
        self._images.write(b"".join(contents))
        self._images.flush()
        self._rows.write(json.dumps({"rows": rows, "state": state}).encode() + b"\n")
        self._rows.flush()
        self.count, self.state = self.count + len(rows), state

    def rows(self) -> Iterator[Row]:
        """The row of each image, in order."""
        with open(self.folder / "rows.jsonl", "rb") as lines:
            for line in lines:
                yield from CHUNK.validate_python(parse_json(line))["rows"]

    def images(self) -> Iterator[tuple[Row, bytes]]:
        """Row and bytes of each image, in order."""
        with open(self.folder / "images.bin", "rb") as file:
            for row in self.rows():
                yield row, file.read(row.size)

    def remove(self) -> None:
        """Close and delete the spool: NFS keeps a file that is deleted while it is open, and so its folder."""
        self._close()
        remove_folder(self.folder)

    def _cut_torn_end(self) -> None:
        """Keep the chunks that are complete in both files."""
        images_size, lines_end, images_end = (self.folder / "images.bin").stat().st_size, 0, 0
        with open(self.folder / "rows.jsonl", "rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                try:
                    chunk = CHUNK.validate_python(parse_json(line))
                except ValueError:  # damaged: the rest is made again
                    break
                length = sum(row.size for row in chunk["rows"])
                if images_end + length > images_size:
                    break
                lines_end, images_end = lines_end + len(line), images_end + length
                self.count, self.state = self.count + len(chunk["rows"]), chunk["state"]
        os.truncate(self.folder / "rows.jsonl", lines_end)
        os.truncate(self.folder / "images.bin", images_end)
