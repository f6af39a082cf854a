"""What is kept between reruns of all that takes torch: generators, the images made with them, detectors of near copies.

torch is imported where it is needed first, so that the other pages open at once. Keys are those of `cached.py`, where
the rest of what is kept is. What draws its progress is made outside of the cached function, which keeps a place for it:
Streamlit would draw the same bar again whenever the result is found, and fails where its place on the page is gone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from gan.config import options, settings
from gan.data import registry
from gan.data.image_set import ImageSet
from gan.evaluation import training_images
from gan.evaluation.privacy.closest_pairs import closest_pair_images
from gan.evaluation.records import results
from gan.evaluation.records.results import EvaluationResult
from gan.export.request import ExportRequest
from gan.io.atomic import file_version
from gan.runs.run import Run
from gan.sampling import views
from gan.sampling.conditions import Condition
from gan.sampling.provenance import Origin
from gan.sampling.views import ImageGroup
from pages.ui import tiles
from pages.ui.cache import FileVersion, dataset_info, image_set

if TYPE_CHECKING:
    from gan.data.order import FirstBatch
    from gan.evaluation.privacy.near_copies import NearCopyDetector
    from gan.evaluation.selector import Selector
    from gan.sampling.sampler import Sampler


Made = TypeVar("Made")


def _once(place: list[Made], make: Callable[[], Made]) -> Made:
    """What a place has kept, made where it is empty still."""
    if not place:
        place.append(make())
    return place[0]


def sampler(run: Run, snapshot: int) -> "Sampler":
    """The generator of one snapshot on the CPU: the web process leaves the GPU to the training."""
    return _sampler(run.path, snapshot, _whole(run, snapshot))


@st.cache_resource(max_entries=2, show_spinner="Loading the generator …")
def _sampler(path: Path, snapshot: int, version: FileVersion) -> "Sampler":
    from gan.sampling.sampler import load_generator  # here: it imports torch, which no other page needs

    return load_generator(Run(path), snapshot)


def _whole(run: Run, snapshot: int) -> FileVersion:
    """The version of a snapshot: a run that was deleted and made again under its name has other ones."""
    return file_version(run.snapshot(snapshot) / "ready.json")


def requested_images(run: Run, request: ExportRequest) -> list[ImageGroup]:
    """The images of a request, kept while a reader marks them."""
    assert request.snapshot is not None
    return _look(run.path, _whole(run, request.snapshot), request)


@st.cache_resource(max_entries=12, show_spinner="Making the images …")
def _look(path: Path, version: FileVersion, request: ExportRequest) -> list[ImageGroup]:
    assert request.snapshot is not None
    made = sampler(Run(path), request.snapshot)
    return views.requested_groups(made, request.items, request.seed, request.start, request.truncation)


def rejected_images(run: Run, request: ExportRequest) -> frozenset[Origin] | None:
    """The images of a request that its keep rate leaves out; None where no task has learnt the real images yet.

    To be asked only where `training_images.problem` has nothing against them.
    """
    selector = _selector(run)
    if selector is None:
        return None
    left_out: list[Origin] = []
    for group in requested_images(run, replace(request, keep_rate=1.0)):
        known = dataset_info(run)
        rows = np.stack([Condition.from_text(origin.condition, known).row(known) for origin in group.origins])
        kept = set(selector.select(group.images, rows, request.keep_rate).tolist())
        left_out += [origin for i, origin in enumerate(group.origins) if i not in kept]
    return frozenset(left_out)


def _selector(run: Run) -> "Selector | None":
    """Kept once it is there: it may be made at any moment."""
    place = _selectors(settings.store(), training_images.training_images_key(run))
    if not place:
        from gan.evaluation import selector  # here: it imports torch

        found = selector.cached_selector(run)
        if found is None:
            return None
        place.append(found)
    return place[0]


@st.cache_resource(max_entries=2, show_spinner=False)
def _selectors(store: Path, key: str) -> "list[Selector]":
    return []


def same_noise_images(
    run: Run, snapshot: int, asked: Sequence[str], count: int, seed: int, truncation: float
) -> list[ImageGroup]:
    """The same `count` noises under each of several conditions."""
    return _same_noise(run.path, _whole(run, snapshot), snapshot, tuple(asked), count, seed, truncation)


@st.cache_resource(max_entries=6, show_spinner="Making the images …")
def _same_noise(
    path: Path, version: FileVersion, snapshot: int, asked: tuple[str, ...], count: int, seed: int, truncation: float
) -> list[ImageGroup]:
    made = sampler(Run(path), snapshot)
    requests = [Condition.from_text(text, made.info) for text in asked]
    return views.same_noise_groups(made, requests, count, seed, truncation)


def subclass_images(run: Run, snapshot: int, label: str, count: int, seed: int, truncation: float) -> list[ImageGroup]:
    """Images of each kind within a class, up to `count`."""
    return _of_kinds(run.path, _whole(run, snapshot), snapshot, label, count, seed, truncation)


@st.cache_resource(max_entries=6, show_spinner="Making the images of every kind …")
def _of_kinds(
    path: Path, version: FileVersion, snapshot: int, label: str, count: int, seed: int, truncation: float
) -> list[ImageGroup]:
    made = sampler(Run(path), snapshot)
    return views.subclass_groups(made, Condition.from_text(label, made.info), count, seed, truncation)


def snapshot_images(
    run: Run, snapshots: Sequence[int], asked: Sequence[str], count: int, seed: int, truncation: float
) -> list[ImageGroup]:
    """The same `count` images, of the conditions in turn, at each of several snapshots."""
    whole = tuple((snapshot, _whole(run, snapshot)) for snapshot in snapshots)
    return _over_snapshots(run.path, whole, tuple(asked), count, seed, truncation)


@st.cache_resource(max_entries=6, show_spinner="Making the images of every snapshot …")
def _over_snapshots(
    path: Path,
    snapshots: tuple[tuple[int, FileVersion], ...],
    asked: tuple[str, ...],
    count: int,
    seed: int,
    truncation: float,
) -> list[ImageGroup]:
    run = Run(path)
    known = dataset_info(run)
    drawn = views.alternating_conditions([Condition.from_text(text, known) for text in asked], count, seed, known)
    return [views.group(sampler(run, snapshot), str(snapshot), drawn, seed, 0, truncation) for snapshot, _ in snapshots]


def generated_image(run: Run, origin: Origin) -> NDArray[np.uint8]:
    """One image (C, H, H), made again from its origin."""
    return _generated(run.path, _whole(run, origin.snapshot), origin)


@st.cache_resource(max_entries=2000, show_spinner=False)
def _generated(path: Path, version: FileVersion, origin: Origin) -> NDArray[np.uint8]:
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
    """A GIF of the walk from one image to another, both of the first one's snapshot."""
    from gan.sampling import interpolation  # here: it imports torch, which no other page needs

    place = _walk(run.path, _whole(run, first.snapshot), first, last, steps)
    frames = _once(place, lambda: interpolation.frames(sampler(run, first.snapshot), first, last, steps, progress))
    return interpolation.gif(frames, seconds, back=back)


