"""Image sets that users add: uploaded, checked by a background job, and kept only once they are accepted.

    GAN_STORE/.data/incoming/<id>/     request.json, and the archive or images/; prepared.json once it is unpacked;
                                       after the check also report.json, and plan.json if the set is usable, until
                                       the set is accepted or discarded
    GAN_STORE/.data/sets/<name>/       images/, plan.json, report.json and access.json of an accepted set;
                                       later edits.json (`label_edits.py`), notes.json (`set_notes.py`) and
                                       suspects.json (`gan/evaluation`)

`stage_*` only stores what the browser sent. `check_upload` unpacks and checks it, in a job of the kind `check`. Images
in a folder on the server are not copied: the plan refers to them. `change_reading` asks for another check of the same
images, read in another way. The archive is removed once it is unpacked, unless its names might be read otherwise.
"""

import errno
import re
import shutil
import time
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from gan import jobs
from gan.access import limits, ownership
from gan.access.permissions import Action, check, decide, require
from gan.config import names, settings
from gan.data import set_notes
from gan.data.ingest.checks.check import check_images
from gan.data.ingest.checks.report import CheckReport
from gan.data.ingest.files.archive import BLOCK, is_archive, kind_to_keep, path_below, upload_too_large
from gan.data.ingest.files.file_kinds import IMAGE, TABLE
from gan.data.ingest.files.listing import Listing, list_folder
from gan.data.ingest.files.member_names import is_passed_over, safe_name
from gan.data.ingest.files.unpack_record import UnpackRecord
from gan.data.ingest.labels.proposals import Choose, sure_reading
from gan.data.ingest.labels.reading import Reading
from gan.data.ingest.pixels.formats import HEAD
from gan.data.ingest.upload_images import (
    ARCHIVE,
    IMAGES,
    REQUEST,
    UPLOAD,
    Source,
    Upload,
    allowed_folder,
    prepare_images,
)
from gan.data.set_access import folder_target
from gan.data.set_notes import SetNotes
from gan.data.sources.folder import added_sets
from gan.errors import DamagedFileError, DataError
from gan.io.atomic import remove, remove_folder, write_json
from gan.io.json_files import read_json, read_request
from gan.io.progress import Progress, silent

EXPIRY_SECONDS = 24 * 3600
"""Age at which an upload that was not accepted is removed."""
REPORT = "report.json"
KEPT = (IMAGES, "plan.json", REPORT, set_notes.FILE, ownership.FILE)
"""The files of an accepted set. The others belong to the job that checked it."""
SHOWN_AS = {"archive": "the uploaded archive", "files": "the uploaded files"}


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


def change_reading(folder: Path, reading: Reading) -> None:
    """Have the next check of an upload read its files in this way. Raises DataError while a check is running."""
    _change_request(folder, reading=reading)


def change_names_encoding(folder: Path, names_encoding: str) -> None:
    """Have the next check of an upload read the names in its archive in this encoding, and propose readings anew.

    Raises DataError while a check is running, and if the archive is not kept.
    """
    if not keeps_archive(folder):
        raise DataError("The archive is not kept. Discard this upload, and add the archive again.")
    _change_request(folder, reading=None, names_encoding=names_encoding)


def check_anew(folder: Path) -> None:
    """Have the next check of an upload find out anew how to read its files; raises DataError while one is running."""
    _change_request(folder, reading=None)


def can_be_checked(folder: Path) -> bool:
    """Whether the images of an upload, or its archive, are there: not after a check that refused them."""
    source = read_request(folder / REQUEST, UPLOAD).source
    return source == "folder" or keeps_archive(folder) or (folder / IMAGES).is_dir()


def keeps_archive(folder: Path) -> bool:
    """Whether the archive of an upload is there, so that its names can be read in another encoding."""
    return (folder / ARCHIVE).exists()


def _change_request(folder: Path, **changes: Any) -> None:
    require(Action.CHANGE_SET, folder_target(folder))
    if jobs.state(folder).may_work:
        raise DataError("This set is being checked. Wait for the end of the check, or stop it.")
    upload = read_request(folder / REQUEST, UPLOAD)
    for name in (REPORT, "plan.json"):
        (folder / name).unlink(missing_ok=True)
    _write_request(folder, replace(upload, **changes))


def requested_reading(folder: Path) -> Reading | None:
    """The reading that was asked for by `change_reading`, or None."""
    return read_request(folder / REQUEST, UPLOAD).reading


def upload_listing(folder: Path) -> Listing:
    """The files of an upload that was unpacked by its check; raises DataError before that."""
    upload = read_request(folder / REQUEST, UPLOAD)
    root = allowed_folder(Path(upload.path)) if upload.source == "folder" else folder / IMAGES
    return list_folder(folder / IMAGES if is_archive(root) else root)


