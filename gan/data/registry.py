"""The image set of a DataConfig, read once from its source and cached as memory-mapped arrays.

Reading needs no torch.
"""

import hashlib
import shutil
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from gan.access.permissions import Action, require
from gan.config import settings
from gan.config.run_config import SIZES, DataConfig
from gan.data.image_set import ImageSet
from gan.data.preview import pick_preview
from gan.data.set_access import set_target
from gan.data.sources import celeba, digits, folder, medmnist, mnist
from gan.data.sources.source import Preview, Source
from gan.errors import DataError
from gan.io.atomic import append_json_line, remove_folder
from gan.io.file_lock import exclusive
from gan.io.json_files import read_json_lines
from gan.io.progress import Progress, silent

SOURCES: dict[str, Source] = {
    "digits": digits.SOURCE,
    "mnist": mnist.SOURCE,
    "celeba": celeba.SOURCE,
    "medmnist": medmnist.SOURCE,
    "folder": folder.SOURCE,
}


MADE_FROM = "made_from_it.jsonl"
"""In a cache folder: the files of the cache that were made from its set."""


class _Made(TypedDict):
    file: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,199}$")]


MADE = TypeAdapter(_Made)
LAYOUT = "3"
"""Part of the cache key. Change it when `ImageSet.save` writes different files, so that sets are read again."""


def load_image_set(config: DataConfig, progress: Progress = silent) -> ImageSet:
    """The image set of a config, from the cache if it is there; else downloaded if possible, read and cached.

    Raises DataError that names what is missing or damaged and what to do.
    """
    source = SOURCES[config.name]
    _raise_problem(source, config)
    settings.cache().mkdir(parents=True, exist_ok=True)
    if not source.local(config):
        with exclusive(settings.cache() / f"{config.name}-download.lock"):  # of two concurrent starts, one downloads
            if not source.local(config):
                source.fetch(config, progress)
    target = cache_folder(config)
    with exclusive(target.with_suffix(".lock")):  # and one reads
        if not _complete(target):
            _read(source, config, progress, target)
    return source.narrow(config, ImageSet.open_cached(target))


def cached_image_set(config: DataConfig) -> ImageSet | None:
    """The image set of a config if it is in the cache and has no problem, else None."""
    source = SOURCES[config.name]
    if source.problem(config) or not source.local(config):
        return None
    target = cache_folder(config)
    return source.narrow(config, ImageSet.open_cached(target)) if _complete(target) else None


def cached_at_any_size(config: DataConfig) -> ImageSet | None:
    """As `cached_image_set`, or else the set as it was read at another image size: its labels and splits are the same.

    For counts, names and channels, which do not depend on the size.
    """
    sizes = (config.image_size, *(size for size in SIZES if size != config.image_size))
    found = (cached_image_set(config.model_copy(update={"image_size": size})) for size in sizes)
    return next((image_set for image_set in found if image_set is not None), None)


def remove_cached(config: DataConfig) -> None:
    """Remove what was decoded of a set, at all sizes, and the caches made from it; for a set that is deleted."""
    for size in SIZES:
        target = cache_folder(config.model_copy(update={"image_size": size}))
        if target.is_dir():
            with exclusive(target.with_suffix(".lock")):
                for row in read_json_lines(target / MADE_FROM, MADE):
                    (settings.cache() / row["file"]).unlink(missing_ok=True)
                remove_folder(target)


def note_made_from(images: ImageSet, path: Path) -> None:
    """Note that a file of the cache, such as a classifier, was made from a set: it is removed with it."""
    if images.folder is not None and images.folder.is_dir():
        append_json_line(images.folder / MADE_FROM, {"file": path.name})


def problem(config: DataConfig) -> str | None:
    """Why the set cannot be read and what to do, or None."""
    return SOURCES[config.name].problem(config)


def preview(config: DataConfig, count: int = 24) -> Preview:
    """Up to `count` training images, uint8 (n, C, H, W) at the training size, with a label each. Builds no cache.

    Conditions come in turn. Raises DataError as `load_image_set` does, and if the set must first be downloaded,
    and AccessError where the current person may not look at its images.
    """
    require(Action.SEE_REAL_IMAGES, set_target(config))
    images = cached_image_set(config)
    if images is not None:
        return pick_preview(images, count)
    source = SOURCES[config.name]
    _raise_problem(source, config)
    if not source.local(config):
        raise DataError(f"{source.title(config)} is not on this machine yet. It is downloaded at its first use.")
    return source.preview(config, count)


def cache_folder(config: DataConfig) -> Path:
    """The cache folder of a config; it differs for changed files, another image size or other reading options."""
    key = hashlib.sha256(f"{LAYOUT} {SOURCES[config.name].fingerprint(config)}".encode()).hexdigest()[:16]
    return settings.cache() / f"{config.name}-{key}"


def image_set_key(config: DataConfig) -> str:
    """A key of the image set of a config, for caches of what is made from it; reads no image."""
    text = f"{cache_folder(config).name} {SOURCES[config.name].selection(config)}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _raise_problem(source: Source, config: DataConfig) -> None:
    text = source.problem(config)
    if text:
        raise DataError(text)


def _complete(target: Path) -> bool:
    return (target / "set.json").exists()  # written last


def _read(source: Source, config: DataConfig, progress: Progress, target: Path) -> None:
    """Read a set into its cache folder; nothing is left there if that fails."""
    remove_folder(target)  # remains of a killed process
    target.mkdir()
    try:
        source.read(config, progress, target).save(target)
    except BaseException:  # StoppedError too: half a set may take gigabytes
        shutil.rmtree(target)
        raise
