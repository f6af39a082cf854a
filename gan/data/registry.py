"""Image sets by name, read once and kept in a memory-mapped cache.

`load` gives the `ImageSet` (imageset.py) of a DataConfig from the source (source.py) that its name stands for. Reading
needs no torch.
"""

import hashlib
import shutil
from pathlib import Path

from gan.config import settings
from gan.config.run_config import DataConfig
from gan.data.image_set import ImageSet
from gan.data.preview import pick_preview
from gan.data.sources import celeba, digits, folder, medmnist, mnist
from gan.data.sources.source import Preview, Source
from gan.errors import DataError
from gan.io.atomic import remove_folder
from gan.io.file_lock import exclusive
from gan.io.progress import Progress, silent

SOURCES: dict[str, Source] = {
    "digits": digits.SOURCE,
    "mnist": mnist.SOURCE,
    "celeba": celeba.SOURCE,
    "medmnist": medmnist.SOURCE,
    "folder": folder.SOURCE,
}


LAYOUT = "2"
"""Change it when `ImageSet.save` writes other files: sets in the cache are then read anew."""


def load_image_set(config: DataConfig, progress: Progress = silent) -> ImageSet:
    """The image set of a config: from the cache, or read, downloaded where that is possible, and cached.

    Raises DataError that names what is missing or damaged and what to do.
    """
    source = SOURCES[config.name]
    wrong = source.problem(config)
    if wrong:
        raise DataError(wrong)
    settings.cache().mkdir(parents=True, exist_ok=True)
    if not source.local(config):
        with exclusive(settings.cache() / f"{config.name}-download.lock"):  # two starts at once download once
            if not source.local(config):
                source.fetch(config, progress)
    target = cache_folder(config)
    with exclusive(target.with_suffix(".lock")):  # and read once
        if not _whole(target):
            _read(source, config, progress, target)
    return source.narrow(config, ImageSet.open_cached(target))


def cached_image_set(config: DataConfig) -> ImageSet | None:
    """The image set of a config where it was read before; None where that is still to do, or the set has a problem."""
    source = SOURCES[config.name]
    if source.problem(config) or not source.local(config):
        return None
    target = cache_folder(config)
    return source.narrow(config, ImageSet.open_cached(target)) if _whole(target) else None


def problem(config: DataConfig) -> str | None:
    """Why the set cannot be read now and what to do about it, or None."""
    return SOURCES[config.name].problem(config)


def preview(config: DataConfig, count: int = 24) -> Preview:
    """Some real images uint8 (n, C, H, W) at the training size and what each shows; fast, and builds no cache.

    From the training split, the conditions in turn. `n` is less than `count` where the set is smaller. Raises DataError
    as `load` does, and where the set is still to be downloaded.
    """
    ready = cached_image_set(config)
    if ready is not None:
        return pick_preview(ready, count)
    source = SOURCES[config.name]
    wrong = source.problem(config)
    if wrong:
        raise DataError(wrong)
    if not source.local(config):
        raise DataError(f"{source.title(config)} is not on this machine yet: it is downloaded when it is first used.")
    return source.preview(config, count)


def cache_folder(config: DataConfig) -> Path:
    """Where the decoded set is kept: a changed file, size or option gives another folder."""
    key = hashlib.sha256(f"{LAYOUT} {SOURCES[config.name].fingerprint(config)}".encode()).hexdigest()[:16]
    return settings.cache() / f"{config.name}-{key}"


def _whole(target: Path) -> bool:
    return (target / "set.json").exists()  # written last


def _read(source: Source, config: DataConfig, progress: Progress, target: Path) -> None:
    """Read a set into its cache folder, whole or not at all."""
    remove_folder(target)  # what a killed reader left
    target.mkdir()
    try:
        source.read(config, progress, target).save(target)
    except BaseException:  # a stop request too: half a set must not keep gigabytes of the disk
        shutil.rmtree(target)
        raise
