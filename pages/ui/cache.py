"""What the pages cache of runs and of the store's disk, each with its bound.

Real images and uploads are in `cache_images.py`, and what needs torch in `cache_torch.py`.

Keys are paths, names and numbers, never arrays: Streamlit hashes only a sample of a large one.
"""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from gan import jobs
from gan.config import settings
from gan.data.info import DatasetInfo
from gan.evaluation import job
from gan.evaluation.records import partial_study as partial_results
from gan.evaluation.records.partial_study import PartialRegime
from gan.io import animation, contact_sheet
from gan.io.atomic import FileVersion, file_version
from gan.io.png import encode_picture
from gan.io.synthetic_mark import MARK
from gan.io.untrusted_files import read_bytes
from gan.monitoring import real_diversity as diversity
from gan.monitoring import run_verdict as verdicts
from gan.monitoring.run_verdict import RunVerdict
from gan.runs.metrics_table import MetricsReader, MetricsTable
from gan.runs.run import Run
from pages.ui import tiles


def metrics(run: Run) -> MetricsTable:
    """All points of a run's metrics so far; only new ones are read."""
    return _reader(run.path).read()


@st.cache_resource(max_entries=32, show_spinner=False)
def _reader(path: Path) -> MetricsReader:
    return MetricsReader(path / "metrics.jsonl")


def dataset_info(run: Run) -> DatasetInfo:
    """What the run's networks were built from; raises RunError before the trainer has read its data."""
    return _dataset_info(run.path, file_version(run.path / "data.json"))


@st.cache_resource(max_entries=4, show_spinner=False)
def _dataset_info(path: Path, version: FileVersion) -> DatasetInfo:
    return Run(path).info()


def disk_usage(path: Path) -> int:
    """Size of a run's folder on the disk in bytes, up to a minute old or as of its last progress, score or download."""
    changing = ("status.json", "end.json", "evaluation", "exports/ledger.jsonl")
    return _disk_usage(path, tuple(file_version(path / name) for name in changing))


@st.cache_data(ttl=60, max_entries=2000, show_spinner=False)
def _disk_usage(path: Path, versions: tuple[FileVersion, ...]) -> int:
    return jobs.disk_usage(path)


@dataclass(frozen=True)
class Space:
    """Bytes of the store's disk: taken by the store, and free."""

    taken: int
    free: int


@st.cache_data(ttl=60, max_entries=4, show_spinner=False)
def disk_space(store: Path) -> Space:
    """The disk of the store, up to a minute old; caches and added sets count. 500 runs take 0.2 seconds."""
    existing = next(folder for folder in (store, *store.parents) if folder.exists())
    _measured_stores().add(store)
    return Space(jobs.disk_usage(store), shutil.disk_usage(existing).free)


def is_disk_measured(store: Path) -> bool:
    """Whether anybody has seen the disk of the store since the server started."""
    return store in _measured_stores()


@st.cache_resource(show_spinner=False)
def _measured_stores() -> set[Path]:
    return set()


def clear_disk_space() -> None:
    """Measure the disk again at the next rerun."""
    _disk_usage.clear()
    disk_space.clear()


def partial_study(run: Run, snapshot: int) -> list[PartialRegime]:
    """What an unfinished study has found so far, up to ten seconds old."""
    return _partial_study(run.path, snapshot)


@st.cache_data(ttl=10, max_entries=8, show_spinner=False)
def _partial_study(path: Path, snapshot: int) -> list[PartialRegime]:
    return partial_results.partial_study(Run(path), snapshot)


def sample_sheet(picture: Path) -> bytes:
    """The PNG of a sample sheet; raises DamagedFileError where it is none."""
    return _sheet(picture, file_version(picture))


@st.cache_data(max_entries=100, show_spinner=False)
def _sheet(picture: Path, version: FileVersion) -> bytes:
    contact_sheet.read_sheet(picture)
    return read_bytes(picture)


def thumbnail(picture: Path, columns: int) -> bytes:
    """A PNG of a sample sheet in about the shape of a card, not scaled."""
    return _thumbnail(picture, file_version(picture), columns)


@st.cache_data(max_entries=500, show_spinner=False)
def _thumbnail(picture: Path, version: FileVersion, columns: int) -> bytes:
    sheet = contact_sheet.fold_sheet(contact_sheet.read_sheet(picture, columns), columns, tiles.CARD)
    return encode_picture(sheet, MARK)


