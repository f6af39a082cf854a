"""For whom a script, a fragment or a callback runs.

The guard in front of the app adds a signed header to the connection of a browser. The script side reads it, checks the
signature, and asks again who that is: an account may have changed since.
"""

import secrets
import time

import streamlit as st
from itsdangerous import BadSignature, URLSafeSerializer

from gan.access.identity import SIGNED_OUT, SYSTEM, Identity
from gan.access.sign_in_settings import sign_in
from gan.access.visitors import Visitor, identify

HEADER = "X-Gan-Visitor"
SIGNER = URLSafeSerializer(secrets.token_bytes(32), salt="visitor")
"""Of this process: guard and scripts share it, and nobody outside can know it."""
KEPT_SECONDS = 1.0
_known: dict[Visitor, tuple[float, Identity | None]] = {}


def session_identity() -> Identity:
    """Who is at the browser of this script run: the system's user without sign-in, and `SIGNED_OUT` for a session that
    is over."""
    if sign_in() == "none":
        return SYSTEM
    visitor = session_visitor()
    return (identify_soon(visitor) if visitor else None) or SIGNED_OUT


def session_visitor() -> Visitor | None:
    """What the guard says of this script run's browser; None where it says nothing."""
    headers = st.context.headers.get_all(HEADER)
    return read_header(headers[0]) if len(headers) == 1 else None


def write_header(visitor: Visitor) -> str:
    """The header's value for a visitor."""
    return SIGNER.dumps([visitor.name, visitor.address, visitor.session, *visitor.groups])


def read_header(value: str) -> Visitor | None:
    """The visitor of a header's value; None where this process did not write it."""
    try:
        name, address, session, *groups = SIGNER.loads(value)
    except (BadSignature, ValueError):
        return None
    return Visitor(name, address, session, tuple(groups))


def identify_soon(visitor: Visitor) -> Identity | None:
    """As `identify`, up to a second old: a page asks many times while it is drawn."""
    now = time.monotonic()
    known = _known.get(visitor)
    if known is None or now - known[0] > KEPT_SECONDS:
        if len(_known) > 10_000:
            _known.clear()
        known = _known[visitor] = (now, identify(visitor))
    return known[1]


def forget(visitor: Visitor) -> None:
    """Ask anew at once, as after signing out."""
    _known.pop(visitor, None)
