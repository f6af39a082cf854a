"""Folders of distributed data sets, and verified downloads into them.

Files are looked up in `GAN_DATA/<name>` and in the store's download folder, which is used where GAN_DATA is read-only.
"""

import contextlib
import hashlib
import logging
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from gan.config import settings
from gan.errors import DataError
from gan.io.progress import Progress

LOGGER = logging.getLogger(__name__)


def data_folders(name: str) -> tuple[Path, Path]:
    """The folders in which a distributed set is looked up: the shared one, then the store's download folder."""
    return settings.public_data() / name, settings.store() / ".data" / "downloads" / name


def download_folder(name: str) -> Path:
    """The folder for downloads of a set, created if needed: the shared one, unless it is read-only."""
    shared, own = data_folders(name)
    try:
        shared.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=shared):
            return shared  # writing is the only reliable test of permissions and read-only mounts
    except OSError as error:
        LOGGER.info("%s is downloaded into %s: %s", name, own, error)
        own.mkdir(parents=True, exist_ok=True)
        return own


def download_file(urls: Sequence[str], folder: Path, file: str, md5: str, progress: Progress) -> None:
    """Download one file from the first of `urls` that serves it with the published md5.

    Raises DataError with all failures and the folder in which to put the file by hand.
    """
    from torchvision.datasets.utils import download_url  # here: imports torch

    progress(f"Downloading {file}", 0.0)
    failures = []
    for url in urls:
        try:
            with complete_download(folder / file) as temporary:
                download_url(url, str(temporary), file, md5)
        except (OSError, RuntimeError) as error:  # no network, HTTP error, or wrong checksum
            failures.append(f"{url}: {error}")
        else:
            return
    raise DataError(
        f"{file} could not be downloaded ({'; '.join(failures)}). Download it from {urls[0]} and put it into {folder}."
    )


@contextlib.contextmanager
def complete_download(path: Path) -> Iterator[Path]:
    """A temporary folder to download into; when the block ends without an error, the file moves to `path`.

    An incomplete download must never be mistaken for a local copy.
    """
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".downloading-") as folder:
        yield Path(folder)
        (Path(folder) / path.name).replace(path)


def file_md5(path: Path) -> str:
    """The md5 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def file_stamps(paths: Iterable[Path]) -> str:
    """Paths, sizes and mtimes of files as one text, for cache keys."""
    stats = [(path, path.stat()) for path in paths]
    return ";".join(f"{path}:{stat.st_size}:{stat.st_mtime_ns}" for path, stat in stats)
