"""Unpack a ZIP from a stranger: images and labels.csv only, read member by member, never outside the folder given.

What a ZIP claims is checked first (names, count, sizes), and then what it holds is counted as it is read, as a ZIP can
lie.
"""

import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from gan.config import settings
from gan.data.ingest.image_file import SUFFIXES
from gan.data.ingest.inventory import LABELS
from gan.data.sources.scan import is_visible
from gan.errors import DataError
from gan.io.progress import Progress

MAX_MEMBERS = 300_000
MAX_RATIO = (
    200  # times the ZIP's own size that it may unpack to, once that is more than SMALL: photographs shrink little
)
SMALL = 100_000_000
BLOCK = 1 << 20


def unpack_zip(file: BinaryIO | Path, target: Path, progress: Progress) -> None:
    """Unpack the images and the labels.csv of a ZIP into `target`, below which every file stays.

    Raises DataError for what is no ZIP, holds names that climb out, links, or more than is allowed; then nothing that
    was unpacked should be used. A member that is damaged is left cut short: the check names it as unreadable.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            members = _wanted(archive)
            limit = _limit(archive, members, target)
            left = limit
            for done, (name, member) in enumerate(members.items()):
                left -= _write(archive, member, target / name, left, limit)
                progress("Unpacking", done / len(members))
    except zipfile.BadZipFile as error:
        raise DataError(f"The file is not a whole ZIP ({error}): make it again, and upload it again.") from None
    except OSError as error:  # a full disk, or a name that is a file here and a folder there
        raise DataError(f"The ZIP could not be unpacked ({error}).") from None


def safe_name(name: str) -> str:
    """A file's path below a folder, with `/` between its parts; raises DataError where it would leave that folder."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    climbs = not parts or parts[0] == "/" or ".." in parts or ":" in parts[0]
    if climbs or not name.isprintable() or any(len(part.encode()) > 200 for part in parts):
        raise DataError(f"The ZIP holds a file named {name!r}, which is no path below a folder: nothing was unpacked.")
    return "/".join(parts)


def is_wanted(name: str) -> bool:
    """Whether a file, by its safe name, is an image or a labels.csv, and not what a file manager left."""
    parts = name.split("/")
    return all(map(is_visible, parts)) and (parts[-1] == LABELS or name.lower().endswith(SUFFIXES))


def upload_too_large(limit: int) -> DataError:
    """The error for more bytes than are allowed."""
    return DataError(
        f"The images take more than the {limit // 1_000_000:,} MB allowed: add fewer or smaller ones, or ask whoever "
        "runs this server to raise GAN_UPLOAD_MB."
    )


def _wanted(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The members to unpack by safe name; every member's name is checked, also of those that are not."""
    infos = archive.infolist()
    if len(infos) > MAX_MEMBERS:
        raise DataError(f"The ZIP holds {len(infos):,} files: at most {MAX_MEMBERS:,} are taken.")
    members: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        name = safe_name(info.orig_filename.rstrip("/"))
        if stat.S_ISLNK(info.external_attr >> 16):
            raise DataError(f"The ZIP holds a link, {name}: put the image itself in its place. Nothing was unpacked.")
        if info.is_dir() or not is_wanted(name):
            continue
        if info.flag_bits & 1:
            raise DataError("The ZIP is locked with a password: make it without one.")
        if name in members:
            raise DataError(f"The ZIP holds {name} twice: make it again. Nothing was unpacked.")
        members[name] = info
    if not members:
        raise DataError("The ZIP holds no images (PNG, JPEG, BMP or TIFF).")
    return members


def _limit(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], target: Path) -> int:
    """Bytes that may be unpacked; raises DataError where the ZIP itself claims more."""
    packed = sum(info.compress_size for info in archive.infolist())
    limit = min(settings.upload_limit(), max(packed * MAX_RATIO, SMALL))
    claimed = sum(info.file_size for info in members.values())
    if claimed > limit:
        raise upload_too_large(limit)
    if claimed > shutil.disk_usage(target).free:
        raise DataError(f"There is no room for {claimed // 1_000_000:,} MB in {target}: free some of the disk.")
    return limit


def _write(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path, left: int, limit: int) -> int:
    """Unpack one member to `path`; the bytes written. Raises DataError where they are more than `left`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with open(path, "wb") as file:
        for block in _blocks(archive, member):
            written += len(block)
            if written > left:
                raise upload_too_large(limit)
            file.write(block)
    return written


def _blocks(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """The bytes of a member, as far as they can be read: the check then names a file that is cut short."""
    try:
        with archive.open(member) as stream:
            while block := stream.read(BLOCK):
                yield block
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError):  # the last: a compression zipfile lacks
        return
