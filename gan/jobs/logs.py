"""The log of a job: its end, and its lines as they are written."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from gan.errors import DamagedFileError
from gan.io.untrusted_files import log_damaged, open_regular

TAIL_BYTES = 65_536
CHUNK_BYTES = 2**20  # read at once; also the longest line
POLL_SECONDS = 0.3
OLD_SIZE_SECONDS = 120.0


def log_tail(folder: Path, lines: int = 20) -> str:
    """The last lines of log.txt, "" if there is none; of a progress line redrawn with `\\r` only its last form."""
    try:
        with open_regular(folder / "log.txt") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except DamagedFileError as error:
        log_damaged(folder / "log.txt", error)
        return ""
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n")[-lines - 1 :] if line)


def follow_log(path: Path, is_running: Callable[[], bool]) -> Iterator[str]:
    """All lines of a log with their line ends, and new ones as they are written while `is_running()`.

    Starts again if the file is replaced, or stays shorter than what was read: a network file system may show an old
    size for a minute.
    """
    offset, inode, rest, shorter_since = 0, 0, b"", None
    while True:
        last_read = not is_running()  # asked before the read, to miss nothing that was printed until then
        try:
            with open_regular(path) as file:
                status = os.fstat(file.fileno())
                if status.st_size >= offset:
                    shorter_since = None
                elif shorter_since is None:
                    shorter_since = time.monotonic()
                shrunk = shorter_since is not None and time.monotonic() - shorter_since > OLD_SIZE_SECONDS
                if status.st_ino != inode or shrunk:
                    offset, inode, rest, shorter_since = 0, status.st_ino, b"", None
                file.seek(offset)
                chunk = file.read(CHUNK_BYTES)
        except FileNotFoundError:
            chunk = b""
        offset += len(chunk)
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace") + "\n"
        if len(rest) > CHUNK_BYTES:  # no line is that long: yield it in pieces
            yield rest.decode(errors="replace")
            rest = b""
        if len(chunk) == CHUNK_BYTES:
            continue
        if last_read:
            if rest:
                yield rest.decode(errors="replace")
            return
        if not chunk:
            time.sleep(POLL_SECONDS)
