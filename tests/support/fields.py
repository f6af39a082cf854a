"""Find fields of a page whose keys begin with a name: the rest of the key changes with what the field depends on."""

from typing import Any

from streamlit.testing.v1 import AppTest


def field(at: AppTest, kind: str, name: str) -> Any:
    """The only field of a kind, such as `selectbox`, whose key begins with `name`."""
    (match,) = (found for found in at.get(kind) if str(found.key).startswith(f"{name} "))
    return match