def check_upload(folder: Path, progress: Progress = silent, choose: Choose = sure_reading) -> CheckReport:
    """Unpack and check the upload in `folder`; writes report.json, and plan.json if the set is usable.

    The reading is the one that was asked for, else the one that `choose` picks. Raises DataError for an archive that is
    refused or a folder outside GAN_PATHS; staged images are then removed. A check that is stopped later keeps them.
    """
    upload = read_request(folder / REQUEST, UPLOAD)
    if not names.NAME.fullmatch(upload.name):  # request.json may have been changed
        raise DataError(f"{upload.name!r} cannot name a folder: discard this upload, and add the images again.")
    if upload.reading is not None:
        choose = _always(upload.reading)
    try:
        root = prepare_images(upload, folder, progress)
    except BaseException:
        if not upload.names_encoding:  # else another encoding may be right
            (folder / ARCHIVE).unlink(missing_ok=True)
        remove_folder(folder / IMAGES)
        raise
    report = check_images(root, progress, SHOWN_AS.get(upload.source, upload.path), choose=choose)
    if report.plan is not None:
        report.plan.save(folder)
    write_json(folder / REPORT, report.as_json() | {"name": upload.name})
    document = read_json(folder / REPORT)
    assert document is not None, "it was written a line above"
    return _report(document, folder)


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
    if not _is_upload(folder) or not decide(Action.SEE, folder_target(folder)):
        raise DataError("This upload no longer exists. Add the set again.")
    return folder


def accept(report: CheckReport, title: str = "") -> str:
    """Keep a checked set, under a new title if given; returns its folder's name, for `data.path`.

    Raises DataError for errors, or a title in use, and AccessError where the current person may not.
    """
    if report.staged is None or not _is_upload(report.staged):
        raise DataError("This upload no longer exists. Add the set again.")
    require(Action.CHANGE_SET, folder_target(report.staged))
    if report.plan is None:
        raise DataError(f"The set {report.name} cannot be used: {report.errors[0].line}")
    title = title.strip() or upload_title(report.staged)
    name = set_notes.new_set_name(title)
    require(Action.ADD_SET, detail=f"{name}, {len(report.plan.files):,} images")
    if title != name:
        set_notes.save_set_notes(report.staged, SetNotes(title=title))
    target = settings.added_sets() / name
    target.parent.mkdir(parents=True, exist_ok=True)
    for path in report.staged.iterdir():
        if path.name not in KEPT:
            remove(path)
    try:
        report.staged.rename(target)  # atomic: only one of two sets of the same name is accepted
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise
        raise DataError(f"There is already a set {title}. Choose another name.") from None
    return name


def discard(folder: Path) -> None:
    """Remove an upload; raises DataError while its check is running, and AccessError where one may not."""
    require(Action.CHANGE_SET, folder_target(folder))
    if jobs.state(folder).may_work:
        raise DataError("This set is being checked. Stop the check first.")
    remove_folder(folder)


def load_pending(identifier: str) -> CheckReport | None:
    """The report of an upload, by its folder's name; None before the check ends. Raises DataError if there is none."""
    folder = upload_folder(identifier)
    document = read_json(folder / REPORT)
    return None if document is None else _report(document, folder)


def load_report(name: str) -> CheckReport:
    """The check report of an added set; raises DataError if there is no such set that the current person may see."""
    folder = settings.added_sets() / name
    is_seen = names.NAME.fullmatch(name) and decide(Action.SEE, folder_target(folder))
    document = read_json(folder / "report.json") if is_seen else None
    if document is None:
        raise DataError(f"There is no added set {name}. Added sets: {', '.join(added_sets()) or 'none yet'}.")
    return _report(document, folder)


def remove_set(name: str) -> None:
    """Delete an added set, but not images in a folder on the server. `runs/set_users.py` also deletes its cache."""
    load_report(name)
    require(Action.REMOVE_SET, folder_target(settings.added_sets() / name))
    shutil.rmtree(settings.added_sets() / name)


def _incoming() -> Path:
    return settings.store() / ".data" / "incoming"


def _is_upload(folder: Path) -> bool:
    """Whether this is the folder of an upload. A link is none: what it leads to may be anybody's."""
    return bool(re.fullmatch("[0-9a-f]{12}", folder.name)) and folder.is_dir() and not folder.is_symlink()


def _uploads() -> list[Path]:
    return [folder for folder in _incoming().glob("*") if _is_upload(folder)]


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
    _write_request(folder, upload)
    return folder


def _head(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read(HEAD)


def _write_request(folder: Path, upload: Upload) -> None:
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


def _always(reading: Reading) -> Choose:
    return lambda proposals: reading


def _report(document: dict[str, Any], folder: Path) -> CheckReport:
    try:
        return CheckReport.from_json(folder / "report.json", document, folder)
    except DamagedFileError as error:
        raise DataError(f"{error} Or remove the set {folder.name} and add it again.") from None
