"""Every error this package raises on purpose, as one tree.

    GanError
    ├── UserError            something the user can mend: one clear line, exit code 2
    │   ├── ConfigError      an option that is unknown or out of its bounds
    │   ├── DamagedFileError  a file in the store that cannot be what it should be: damaged, too large, a link
    │   ├── DataError        images or labels that are missing, damaged or do not fit together
    │   └── RunError         a run that does not exist, is broken, or cannot do what was asked of it
    ├── TrainingError        a run that failed while it trained (NaN, no memory, no disk): exit code 1
    └── StoppedError         no failure: somebody asked the work to stop, and it leaves from any depth

A message names the value, says what is taken, and what to do next. Anything else that is raised is our own fault.
"""

import errno
from collections.abc import Mapping
from typing import Any


class GanError(Exception):
    """The root: its text is written for the user."""


class UserError(GanError):
    """Something the user can mend."""


class ConfigError(UserError):
    """An option that is unknown, of the wrong kind or out of its bounds."""


class DamagedFileError(UserError):
    """A file in the store that cannot be what it should be: cut short, of other types, too large, or a link."""


class DataError(UserError):
    """Images or labels that are missing, damaged or do not fit together."""


class RunError(UserError):
    """A run that does not exist, is broken, or cannot do what was asked of it."""


class TrainingError(GanError):
    """Training that cannot go on. The text is the cause that pages show, `kind` its short form for programs
    (`jobs.State.kind`), and `advice` the options, by dotted path, that a clone of the run should change."""

    def __init__(self, text: str, kind: str, advice: Mapping[str, Any]):
        super().__init__(text)
        self.kind = kind
        self.advice = dict(advice)


class StoppedError(GanError):
    """Leaves long work because somebody asked it to stop."""

    def __init__(self) -> None:
        super().__init__("It was asked to stop.")


STORE_FAULTS = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT, errno.ENOTDIR)
"""Faults of the disk or of its permissions: the user's to mend. Another OSError is our own fault."""


def describe_store_error(error: OSError) -> str:
    """What a file that could not be read or written means to the user, and what to do."""
    place = error.filename or "the store"
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return f"{place} cannot be opened or changed here: it is read-only, or belongs to somebody else. Looking works."
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk of {place} is full: delete runs or exports that are no longer needed, then try again."
    return f"A file could not be read or written: {error}. Look at the disk, then try again."
