"""Everything that is kept between reruns, in one file: all `st.cache_*` of the app are here, each with its bound.

Keys are paths, names and numbers, never arrays: Streamlit hashes only a sample of a large one.
"""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from gan import data
from gan.config import DataConfig
from gan.data.catalogue import Entry, entries
from gan.data.imageset import ImageSet
from gan.metrics import MetricsReader
from gan.runs import Run

if TYPE_CHECKING:
    from gan.sample import Sampler

_READING = threading.Lock()  # sessions are threads, and a reader moves its place in the file


def metrics(run: Run) -> list[dict[str, Any]]:
    """All rows of a run's curves so far; only what is new since the last look is read."""
    reader = _reader(run.path)
    with _READING:
        return list(reader.read())


@st.cache_resource(max_entries=32, show_spinner=False)
def _reader(path: Path) -> MetricsReader:
    return MetricsReader(path / "metrics.jsonl")


@st.cache_resource(max_entries=2, show_spinner="Loading the generator …")
def sampler(path: Path, snapshot: int) -> "Sampler":
    """The generator of one snapshot on the CPU: the web process leaves the GPU to the training."""
    from gan.sample import load_generator  # here: it imports torch, which no other page needs

    return load_generator(Run(path), snapshot)


@st.cache_data(ttl=10, max_entries=1, show_spinner="Looking for data …")
def catalogue() -> list[Entry]:
    """The sets that can be chosen; looked for again after ten seconds, or at once after `forget_catalogue`."""
    return entries()


def forget_catalogue() -> None:
    """Look for sets again at the next rerun: one was read or added."""
    catalogue.clear()


def image_set(config: DataConfig) -> ImageSet | None:
    """The set where it was read before, its images memory-mapped; None where that is still to do."""
    return data.cached(config)
