"""A job's end.json: its last word, written even where the disk is full, and the cause of an error in it."""

import contextlib
import json
import os
import time
import traceback
from pathlib import Path
from typing import Any

from gan.errors import GanError
from gan.io.atomic import open_for_append, remove
from gan.io.terminal import show
from gan.jobs import failures, notifications

RESERVED_FILE = ".end.json"
RESERVED_BYTES = 4096
"""Disk space reserved for end.json."""


def write_failed(folder: Path, ticket: int, error: BaseException) -> None:
    """Write the cause of an exception; one that is no GanError leaves its traceback in the log as well."""
    if isinstance(error, KeyboardInterrupt):
        end: dict[str, Any] = {"state": "stopped", "cause": "It was ended at once by Ctrl-C.", "kind": "interrupted"}
    else:
        cause = failures.cause_from_error(error)
        end = {"state": "failed", "cause": cause.text, "kind": cause.kind, "advice": dict(cause.advice)}
    write_end(folder, {**end, "ticket": ticket})
    if not isinstance(error, GanError | KeyboardInterrupt):
        text = "".join(traceback.format_exception(error))
        try:
            with open_for_append(folder / "log.txt") as log:
                log.write(text.encode())
        except OSError as failure:  # a full disk, or the run was deleted: stderr may lead elsewhere
            show(f"{folder / 'log.txt'} cannot be written ({failure}):\n{text}", error=True)


def reserve_space(folder: Path) -> None:
    """Reserve a disk block for end.json, so that a job that fills the disk can still write it."""
    with contextlib.suppress(FileNotFoundError):
        remove(folder / RESERVED_FILE)  # it may be a link, or have a second name
    with open_for_append(folder / RESERVED_FILE) as file:
        file.write(b" " * RESERVED_BYTES)


def write_end(folder: Path, end: dict[str, Any]) -> None:
    """Write end.json into the reserved block, in place, and rename it: neither needs space on the disk.

    Then tell who waits for the job.
    """
    end = {**end, "time": time.time()}
    text = json.dumps(end)
    if len(text.encode()) > RESERVED_BYTES:
        text = json.dumps({**end, "cause": str(end["cause"])[:400]})
    reserved = folder / RESERVED_FILE
    try:
        with open(reserved, "r+b") as file:
            file.write(text.encode().ljust(RESERVED_BYTES))
            os.fsync(file.fileno())
        reserved.replace(folder / "end.json")
    except FileNotFoundError:  # the run was deleted: nobody is left to read it
        return
    notifications.announce_end(folder, end)
