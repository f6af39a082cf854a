"""Recognise archives by their content, and open ZIP and tar archives as lists of members. Names are not trusted."""

import bz2
import contextlib
import gzip
import lzma
import stat
import struct
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import IO, BinaryIO, Literal, cast

from gan.data.ingest.pixels.formats import HEAD
from gan.errors import DataError

Format = Literal["zip", "tar", "npz", "parquet"]
MemberKind = Literal["file", "folder", "link", "device"]
MAX_READ = 32 << 20
"""Bytes of a tar that are in memory at a time, at most: a long name or attribute may claim any size."""
COMPRESSIONS = {
    1: "Shrink",
    6: "Implode",
    9: "Deflate64",
    93: "Zstandard",
    95: "XZ",
    96: "JPEG",
    97: "WavPack",
    98: "PPMd",
}
"""Names of the ZIP compressions that are not read, by number (APPNOTE.TXT 4.4.5)."""
READ_COMPRESSIONS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA} | (
    {93} if sys.version_info >= (3, 14) else set()
)
DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, tarfile.TarError, NotImplementedError)
"""What Python raises for damaged content of an archive."""
MAKE_ZIP = "Unpack it, and make a ZIP of the folder."
UNREAD = {
    b"7z\xbc\xaf\x27\x1c": f"a 7z archive, which is not read. {MAKE_ZIP}",
    b"Rar!\x1a\x07": f"a RAR archive, which is not read. {MAKE_ZIP}",
    b"\x28\xb5\x2f\xfd": f"compressed with Zstandard, which is not read. {MAKE_ZIP}",
    b"PK\x07\x08": "one part of a ZIP in several parts. Join them: unpack all parts, and make one ZIP of the folder.",
    b"%PDF": "a PDF document, no archive. Save its pictures as PNG, and make a ZIP of them.",
    b"\x89HDF\r\n\x1a\n": "an HDF5 file, which is not read. Save each image as PNG or TIFF, and make a ZIP of them.",
    b"\x89PNG": "a single PNG image, no archive. Add single images together with a table of their labels.",
    b"\xff\xd8\xff": "a single JPEG image, no archive. Add single images together with a table of their labels.",
    b"\x93NUMPY": "a single NumPy array. Save an .npz with train_images and train_labels, or images in a ZIP.",
}
"""What files of other kinds are, and what to do, by their first bytes."""


@dataclass(frozen=True)
class Member:
    """A member of an archive. `name` is bytes where the archive does not record its encoding.

    `problem` says why it cannot be unpacked, and what to do, or is "".
    """

    name: str | bytes
    kind: MemberKind
    size: int
    open: Callable[[], IO[bytes]]
    problem: str = ""


def find_format(file: BinaryIO) -> Format:
    """The format of an archive, by its content. Raises DataError for other files: what it is and what to do."""
    file.seek(0)
    head = file.read(HEAD)
    if head.startswith(b"PAR1"):
        return "parquet"
    if _is_tar(head):
        return "tar"
    if head.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0")):
        return _compressed_format(file)
    for signature, text in UNREAD.items():
        if head.startswith(signature):
            raise DataError(f"The file is {text}")
    if zipfile.is_zipfile(file):
        return "npz" if _is_npz(file) else "zip"
    raise DataError(_refusal(head))


def _refusal(head: bytes) -> str:
    """Why a file is no archive."""
    if not head:
        return "The file is empty (0 bytes), not a complete ZIP. Create it again and upload it again."
    if head.startswith(b"PK"):
        return (
            "The file is not a complete ZIP: its end is missing, so the download, copy or upload was cut off. "
            "Create it again and upload it again."
        )
    if head.lstrip(b"\xef\xbb\xbf \r\n\t")[:100].lower().startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        return (
            "The file is a web page, not a complete ZIP: the download probably needed a login or a confirmation. "
            "Open the link in a browser and download the file again."
        )
    return "The file is not a complete ZIP, nor a tar, npz or parquet file. Make a ZIP of the folder of images."


