"""The fixture of all tests of hostile files."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gan.io import file_lock
from gan.jobs import tickets
from tests.support.hostile import WATCH


@pytest.fixture
def watched(tmp_path: Path, store: Path) -> Iterator[Path]:
    """A folder outside of the store that nothing may open, while no process may start: the queue's lock is taken."""
    outside = tmp_path / "outside"
    outside.mkdir()
    tickets.host_folder().mkdir(parents=True)
    descriptor = file_lock.try_lock(tickets.host_folder() / "scheduler.lock")
    assert descriptor is not None
    yield outside
    WATCH.outside = None
    os.close(descriptor)
