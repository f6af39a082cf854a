"""The images of an upload, for its check: an archive is unpacked, and DICOM files lose what names patients.

This is done once for each request; prepared.json records it. Folders on the server are read where they are.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from gan.config import settings
from gan.data.ingest.files.archive import is_archive, unpack, upload_too_large
from gan.data.ingest.files.containers import convert_in_place
from gan.data.ingest.files.listing import list_folder
from gan.data.ingest.labels.reading import Reading
from gan.data.ingest.pixels.dicom_strip import strip_dicom_files
from gan.data.sources.scan import scan
from gan.errors import DataError
from gan.io.atomic import remove, write_json
from gan.io.json_files import read_json
from gan.io.progress import Progress

ARCHIVE, IMAGES, REQUEST, PREPARED, REPORT = "archive", "images", "request.json", "prepared.json", "report.json"
"""What the folder of an upload holds."""
Source = Literal["archive", "files", "folder"]


@dataclass(frozen=True)
class Upload:
    """A request to check an upload: the `name` of the set, and the `path` of a folder on the server.

    `title` is what the user calls the set, where that is not a valid name. `reading` is how the user wants the files
    read; None: as proposed, if that is sure. `names_encoding` as in `unpack`.
    """

    name: str
    source: Source
    path: str = ""
    reading: Reading | None = None
    names_encoding: str = ""
    title: str = ""


UPLOAD = TypeAdapter(Upload)


def prepare_images(upload: Upload, folder: Path, progress: Progress) -> Path:
    """The folder of the images, after an archive was unpacked and DICOM files were stripped. Done once."""
    if upload.source == "folder":
        return _server_folder(Path(upload.path), folder, progress)
    done = {"names_encoding": upload.names_encoding}
    if read_json(folder / PREPARED) == done:
        return folder / IMAGES
    if (folder / ARCHIVE).exists():
        _empty(folder / IMAGES)  # a check that was stopped may have begun to unpack
        unpack(folder / ARCHIVE, folder / IMAGES, progress, upload.names_encoding)
    else:
        convert_in_place(folder / IMAGES, progress)
    limit = settings.upload_limit()
    stripped = strip_dicom_files(folder / IMAGES, limit, upload_too_large(limit), progress)
    names_in_doubt = upload.names_encoding or list_folder(folder / IMAGES).names is not None
    if stripped or not names_in_doubt:  # the archive holds what was stripped
        (folder / ARCHIVE).unlink(missing_ok=True)
    write_json(folder / PREPARED, done)
    return folder / IMAGES


def _server_folder(path: Path, folder: Path, progress: Progress) -> Path:
    """A folder on the server, after its links were checked; if it holds npz or parquet files, their images."""
    root = allowed_folder(path)  # again: request.json may have been changed
    for file in scan(root):  # before any is opened
        if not settings.is_browsable(Path(os.path.realpath(root / file.name))):
            raise DataError(f"{file.name} in {root} is a link to a file outside GAN_PATHS. Remove it.")
    if not is_archive(root):
        return root
    _empty(folder / IMAGES)
    unpack(root, folder / IMAGES, progress)
    return folder / IMAGES


def allowed_folder(path: Path) -> Path:
    """The resolved path of a folder on the server; raises DataError if it is outside GAN_PATHS."""
    real = path.expanduser().resolve()
    if not settings.is_browsable(real):
        allowed = ", ".join(map(str, settings.browsable_paths()))
        allowed = allowed or "none; the administrator of this server can set GAN_PATHS"
        raise DataError(f"Images may not be added from {path}. Allowed folders: {allowed}.")
    return real


def _empty(folder: Path) -> None:
    if folder.is_symlink() or folder.exists():
        remove(folder)
    folder.mkdir()
