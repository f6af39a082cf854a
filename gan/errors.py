"""Every error this package raises on purpose, as one tree.

    GanError
    ├── UserError            something the user can mend: one clear line, exit code 2
    │   ├── ConfigError      an option that is unknown or out of its bounds
    │   ├── DataError        images or labels that are missing, damaged or do not fit together
    │   └── RunError         a run that does not exist, is broken, or cannot do what was asked of it
    └── TrainingError        a run that failed while it trained (NaN, no memory, no disk): exit code 1

A message names the value, says what is taken, and what to do next. Anything else that is raised is our own fault.
"""

from collections.abc import Mapping
from typing import Any


class GanError(Exception):
    """The root: its text is written for the user."""


class UserError(GanError):
    """Something the user can mend."""


class ConfigError(UserError):
    """An option that is unknown, of the wrong kind or out of its bounds."""


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
