"""How often a password may be tried. Kept in the store, so that a restart of the server gives nobody more tries."""

import hashlib
import ipaddress
import time
from collections.abc import Iterator
from contextlib import contextmanager

from gan.access.accounts import access_folder
from gan.access.addresses import parse_address
from gan.io.atomic import write_json
from gan.io.file_lock import exclusive
from gan.io.json_files import read_json

FILE = "attempts.json"
WINDOW = 15 * 60.0
"""Seconds in which wrong passwords are counted."""
LIMITS = {"both": 5, "address": 20, "name": 50}
"""Wrong passwords of one name from one address, from one address, and of one name: whoever tries many names or comes
from many addresses is stopped too, and whoever keeps trying a colleague's name does not lock the colleague out soon."""
KEPT = 20_000
"""Names, addresses and pairs of them with failures; of more, those with the fewest failures are forgotten."""

Failures = dict[str, list[float]]
"""When the wrong passwords were tried, in seconds since 1970, by what they count for."""


def begin(name: str, address: str) -> float:
    """Seconds until the next try is allowed; 0.0: now, and it counts as a failure until `succeeded`, so that tries at
    the same time cannot exceed the limits. Raises OSError or UserError where this cannot be kept."""
    now, keys = time.time(), _keys(name, address)
    with _changing(now) as failures:
        wait = max(_wait(failures.get(key, []), limit, now) for key, limit in keys.items())
        if wait <= 0:
            for key in keys:
                failures.setdefault(key, []).append(now)
    return max(0.0, wait)


def succeeded(name: str, address: str) -> None:
    """Take back the try that `begin` counted, and forget this name's failures from this address."""
    keys = _keys(name, address)
    with _changing(time.time()) as failures:
        for key, limit in keys.items():
            if limit == LIMITS["both"]:
                failures.pop(key, None)
            elif failures.get(key):
                failures[key].pop()


def _wait(times: list[float], limit: int, now: float) -> float:
    return 0.0 if len(times) < limit else times[-limit] + WINDOW - now


def _keys(name: str, address: str) -> dict[str, int]:
    """What a try counts for, with the limits. A home has a whole IPv6 network of 64 bits: it counts as one address.

    Keys are hashed: somebody may type a password in the place of the name.
    """
    parsed = parse_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        address = str(ipaddress.ip_network((parsed, 64), strict=False))
    elif parsed is not None:
        address = str(parsed)
    parts = {"both": (name, address), "address": (address,), "name": (name,)}
    digests = {kind: hashlib.sha256("\0".join((kind, *texts)).encode()) for kind, texts in parts.items()}
    return {digest.hexdigest(): LIMITS[kind] for kind, digest in digests.items()}


@contextmanager
def _changing(now: float) -> Iterator[Failures]:
    """The failures of the last `WINDOW` seconds, kept as they are at the end of the block."""
    folder = access_folder()
    with exclusive(folder / "attempts.lock"):
        document = read_json(folder / FILE) or {}
        failures: Failures = {key: times for key, value in document.items() if (times := _recent(value, now))}
        yield failures
        kept = {key: times[-max(LIMITS.values()) :] for key, times in failures.items() if times}
        if len(kept) > KEPT:
            newest = sorted(kept, key=lambda key: (len(kept[key]), kept[key][-1]))[-KEPT:]
            kept = {key: kept[key] for key in newest}
        if kept or document:
            write_json(folder / FILE, kept)


def _recent(value: object, now: float) -> list[float]:
    """The times in a value of the file that count now. Those in the future are of a clock that was set back."""
    times = value if isinstance(value, list) else []
    return [when for when in times if isinstance(when, float) and 0 <= now - when <= WINDOW]