def sheet_strips(picture: Path, columns: int) -> list[bytes]:
    """PNGs of the columns of a sample sheet, each as a wide picture."""
    return _strips(picture, file_version(picture), columns)


@st.cache_data(max_entries=100, show_spinner=False)
def _strips(picture: Path, version: FileVersion, columns: int) -> list[bytes]:
    sheet = contact_sheet.read_sheet(picture, columns)
    return [encode_picture(strip, MARK) for strip in contact_sheet.sheet_strips(sheet, columns)]


def samples_gif(run: Run, turned: tuple[int, int] | None) -> bytes:
    """The GIF of a run's sample pictures so far; `turned` as for `gan.io.animation.sheets_gif`."""
    kept = run.samples()
    return _samples_film(run.path, tuple((seen, file_version(picture)) for seen, picture in kept.items()), turned)


@st.cache_data(max_entries=20, show_spinner="Making the film …")
def _samples_film(path: Path, pictures: tuple[tuple[int, FileVersion], ...], turned: tuple[int, int] | None) -> bytes:
    return animation.sheets_gif(Run(path).samples(), transposed=turned)


def run_verdict(run: Run, state: jobs.State, snapshot: int | None = None) -> RunVerdict:
    """The verdict on a run, or on one of its snapshots; computed again when its files or its jobs change."""
    names = ("config.json", "data.json", "evaluation", "evaluation/study-estimate", "samples", "snapshots")
    # The curves of a live run change twice a second: its verdict is up to half a minute old.
    curves = None if state.alive else file_version(run.path / "metrics.jsonl")
    versions = (curves, *(file_version(run.path / name) for name in names))
    evaluations = tuple(found.name if found else "" for found in (job.job_state(run, kind) for kind in job.KINDS))
    now = round(time.time() / 30) if state.alive else 0
    return _run_verdict(run.path, state.name, state.kind, snapshot, versions, evaluations, now, state)


@st.cache_resource(ttl=600, max_entries=2000, show_spinner=False)
def _run_verdict(
    path: Path,
    name: str,
    kind: str,
    snapshot: int | None,
    versions: tuple[FileVersion, ...],
    evaluations: tuple[str, ...],
    now: int,
    _state: jobs.State,
) -> RunVerdict:
    return verdicts.run_verdict(Run(path), _state, snapshot, rates=_measured_rates(settings.store()))


def evaluation_seconds(run: Run, snapshots: int = 1, kind: str = "scores") -> float | None:
    """`gan.evaluation.job.estimated_seconds`, with what other runs measured up to a minute old."""
    return job.estimated_seconds(run, snapshots, kind, _measured_rates(settings.store()))


@st.cache_data(ttl=60, max_entries=4, show_spinner=False)
def _measured_rates(store: Path) -> dict[str, float]:
    return job.measured_rates()


def real_diversity(run: Run) -> float | None:
    """How much a run's real training images of one condition differ; None where they are not read on this machine."""
    sheet = file_version(run.path / "samples" / "columns.json")
    try:
        return _real_diversity(run.path, sheet, file_version(run.path / "data.json")) if sheet else None
    except _NotRead:
        return None


class _NotRead(Exception):
    """Nobody has read the images: unlike None it is not kept, so that they are found as soon as they are read."""


@st.cache_data(ttl=60, max_entries=100, show_spinner=False)
def _real_diversity(path: Path, sheet: FileVersion, version: FileVersion) -> float:
    found = diversity.real_diversity(Run(path))
    if found is None:
        raise _NotRead
    return found


def pseudo_labelled(run: Run) -> str:
    """What a run learned of unlabelled images, in a sentence; "" where it learns none, or has not begun."""
    known = file_version(run.path / "data.json")
    found = _dataset_info(run.path, known).pseudo_labelled if known else None
    return found.sentence() if found else ""


def subclass_separation(run: Run) -> float:
    """How far apart a run's subclasses lie; 0 without subclasses and before the data is read."""
    known = file_version(run.path / "data.json")
    return _dataset_info(run.path, known).subclass_separation if known else 0.0


def has_attributes(run: Run) -> bool:
    """Whether the images of a run have attributes, not classes; False before its trainer has read them."""
    known = file_version(run.path / "data.json")
    return bool(known) and _dataset_info(run.path, known).kind == "attributes"
