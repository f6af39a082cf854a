"""Sets that users add: brought in, checked and shown, and kept only when they are accepted.

    GAN_STORE/.data/incoming/<id>/     images/, plan.json, report.json: waits to be accepted or discarded
    GAN_STORE/.data/sets/<name>/       the same, accepted; `data.path` takes the name

A set from a path on the server stays where it is: its plan points there.
"""

import contextlib
import errno
import re
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from gan.config import names, settings
from gan.data.ingest.archive import BLOCK, is_wanted, safe_name, unpack_zip, upload_too_large
from gan.data.ingest.check import check_images
from gan.data.ingest.inventory import LABELS
from gan.data.ingest.report import CheckReport
from gan.data.sources.folder import added_sets
from gan.errors import DamagedFileError, DataError
from gan.io.atomic import remove_folder, write_json
from gan.io.json_files import read_json
from gan.io.progress import Progress, silent

EXPIRY_SECONDS = 24 * 3600  # seconds after which a set that nobody accepted is removed


def add_zip(name: str, file: BinaryIO | Path, progress: Progress = silent) -> CheckReport:
    """Unpack a ZIP and check what is in it; `accept` keeps it. Raises DataError for a bad name or a ZIP not taken."""
    with _staged(name) as folder:
        unpack_zip(file, folder / "images", progress)
        return _checked(name, folder, folder / "images", "the uploaded ZIP", progress)


def add_files(
    name: str,
    files: Iterable[tuple[str, BinaryIO]],
    labels_csv: BinaryIO | None = None,
    progress: Progress = silent,
) -> CheckReport:
    """Take single files, each by its name or its path such as `cats/1.png`, and a labels.csv; as `add_zip`."""
    with _staged(name) as folder:
        limit = left = settings.upload_limit()
        given = [*files, *([(LABELS, labels_csv)] if labels_csv else [])]
        for file_name, file in given:
            safe = safe_name(file_name)
            if not is_wanted(safe):
                continue
            path = folder / "images" / safe
            if path.exists():
                raise DataError(f"Two files are named {safe}: rename one.")
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "wb") as target:
                while block := file.read(BLOCK):
                    left -= len(block)
                    if left < 0:
                        raise upload_too_large(limit)
                    target.write(block)
        return _checked(name, folder, folder / "images", "the uploaded files", progress)


def add_path(name: str, path: Path, progress: Progress = silent) -> CheckReport:
    """Check a folder on the server, which must lie below one of GAN_PATHS; its images stay where they are."""
    real = path.expanduser().resolve()  # of a link, where it leads
    allowed = settings.browsable_paths()
    if not any(real.is_relative_to(folder) for folder in allowed):
        where = ", ".join(map(str, allowed)) or "none; whoever runs this server can name some in GAN_PATHS"
        raise DataError(f"{path} is not in a folder from which images may be added. Those are: {where}.")
    with _staged(name) as folder:
        report = _checked(name, folder, real, str(real), progress)
        for file in report.plan.files if report.plan else ():
            target = (report.plan.root / file).resolve() if report.plan else real
            if not any(target.is_relative_to(root) for root in allowed):
                raise DataError(
                    f"{file} in {path} is a link to a place from which images may not be added: take it out."
                )
        return report


def accept(report: CheckReport) -> str:
    """Keep a checked set; its name, which `data.path` takes. DataError where it has errors or the name is taken."""
    if report.staged is None or not report.staged.is_dir():
        raise DataError("This set is not waiting any more: add it again.")
    if report.plan is None:
        raise DataError(f"The set {report.name} cannot be used: {report.errors[0].line}")
    _check_name(report.name)
    target = settings.added_sets() / report.name
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        report.staged.rename(target)  # one step: two acceptances of a name cannot both succeed
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise  # of the disk, which another name would not mend
        raise DataError(f"There is a set {report.name} already: choose another name.") from None
    return report.name


def discard(report: CheckReport) -> None:
    """Forget a set that waits to be accepted."""
    if report.staged is not None:
        remove_folder(report.staged)


def load_pending(identifier: str) -> CheckReport:
    """The report of a set that waits, by its folder's name, `report.staged.name`; DataError where there is none."""
    folder = _incoming() / identifier
    document = read_json(folder / "report.json") if re.fullmatch("[0-9a-f]{12}", identifier) else None
    if document is None:
        raise DataError("This set is not waiting any more: add it again.")
    return _report(document, folder)


def load_report(name: str) -> CheckReport:
    """The report that was shown when an added set was accepted; DataError where there is no such set."""
    folder = settings.added_sets() / name
    document = read_json(folder / "report.json") if names.NAME.fullmatch(name) else None
    if document is None:
        raise DataError(f"There is no added set {name}. Added sets: {', '.join(added_sets()) or 'none yet'}.")
    return _report(document, folder)


def remove_set(name: str) -> None:
    """Delete an added set; images that lie elsewhere on the server stay. Runs trained on it keep working."""
    load_report(name)
    shutil.rmtree(settings.added_sets() / name)


def _incoming() -> Path:
    return settings.store() / ".data" / "incoming"


def _check_name(name: str) -> None:
    if not names.NAME.fullmatch(name):
        raise DataError(
            f"{name!r} cannot name a set: it takes 1 to 64 small letters, digits, - and _, the first a letter or digit."
        )
    if (settings.added_sets() / name).exists():
        raise DataError(f"There is a set {name} already: choose another name, or remove that one first.")


@contextlib.contextmanager
def _staged(name: str) -> Iterator[Path]:
    """A new folder for a set that comes in, removed again where that fails."""
    _check_name(name)
    incoming = _incoming()
    incoming.mkdir(parents=True, exist_ok=True)
    for old in incoming.iterdir():
        if time.time() - old.stat().st_mtime > EXPIRY_SECONDS:
            remove_folder(old)
    folder = incoming / uuid.uuid4().hex[:12]
    (folder / "images").mkdir(parents=True)
    try:
        yield folder
    except BaseException:  # a closed page too
        remove_folder(folder)
        raise


def _checked(name: str, folder: Path, root: Path, shown_as: str, progress: Progress) -> CheckReport:
    """Check the images and write what was found beside them."""
    report = check_images(root, progress, shown_as)
    if report.plan is not None:
        report.plan.save(folder)
    write_json(folder / "report.json", report.as_json() | {"name": name})
    document = read_json(folder / "report.json")
    assert document is not None, "it was written a line above"
    return _report(document, folder)


def _report(document: dict[str, Any], folder: Path) -> CheckReport:
    try:
        return CheckReport.from_json(folder / "report.json", document, folder)
    except DamagedFileError as error:
        raise DataError(f"{error} Or remove the set {folder.name} and add it again.") from None
