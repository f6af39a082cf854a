"""Image sets by name, read once and kept in a memory-mapped cache.

`load` gives the `ImageSet` (imageset.py) of a DataConfig from the source (source.py) that its name stands for. Reading
needs no torch. Read next: `models/dcgan.py`.
"""

import hashlib
import shutil
from pathlib import Path

from gan import settings
from gan.config import DataConfig
from gan.data import celeba, digits, folder, medmnist, mnist
from gan.data.imageset import ImageSet
from gan.data.source import Progress, Source, silent
from gan.errors import DataError
from gan.files import exclusive

SOURCES: dict[str, Source] = {
    "digits": digits.SOURCE,
    "mnist": mnist.SOURCE,
    "celeba": celeba.SOURCE,
    "medmnist": medmnist.SOURCE,
    "folder": folder.SOURCE,
}


def load(config: DataConfig, progress: Progress = silent) -> ImageSet:
    """The image set of a config: from the cache, or read, downloaded where that is possible, and cached.

    Raises DataError that names what is missing or damaged and what to do.
    """
    ready = cached(config)
    if ready is not None:
        return ready
    source = SOURCES[config.name]
    problem = source.problem(config)
    if problem:
        raise DataError(problem)
    target = cache_folder(config)
    target.parent.mkdir(parents=True, exist_ok=True)
    with exclusive(target.with_suffix(".lock")):  # two starts at once read a set once
        if not (target / "set.json").exists():
            shutil.rmtree(target, ignore_errors=True)  # what a killed reader left
            images = source.read(config, progress)
            target = cache_folder(config)  # a download changed the fingerprint
            target.mkdir(exist_ok=True)
            images.save(target)
    return ImageSet.open_cached(target)


def cached(config: DataConfig) -> ImageSet | None:
    """The image set of a config where it was read before; None where that is still to do."""
    folder = cache_folder(config)
    return ImageSet.open_cached(folder) if (folder / "set.json").exists() else None


def problem(config: DataConfig) -> str | None:
    """Why the set cannot be read now and what to do about it, or None."""
    return SOURCES[config.name].problem(config)


def cache_folder(config: DataConfig) -> Path:
    """Where the decoded set is kept: a changed file, size or option gives another folder."""
    key = hashlib.sha256(SOURCES[config.name].fingerprint(config).encode()).hexdigest()[:16]
    return settings.cache() / f"{config.name}-{key}"
