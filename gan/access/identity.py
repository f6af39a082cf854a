"""Who acts: the person for whom a page, a route, a command or a worker runs.

The app sets the identity around each request. Everything else acts as the system's user, to whom the store belongs.
"""

import contextlib
import getpass
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from enum import IntEnum


class Role(IntEnum):
    """What a person may do; each role may do all that the smaller ones may. `NOBODY` is the role of a request without a
    valid sign-in: it may do nothing."""

    NOBODY = 0
    VIEWER = 1
    MEMBER = 2
    STEWARD = 3
    ADMIN = 4

    @property
    def label(self) -> str:
        """The role as settings, commands and pages write it: `viewer`."""
        return self.name.lower()


@dataclass(frozen=True)
class Identity:
    """A person, or the system's user. `address` is where the request comes from, "" for none."""

    name: str
    role: Role
    groups: frozenset[str] = frozenset()
    address: str = ""


def _system_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        return "system"


SYSTEM = Identity(_system_user(), Role.ADMIN)
"""The system's user, who may do everything: the command line, the workers, and the app without sign-in."""

SIGNED_OUT = Identity("", Role.NOBODY)
"""A request without a valid sign-in."""


def _system() -> Identity:
    return SYSTEM


def _nobody() -> Identity:
    return SIGNED_OUT


_default: Callable[[], Identity] = _system
_current: ContextVar[Identity | None] = ContextVar("identity", default=None)


def current() -> Identity:
    """Who acts now: `SYSTEM`, unless `acting_as` or `require_identity` says otherwise."""
    return _current.get() or _default()


@contextlib.contextmanager
def acting_as(identity: Identity) -> Iterator[None]:
    """Within this context `current()` is the given identity, in this thread or task alone."""
    token = _current.set(identity)
    try:
        yield
    finally:
        _current.reset(token)


def require_identity(find: Callable[[], Identity] = _nobody) -> None:
    """From now on this process acts as whom `find` names wherever `acting_as` was not called; by default, as nobody.

    The app calls it when it starts with sign-in, so that a fragment or callback acts as the person at the browser, and
    code that belongs to none may do nothing.
    """
    global _default
    _default = find
