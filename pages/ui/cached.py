"""Everything that is kept between reruns, in one file: all `st.cache_*` of the app are here, each with its bound.

Keys are paths, names and numbers, never arrays: Streamlit hashes only a sample of a large one.
"""

import io
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st
from PIL import Image

from gan import data, jobs
from gan.config import DataConfig
from gan.data.catalogue import Entry, entries
from gan.data.imageset import ImageSet
from gan.facts import DataFacts
from gan.metrics import MetricsReader
from gan.runs import Run
from pages.ui import pictures

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


def facts(run: Run) -> DataFacts:
    """What the run's networks were built from; raises RunError before the trainer has read its data."""
    return _facts(run.path, version(run.path / "data.json"))


@st.cache_resource(max_entries=4, show_spinner=False)
def _facts(path: Path, version: int) -> DataFacts:
    return Run(path).facts()


def version(file: Path) -> int:
    """A number that changes when the file does; 0 where it is not there."""
    try:
        return file.stat().st_mtime_ns
    except (FileNotFoundError, NotADirectoryError):
        return 0


@st.cache_data(ttl=60, max_entries=2000, show_spinner=False)
def disk_usage(path: Path) -> int:
    """Bytes that a folder takes on the disk, counted again after a minute."""
    return jobs.disk_usage(path)


@dataclass(frozen=True)
class Space:
    """Bytes of the store's disk: what the store takes, and what is free."""

    taken: int
    free: int


@st.cache_data(ttl=60, max_entries=4, show_spinner=False)
def space(store: Path) -> Space:
    """What the whole store takes, caches and added sets included, counted again after a minute."""
    there = next(folder for folder in (store, *store.parents) if folder.exists())
    return Space(jobs.disk_usage(store), shutil.disk_usage(there).free)


def forget_space() -> None:
    """Count again at the next rerun: something was deleted."""
    disk_usage.clear()
    space.clear()


def thumbnail(picture: Path, columns: int) -> bytes:
    """A PNG of a sample sheet in about the shape of a card, at its own resolution."""
    return _thumbnail(picture, version(picture), columns)


@st.cache_data(max_entries=500, show_spinner=False)
def _thumbnail(picture: Path, version: int, columns: int) -> bytes:
    return _png(pictures.folded(Image.open(picture), columns))


def strips(picture: Path, columns: int) -> list[bytes]:
    """PNGs of the columns of a sample sheet, each lying."""
    return _strips(picture, version(picture), columns)


@st.cache_data(max_entries=100, show_spinner=False)
def _strips(picture: Path, version: int, columns: int) -> list[bytes]:
    return [_png(strip) for strip in pictures.strips(Image.open(picture), columns)]


def _png(picture: Image.Image) -> bytes:
    content = io.BytesIO()
    picture.save(content, "PNG")
    return content.getvalue()


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
