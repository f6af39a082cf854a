"""Every error that this package raises on purpose, as one tree.

    GanError
    ├── UserError             something the user can mend: one clear line, exit code 2
    │   ├── AccessError       an action that the current person may not do
    │   ├── ConfigError       an option that is unknown or invalid
    │   ├── DamagedFileError  a file of the store that is damaged, of the wrong type, too large, or a link
    │   ├── LockError         a lock that the store's file system refuses to take
    │   ├── DataError         images or labels that are missing, damaged or inconsistent
    │   │   └── ImageFileError  an image file that cannot be read
    │   └── RunError          a run that does not exist, is broken, or cannot do what was requested
    ├── TrainingError         a training that failed (NaN, no memory, full disk): exit code 1
    └── StoppedError          no failure: a user stopped the work

A message names the value, says what is valid, and what to do next. Any other exception is a bug.
"""

import errno
from collections.abc import Mapping
from typing import Any, Literal


class GanError(Exception):
    """The base class; its text is written for the user."""


class UserError(GanError):
    """Something the user can mend."""


class AccessError(UserError):
    """An action that the current person may not do; its text says what it takes and whom to ask."""


class ConfigError(UserError):
    """An option that is unknown, of the wrong type or out of its limits."""


class DamagedFileError(UserError):
    """A file of the store that is damaged, of the wrong type, too large, or a link."""


class LockError(UserError):
    """A lock that the store's file system refuses to take."""


class DataError(UserError):
    """Images or labels that are missing, damaged or inconsistent."""


ImageFault = Literal[
    "not-regular",  # a FIFO, a device, a folder, a loop of links
    "empty",  # 0 bytes
    "web-page",
    "not-an-image",  # of no image format that is read
    "damaged",  # cut short, or its content contradicts itself
    "too-large",  # more pixels or bytes than allowed
    "unsupported",  # of a format that is read, but stored in a way that is not
    "channels",  # channels that are no colours
    "not-finite",  # NaN or infinite pixels
    "missing-library",  # readable once an optional package is installed
    "no-such-frame",
]
"""Why an image file cannot be read."""


class ImageFileError(DataError):
    """An image file that cannot be read. Its text starts with "it" and names the cause and what to do."""

    def __init__(self, fault: ImageFault, text: str):
        super().__init__(text)
        self.fault = fault


class RunError(UserError):
    """A run that does not exist, is broken, or cannot do what was requested."""


class TrainingError(GanError):
    """A training that cannot go on. Its text is the cause that pages show, `kind` the same for programs
    (`jobs.State.kind`), and `advice` the options, by dotted path, to change in a clone of the run."""

    def __init__(self, text: str, kind: str, advice: Mapping[str, Any]):
        super().__init__(text)
        self.kind = kind
        self.advice = dict(advice)


class StoppedError(GanError):
    """Raised at any depth of long work to leave it, after a user asked it to stop."""

    def __init__(self) -> None:
        super().__init__("The work was stopped.")


STORE_FAULTS = (
    *(errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT, errno.ENOTDIR, errno.EEXIST),
    *(errno.EIO, errno.ESTALE, errno.ENOLCK, errno.ENOSYS, errno.ETIMEDOUT),  # of a network file system
)
"""Errors of the disk or its permissions, which users can mend. Any other OSError is a bug."""


def describe_store_error(error: OSError) -> str:
    """What an error of the disk or its permissions means for the user, and what to do."""
    path = error.filename or "the store"
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return f"{path} cannot be opened or changed: it is read-only, or belongs to another user. Viewing still works."
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk of {path} is full: delete runs or exports that you no longer need, then try again."
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return f"There is a file where a folder belongs: {path}. Move it away, or set GAN_STORE to another folder."
    return f"A file could not be read or written: {error}. Check the disk, then try again."
