"""What an export has made so far, on the disk beside its file: a stopped or killed export goes on where it was.

    key.json       what is being made; another key means that the rest is of no use
    images.bin     the images' bytes, one behind the other
    rows.jsonl     a line a chunk: where each image came from and how long it is, and the state to go on from

A line is written after its images, so that a torn end is cut off when the spool is opened. Memory stays small however
many images there are. No torch.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from gan.io.atomic import open_for_append, remove_folder, write_json
from gan.io.json_files import parse_json, read_json
from gan.io.untrusted_files import is_link, not_regular


class Row(NamedTuple):
    """One image: the number of the item it answers, its origin, which of the K conditions are on, its bytes."""

    item: int
    snapshot: int
    seed: int
    position: int
    truncation: float
    on: tuple[int, ...]
    size: Annotated[int, Field(ge=0)]


class Chunk(TypedDict):
    """A line of rows.jsonl; `state` is its writer's own."""

    rows: list[Row]
    state: Any


CHUNK = TypeAdapter(Chunk)


class Spool:
    """A folder of images on their way into a download; `with` closes it. One process at a time."""

    def __init__(self, folder: Path, key: dict[str, Any]):
        """Open what is there of this key, or begin anew."""
        self.folder = folder
        if is_link(folder) or folder.is_symlink():
            raise not_regular(folder)
        key = json.loads(json.dumps(key))  # as it is read back
        parts = (folder / "images.bin", folder / "rows.jsonl")
        if read_json(folder / "key.json") != key or any(path.is_symlink() or path.is_dir() for path in parts):
            remove_folder(folder)
            folder.mkdir(parents=True)
            write_json(folder / "key.json", key)
        self.count = 0
        """Images that are in the spool."""
        self.state: Any = None
        """What was given with the last chunk; None where there is none."""
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
        """A chunk of images, and the state from which to make the next."""
        self._images.write(b"".join(contents))
        self._images.flush()
        self._rows.write(json.dumps({"rows": rows, "state": state}).encode() + b"\n")
        self._rows.flush()
        self.count, self.state = self.count + len(rows), state

    def rows(self) -> Iterator[Row]:
        """What is known of each image, in order."""
        with open(self.folder / "rows.jsonl", "rb") as lines:
            for line in lines:
                yield from CHUNK.validate_python(parse_json(line))["rows"]

    def images(self) -> Iterator[tuple[Row, bytes]]:
        """Each image's bytes, in order."""
        with open(self.folder / "images.bin", "rb") as file:
            for row in self.rows():
                yield row, file.read(row.size)

    def remove(self) -> None:
        """Take it off the disk: the download is whole."""
        shutil.rmtree(self.folder)

    def _cut_torn_end(self) -> None:
        """Keep the chunks that are whole in both files."""
        there, lines_end, images_end = (self.folder / "images.bin").stat().st_size, 0, 0
        with open(self.folder / "rows.jsonl", "rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                try:
                    chunk = CHUNK.validate_python(parse_json(line))
                except ValueError:  # damaged: what comes from here on is made again
                    break
                length = sum(row.size for row in chunk["rows"])
                if images_end + length > there:
                    break
                lines_end, images_end = lines_end + len(line), images_end + length
                self.count, self.state = self.count + len(chunk["rows"]), chunk["state"]
        os.truncate(self.folder / "rows.jsonl", lines_end)
        os.truncate(self.folder / "images.bin", images_end)
