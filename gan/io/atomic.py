"""Files that other processes read while we write them, and that anybody may have damaged or forged.

People copy run folders, so nothing in one is trusted. A reader here takes ordinary files only: no symbolic link below
the run's own folder, no FIFO, no directory, no more bytes than expected. JSON is finite and of bounded depth, and
`read_as` checks it against a type. No torch; used by everything that keeps state on disk.
"""

import contextlib
import errno
import functools
import io
import json
import logging
import os
import re
import shutil
import stat
import threading
import zipfile
import zlib
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

from pydantic_core import ValidationError, from_json

from gan.config import settings
from gan.errors import DamagedFileError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pydantic import TypeAdapter  # whoever names a type has imported it: a look at a job's state needs none

T = TypeVar("T")
LARGEST = 64 * 2**20
"""Bytes of a JSON document, at most: the largest that is written, 20,000 marks, takes a quarter of it."""
LARGEST_ARRAYS = 2**30
"""Bytes that the arrays of a file unpack to, at most."""
LONGEST_LINE = 2**20
"""Bytes of a line in a file of JSON lines, at most: a row in a ledger with its basket is the longest."""
LARGE_NUMBER = re.compile(rb"[0-9]{19}|[eE][+-]?[0-9]{3}")
"""What a number looks like that may not fit into 64 bits: only then is each number looked at."""
LOGGER = logging.getLogger(__name__)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place, whole and on disk, when the block ends without an error."""
    temporary = path.with_name(
        f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp"
    )  # two threads may write at once
    if linked(temporary):
        raise not_ordinary(path.parent)
    try:
        yield temporary
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, document: Any) -> None:
    """Write a JSON document that a reader sees either not at all or whole."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(document, indent=2) + "\n")


def linked(path: Path) -> bool:
    """Whether `path` is a symbolic link, or is reached through one below its run's, set's or cache's own folder.

    That folder itself may be a link: whoever keeps the store may lay a run on another disk.
    """
    store = settings.store()
    if not path.is_relative_to(store):
        return path.is_symlink()
    parts = path.relative_to(store).parts
    own = 3 if parts[:1] == (".data",) else 1
    return any(store.joinpath(*parts[:end]).is_symlink() for end in range(min(own + 1, len(parts)), len(parts) + 1))


def ordinary(path: Path) -> bool:
    """Whether there is a regular file at `path`, reached without a symbolic link."""
    try:
        return stat.S_ISREG(path.lstat().st_mode) and not linked(path)
    except OSError:
        return False


def open_ordinary(path: Path) -> IO[bytes]:
    """A regular file, opened for reading without waiting for a FIFO's other end.

    Raises FileNotFoundError or NotADirectoryError where there is none, DamagedFileError where it is something else.
    """
    if linked(path):
        raise not_ordinary(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.ENAMETOOLONG):  # a link, a socket
            raise not_ordinary(path) from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise not_ordinary(path)
    return open(descriptor, "rb")


def check_ordinary(path: Path) -> Path:
    """The path of a file that a library opens by name; raises as `open_ordinary` does."""
    open_ordinary(path).close()
    return path


def not_ordinary(path: Path) -> DamagedFileError:
    """The error for a link, a folder or a device where a file should be."""
    return DamagedFileError(f"{path} is no ordinary file: remove it, and put the file itself in its place.")


def damaged(path: Path, why: object) -> DamagedFileError:
    """The error for a file whose content cannot be used."""
    return DamagedFileError(f"{path} is damaged ({_short(why)}): put back a whole copy, or delete it.")


