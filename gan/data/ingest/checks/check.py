"""Check a user's images: decode each one, find problems, settle the splits, and plan what to read.

`labels/` lists the files and labels that the check starts from; `import_plan.py` is its result. The steps are modules
of their own.
"""

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gan.data.ingest.checks.class_findings import judge_conditions
from gan.data.ingest.checks.class_shortcuts import judge_shortcuts
from gan.data.ingest.checks.duplicates import (
    drop_duplicates,
    drop_near_copies,
    drop_shared_groups,
    drop_unlabelled_of_held_out,
)
from gan.data.ingest.checks.group_findings import judge_groups, report_subgroups
from gan.data.ingest.checks.image_findings import judge_images
from gan.data.ingest.checks.inspection import inspect_files, read_dicom_headers
from gan.data.ingest.checks.left_out import count_left_out
from gan.data.ingest.checks.pixel_findings import causes_with_files
from gan.data.ingest.checks.report import CheckReport, Finding
from gan.data.ingest.checks.splits import MadeSplits, settle_splits
from gan.data.ingest.checks.state import CheckState
from gan.data.ingest.files.archive import is_archive, unpack
from gan.data.ingest.files.findings import file_findings, no_images
from gan.data.ingest.files.listing import list_folder
from gan.data.ingest.files.synthetic import is_synthetic_export
from gan.data.ingest.import_plan import ImportPlan
from gan.data.ingest.labels.image_columns import unused_tables
from gan.data.ingest.labels.inventory import apply_reading
from gan.data.ingest.labels.proposals import Choose, choice_needed, propose, sure_reading, with_counts
from gan.data.ingest.labels.reading import Proposal
from gan.data.stable_splits import KnownSplits, load_splits, save_splits
from gan.data.training_size import sides_of
from gan.errors import DataError
from gan.io.progress import Progress, silent

OF_EVERY_SET = ("groups-unknown", "subgroups-kept")
"""Findings that are no notices of a set, since they are made from its images (`gan/data/summary.py`)."""
NOT_REAL = "They are no real images: a set of them would be scored as if they were patients. Add the real images alone."


def check_images(
    path: Path,
    progress: Progress = silent,
    shown_as: str = "",
    keep_splits: bool = False,
    choose: Choose = sure_reading,
    names_encoding: str = "",
) -> CheckReport:
    """Check a folder of images or an archive, which is unpacked to a temporary folder. Messages call it `shown_as`.

    `choose` picks one of the plausible readings; where it picks none, the report asks. Never raises DataError: what
    makes the set unusable is an error in the report. With `keep_splits`, the splits made here are recorded for later
    readings of the folder (`stable_splits.py`). `names_encoding` as in `unpack`.
    """
    shown_as = shown_as or str(path)
    proposals: tuple[Proposal, ...] = ()
    try:
        listing = list_folder(path) if path.is_dir() else None
        if (listing is None or not listing.images) and is_archive(path):
            with tempfile.TemporaryDirectory() as folder:
                unpack(path, Path(folder), progress, names_encoding)
                return check_images(Path(folder), progress, shown_as, choose=choose)
        listing = listing or list_folder(path)
        if not listing.images:
            raise no_images(listing, shown_as)
        synthetic = is_synthetic_export(listing)
        if synthetic:
            return CheckReport(path=shown_as, problems=(Finding("synthetic-images", "error", synthetic, NOT_REAL),))
        proposals = tuple(propose(listing))
        reading = choose(proposals)
        if reading is None:
            tables = [proposal.reading.table for proposal in proposals if proposal.reading.table]
            used = {file for table in tables for file in table.all_files}
            problems = (choice_needed(listing, proposals), *file_findings(listing), *unused_tables(listing, used))
            return CheckReport(path=shown_as, problems=problems, proposals=with_counts(listing, proposals))
        inventory = apply_reading(listing, reading)
        inventory.findings[:0] = file_findings(listing)
        known = load_splits(path)
    except DataError as error:
        problem = Finding("nothing-to-check", "error", str(error))
        return CheckReport(path=shown_as, problems=(problem,), proposals=proposals)
    state = CheckState(inventory, reading, list(inventory.findings))
    made = _check(state, known, listing.images, progress)
    report = replace(_report(state, shown_as), reading=reading, proposals=proposals)
    if keep_splits and report.plan is not None:
        save_splits(path, made.units, made.splits)
    return report


def _check(state: CheckState, known: KnownSplits, listed: Sequence[str], progress: Progress) -> MadeSplits:
    """All steps in order; returns the splits that were made. `listed` are all images in the folder."""
    made = MadeSplits()
    inspect_files(state, progress)
    if not state.kept.any():
        causes = " ".join(causes_with_files(state.unreadable)[:1])
        state.add("no-readable-image", "error", f"No image can be read. {causes}".strip())
        return made
    read_dicom_headers(state, progress)
    drop_duplicates(state)
    drop_shared_groups(state)
    drop_near_copies(state, progress)
    if not state.kept.any():
        state.add("nothing-left", "error", "No image is left: all are copies of others with different labels.")
        return made
    made = settle_splits(state, known)
    drop_unlabelled_of_held_out(state)
    judge_images(state)
    judge_shortcuts(state)
    judge_groups(state)
    report_subgroups(state)
    judge_conditions(state, _plan(state))
    count_left_out(state, listed)
    return made


def _report(state: CheckState, path: str) -> CheckReport:
    plan, infos = _plan(state), state.kept_infos()
    order = {"error": 0, "warning": 1, "note": 2}
    return CheckReport(
        path=path,
        problems=tuple(sorted(state.findings, key=lambda finding: order[finding.level])),
        kind=plan.kind,
        images=len(infos),
        counts=plan.counts(),
        sizes=dict(Counter(f"{info.width} x {info.height}" for info in infos).most_common(20)),
        modes=dict(Counter(info.mode for info in infos).most_common()),
        unreadable=state.unreadable,
        duplicates=tuple(state.duplicates),
        leaks=tuple(state.leaks),
        window=plan.window,
        plan=None if any(finding.level == "error" for finding in state.findings) else plan,
    )


def _plan(state: CheckState) -> ImportPlan:
    """What would be read, with the findings so far as notices."""
    rows, infos, geometry = state.kept_rows(), state.kept_infos(), state.reading.geometry
    group = state.group[rows]
    return ImportPlan(
        root=state.inventory.root,
        files=tuple(state.files[row] for row in rows.tolist()),
        frames=state.frames[rows],
        conditions=state.conditions[rows],
        names=state.inventory.names,
        kind=state.inventory.kind,
        split=state.split[rows],
        group=group if (group != "").any() else None,
        subgroups={name: values[rows] for name, values in state.subgroups.items()},
        channels=3 if any(info.colour for info in infos) else 1,
        geometry=geometry,
        sides=sides_of(((info.width, info.height) for info in infos), geometry),
        window=state.window(),
        window_of_file=state.reading.window == "file",
        notices=tuple(
            finding.line for finding in state.findings if finding.level != "error" and finding.key not in OF_EVERY_SET
        ),
    )
