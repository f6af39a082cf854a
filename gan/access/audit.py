"""The audit log: who did what to what, when and from where, and whether it was allowed. A file of the store.

`.access/audit.jsonl` has a JSON object per line. Each holds the SHA-256 of the line before it, and of itself, so that a
line that was changed, removed, added or moved no longer fits its neighbours. `.access/audit-head.json` holds number and
hash of the last line, so that lines missing or added at the end show too. Whoever can write both files can still forge
a whole new log: number and hash of the last line, kept elsewhere, reveal that (`gan audit verify --contains`).

Nothing is written where nobody signs in (`GAN_SIGN_IN=none`).
"""

import csv
import hashlib
import io
import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gan.access.identity import current
from gan.access.sign_in_settings import sign_in
from gan.config import settings
from gan.errors import UserError
from gan.io.atomic import open_for_append, write_json
from gan.io.csv_cells import harmless_cell
from gan.io.file_lock import exclusive
from gan.io.json_files import parse_json, read_json
from gan.io.untrusted_files import bounded_lines, open_regular

HEAD_FILE = "audit-head.json"
MAX_TEXT = 1000
"""Characters of each text of an entry; longer ones are cut."""
TAIL_BYTES = 64_000
"""More than the longest entry takes: up to MAX_TEXT characters in each of five texts, each at most 12 bytes in JSON."""
FIRST = "0" * 64
"""What the first entry has for the hash of the one before it."""


@dataclass(frozen=True)
class AuditEntry:
    """One line: `time` in UTC (ISO 8601), `address` where the request came from, `previous` and `hash` in hex."""

    number: int
    time: str
    name: str
    role: str
    address: str
    action: str
    target: str
    allowed: bool
    detail: str
    previous: str
    hash: str


@dataclass(frozen=True)
class Verification:
    """What `verify` found: the entries, number and hash of the last one, and a sentence per problem."""

    count: int
    head: tuple[int, str]
    problems: list[str]


TYPES = {"number": int, "allowed": bool}
"""Of the fields that are no texts."""
COLUMNS = ("number", "time", "name", "role", "address", "action", "target", "allowed", "detail", "hash")
"""The columns of the table that `as_csv` writes."""


def audit_file() -> Path:
    """The log of this store."""
    return settings.store() / ".access" / "audit.jsonl"


def is_on() -> bool:
    """Whether actions are recorded: where users sign in."""
    return sign_in() != "none"


def record(action: str, target: str = "", *, allowed: bool = True, detail: str = "") -> None:
    """Append an entry on what the current identity does, or was refused; nothing where nobody signs in.

    `target` is what it is done to, such as a run's name. Raises OSError or a UserError where the log cannot be written:
    an action that has to be recorded does not happen unrecorded.
    """
    if not is_on():
        return
    identity, path = current(), audit_file()
    document: dict[str, Any] = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "name": _text(identity.name),
        "role": identity.role.label,
        "address": _text(identity.address),
        "action": _text(action),
        "target": _text(target),
        "allowed": allowed,
        "detail": _text(detail),
    }
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with exclusive(path.with_name("audit.lock")):
        (number, previous), is_whole = _last(path)
        line = _line({"number": number + 1} | document | {"previous": previous})
        with open_for_append(path, buffering=0) as file:
            file.write((b"" if is_whole else b"\n") + line)
            os.fsync(file.fileno())
        write_json(_head_file(path), {"number": number + 1, "hash": _hash_in(line)})


def entries() -> Iterator[AuditEntry]:
    """Every readable entry, the oldest first; none where there is no log."""
    for _, entry in _numbered_lines():
        if entry is not None:
            yield entry


def matching(text: str = "", *, refused_only: bool = False) -> Iterator[AuditEntry]:
    """The entries with a text, in any case, in one of their fields but the hashes; the oldest first."""
    wanted = text.strip().casefold()
    for entry in entries():
        fields = (entry.time, entry.name, entry.role, entry.address, entry.action, entry.target, entry.detail)
        if not (refused_only and entry.allowed) and any(wanted in field.casefold() for field in fields):
            yield entry