def read_bytes(path: Path, most: int = LARGEST) -> bytes:
    """The content of a regular file; raises as `open_ordinary` does, and DamagedFileError beyond `most` bytes."""
    with open_ordinary(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise damaged(path, f"it has more than {most:,} bytes")
    return content


def parse_json(content: bytes | str) -> Any:
    """A JSON document of finite numbers, integers within 64 bits, text in UTF-8 and at most 200 levels.

    Raises ValueError for anything else.
    """
    content = content.encode() if isinstance(content, str) else content
    document = from_json(content, allow_inf_nan=False)
    if LARGE_NUMBER.search(content):
        _check_numbers(document)
    return document


def read_json(path: Path, most: int = LARGEST) -> dict[str, Any] | None:
    """The JSON object in a file, or None where there is no file or it holds no whole object."""
    try:
        document = parse_json(read_bytes(path, most))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (DamagedFileError, ValueError) as error:
        note_damaged(path, error)
        return None
    return document if isinstance(document, dict) else None


def read_as(path: Path, kind: "TypeAdapter[T]", most: int = LARGEST) -> T | None:
    """The JSON document in a file as a value of that type; None where there is no file.

    Raises DamagedFileError, which names the file and what is wrong in it, where it cannot be one.
    """
    try:
        return checked(path, parse_json(read_bytes(path, most)), kind)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError as error:
        raise damaged(path, error) from None


def read_as_or_none(path: Path, kind: "TypeAdapter[T]", most: int = LARGEST) -> T | None:
    """As `read_as`; None, with a line in the log, where the file is damaged: for lists, which go on without it."""
    try:
        return read_as(path, kind, most)
    except DamagedFileError as error:
        note_damaged(path, error)
        return None


def checked(path: Path, document: Any, kind: "TypeAdapter[T]") -> T:
    """A document of a file as a value of that type; raises DamagedFileError that says what is wrong in it."""
    try:
        return kind.validate_python(document)
    except ValidationError as error:
        raise damaged(path, first_problem(error)) from None


def first_problem(error: ValidationError) -> str:
    """The first thing that is wrong with a document, after the name of the field."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"]))
    return f"{place}: {first['msg']}" if place else str(first["msg"])


def read_arrays(path: Path, most: int = LARGEST_ARRAYS) -> "dict[str, NDArray[Any]]":
    """The arrays of an .npz file by name, without unpickling; raises as `open_ordinary` does, or DamagedFileError."""
    import numpy as np  # here: a look at a job's state needs none

    try:
        with open_ordinary(path) as file, zipfile.ZipFile(file) as archive:
            if sum(member.file_size for member in archive.infolist()) > most:
                raise damaged(path, f"it unpacks to more than {most:,} bytes")
            return {
                member.filename.removesuffix(".npy"): np.lib.format.read_array(
                    io.BytesIO(archive.read(member)), allow_pickle=False
                )
                for member in archive.infolist()
            }
    except (
        zipfile.BadZipFile,
        zlib.error,
        ValueError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        MemoryError,
    ) as error:
        raise damaged(path, error) from None


def remove(path: Path) -> None:
    """Delete a file, a link (not what it leads to) or a folder with all that is in it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


@functools.lru_cache(maxsize=1000)
def _note_once(text: str) -> None:
    LOGGER.warning(text)


def note_damaged(path: Path, why: object) -> None:
    """Log, once in a process, that a file is passed over."""
    _note_once(f"{path} is passed over: {_short(why)}")


def _short(why: object) -> str:
    text = " ".join(str(why).split())
    return text if len(text) <= 300 else f"{text[:300]} ..."


def _check_numbers(value: Any) -> None:
    """Raise ValueError where a document, of bounded depth, has a number beyond 64 bits."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            _check_numbers(part)
    elif (isinstance(value, int) and not -(2**63) <= value < 2**63) or (
        isinstance(value, float) and not abs(value) < float("inf")
    ):
        raise ValueError("it has a number that does not fit into 64 bits")


def append_row(path: Path, row: dict[str, Any]) -> None:
    """Add a JSON object as a line of a file, in one write, so that a reader sees whole lines."""
    with open_to_append(path, buffering=0) as file:
        file.write(json.dumps(row).encode() + b"\n")


def open_to_append(path: Path, buffering: int = -1) -> IO[bytes]:
    """A regular file, made where there is none, opened to be written at its end; raises DamagedFileError for a link."""
    if linked(path) or (path.exists() and not ordinary(path)):
        raise not_ordinary(path)
    return open(path, "ab", buffering)


def lines(file: IO[bytes]) -> Iterator[bytes]:
    """The lines of a file, each with its end; one of more than LONGEST_LINE bytes is passed over without being kept."""
    while line := file.readline(LONGEST_LINE):
        if line.endswith(b"\n") or len(line) < LONGEST_LINE:
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = file.readline(LONGEST_LINE)


def read_rows(path: Path, kind: "TypeAdapter[T]", most: int = 100_000) -> list[T]:
    """The rows of a file with one JSON document a line, the newest `most` of them; none where there is no file.

    A line that was cut short by a full disk, or is of another type, is left out.
    """
    found: deque[T] = deque(maxlen=most)
    try:
        with open_ordinary(path) as file:
            for line in lines(file):
                with contextlib.suppress(ValueError):  # pydantic's error is one
                    found.append(kind.validate_python(parse_json(line)))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except DamagedFileError as error:
        note_damaged(path, error)
    return list(found)


def remove_folder(path: Path) -> None:
    """Remove a folder with all that is in it; one that is gone, or that another process removes too, is no error.

    What cannot be removed stays, and is told in the log: tidying up never stops the work that asks for it.
    """

    def log(function: object, left: str, failure: Any) -> None:
        if not issubclass(failure[0], FileNotFoundError):
            LOGGER.warning("%s could not be removed.", left, exc_info=failure)

    shutil.rmtree(path, onerror=log)


def file_version(path: Path) -> tuple[int, int] | None:
    """What changes when a file does, as the key of a cache: its time in nanoseconds, its bytes; None without a file."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_mtime_ns, found.st_size
