"""Sets that were accepted after their check, and can be trained on until they are removed.

GAN_STORE/.data/sets/<name>/       images/, plan.json, report.json and access.json of an accepted set;
                                   later edits.json (`label_edits.py`), notes.json (`set_notes.py`) and
                                   suspects.json (`gan/evaluation`)
"""

import errno
import shutil

from gan.access import ownership
from gan.access.permissions import Action, decide, require
from gan.config import names, settings
from gan.data import set_notes
from gan.data.ingest.checks.report import CheckReport
from gan.data.ingest.staging import is_upload, upload_title
from gan.data.ingest.upload_check import upload_report
from gan.data.ingest.upload_images import IMAGES, REPORT
from gan.data.set_access import folder_target
from gan.data.set_notes import SetNotes
from gan.data.sources.folder import added_sets
from gan.errors import DataError
from gan.io.atomic import remove
from gan.io.json_files import read_json

KEPT = (IMAGES, "plan.json", REPORT, set_notes.FILE, ownership.FILE)
"""The files of an accepted set. The others belong to the job that checked it."""


def accept(report: CheckReport, title: str = "") -> str:
    """Keep a checked set, under a new title if given; returns its folder's name, for `data.path`.

    Raises DataError for errors, or a title in use, and AccessError where the current person may not.
    """
    if report.staged is None or not is_upload(report.staged):
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


def load_report(name: str) -> CheckReport:
    """The check report of an added set; raises DataError if there is no such set that the current person may see."""
    folder = settings.added_sets() / name
    is_seen = names.NAME.fullmatch(name) and decide(Action.SEE, folder_target(folder))
    document = read_json(folder / REPORT) if is_seen else None
    if document is None:
        raise DataError(f"There is no added set {name}. Added sets: {', '.join(added_sets()) or 'none yet'}.")
    return upload_report(document, folder)


def remove_set(name: str) -> None:
    """Delete an added set, but not images in a folder on the server. `runs/set_users.py` also deletes its cache."""
    load_report(name)
    require(Action.REMOVE_SET, folder_target(settings.added_sets() / name))
    shutil.rmtree(settings.added_sets() / name)
