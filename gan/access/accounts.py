"""The accounts of a server: who may come in, with which role and groups, and the hash of the password.

One JSON file in the store, which only the system's user may read. Where a proxy or OpenID Connect says who comes, an
account needs no password: it gives its person a role.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import TypeAdapter

from gan.access import audit
from gan.access.identity import Role
from gan.access.ownership import NAME
from gan.access.sign_in_settings import ROLES, role_named
from gan.config import settings
from gan.errors import UserError
from gan.io.atomic import FileVersion, file_version, write_json
from gan.io.file_lock import exclusive
from gan.io.json_files import read_typed

GROUP = r"[\w][\w .:/@+-]{0,127}"
SHORTEST, LONGEST = 12, 1024
"""Characters of a password."""
HASHER = PasswordHasher()
"""argon2id with the parameters that RFC 9106 recommends for machines with little memory: 64 MiB, about 50 ms."""
UNKNOWN = "$argon2id$v=19$m=65536,t=3,p=4$TABA75P7GiVh49+VD3leKg$BSR1RsF0wPQV9ntZ6sMUF510AneFbcIjFun1KZRmLGU"
"""The hash of a random text: checked where a name has no account, so that the answer takes as long."""


@dataclass(frozen=True)
class Account:
    """A person's role and groups; `password` is a hash, "" for none. `changed`: when the password was, in seconds."""

    role: str
    groups: tuple[str, ...] = ()
    password: str = ""
    changed: float = 0.0


ACCOUNTS = TypeAdapter(dict[str, Account])
_read: tuple[FileVersion, dict[str, Account]] = (None, {})


def access_folder() -> Path:
    """The folder of accounts, sessions and the audit log, created where absent. Only the system's user may open it."""
    folder = settings.store() / ".access"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_mode & 0o077:
        folder.chmod(0o700)
    return folder


def accounts() -> dict[str, Account]:
    """All accounts by name. Raises DamagedFileError where the file is damaged: nobody comes in then."""
    global _read
    path = settings.store() / ".access" / "accounts.json"
    version = file_version(path)
    if version is None:
        return {}
    if _read[0] != version:
        _read = (version, read_typed(path, ACCOUNTS) or {})
    return _read[1]


def find_account(name: str, among: dict[str, Account] | None = None) -> Account:
    """The account of this name; raises UserError where there is none."""
    account = (accounts() if among is None else among).get(checked_name(name))
    if account is None:
        raise UserError(f"There is no account {name}: `{settings.PROGRAM} user list` shows all.")
    return account


def check_new(name: str, among: dict[str, Account] | None = None) -> None:
    """Raise UserError where there is an account of this name."""
    if checked_name(name) in (accounts() if among is None else among):
        raise UserError(
            f"{name} has an account: `{settings.PROGRAM} user change {name} --role ...` changes it, and "
            f"`{settings.PROGRAM} user password {name}` sets a new password."
        )


def checked_name(text: str) -> str:
    """A name as accounts and sessions write it, in lower case; raises UserError where it is none."""
    name = text.strip().lower()
    if not re.fullmatch(NAME, name, re.ASCII):
        raise UserError(f"{text!r} is no name: it takes letters, digits and ._@+- and starts with a letter or digit.")
    return name


def add(name: str, role: str, password: str = "", groups: tuple[str, ...] = ()) -> None:
    """Add an account; raises UserError where the name is taken or invalid, or the password too short."""
    name = checked_name(name)
    role_named(role)
    groups = _checked_groups(groups)
    hashed = _hash(name, password) if password else ""
    with _changing("account added", name, f"role {role}") as every:
        check_new(name, every)
        every[name] = Account(role, groups, hashed, time.time())


def change(name: str, role: str | None = None, groups: tuple[str, ...] | None = None) -> None:
    """Give an account another role or other groups, from its next click on."""
    name = checked_name(name)
    if role is not None:
        role_named(role)
    groups = None if groups is None else _checked_groups(groups)
    changes = [f"role {role}"] if role is not None else []
    changes += [f"groups {', '.join(groups) or 'none'}"] if groups is not None else []
    with _changing("account changed", name, "; ".join(changes)) as every:
        old = find_account(name, every)
        every[name] = replace(old, role=role or old.role, groups=old.groups if groups is None else groups)


def set_password(name: str, password: str) -> None:
    """Set a new password, which ends all sessions of the account."""
    name = checked_name(name)
    hashed = _hash(name, password)
    with _changing("password changed", name) as every:
        every[name] = replace(find_account(name, every), password=hashed, changed=time.time())


def remove(name: str) -> None:
    """Remove an account, which ends its sessions."""
    name = checked_name(name)
    with _changing("account removed", name) as every:
        find_account(name, every)
        del every[name]


def check_password(name: str, password: str) -> Account | None:
    """The account if the password is its own, else None. Takes as long where there is no such account."""
    account = accounts().get(name)
    try:
        HASHER.verify(account.password if account and account.password else UNKNOWN, password[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return None
    return account if account and account.password and len(password) <= LONGEST else None


def role_of(account: Account) -> Role:
    """The role that an account gives; none where the file names another."""
    return Role[account.role.upper()] if account.role in ROLES else Role.NOBODY


def _checked_groups(groups: tuple[str, ...]) -> tuple[str, ...]:
    """The groups, each once and in order; raises UserError for a name that is none."""
    for group in groups:
        if not re.fullmatch(GROUP, group):
            raise UserError(f"{group!r} is no name of a group: it takes letters, digits, spaces and .:/@+- and _.")
    return tuple(sorted(set(groups)))


def _hash(name: str, password: str) -> str:
    if not SHORTEST <= len(password) <= LONGEST:
        raise UserError(f"The password has {len(password)} characters: it takes {SHORTEST} to {LONGEST}.")
    if len(name) >= 3 and name in password.lower():
        raise UserError("The password has the name in it: take one that nobody guesses.")
    if len(set(password)) < 5:
        raise UserError("The password has fewer than five different characters: take one that nobody guesses.")
    return HASHER.hash(password)


@contextmanager
def _changing(action: str, name: str, detail: str = "") -> Iterator[dict[str, Account]]:
    """All accounts, kept as they are at the end of the block, and the change recorded in the audit log before that.
    One process changes them at a time."""
    folder = access_folder()
    path = folder / "accounts.json"
    with exclusive(folder / "accounts.lock"):
        read = read_typed(path, ACCOUNTS)
        every = dict(read or {})
        yield every
        audit.record(action, name, detail=detail)
        write_json(path, {name: asdict(account) for name, account in sorted(every.items())})
