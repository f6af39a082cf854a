"""The verdicts on many runs: a page shows those that are known, and reads the others after it is drawn.

The verdict on a run with a hundred thousand points takes a second, so that a list of runs never waits for all of them.
"""

import time
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from gan.errors import GanError
from gan.io.atomic import FileVersion
from gan.io.untrusted_files import log_damaged
from gan.monitoring.run_table import SOURCES, RunRecords, run_records
from gan.monitoring.run_verdict import RunVerdict
from pages.ui import cache, fmt
from pages.ui.runs.run_list import Listed

AT_ONCE = 0.3  # estimated seconds of verdicts up to which a drawing waits for those that are not known
LATER = 0.5  # seconds of reading between two drawings, for which a click waits
PAUSE = 0.5  # seconds before that
STALE = 30  # seconds that the verdict on a live run is kept
MOST = 4000  # runs of which the verdict is kept
RUN_SECONDS, BYTES_PER_SECOND = 0.02, 20e6
"""What a verdict takes: for any run, and by the size of its curves. Measured on one core of an AMD EPYC server."""

Key = tuple[object, ...]
Verdicts = dict[str, RunVerdict | None]
"""By the name of the run; None where its files cannot be read, which is logged."""


@st.cache_resource(show_spinner=False)
def _kept() -> dict[Path, tuple[Key, RunVerdict | None]]:
    return {}


def known_verdicts(
    entries: Sequence[Listed], records: Sequence[RunRecords] | None = None
) -> tuple[Verdicts, list[Listed]]:
    """The verdicts that are known, and the runs whose verdict is not known or older than their files.

    Where all of those take little, they are read, and none is left. `records` of the runs, where the caller has read
    them.
    """
    if records is None:
        records = [run_records(entry.run) for entry in entries]
    kept = _kept()
    keys = {entry.run.path: _key(entry, record.versions) for entry, record in zip(entries, records, strict=True)}
    outdated = {path for path, key in keys.items() if path not in kept or kept[path][0] != key}
    needed = {
        entry.run.path: _estimated_seconds(record.versions) for entry, record in zip(entries, records, strict=True)
    }
    if sum(needed[path] for path in outdated) <= AT_ONCE:
        for entry in entries:
            if entry.run.path in outdated:
                _read(entry, keys[entry.run.path])
        outdated.clear()
    verdicts = {entry.run.name: kept[entry.run.path][1] for entry in entries if entry.run.path in kept}
    return verdicts, [entry for entry in entries if entry.run.path in outdated]


def read_later(unknown: list[Listed]) -> None:
    """Read these verdicts after the page is drawn, and draw it again as they come."""
    if unknown:
        st.fragment(_read_some, run_every=PAUSE)(unknown, [True])


def _read_some(unknown: list[Listed], first: list[bool]) -> None:
    """How many are left; from the second call on, which is not part of the page's drawing, some are read."""
    if first:
        first.clear()
        st.caption(f"Reading {fmt.number(len(unknown))} more verdict{'s' * (len(unknown) > 1)} …")
        return
    end = time.monotonic() + LATER
    for entry in unknown:
        _read(entry, _key(entry, run_records(entry.run).versions))
        if time.monotonic() > end:
            break
    st.rerun()


def _key(entry: Listed, versions: tuple[FileVersion, ...]) -> Key:
    """What the verdict depends on; of a live run, whose curves grow, also the time."""
    if entry.state.alive:
        return entry.state.name, *versions[SOURCES.index("snapshots") :], round(time.time() / STALE)
    return entry.state.name, entry.state.kind, *versions


def _estimated_seconds(versions: tuple[FileVersion, ...]) -> float:
    curves = versions[SOURCES.index("metrics.jsonl")] if versions else None
    return RUN_SECONDS + (curves[1] if curves else 0) / BYTES_PER_SECOND


def _read(entry: Listed, key: Key) -> tuple[Key, RunVerdict | None]:
    """Compute the verdict on a run and keep it."""
    kept, verdict = _kept(), None
    try:
        verdict = cache.run_verdict(entry.run, entry.state)
    except (GanError, OSError) as error:  # the pages of the run say so
        log_damaged(entry.run.path, error)
    if len(kept) >= MOST:
        kept.clear()
    kept[entry.run.path] = key, verdict
    return key, verdict
