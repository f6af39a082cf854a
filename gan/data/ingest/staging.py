"""Images that users bring: stored as they were sent, until they are checked and accepted or discarded.

    GAN_STORE/.data/incoming/<id>/     request.json, and the archive or images/; prepared.json once it is unpacked;
                                       after the check also report.json, and plan.json if the set is usable, until
                                       the set is accepted or discarded

`stage_*` only stores what the browser sent; `upload_check.py` unpacks and checks it, in a job of the kind `check`.
Images in a folder on the server are not copied: the plan refers to them.
"""

import re
import shutil
import time
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

from gan import jobs
from gan.access import limits, ownership
from gan.access.permissions import Action, check, decide, require
from gan.config import settings
from gan.data import set_notes
from gan.data.ingest.files.archive import BLOCK, kind_to_keep, path_below, upload_too_large
from gan.data.ingest.files.file_kinds import IMAGE, TABLE
from gan.data.ingest.files.listing import list_folder
from gan.data.ingest.files.member_names import is_passed_over, safe_name
from gan.data.ingest.files.unpack_record import UnpackRecord
from gan.data.ingest.pixels.formats import HEAD
from gan.data.ingest.upload_images import (
    ARCHIVE,
    IMAGES,
    REQUEST,
    UPLOAD,
    Source,
    Upload,
    allowed_folder,
)
from gan.data.set_access import folder_target
from gan.errors import DataError
from gan.io.atomic import remove_folder, write_json
from gan.io.json_files import read_json, read_request

EXPIRY_SECONDS = 24 * 3600
"""Age at which an upload that was not accepted is removed."""


def stage_archive(name: str, file: BinaryIO | Path, names_encoding: str = "") -> Path:
    """Store an uploaded archive (`files/archive.py`); returns its folder, for `check_upload`.

    The set's `name` may be any words: its folder gets a valid name made from them. Raises DataError for a name in use,
    and for too many bytes.
    """
    folder = _new_folder(name, "archive", names_encoding=names_encoding)
    try:
        if isinstance(file, Path):
            shutil.copyfile(file, folder / ARCHIVE)
        else:
            _store(file, folder / ARCHIVE, settings.upload_limit())
    except BaseException:  # including a closed page
        remove_folder(folder)
        raise
    return folder


def stage_files(name: str, files: Iterable[tuple[str, BinaryIO]]) -> Path:
    """Store single files by name or relative path, such as `cats/1.png`; others than images and tables are passed over.

    As `stage_archive`.
    """
    folder = _new_folder(name, "files")
    left = settings.upload_limit()
    left_out: dict[str, list[str]] = defaultdict(list)
    try:
        for file_name, file in files:
            safe = safe_name(file_name)
            if is_passed_over(safe):
                continue
            kind = kind_to_keep(safe, partial(_head, file))
            if kind not in (IMAGE, TABLE):
                left_out[kind].append(safe)
                continue
            path = path_below(folder / IMAGES, safe)
            if path.exists():
                raise DataError(f"Two files are named {safe}. Rename one.")
            path.parent.mkdir(parents=True, exist_ok=True)
            left -= _store(file, path, left)
        UnpackRecord({kind: tuple(names) for kind, names in left_out.items()}).save(folder / IMAGES)
    except BaseException:  # including a closed page
        remove_folder(folder)
        raise
    return folder


def stage_path(name: str, path: Path, names_encoding: str = "") -> Path:
    """Stage an archive, or the images and tables of a folder on this machine, which are copied. As `stage_archive`."""
    if path.is_file():
        return stage_archive(name, path, names_encoding)
    return stage_files(name, _opened(path))


def stage_folder(name: str, path: Path) -> Path:
    """Stage a folder on the server, which must be in one of GAN_PATHS. As `stage_archive`."""
    check(Action.ADD_SET)
    return _new_folder(name, "folder", path=str(allowed_folder(path)))


def waiting() -> dict[str, str]:
    """The title of each upload that the current person may see and has not accepted yet, by its folder's name; oldest
    first."""
    seen = (folder for folder in _uploads() if decide(Action.SEE, folder_target(folder)))
    folders = sorted(seen, key=lambda folder: folder.stat().st_mtime)
    requests = {folder.name: read_json(folder / REQUEST) or {} for folder in folders}
    return {
        identifier: str(request.get("title") or request["name"])
        for identifier, request in requests.items()
        if "name" in request
    }


def upload_title(folder: Path) -> str:
    """What the user calls the set of an upload."""
    upload = read_request(folder / REQUEST, UPLOAD)
    return upload.title or upload.name


def upload_folder(identifier: str) -> Path:
    """The folder of an upload, by its name; raises DataError if there is none that the current person may see."""
    folder = _incoming() / identifier
    if not is_upload(folder) or not decide(Action.SEE, folder_target(folder)):
        raise DataError("This upload no longer exists. Add the set again.")
    return folder


def discard(folder: Path) -> None:
    """Remove an upload; raises DataError while its check is running, and AccessError where one may not."""
    require(Action.CHANGE_SET, folder_target(folder))
    if jobs.state(folder).may_work:
        raise DataError("This set is being checked. Stop the check first.")
    remove_folder(folder)


def _incoming() -> Path:
    return settings.store() / ".data" / "incoming"


def is_upload(folder: Path) -> bool:
    """Whether this is the folder of an upload. A link is none: what it leads to may be anybody's."""
    return bool(re.fullmatch("[0-9a-f]{12}", folder.name)) and folder.is_dir() and not folder.is_symlink()


def _uploads() -> list[Path]:
    return [folder for folder in _incoming().glob("*") if is_upload(folder)]


def _new_folder(title: str, source: Source, path: str = "", names_encoding: str = "") -> Path:
    """A new folder for an upload, with its request; also removes expired uploads."""
    require(Action.ADD_SET, detail=f"upload of {title}")
    limits.check_disk(jobs.disk_usage)
    title = re.sub(r"\s+", " ", title).strip()
    name = set_notes.new_set_name(title)
    upload = Upload(name, source, path, names_encoding=names_encoding, title=title if title != name else "")
    incoming = _incoming()
    incoming.mkdir(parents=True, exist_ok=True)
    for old in _uploads():
        if time.time() - old.stat().st_mtime > EXPIRY_SECONDS and not jobs.state(old).may_work:
            remove_folder(old)
    folder = incoming / uuid.uuid4().hex[:12]
    (folder / IMAGES).mkdir(parents=True)
    ownership.write_ownership(folder, ownership.new_ownership())
    write_request(folder, upload)
    return folder


def _head(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read(HEAD)


def write_request(folder: Path, upload: Upload) -> None:
    """Write what the check of an upload is asked to do."""
    write_json(folder / REQUEST, UPLOAD.dump_python(upload, mode="json"))


def _opened(folder: Path) -> Iterator[tuple[str, BinaryIO]]:
    """The images and tables of a folder, each open until the next."""
    listing = list_folder(folder)
    for name in (*listing.images, *listing.tables):
        with open(folder / name, "rb") as file:
            yield name, file


def _store(file: BinaryIO, path: Path, limit: int) -> int:
    """Copy a file; returns the bytes written. Raises DataError if there are more than `limit`."""
    written = 0
    file.seek(0)  # it may have been read before
    with open(path, "xb") as target:
        while block := file.read(BLOCK):
            written += len(block)
            if written > limit:
                raise upload_too_large(settings.upload_limit())
            target.write(block)
    return written
