"""Salted hashes of identifiers of patients, studies and images: what a store keeps in place of the identifiers.

The salt is random, and made once in each store. Whoever has both the salt and a list of all possible identifiers can
undo the hashes, so only the owner of the store may read the salt.
"""

import hashlib
import re
import secrets
from functools import lru_cache
from pathlib import Path

from gan.config import settings
from gan.io.atomic import replacing
from gan.io.file_lock import exclusive
from gan.io.untrusted_files import damaged_file, read_bytes

HASH = re.compile("[0-9a-f]{16}")
SALT_BYTES = 32


def hash_identifier(text: str) -> str:
    """16 hexadecimal digits, the same for the same text in this store, without white space around it; "" for ""."""
    text = text.strip(" \t\r\n\0")
    if not text:
        return ""
    key = _salt(settings.store() / ".data" / "identifier_salt")
    return hashlib.blake2b(text.encode(errors="surrogatepass"), key=key, digest_size=8).hexdigest()


@lru_cache(maxsize=4)
def _salt(path: Path) -> bytes:
    """The salt of the store, made if there is none; raises DamagedFileError if it is damaged."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with exclusive(path.with_name(f"{path.name}.lock")):
            if not path.exists():  # another process may have made it
                with replacing(path) as temporary:
                    temporary.touch(mode=0o600)
                    temporary.write_bytes(secrets.token_bytes(SALT_BYTES))
    salt = read_bytes(path, SALT_BYTES)
    if len(salt) != SALT_BYTES:
        raise damaged_file(path, f"it has {len(salt)} instead of {SALT_BYTES} bytes")
    return salt
