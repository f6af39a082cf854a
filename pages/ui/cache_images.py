"""What the pages cache of real images: data sets, and uploads that are not accepted yet; each with its bound."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image, ImageOps

from gan.access.permissions import Action, require
from gan.config import settings
from gan.config.run_config import DataConfig
from gan.data import registry
from gan.data.catalogue import Entry, stored_entries, visible_entries
from gan.data.image_set import ImageSet
from gan.data.ingest import outcome as outcomes
from gan.data.ingest import upload_check, upload_images
from gan.data.ingest.file_examples import Example
from gan.data.ingest.file_examples import example_files as examples_of
from gan.data.ingest.files.listing import Listing
from gan.data.ingest.import_plan import ImportPlan
from gan.data.ingest.labels.reading import Reading, Window
from gan.data.ingest.outcome import Outcome, picture
from gan.data.set_access import set_target
from gan.data.transform import Geometry
from gan.evaluation.training_images import viewing_problem
from gan.io.atomic import FileVersion, file_version
from gan.io.png import encode_picture
from gan.runs.run import Run
from gan.sampling.conditions import Condition
from gan.training.subclass_labels import load_subclasses
from pages.ui import tiles

T = TypeVar("T")
MOST_NAMES = 12  # classes or attributes of which files are shown


def training_images(run: Run) -> ImageSet | None:
    """What the run was trained on, for pictures of it; None where `viewing_problem` has something against it, or it is
    not read on this machine."""
    return None if viewing_problem(run) else image_set(run.config.data)


def condition_examples(run: Run) -> list[bytes | None] | None:
    """A PNG of a few real training images of each condition of a run; None where they are not read on this machine."""
    there = training_images(run)
    return None if there is None else _examples(run.path, file_version(run.path / "data.json"), there)


@st.cache_data(max_entries=16, show_spinner=False)
def _examples(path: Path, version: FileVersion, _images: ImageSet) -> list[bytes | None]:
    shown = [tiles.example_strip(_images, condition) for condition in range(len(_images.names))]
    return [None if picture is None else encode_picture(picture, {}) for picture in shown]


def real_examples(run: Run, texts: Sequence[str], count: int, skip: int) -> list[NDArray[np.uint8]] | None:
    """Up to `count` real training images (n, C, h, h) of each condition after the first `skip`, in a random order.

    None if the images are not on this machine.
    """
    images = training_images(run)
    if images is None:
        return None
    return _real_examples(run.path, file_version(run.path / "data.json"), tuple(texts), count, skip, images)


@st.cache_data(max_entries=24, show_spinner=False)
def _real_examples(
    path: Path, version: FileVersion, texts: tuple[str, ...], count: int, skip: int, _images: ImageSet
) -> list[NDArray[np.uint8]]:
    info, rows = Run(path).info(), _images.rows("train")
    examples = []
    for text in texts:
        condition = Condition.from_text(text, info)
        matching = condition.matching_positions(info)
        if condition.subclass is not None:
            found = load_subclasses(Run(path), len(_images))
            of_class = np.full(len(_images), -1) if found is None else found.labels
            matching = matching[of_class[rows[matching]] == condition.subclass]
        order = np.random.default_rng(0).permutation(matching)  # files beside each other are often alike
        examples.append(tiles.real_images(_images, rows[order[skip : skip + count]]))
    return examples


def catalogue() -> list[Entry]:
    """The data sets for the visitor, up to ten seconds old, or current after `clear_catalogue`."""
    return visible_entries(_stored_entries(settings.store()))


@st.cache_data(ttl=10, max_entries=1, show_spinner="Looking for data …")
def _stored_entries(store: Path) -> list[Entry]:
    return stored_entries()


def clear_catalogue() -> None:
    """Look for data sets again at the next rerun: one was read or added."""
    _stored_entries.clear()


def clear_pictures() -> None:
    """Forget every picture of real images: a set was removed."""
    for kept in (_examples, _real_examples, example_files, _picture, _square_picture):
        kept.clear()


def image_set(config: DataConfig) -> ImageSet | None:
    """A data set from the cache, memory-mapped, for pictures of it; None where it has not been read.

    Raises AccessError where the visitor may not look at its images.
    """
    require(Action.SEE_REAL_IMAGES, set_target(config))
    return registry.cached_image_set(config)


@st.cache_data(max_entries=8, show_spinner="Opening some of the files …")
def example_files(key: str, _plan: ImportPlan) -> dict[str, list[Example]]:
    """A few files of each class or attribute; `key` names the set and its version."""
    return examples_of(_plan, each=3, names=MOST_NAMES)


def upload_listing(folder: Path) -> Listing:
    """The files of an upload, as they were at its last check."""
    return _upload_listing(folder, file_version(folder / upload_images.REPORT))


@st.cache_resource(max_entries=4, show_spinner="Listing the files …")
def _upload_listing(folder: Path, version: FileVersion) -> Listing:
    return upload_check.upload_listing(folder)


def reading_outcome(folder: Path, reading: Reading) -> Outcome:
    """What a reading makes of an upload; raises DataError as `gan.data.ingest.outcome.reading_outcome`."""
    return _outcome(folder, file_version(folder / upload_images.REPORT), reading.model_dump_json(), reading)


@st.cache_resource(max_entries=64, show_spinner="Reading the labels …")
def _outcome(folder: Path, version: FileVersion, key: str, _reading: Reading) -> Outcome:
    return outcomes.reading_outcome(upload_listing(folder), _reading)


def outcome_pictures(folder: Path, window: Window, outcome: Outcome) -> dict[str, list[tuple[str, bytes]]]:
    """The examples of an outcome as small PNGs, each with its path; unreadable files are passed over."""
    root = upload_listing(folder).root
    return {
        name: [(file, png) for file in files if (png := _picture(root, file, file_version(root / file), window))]
        for name, files in outcome.examples.items()
    }


@st.cache_data(max_entries=2000, show_spinner=False)
def _picture(root: Path, file: str, version: FileVersion, window: Window) -> bytes | None:
    image = picture(root, file, window=window)
    return None if image is None else encode_picture(image, {})


def square_picture(root: Path, file: str, side: int) -> NDArray[np.uint8]:
    """A file of an upload as a square of `side` px, (C, side, side), on grey where it is not square or unreadable."""
    return _square_picture(root, file, file_version(root / file), side)


@st.cache_data(max_entries=2000, show_spinner=False)
def _square_picture(root: Path, file: str, version: FileVersion, side: int) -> NDArray[np.uint8]:
    image = picture(root, file, height=2 * side)
    if image is None:
        return np.full((1, side, side), 128, np.uint8)
    pixels = np.atleast_3d(
        np.asarray(ImageOps.pad(image, (side, side), color=128 if image.mode == "L" else (128,) * 3))
    )
    return pixels.transpose(2, 0, 1)


def from_listing(folder: Path, compute: Callable[..., T], *arguments: Any) -> T:
    """`compute(listing, *arguments)` for the files of an upload, as they were at its last check.

    `arguments` are told apart by their texts.
    """
    version = file_version(folder / upload_images.REPORT)
    result: T = _from_listing(folder, version, compute.__qualname__, repr(arguments), compute, arguments)
    return result


@st.cache_data(max_entries=200, show_spinner="Reading the names …")
def _from_listing(
    folder: Path, version: FileVersion, name: str, key: str, _compute: Callable[..., Any], _arguments: tuple[Any, ...]
) -> Any:
    return _compute(upload_listing(folder), *_arguments)


def geometry_examples(folder: Path, files: tuple[str, ...]) -> tuple[str, dict[Geometry, Image.Image]]:
    """What each geometry makes of the least square of some files of an upload."""
    return _geometry_examples(folder, file_version(folder / upload_images.REPORT), files)


@st.cache_resource(max_entries=32, show_spinner=False)
def _geometry_examples(
    folder: Path, version: FileVersion, files: tuple[str, ...]
) -> tuple[str, dict[Geometry, Image.Image]]:
    return outcomes.geometry_examples(upload_listing(folder).root, files)
