"""Tells a link that was opened from the page's own address that comes back with a click.

A page writes its choices into its address, and the browser sends the address with every click. A quick second click
sends it before the browser heard of the first choice: taken for an opened link, it would undo that choice.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import streamlit as st

Link = Mapping[str, Sequence[str]]
SETTLED = 5.0  # seconds after which a browser has heard of what was written: an older address is the Back button's
MOST = 20  # addresses that are remembered


def is_opened(key: str, link: Link) -> bool:
    """Whether this address is of a link that was opened, and not what the page wrote just now.

    `key` names the place in the session's state that keeps what was written.
    """
    written = _written(key)
    recent = [known for (known, _), (_, replaced) in pairwise(written) if time.monotonic() - replaced < SETTLED]
    if link in (*recent, *(known for known, _ in written[-1:])):
        return False
    st.session_state[key] = [(dict(link), time.monotonic())]
    return True


def settle(key: str, names: Iterable[str]) -> None:
    """Put back what the page wrote last where the browser sent an older address with its click; before reading it."""
    link = _read(names)
    if not is_opened(key, link) and link != current(key):
        _write(names, current(key))


def change(key: str, names: Iterable[str], **values: str) -> None:
    """Write these of the parameters `names` into the address; those without a value leave it. For callbacks."""
    settle(key, names)
    link = {name: kept for name, kept in (_read(names) | {n: [v] for n, v in values.items()}).items() if any(kept)}
    _write(names, link)
    wrote(key, link)


def current(key: str) -> Link:
    """What the page wrote last, or what was opened since; nothing at first."""
    written = _written(key)
    return written[-1][0] if written else {}


def wrote(key: str, link: Link) -> None:
    """Note what the page has written into its address."""
    if link != current(key):
        st.session_state[key] = [*_written(key)[-MOST:], (dict(link), time.monotonic())]


def _read(names: Iterable[str]) -> dict[str, list[str]]:
    return {name: values for name in names if (values := st.query_params.get_all(name))}


def _write(names: Iterable[str], link: Link) -> None:
    for name in names:
        if name in link:
            st.query_params[name] = list(link[name])
        else:
            st.query_params.pop(name, None)


def _written(key: str) -> list[tuple[Link, float]]:
    """What was written, oldest first, each with its time."""
    written: list[tuple[Link, float]] = st.session_state.get(key, [])
    return written