def verify(contains: tuple[int, str] | None = None) -> Verification:
    """Check the whole chain; `contains` is the number and hash of an entry as noted earlier, which must still be in it.

    Finds entries that were changed, removed, added or moved, lines that are no entries, and an end that is missing or
    was added. Entries that are recorded meanwhile are no problem.
    """
    problems: list[str] = []
    number, previous = 0, FIRST
    expected = [pair for pair in (_head(), contains) if pair is not None]
    missing = set(expected)
    for position, entry in _numbered_lines():
        if entry is None:
            problems.append(f"Line {position} is no entry as it was written: it was changed, or cut short by a crash.")
            continue
        if entry.number != number + 1:
            problems.append(f"Line {position} has the number {entry.number} where {number + 1} was expected.")
        elif entry.previous != previous:
            problems.append(f"Line {position} (number {entry.number}) does not follow from the one before it.")
        number, previous = entry.number, entry.hash
        missing.discard((number, previous))
    problems += [
        f"The entry {pair[0]} with the hash {pair[1]} was recorded and is not in the log."
        for pair in dict.fromkeys(expected)
        if pair in missing
    ]
    newest = _head()  # as of now: `record` may have gone on
    if number and newest is None:
        problems.append(f"{HEAD_FILE} is missing or damaged: nothing says whether the last entries are there.")
    elif newest is not None and number > newest[0] + 1:  # a crash leaves one entry behind it
        problems.append(f"The entries after {newest[0] + 1} were not recorded: {HEAD_FILE} does not know them.")
    return Verification(number, (number, previous), problems)


def parse_head(text: str) -> tuple[int, str]:
    """Number and hash from `NUMBER:HASH`, as `gan audit verify` prints them; raises UserError."""
    match = re.fullmatch(r"([1-9][0-9]{0,15}):([0-9a-f]{64})", text)
    if match is None:
        raise UserError(f"{text!r} is no entry: give its number and its hash, 17:3f2a..., as `verify` prints them.")
    return int(match[1]), match[2]


def as_csv(chosen: Iterator[AuditEntry] | list[AuditEntry]) -> str:
    """A table for a spreadsheet, one row per entry; no cell is taken for a formula."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for entry in chosen:
        values = asdict(entry)
        writer.writerow([harmless_cell(values[name]) for name in COLUMNS])
    return buffer.getvalue()


def _text(text: str) -> str:
    """A text as an entry holds it: bounded, and without what Unicode does not encode, as in names of files."""
    return text[:MAX_TEXT].encode(errors="replace").decode()


def _line(document: dict[str, Any]) -> bytes:
    """An entry as it stands in the log, with its hash and the line end."""
    return _encoded(document | {"hash": hashlib.sha256(_encoded(document)).hexdigest()}) + b"\n"


def _encoded(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _hash_in(line: bytes) -> str:
    return str(json.loads(line)["hash"])


def _parsed(line: bytes) -> AuditEntry | None:
    """The entry of a line; None unless it is, byte for byte, what `record` writes for these values."""
    try:
        document = parse_json(line)
        entry = AuditEntry(**document)
    except (ValueError, TypeError):  # no JSON; no object, or one with other fields
        return None
    if any(type(value) is not TYPES.get(name, str) for name, value in document.items()):
        return None
    del document["hash"]
    return entry if _line(document) == line else None


def _numbered_lines() -> Iterator[tuple[int, AuditEntry | None]]:
    """Each line's position from 1 and its entry, None where it is none."""
    try:
        with open_regular(audit_file()) as file:
            for position, line in enumerate(bounded_lines(file), start=1):
                yield position, _parsed(line)
    except (FileNotFoundError, NotADirectoryError):
        return


def _last(path: Path) -> tuple[tuple[int, str], bool]:
    """Number and hash that the next entry follows, and whether the file ends with a whole line.

    The head's, unless a crash left it behind the log: where entries were removed or forged, that has to stay visible.
    """
    tail = _tail(path)
    newest = next((entry for line in reversed(tail.splitlines(keepends=True)) if (entry := _parsed(line))), None)
    end = (newest.number, newest.hash) if newest else (0, FIRST)
    return max(_head() or end, end, key=lambda pair: pair[0]), tail.endswith(b"\n") or not tail


def _tail(path: Path) -> bytes:
    try:
        with open_regular(path) as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - TAIL_BYTES))
            return file.read()
    except FileNotFoundError:
        return b""


def _head_file(path: Path) -> Path:
    return path.with_name(HEAD_FILE)


def _head() -> tuple[int, str] | None:
    """Number and hash of the last entry, as its own file has them."""
    document = read_json(_head_file(audit_file())) or {}
    number, text = document.get("number"), document.get("hash")
    if isinstance(number, int) and not isinstance(number, bool) and isinstance(text, str):
        return number, text
    return None
