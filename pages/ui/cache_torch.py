"""Caches of everything that needs torch: generators, generated images, near-copy detectors.

torch is imported inside the functions, so that other pages open at once. Keys contain file versions, as in `cache.py`.
Work that draws its progress runs outside the cached function, which only keeps a list for the result: Streamlit would
replay the progress bar at every cache hit, and fails where its place on the page is gone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from gan.config import options, settings
from gan.data import registry
from gan.data.image_set import UNLABELLED, ImageSet
from gan.evaluation import training_images
from gan.evaluation.privacy.closest_pairs import closest_pair_images
from gan.evaluation.records import results
from gan.evaluation.records.results import EvaluationResult
from gan.export.request import ExportRequest
from gan.io.atomic import FileVersion, file_version
from gan.runs.run import Run
from gan.sampling import views
from gan.sampling.conditions import Condition
from gan.sampling.provenance import Origin
from gan.sampling.views import ImageGroup
from pages.ui import tiles
from pages.ui.cache import dataset_info
from pages.ui.cache_images import image_set

if TYPE_CHECKING:
    from gan.data.order import FirstBatch
    from gan.evaluation.privacy.near_copies import NearCopyDetector
    from gan.evaluation.selector import Selector
    from gan.sampling.sampler import Sampler


T = TypeVar("T")


def _once(kept: list[T], make: Callable[[], T]) -> T:
    """The item of a list of at most one, made where the list is empty."""
    if not kept:
        kept.append(make())
    return kept[0]


def sampler(run: Run, snapshot: int) -> "Sampler":
    """The generator of one snapshot on the CPU: the web process leaves the GPU to the training."""
    return _sampler(run.path, snapshot, _snapshot_version(run, snapshot))


@st.cache_resource(max_entries=2, show_spinner="Loading the generator …")
def _sampler(path: Path, snapshot: int, version: FileVersion) -> "Sampler":
    from gan.sampling.sampler import load_generator  # here: it imports torch, which no other page needs

    return load_generator(Run(path), snapshot)


def _snapshot_version(run: Run, snapshot: int) -> FileVersion:
    """Changes where a run was deleted and another one made under its name."""
    return file_version(run.snapshot(snapshot) / "ready.json")


def first_images(run: Run, request: ExportRequest, count: int, skip: int) -> list[ImageGroup]:
    """A group of `count` images for each condition of a request, after the first `skip`."""
    assert request.snapshot is not None
    texts = tuple(text for text, _ in request.items)
    version = _snapshot_version(run, request.snapshot)
    return _first_images(run.path, version, request.snapshot, texts, count, request.seed, skip, request.truncation)


@st.cache_resource(max_entries=12, show_spinner="Making the images …")
def _first_images(
    path: Path,
    version: FileVersion,
    snapshot: int,
    texts: tuple[str, ...],
    count: int,
    seed: int,
    skip: int,
    truncation: float,
) -> list[ImageGroup]:
    return views.first_groups(sampler(Run(path), snapshot), texts, count, seed, skip, truncation)


def images_below_keep_rate(run: Run, groups: Sequence[ImageGroup], keep_rate: float) -> frozenset[Origin] | None:
    """Of each group the images that a keep rate leaves out; None where no selector is trained yet.

    Call only where `training_images.problem` has nothing against them.
    """
    selector = _selector(run)
    if selector is None:
        return None
    left_out: list[Origin] = []
    info = dataset_info(run)
    for group in groups:
        rows = np.stack([Condition.from_text(origin.condition, info).row(info) for origin in group.origins])
        kept = set(selector.select(group.images, rows, keep_rate).tolist())
        left_out += [origin for i, origin in enumerate(group.origins) if i not in kept]
    return frozenset(left_out)


def _selector(run: Run) -> "Selector | None":
    """The selector, cached once a task has trained it."""
    kept = _selectors(settings.store(), training_images.training_images_key(run))
    if not kept:
        from gan.evaluation import selector  # here: it imports torch

        trained = selector.cached_selector(run)
        if trained is None:
            return None
        kept.append(trained)
    return kept[0]


@st.cache_resource(max_entries=2, show_spinner=False)
def _selectors(store: Path, key: str) -> "list[Selector]":
    return []


def same_noise_images(
    run: Run, snapshot: int, texts: Sequence[str], count: int, seed: int, truncation: float
) -> list[ImageGroup]:
    """The same `count` noise vectors under each of several conditions."""
    return _same_noise(run.path, _snapshot_version(run, snapshot), snapshot, tuple(texts), count, seed, truncation)


@st.cache_resource(max_entries=6, show_spinner="Making the images …")
def _same_noise(
    path: Path, version: FileVersion, snapshot: int, texts: tuple[str, ...], count: int, seed: int, truncation: float
) -> list[ImageGroup]:
    generator = sampler(Run(path), snapshot)
    conditions = [Condition.from_text(text, generator.info) for text in texts]
    return views.same_noise_groups(generator, conditions, count, seed, truncation)


def snapshot_images(
    run: Run, snapshots: Sequence[int], texts: Sequence[str], count: int, seed: int, truncation: float
) -> list[ImageGroup]:
    """The same `count` images at each of several snapshots, alternating between the conditions."""
    whole = tuple((snapshot, _snapshot_version(run, snapshot)) for snapshot in snapshots)
    return _snapshot_images(run.path, whole, tuple(texts), count, seed, truncation)


@st.cache_resource(max_entries=6, show_spinner="Making the images of every snapshot …")
def _snapshot_images(
    path: Path,
    snapshots: tuple[tuple[int, FileVersion], ...],
    texts: tuple[str, ...],
    count: int,
    seed: int,
    truncation: float,
) -> list[ImageGroup]:
    run = Run(path)
    info = dataset_info(run)
    conditions = views.alternating_conditions([Condition.from_text(text, info) for text in texts], count, seed, info)
    return [
        views.image_group(sampler(run, snapshot), str(snapshot), conditions, seed, range(count), truncation)
        for snapshot, _ in snapshots
    ]


def generated_image(run: Run, origin: Origin) -> NDArray[np.uint8]:
    """One image uint8 (C, H, H), generated from its origin."""
    return _generated_image(run.path, _snapshot_version(run, origin.snapshot), origin)


@st.cache_resource(max_entries=2000, show_spinner=False)
def _generated_image(path: Path, version: FileVersion, origin: Origin) -> NDArray[np.uint8]:
    return views.regenerate(sampler(Run(path), origin.snapshot), origin)


def interpolation_gif(
    run: Run,
    first: Origin,
    last: Origin,
    steps: int,
    seconds: float,
    back: bool,
    progress: Callable[[float], None],
) -> bytes:
    """A GIF of the walk from one image to another, both at the snapshot of the first; `progress` gets 0 to 1."""
    from gan.sampling import interpolation  # here: it imports torch, which no other page needs

    kept = _walk(run.path, _snapshot_version(run, first.snapshot), first, last, steps)
    frames = _once(kept, lambda: interpolation.frames(sampler(run, first.snapshot), first, last, steps, progress))
    return interpolation.gif(frames, seconds, back=back)


@st.cache_resource(max_entries=8, show_spinner=False)
def _walk(path: Path, version: FileVersion, first: Origin, last: Origin, steps: int) -> list[NDArray[np.uint8]]:
    return []


@dataclass(frozen=True)
class RealImage:
    """A real image uint8 (C, H, H) that a run learned; `unlabelled` where its class was inferred."""

    image: NDArray[np.uint8]
    unlabelled: bool


def nearest_real(run: Run, origin: Origin, images: ImageSet) -> RealImage:
    """The image that the run learned which is most similar to a generated one."""
    detector = _detector(run.path, _learned_version(run), images)
    nearest = detector.nearest(generated_image(run, origin)[None])
    (row,) = training_images.learned_rows(run)[nearest.pixel_index]
    return RealImage(tiles.real_images(images, np.array([row]))[0], bool(images.split[row] == UNLABELLED))


def _learned_version(run: Run) -> FileVersion:
    """Changes where a run was deleted and another one made under its name, which may have learned other images."""
    return file_version(run.path / "fingerprint.npz")


@st.cache_resource(max_entries=2, show_spinner=False)
def _detector(path: Path, version: FileVersion, _images: ImageSet) -> "NearCopyDetector":
    from gan.evaluation.privacy import guard  # here: it imports torch

    return guard.training_detector(_images, training_images.learned_rows(Run(path)))


@dataclass(frozen=True)
class Closeness:
    """Closeness to the nearest training image; below `threshold` an image is a near copy."""

    value: float
    threshold: float
    copy: bool


def closeness(run: Run, origin: Origin, images: ImageSet) -> Closeness | None:
    """The closeness of an image to the training images; None where the detector is not calibrated yet."""
    from gan.evaluation.privacy import guard  # here: it imports torch

    calibration = guard.cached_calibration(run)
    if calibration is None:
        return None
    detector = _detector(run.path, _learned_version(run), images)
    detector.use_calibration(calibration)
    nearest = detector.nearest(generated_image(run, origin)[None])
    return Closeness(float(nearest.closeness[0]), detector.threshold, bool(nearest.copy[0]))


def closest_pairs(run: Run, result: EvaluationResult) -> tuple[NDArray[np.uint8], NDArray[np.uint8]] | None:
    """The closest generated and training images, uint8 (n, C, H, H) each; None where the data set is not cached, or
    not for the visitor."""
    file = results.result_path(run, result.snapshot, result.split)
    if training_images.viewing_problem(run) is not None:
        return None
    images = image_set(run.config.data)
    if images is None:
        return None
    return _closest_pairs(run.path, result.snapshot, result.split, file_version(file), images)


@st.cache_data(max_entries=20, show_spinner="Making the closest pairs again …")
def _closest_pairs(
    path: Path, snapshot: int, split: str, version: FileVersion, _images: ImageSet
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]] | None:
    from gan.sampling.sampler import load_generator  # here: it imports torch

    run = Run(path)
    return closest_pair_images(results.load_result(run, snapshot, split), load_generator(run, snapshot), _images)


def first_batch(config: str, count: int) -> "FirstBatch | None":
    """The first `count` images of the first batch; `config` is the text of a config.json. None where the data set is
    not cached."""
    data = options.config_from_json(config).data
    images = image_set(data)
    return None if images is None else _first_batch(config, registry.image_set_key(data), count, images)


@st.cache_data(max_entries=4, show_spinner="Reading the first batch …")
def _first_batch(config: str, key: str, count: int, _images: ImageSet) -> "FirstBatch":
    from gan.data.order import first_batch  # here: it imports torch

    return first_batch(_images, options.config_from_json(config)).head(count)


def clear_pictures() -> None:
    """Forget what was made from real images: a set was removed."""
    for kept in (_selectors, _detector, _closest_pairs, _first_batch):
        kept.clear()
