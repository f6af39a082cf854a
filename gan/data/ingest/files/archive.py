"""Unpack an untrusted ZIP: images and labels.csv only, and never outside the target folder.

Names, count and sizes in the ZIP's directory are checked first. Since they may be false, the bytes are counted again
while they are unpacked.
"""

import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from gan.config import settings
from gan.data.ingest.labels.inventory import LABELS
from gan.data.ingest.pixels.image_file import SUFFIXES
from gan.data.sources.scan import is_visible
from gan.errors import DataError
from gan.io.progress import Progress

MAX_RATIO = 200
"""Unpacked size over packed size, at most, for ZIPs that unpack to more than SMALL bytes: images compress little."""
SMALL = 100_000_000
BLOCK = 1 << 20
"""Bytes read at a time."""


def unpack_zip(file: BinaryIO | Path, target: Path, progress: Progress, max_members: int = 300_000) -> None:
    """Unpack the images and the labels.csv of a ZIP below `target`.

    `target` must be empty. Raises DataError if the file is not a ZIP, or holds unsafe names, links, more than
    `max_members` files or too many bytes; `target` must then be discarded. A damaged member is truncated, and the check
    reports it as unreadable.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            members = _wanted_members(archive, max_members)
            limit = _byte_limit(archive, members, target)
            remaining = limit
            for done, (name, member) in enumerate(members.items()):
                remaining -= _unpack_member(archive, member, path_below(target, name), remaining, limit)
                progress("Unpacking", done / len(members))
    except zipfile.BadZipFile as error:
        raise DataError(f"The file is not a complete ZIP ({error}). Create it again and upload it again.") from None
    except OSError as error:  # a full disk, or a path that is both a file and a folder
        raise DataError(f"The ZIP could not be unpacked ({error}).") from None


def safe_name(name: str) -> str:
    """A relative path with `/` as separator; raises DataError if it is unprintable or leads out of its folder."""
    path = PurePosixPath(name.replace("\\", "/"))
    parts = path.parts
    unsafe = not parts or path.is_absolute() or ".." in parts or ":" in parts[0]
    if unsafe or not name.isprintable() or any(len(part.encode()) > 200 for part in parts):
        raise DataError(f"The ZIP holds a file with the unsafe name {name!r}. Rename it. Nothing was unpacked.")
    return "/".join(parts)


def path_below(folder: Path, name: str) -> Path:
    """The path of a safe name in `folder`; raises DataError if a link there leads out of it."""
    path = folder / name
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
        raise DataError(f"{name} leads out of the folder of the upload. Add the set again.")
    return path


def is_wanted(name: str) -> bool:
    """Whether a safe name is that of an image or a labels.csv, and not hidden."""
    parts = name.split("/")
    return all(map(is_visible, parts)) and (parts[-1] == LABELS or name.lower().endswith(SUFFIXES))


def upload_too_large(limit: int) -> DataError:
    """The error for more than `limit` bytes."""
    return DataError(
        f"The images are larger than the {limit // 1_000_000:,} MB allowed. Add fewer or smaller images, or ask the "
        "administrator of this server to raise GAN_UPLOAD_MB."
    )


def _wanted_members(archive: zipfile.ZipFile, max_members: int) -> dict[str, zipfile.ZipInfo]:
    """The members to unpack, by safe name. The names of all members are checked."""
    infos = archive.infolist()
    if len(infos) > max_members:
        raise DataError(f"The ZIP holds {len(infos):,} files, more than the {max_members:,} allowed.")
    members: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        name = safe_name(info.orig_filename.rstrip("/"))
        if stat.S_ISLNK(info.external_attr >> 16):
            raise DataError(f"The ZIP holds a link, {name}. Replace it by the image itself. Nothing was unpacked.")
        if info.is_dir() or not is_wanted(name):
            continue
        if info.flag_bits & 1:
            raise DataError("The ZIP is protected by a password. Create it without one.")
        if name in members:
            raise DataError(f"The ZIP holds {name} twice. Create it again. Nothing was unpacked.")
        members[name] = info
    if not members:
        raise DataError("The ZIP holds no images (PNG, JPEG, BMP or TIFF).")
    return members


def _byte_limit(archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], target: Path) -> int:
    """The number of bytes that may be unpacked; raises DataError if the ZIP's directory announces more."""
    packed = sum(info.compress_size for info in archive.infolist())
    limit = min(settings.upload_limit(), max(packed * MAX_RATIO, SMALL))
    announced = sum(info.file_size for info in members.values())
    if announced > limit:
        raise upload_too_large(limit)
    if announced > shutil.disk_usage(target).free:
        raise DataError(f"The disk of {target} has no room for {announced // 1_000_000:,} MB. Free some space.")
    return limit


def _unpack_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path, remaining: int, limit: int) -> int:
    """Unpack one member to `path`; returns the bytes written. Raises DataError if there are more than `remaining`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with open(path, "xb") as file:
        for block in _blocks(archive, member):
            written += len(block)
            if written > remaining:
                raise upload_too_large(limit)
            file.write(block)
    return written


def _blocks(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """The bytes of a member, as far as they can be read."""
    try:
        with archive.open(member) as stream:
            while block := stream.read(BLOCK):
                yield block
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError):  # the last: unsupported compression
        return