def _is_tar(head: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(head[:512], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def _compressed_format(file: BinaryIO) -> Format:
    """ "tar" for a compressed tar; raises DataError for one compressed file, or where nothing can be decompressed."""
    try:
        head = _decompressed(file).read(HEAD)
    except DAMAGE:
        raise DataError("The compressed file is damaged or cut off. Create it again and upload it again.") from None
    if not _is_tar(head):
        raise DataError(
            "The file is a single compressed file (gzip, bzip2 or xz), no archive of a folder. "
            "Decompress it, and make a ZIP of the folder of images."
        )
    return "tar"


def _is_npz(file: BinaryIO) -> bool:
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
    except (*DAMAGE, ValueError):
        return False  # `zip_members` says why
    return bool(names) and all(name.endswith(".npy") and "/" not in name for name in names)


@contextlib.contextmanager
def open_members(file: BinaryIO, form: Format, max_members: int, max_bytes: int) -> Iterator[list[Member]]:
    """The members of a ZIP or tar, which can be read in order within the block.

    Raises DataError for more members, or more bytes unpacked in a tar; and for a damaged archive.
    """
    try:
        if form == "zip":
            with zipfile.ZipFile(file) as archive:
                _check_count(len(archive.infolist()), max_members)
                yield [_zip_member(archive, info) for info in archive.infolist()]
            return
        file.seek(0)
        with tarfile.open(fileobj=cast("BinaryIO", _BoundedReads(file)), mode="r:", encoding="utf-8") as tar:
            members = list(_tar_members(tar, max_members, max_bytes))
            _check_end(tar)
            yield members
    except zipfile.BadZipFile as error:
        raise DataError(f"The file is not a complete ZIP ({error}). Create it again and upload it again.") from None
    except (UnicodeDecodeError, NotImplementedError) as error:
        raise DataError(f"The ZIP cannot be read ({error}). Create it again with another program.") from None
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
        raise DataError(f"The tar is damaged or cut off ({error}). Create it again and upload it again.") from None


def _check_count(count: int, most: int) -> None:
    if count > most:
        raise DataError(f"The archive holds {count:,} files, more than the {most:,} allowed.")


def _zip_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member:
    mode = info.external_attr >> 16
    return Member(
        name=_zip_name(info),
        kind="folder" if _is_folder(info) else "link" if stat.S_ISLNK(mode) else "file",
        size=info.file_size,
        open=partial(archive.open, info),
        problem=_zip_problem(info),
    )


def _is_folder(info: zipfile.ZipInfo) -> bool:
    name = info.orig_filename
    return name.endswith("/") or (name.endswith("\\") and not info.file_size)


def _zip_problem(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & 0x41 or info.compress_type == 99:  # encrypted, strongly encrypted, AES
        return "The ZIP is protected by a password. Create it without one."
    if info.compress_type not in READ_COMPRESSIONS:
        method = COMPRESSIONS.get(info.compress_type, f"number {info.compress_type}")
        return (
            f"The ZIP is compressed with {method}, which is not read. Unpack it, and make the ZIP again with "
            "the usual method, Deflate (in 7-Zip: Add to archive, Compression method)."
        )
    return ""


def _zip_name(info: zipfile.ZipInfo) -> str | bytes:
    """The name in a ZIP's directory, or in the Unicode field that some programs add (APPNOTE.TXT 4.6.9)."""
    if info.flag_bits & 0x800 or info.orig_filename.isascii():
        return info.orig_filename
    stored = info.orig_filename.encode("cp437")  # as zipfile decoded it
    extra = info.extra
    while len(extra) >= 4:
        tag, length = struct.unpack("<HH", extra[:4])
        field, extra = extra[4 : 4 + length], extra[4 + length :]
        if tag == 0x7075 and field[1:5] == struct.pack("<I", zlib.crc32(stored)):
            with contextlib.suppress(UnicodeDecodeError):
                return field[5:].decode()
    return stored


def _tar_members(tar: tarfile.TarFile, max_members: int, max_bytes: int) -> Iterator[Member]:
    for count, info in enumerate(tar):
        _check_count(count + 1, max_members)
        if info.offset_data + info.size > max_bytes:
            raise DataError(
                f"The tar unpacks to more than {max_bytes // 1_000_000:,} MB, much more than images of its size. "
                "Make a ZIP of the images."
            )
        name = info.name.encode("utf-8", "surrogateescape")
        try:
            text: str | bytes = name.decode()
        except UnicodeDecodeError:
            text = name
        kind: MemberKind = "folder" if info.isdir() else "link" if info.issym() or info.islnk() else "device"
        yield Member(text, "file" if info.isfile() else kind, info.size, partial(_open_tar_member, tar, info))


def _check_end(tar: tarfile.TarFile) -> None:
    """Raise ReadError unless the tar ends with a block of zeros: `tarfile` takes a damaged header for the end."""
    assert tar.fileobj is not None, "it is open"
    tar.fileobj.seek(tar.offset)
    if tar.fileobj.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
        raise tarfile.ReadError("its end is missing")


def _open_tar_member(tar: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    stream = tar.extractfile(info)
    assert stream is not None, "only regular files are opened"
    return stream


def _decompressed(file: BinaryIO) -> IO[bytes]:
    """The content of a file, decompressed if it is compressed."""
    file.seek(0)
    head = file.read(6)
    file.seek(0)
    if head.startswith(b"\x1f\x8b"):
        return cast("IO[bytes]", gzip.GzipFile(fileobj=file, mode="rb"))
    if head.startswith(b"BZh"):
        return bz2.BZ2File(file)
    return lzma.LZMAFile(file) if head.startswith(b"\xfd7zXZ\0") else file


class _BoundedReads:
    """A tar's decompressed bytes for `tarfile`, which would read a header of any size into memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = _decompressed(file)

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= MAX_READ:
            raise tarfile.ReadError("a header is too long")
        return self._file.read(size)

    def seek(self, position: int, whence: int = 0) -> int:
        return self._file.seek(position, whence)

    def tell(self) -> int:
        return self._file.tell()
