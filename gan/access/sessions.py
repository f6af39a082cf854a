"""Sessions: who is signed in, since when. One small file each, so that they outlive a restart of the server.

The browser has a random token; the store has only its SHA-256, so that who reads the store cannot take over a session.
"""

import hashlib
import re
import secrets
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter

from gan.access import audit
from gan.access.accounts import access_folder, checked_name
from gan.access.sign_in_settings import session_hours, sign_in
from gan.config import settings
from gan.io.atomic import FileVersion, file_version, write_json
from gan.io.json_files import read_typed_or_none

TOKEN = r"[A-Za-z0-9_-]{43}"


@dataclass(frozen=True)
class Session:
    """Who signed in, by which way, when (seconds), and the groups that the identity provider named.

    `changed` is that of the account's password at the time: after another one the session is over.
    """

    name: str
    way: str
    started: float
    groups: tuple[str, ...] = ()
    changed: float = 0.0


SESSION = TypeAdapter(Session)
_read: dict[str, tuple[FileVersion, Session | None]] = {}


def start(name: str, groups: tuple[str, ...] = (), changed: float = 0.0) -> str:
    """Start a session and return its token, which only the browser keeps. Sessions that are over are removed."""
    folder = access_folder() / "sessions"
    folder.mkdir(mode=0o700, exist_ok=True)
    for path in folder.glob("*.json"):
        version = file_version(path)
        if version is not None and time.time() - version[0] / 1e9 > session_hours() * 3600:
            path.unlink(missing_ok=True)
            _read.pop(path.stem, None)
    token = secrets.token_urlsafe(32)
    write_json(_file(session_id(token)), asdict(Session(name, sign_in(), time.time(), groups, changed)))
    return token


def session_id(token: str) -> str:
    """What stands for a token in the store and in the process; "" for a text that is no token."""
    return hashlib.sha256(token.encode()).hexdigest() if re.fullmatch(TOKEN, token, re.ASCII) else ""


def find(identifier: str) -> Session | None:
    """The session of this id, unless it was ended or is older than `GAN_SESSION_HOURS`."""
    if not re.fullmatch(r"[0-9a-f]{64}", identifier):
        return None
    path = _file(identifier)
    version = file_version(path)
    if version is None:
        _read.pop(identifier, None)
        return None
    cached = _read.get(identifier)
    if cached is None or cached[0] != version:
        cached = _read[identifier] = (version, read_typed_or_none(path, SESSION))
    session = cached[1]
    return session if session and 0 <= time.time() - session.started < session_hours() * 3600 else None


def end(identifier: str) -> None:
    """End a session; one that is over already is no error."""
    if re.fullmatch(r"[0-9a-f]{64}", identifier):
        _file(identifier).unlink(missing_ok=True)


def sign_out_everywhere(name: str) -> None:
    """End all sessions of a person whose account stays, which the audit log records."""
    name = checked_name(name)
    audit.record("sessions ended", name)
    end_all(name)


def end_all(name: str) -> None:
    """End all sessions of a person."""
    for path in (settings.store() / ".access" / "sessions").glob("*.json"):
        session = find(path.stem)
        if session is None or session.name == name:
            path.unlink(missing_ok=True)


def _file(identifier: str) -> Path:
    return settings.store() / ".access" / "sessions" / f"{identifier}.json"
