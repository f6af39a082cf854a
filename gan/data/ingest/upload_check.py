"""The check of an upload: how its files are to be read, the check itself in a background job, and its report.

`change_reading` asks for another check of the same images, read in another way. The archive is removed once it is
unpacked, unless its names might be read otherwise.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from gan import jobs
from gan.access.permissions import Action, require
from gan.config import names
from gan.data.ingest.checks.check import check_images
from gan.data.ingest.checks.report import CheckReport
from gan.data.ingest.files.archive import is_archive
from gan.data.ingest.files.listing import Listing, list_folder
from gan.data.ingest.labels.proposals import Choose, sure_reading
from gan.data.ingest.labels.reading import Reading
from gan.data.ingest.staging import upload_folder, write_request
from gan.data.ingest.upload_images import ARCHIVE, IMAGES, REPORT, REQUEST, UPLOAD, allowed_folder, prepare_images
from gan.data.set_access import folder_target
from gan.errors import DamagedFileError, DataError
from gan.io.atomic import remove_folder, write_json
from gan.io.json_files import read_json, read_request
from gan.io.progress import Progress, silent

SHOWN_AS = {"archive": "the uploaded archive", "files": "the uploaded files"}


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
    return upload_report(document, folder)


def load_pending(identifier: str) -> CheckReport | None:
    """The report of an upload, by its folder's name; None before the check ends. Raises DataError if there is none."""
    folder = upload_folder(identifier)
    document = read_json(folder / REPORT)
    return None if document is None else upload_report(document, folder)


def _change_request(folder: Path, **changes: Any) -> None:
    require(Action.CHANGE_SET, folder_target(folder))
    if jobs.state(folder).may_work:
        raise DataError("This set is being checked. Wait for the end of the check, or stop it.")
    upload = read_request(folder / REQUEST, UPLOAD)
    for name in (REPORT, "plan.json"):
        (folder / name).unlink(missing_ok=True)
    write_request(folder, replace(upload, **changes))


def _always(reading: Reading) -> Choose:
    return lambda proposals: reading


def upload_report(document: dict[str, Any], folder: Path) -> CheckReport:
    """The report in a document of the folder of an upload or set; raises DataError where it is damaged."""
    try:
        return CheckReport.from_json(folder / "report.json", document, folder)
    except DamagedFileError as error:
        raise DataError(f"{error} Or remove the set {folder.name} and add it again.") from None
