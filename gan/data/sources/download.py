"""Where distributed data sets lie, and how a file of one is downloaded.

Files are looked for in `GAN_DATA/<name>`; where that is read-only, downloads go to the store and are looked for there
too.
"""

import contextlib
import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from gan.config import settings
from gan.errors import DataError
from gan.io.progress import Progress


def data_folders(name: str) -> tuple[Path, Path]:
    """The two folders in which a distributed set may lie: the shared one, and that of downloads in the store."""
    return settings.public_data() / name, settings.store() / ".data" / "downloads" / name


def download_folder(name: str) -> Path:
    """The folder, made where needed, that downloads of a set go to: the shared one unless it is read-only."""
    shared, own = data_folders(name)
    try:
        shared.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=shared):
            return shared  # only a file says for certain: rights, read-only disks and network disks all differ
    except OSError:
        own.mkdir(parents=True, exist_ok=True)
        return own


def download_file(urls: Sequence[str], folder: Path, file: str, md5: str, progress: Progress) -> None:
    """Download one file from the first of `urls` that has it, its published md5 enforced.

    Raises DataError that says what went wrong and where to put the file by hand.
    """
    from torchvision.datasets.utils import download_url  # here: it imports torch

    progress(f"Downloading {file}", 0.0)
    failures = []
    for url in urls:
        try:
            with complete_download(folder / file) as temporary:
                download_url(url, str(temporary), file, md5)
        except (OSError, RuntimeError) as error:  # no network, a refusal, or a wrong checksum
            failures.append(f"{url}: {error}")
        else:
            return
    raise DataError(
        f"{file} could not be downloaded ({'; '.join(failures)}). Download it from {urls[0]} and put it into {folder}."
    )


@contextlib.contextmanager
def complete_download(path: Path) -> Iterator[Path]:
    """A folder in which the file is downloaded, to take its place when the block ends without an error.

    A download cut short, or one with a wrong checksum, must not be taken for a local copy later.
    """
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".downloading-") as folder:
        yield Path(folder)
        (Path(folder) / path.name).replace(path)


def file_md5(path: Path) -> str:
    """The md5 of a file, as data sets publish it."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def file_stamps(paths: Iterable[Path]) -> str:
    """A text that changes when one of the files does: for the keys of the cache."""
    found = [(path, path.stat()) for path in paths]
    return ";".join(f"{path}:{stat.st_size}:{stat.st_mtime_ns}" for path, stat in found)