@st.cache_resource(max_entries=8, show_spinner=False)
def _walk(path: Path, version: FileVersion, first: Origin, last: Origin, steps: int) -> list[NDArray[np.uint8]]:
    return []


def nearest_real(run: Run, origin: Origin, images: ImageSet) -> NDArray[np.uint8]:
    """The image (C, H, H), among the run's training images, that is most like a generated one."""
    detector = _detector(run.path, file_version(run.path / "data.json"), images)
    found = detector.nearest(generated_image(run, origin)[None])
    real: NDArray[np.uint8] = tiles.real_images(images, images.rows("train")[found.pixel_index])[0]
    return real


@st.cache_resource(max_entries=2, show_spinner=False)
def _detector(path: Path, version: FileVersion, _images: ImageSet) -> "NearCopyDetector":
    from gan.evaluation.classifiers.reference import NativeImages
    from gan.evaluation.privacy.near_copies import NearCopyDetector

    return NearCopyDetector(NativeImages(_images, _images.rows("train")))


@dataclass(frozen=True)
class Closeness:
    """How close an image comes to a training image, below what it counts as a near copy, and whether it does."""

    value: float
    threshold: float
    copy: bool


def closeness(run: Run, origin: Origin, images: ImageSet) -> Closeness | None:
    """Whether an image is a near copy; None where no task has measured yet what counts as one on these images."""
    from gan.evaluation.privacy import guard  # here: it imports torch

    measured = guard.cached_calibration(run)
    if measured is None:
        return None
    detector = _detector(run.path, file_version(run.path / "data.json"), images)
    detector.use_calibration(measured)
    found = detector.nearest(generated_image(run, origin)[None])
    return Closeness(float(found.closeness[0]), detector.threshold, bool(found.copy[0]))


def closest_pairs(run: Run, result: EvaluationResult) -> tuple[NDArray[np.uint8], NDArray[np.uint8]] | None:
    """The closest generated and training images (n, C, H, H) of a result; None where the set is not in the cache."""
    file = results.result_path(run, result.snapshot, result.split, result.features)
    there = image_set(run.config.data)
    if there is None:
        return None
    return _closest_pairs(run.path, result.snapshot, result.split, result.features, file_version(file), there)


@st.cache_data(max_entries=20, show_spinner="Making the closest pairs again …")
def _closest_pairs(
    path: Path, snapshot: int, split: str, features: str, version: FileVersion, _images: ImageSet
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]] | None:
    from gan.sampling.sampler import load_generator  # here: it imports torch

    run = Run(path)
    return closest_pair_images(
        results.load_result(run, snapshot, split, features), load_generator(run, snapshot), _images
    )


def first_batch(config: str, count: int) -> "FirstBatch | None":
    """The first images of the first batch of a config, given as the text of its config.json; None where the set was
    not read yet."""
    there = image_set(options.config_from_json(config).data)
    return (
        None
        if there is None
        else _first_batch(config, registry.cache_folder(options.config_from_json(config).data), count, there)
    )


@st.cache_data(max_entries=4, show_spinner="Putting the first batch together …")
def _first_batch(config: str, folder: Path, count: int, _images: ImageSet) -> "FirstBatch":
    from gan.data.order import first_batch  # here: it imports torch

    return first_batch(_images, options.config_from_json(config)).head(count)
