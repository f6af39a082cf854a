"""Links to downloads that open for one person and for a limited time. Without sign-in they are plain links."""

import secrets

from itsdangerous import BadSignature, URLSafeTimedSerializer

from gan.access.identity import SYSTEM, current
from gan.errors import AccessError

SIGNER = URLSafeTimedSerializer(secrets.token_bytes(32), salt="download")
"""Of this process: after a restart, open pages are drawn anew and have new links."""
SECONDS = 3600
PARAMETER = "key"


def signature(path: str) -> str:
    """The query of a link to `path` for the current person; "" for the system's user."""
    return "" if current() is SYSTEM else f"?{PARAMETER}={SIGNER.dumps([current().name, path])}"


def check(path: str, key: str) -> None:
    """Raise AccessError unless the current person may open `path` by this key."""
    if current() is SYSTEM:
        return
    try:
        name, signed = SIGNER.loads(key, max_age=SECONDS)
    except (BadSignature, ValueError):
        raise AccessError("This link has expired, or is not whole: reload the page that it stands on.") from None
    if (name, signed) != (current().name, path):
        raise AccessError("This link is for somebody else, or for another file: reload the page that it stands on.")
