"""Unpack an untrusted archive: images and tables only, and never outside the target folder.

ZIP and tar archives are recognised by their content. Names, count and sizes in the archive's directory are checked
before anything is unpacked. Since they may be false, the bytes are counted again while they are unpacked. An .npz or
parquet file with images, alone or in an archive, becomes image files with a labels.csv (`containers.py`).
"""

import contextlib
import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO

from gan.config import settings
from gan.data.ingest.files.archive_formats import DAMAGE, Member, find_format, open_members
from gan.data.ingest.files.containers import container_files, convert_in_place, read_containers
from gan.data.ingest.files.file_kinds import DAMAGED, IMAGE, TABLE, file_kind
from gan.data.ingest.files.findings import no_images
from gan.data.ingest.files.listing import list_folder
from gan.data.ingest.files.member_names import (
    ENCODINGS,
    decoded,
    detect_encoding,
    is_mac_icon,
    is_passed_over,
    safe_name,
)
from gan.data.ingest.files.unpack_record import UnpackRecord
from gan.data.ingest.pixels.formats import HEAD
from gan.errors import DataError
from gan.io.progress import Progress

MAX_RATIO = 200
"""Unpacked over packed size, at most, for archives that unpack to more than SMALL bytes: images compress little."""
SMALL = 100_000_000
BLOCK = 1 << 20
"""Bytes read at a time."""
SUFFIXES = (".zip", ".tar", ".tgz", ".tbz2", ".txz", ".gz", ".bz2", ".xz", ".npz", ".parquet", ".7z", ".rar", ".zst")
"""Suffixes of what `unpack` reads or refuses by name."""


def is_archive(path: Path) -> bool:
    """Whether `path` must be unpacked before its images can be listed: an archive, npz or parquet file, or a folder
    that holds images in npz or parquet files alone."""
    if path.is_file():
        return path.name.lower().endswith(SUFFIXES)
    return path.is_dir() and not list_folder(path).images and bool(container_files(path))


def unpack(
    file: BinaryIO | Path, target: Path, progress: Progress, names_encoding: str = "", max_members: int = 300_000
) -> None:
    """Unpack the images and tables of an archive, or of the npz and parquet files in a folder, below `target`.

    `target` must be empty. What is left out is recorded there for `list_folder`. Names in a ZIP that are not marked as
    UTF-8 are read in `names_encoding`; "" detects it.

    Raises DataError if the file is no archive that is read, or is damaged, protected by a password, holds unsafe names,
    links, more than `max_members` files, too many bytes or no images; `target` must then be discarded.
    """
    target.mkdir(parents=True, exist_ok=True)
    try:
        if isinstance(file, Path) and file.is_dir():
            _unpack_folder(file, target, progress)
        elif isinstance(file, Path):
            with open(file, "rb") as opened:
                _unpack_file(opened, target, progress, names_encoding, max_members)
        else:
            _unpack_file(file, target, progress, names_encoding, max_members)
    except OSError as error:  # a full disk, or a path that is both a file and a folder
        raise DataError(f"The archive could not be unpacked ({error}).") from None
    listing = list_folder(target)
    if not listing.images:
        raise no_images(listing, "The archive")


def _unpack_folder(folder: Path, target: Path, progress: Progress) -> None:
    """Write the images of the npz and parquet files in a folder below `target`, and copy the other tables."""
    listing, containers = list_folder(folder), container_files(folder)
    for name in listing.tables:
        if folder / name not in containers:  # a labels.csv or manifest.json
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / name, target / name)
    read_containers(containers, folder, target, progress)
    others = {
        kind: tuple(name for name in names if folder / name not in containers) for kind, names in listing.others.items()
    }
    UnpackRecord(others).save(target)


def _unpack_file(file: BinaryIO, target: Path, progress: Progress, names_encoding: str, max_members: int) -> None:
    form = find_format(file)
    size = file.seek(0, os.SEEK_END)
    if form in ("npz", "parquet"):
        name = f"images.{form}"
        if Path(str(getattr(file, "name", ""))).suffix.lower() == f".{form}":
            name = Path(str(file.name)).name
        with open(target / name, "xb") as copy:
            file.seek(0)
            shutil.copyfileobj(file, copy, BLOCK)
        read_containers([target / name], target, target, progress)
        (target / name).unlink()
    else:
        ratio_limit = max(size * MAX_RATIO, SMALL)
        with open_members(file, form, max_members, ratio_limit) as members:
            _unpack_members(_plan(members, names_encoding), target, _Limit(ratio_limit), progress)
        convert_in_place(target, progress)


@dataclass
class _Plan:
    """Members to unpack by safe name, empty folders to make, and what to record of the others."""

    wanted: dict[str, Member] = field(default_factory=dict)
    empty_folders: list[str] = field(default_factory=list)
    record: UnpackRecord = field(default_factory=UnpackRecord)


