"""What a job printed: the end of its log, and its log as it grows."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from gan.errors import DamagedFileError
from gan.io.untrusted_files import log_damaged, open_regular

TAIL_BYTES = 65_536
CHUNK = 2**20  # bytes read at once
POLL_SECONDS = 0.3


def log_tail(folder: Path, lines: int = 20) -> str:
    """The last lines of log.txt, "" where there is none; of a progress line that was redrawn only its last form."""
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


def follow_log(path: Path, goes_on: Callable[[], bool]) -> Iterator[str]:
    """The lines of a log from its beginning, each with its end, and new ones as they come while `goes_on()` says so.

    Begins again where the file was replaced by a shorter one.
    """
    offset, rest = 0, b""
    while True:
        last_look = not goes_on()  # asked before the read, so that what was printed until then is not missed
        try:
            with open_regular(path) as file:
                if os.fstat(file.fileno()).st_size < offset:
                    offset, rest = 0, b""
                file.seek(offset)
                fresh = file.read(CHUNK)
        except FileNotFoundError:
            fresh = b""
        offset += len(fresh)
        *whole, rest = (rest + fresh).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace") + "\n"
        if len(rest) > CHUNK:  # no line is that long: it is given out in pieces
            yield rest.decode(errors="replace")
            rest = b""
        if len(fresh) == CHUNK:
            continue
        if last_look:
            if rest:
                yield rest.decode(errors="replace")
            return
        if not fresh:
            time.sleep(POLL_SECONDS)