def _plan(members: Sequence[Member], names_encoding: str) -> _Plan:
    """What to unpack. Checks the names of all members, and that those to unpack can be read."""
    if names_encoding and names_encoding not in ENCODINGS:
        raise DataError(f"{names_encoding!r} is no encoding of names. Choose one of {', '.join(ENCODINGS)}.")
    unmarked = [member.name for member in members if isinstance(member.name, bytes)]
    names = detect_encoding(unmarked) if unmarked and not names_encoding else None
    encoding = names_encoding or (names.encoding if names else "utf-8")
    plan = _Plan()
    left_out: dict[str, list[str]] = defaultdict(list)
    folders: list[str] = []
    with_files: set[str] = set()
    for member in members:
        stored = member.name if isinstance(member.name, str) else decoded(member.name, encoding)
        if is_mac_icon(stored) or (member.kind == "folder" and not PurePosixPath(stored).parts):
            continue
        name = safe_name(stored)
        if is_passed_over(name):
            continue
        if member.kind in ("link", "device"):
            text = f"The archive holds a {member.kind}, {name}. Replace it by the image itself. Nothing was unpacked."
            raise DataError(text)
        if member.kind == "folder":
            folders.append(name)
            continue
        with_files.update(map(str, PurePosixPath(name).parents))
        kind = _member_kind(name, member)
        if kind not in (IMAGE, TABLE):
            left_out[kind].append(name)
            continue
        if member.problem:
            raise DataError(member.problem)
        if name in plan.wanted:
            raise DataError(f"The archive holds {name} twice. Create it again. Nothing was unpacked.")
        plan.wanted[name] = member
    shown = names if names is not None and names.encoding != "utf-8" else None
    plan.record = UnpackRecord({kind: tuple(names) for kind, names in left_out.items()}, shown)
    parents = {str(parent) for folder in folders for parent in PurePosixPath(folder).parents}
    plan.empty_folders = [name for name in dict.fromkeys(folders) if name not in with_files | parents]
    return plan


def _member_kind(name: str, member: Member) -> str:
    """The kind of a member; its first bytes are read only where its name does not tell it."""

    def head() -> bytes:
        if member.problem:
            raise DataError(member.problem)
        try:
            with member.open() as stream:
                return stream.read(HEAD)
        except DAMAGE:
            return b""

    return kind_to_keep(name, head)


def kind_to_keep(name: str, head: Callable[[], bytes]) -> str:
    """The kind of a file that is uploaded: IMAGE and TABLE are kept. An .npz file is a table of images here.

    `head` is as for `file_kind`.
    """
    return TABLE if name.lower().endswith(".npz") else file_kind(name, head)


class _Limit:
    """The bytes that an archive may unpack to: those of an upload, or fewer for one that packs too much."""

    def __init__(self, by_ratio: int):
        self.bytes = min(settings.upload_limit(), by_ratio)
        self.is_by_ratio = by_ratio < settings.upload_limit()

    def error(self) -> DataError:
        if not self.is_by_ratio:
            return upload_too_large(self.bytes)
        return DataError(
            f"The archive is said to unpack to more than {MAX_RATIO} times its size, and more than "
            f"{SMALL // 1_000_000:,} MB: images do not pack so well. Create it again from the images."
        )


def _unpack_members(plan: _Plan, target: Path, limit: _Limit, progress: Progress) -> None:
    """Unpack the planned members, and record the others; raises DataError beyond the limit."""
    announced = sum(member.size for member in plan.wanted.values())
    if announced > limit.bytes:
        raise limit.error()
    if announced > shutil.disk_usage(target).free:
        raise DataError(f"The disk of {target} has no room for {announced // 1_000_000:,} MB. Free some space.")
    damaged: list[str] = []
    remaining = limit.bytes
    for done, (name, member) in enumerate(plan.wanted.items()):
        path = path_below(target, name)
        try:
            remaining -= _unpack_member(member, path, remaining, limit)
        except _DamagedMemberError:
            path.unlink()
            damaged.append(name)
            if file_kind(name, bytes) == TABLE:
                raise DataError(f"{name} in the archive is damaged. Create the archive again.") from None
        progress("Unpacking", done / len(plan.wanted))
    for name in plan.empty_folders:
        path_below(target, name).mkdir(parents=True, exist_ok=True)
    left_out = plan.record.left_out | ({DAMAGED: tuple(damaged)} if damaged else {})
    UnpackRecord(left_out, plan.record.names).save(target)


class _DamagedMemberError(Exception):
    """A member cannot be read to its end."""


def _unpack_member(member: Member, path: Path, remaining: int, limit: _Limit) -> int:
    """Unpack one member to `path`; returns the bytes written. Raises DataError if there are more than `remaining`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with open(path, "xb") as file:
        for block in _blocks(member):
            written += len(block)
            if written > remaining:
                raise limit.error()
            file.write(block)
    return written


def _blocks(member: Member) -> Iterator[bytes]:
    """The bytes of a member; raises _DamagedMemberError where they cannot be read, or their checksum is wrong."""
    with contextlib.ExitStack() as stack:
        try:
            stream: IO[bytes] = stack.enter_context(member.open())
            yield from iter(partial(stream.read, BLOCK), b"")
        except DAMAGE as error:
            raise _DamagedMemberError from error


def path_below(folder: Path, name: str) -> Path:
    """The path of a safe name in `folder`; raises DataError if a link there leads out of it."""
    path = folder / name
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
        raise DataError(f"{name} leads out of the folder of the upload. Add the set again.")
    return path


def upload_too_large(limit: int) -> DataError:
    """The error for more than `limit` bytes."""
    return DataError(
        f"The images are larger than the {limit // 1_000_000:,} MB allowed. Add fewer or smaller images, or ask the "
        "administrator of this server to raise GAN_UPLOAD_MB."
    )
