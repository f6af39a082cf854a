"""The plausible readings of a folder, best first, and what speaks against using one without asking."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path

from gan.config import settings
from gan.data.ingest.checks.report import Finding, first_few
from gan.data.ingest.files.findings import file_findings, no_images
from gan.data.ingest.files.listing import Listing, list_folder
from gan.data.ingest.labels.folders import changed, propose_folders
from gan.data.ingest.labels.image_columns import unused_tables
from gan.data.ingest.labels.inventory import Inventory, apply_reading
from gan.data.ingest.labels.layouts import known_layout, refusal
from gan.data.ingest.labels.outer_levels import outer_levels
from gan.data.ingest.labels.reading import Proposal, Reading, Role
from gan.data.ingest.labels.split_lists import split_lists
from gan.data.ingest.labels.table_proposals import propose_groups, propose_tables
from gan.errors import DataError

LAYOUTS = (
    "Use a folder for each class, with or without train/, val/ and test/ above, or images with a table that names the "
    "file and the class of each, such as a labels.csv with the columns file and class."
)
Choose = Callable[[Sequence[Proposal]], Reading | None]
"""Chooses a reading, one of the proposals or any other; None where the user must be asked."""


def sure_reading(proposals: Sequence[Proposal]) -> Reading | None:
    """The first reading if it is sure, else None."""
    return proposals[0].reading if proposals and proposals[0].sure else None


def sure_inventory(folder: Path) -> Inventory:
    """The labelled images of a folder that can be read in one way only; raises DataError for any other."""
    listing = list_folder(folder)
    if not listing.images:
        raise no_images(listing, str(folder))
    proposals = propose(listing)
    if not proposals:
        raise DataError(choice_needed(listing, proposals).line)
    reading = sure_reading(proposals)
    if reading is None:
        raise DataError(
            f"{choice_needed(listing, proposals).text} `{settings.PROGRAM} data check {folder}` lists them; add the "
            f"images as a set with one of them, by `{settings.PROGRAM} data add` or on the Data page."
        )
    return apply_reading(listing, reading)


def choice_needed(listing: Listing, proposals: Sequence[Proposal]) -> Finding:
    """The finding that asks for a reading; where there is none, the one that says why, and which layouts are read."""
    if not proposals:
        notes = [finding.line for finding in unused_tables(listing) if finding.key == "table-without-labels"]
        why = " ".join(dict.fromkeys([*_table_problems(listing), *notes])) or refusal(listing) or LAYOUTS
        return Finding("nothing-to-check", "error", f"The {len(listing.images):,} images have no labels.", why)
    ways = "in one way that is not certain" if len(proposals) == 1 else f"in {len(proposals)} ways"
    text = f"The files can be read {ways}. {' '.join(proposals[0].doubts)}".strip()
    return Finding("choose-reading", "error", text, "Choose how they are read.")


def propose(listing: Listing) -> list[Proposal]:
    """The plausible readings of a folder, best first; none if nothing names labels. At most the first is sure."""
    tables = [found for proposal in propose_tables(listing) for found in _with_folders(proposal, listing)]
    folders = [found for proposal in propose_folders(listing) for found in _with_groups(proposal, listing)]
    known = known_layout(listing)
    if not known and tables and folders:
        tables, folders = _compared(listing, tables, folders)
    found = sorted(tables + folders, key=lambda proposal: not proposal.sure)  # stable: tables before folders
    labels = [_label_columns(proposal.reading) for proposal in known]
    proposals = [*known, *(other for other in found if _label_columns(other.reading) not in labels)]
    distinct: dict[str, Proposal] = {}
    for proposal in proposals:
        distinct.setdefault(_labels_key(proposal.reading), proposal)
    if not distinct:
        return []
    best, *others = distinct.values()
    return [_doubted_tables(listing, best), *(replace(other, sure=False) for other in others)]


def with_counts(listing: Listing, proposals: Sequence[Proposal]) -> tuple[Proposal, ...]:
    """The proposals with the images that each gives its classes or attributes."""
    return tuple(replace(proposal, counts=_counts(listing, proposal.reading)) for proposal in proposals)


def _counts(listing: Listing, reading: Reading) -> dict[str, int]:
    try:
        return apply_reading(listing, reading).counts()
    except DataError:  # choosing this reading says why it cannot be used
        return {}


def _doubted_tables(listing: Listing, best: Proposal) -> Proposal:
    """The proposal; not sure if it uses no table while one is damaged or names images that are not there."""
    if not best.sure or best.reading.table is not None:
        return best
    doubts = tuple(_table_problems(listing))
    return replace(best, sure=False, doubts=doubts) if doubts else best


def _table_problems(listing: Listing) -> list[str]:
    """What is wrong with tables: damaged, of a format that is not read, or of images that are not there."""
    findings = [*file_findings(listing), *unused_tables(listing)]
    keys = ("unreadable-table", "table-without-labels", "ambiguous-rows")
    return [finding.line for finding in findings if finding.key in keys and finding.level == "warning"]


def _label_columns(reading: Reading) -> object:
    """The columns that the labels are taken from, and what is decided about them; the reading itself without any."""
    table = reading.table
    if table is None or not table.labels:
        return reading
    return set(table.files), table.image, table.labels, table.encoding, table.empty, table.uncertain


def _labels_key(reading: Reading) -> str:
    """Equal for readings that take labels, groups and splits from the same places."""
    return reading.model_copy(update={"layout": ""}).model_dump_json()


def _with_groups(proposal: Proposal, listing: Listing) -> list[Proposal]:
    """The proposal of class folders, with the groups, splits and subgroups that a table or lists name."""
    reading = proposal.reading
    given = set(reading.levels)
    if "split" not in given:
        lists = split_lists(listing)
        if lists:
            reading = changed(reading, split_lists=lists)
            proposal = replace(proposal, reading=reading, title=f"{proposal.title}, splits from {first_few([*lists])}")
            given.add("split")
    found: dict[str, Proposal] = {}
    for other in propose_groups(listing):
        table = other.reading.table
        assert table is not None
        unused = {"split": "", "split_by_table": False} if "split" in given else {}
        table = table.model_copy(update=unused | ({"group": ""} if "group" in given else {}))
        if not (table.group or table.split or table.split_by_table or table.subgroups):
            continue
        splits = {**reading.splits, **({} if "split" in given else other.reading.splits)}
        with_table = changed(reading, table=table.model_dump(), splits=splits)
        doubts = (*proposal.doubts, *(() if "split" in given else other.doubts))
        what = "groups or splits" if table.group or table.split or table.split_by_table else "subgroups"
        title = f"{proposal.title}; {what} from {first_few([*table.all_files])}"
        joined = Proposal(with_table, title, sure=proposal.sure and not doubts, doubts=doubts)
        found.setdefault(with_table.model_dump_json(), joined)
    return list(found.values()) or [proposal]


def _with_folders(proposal: Proposal, listing: Listing) -> list[Proposal]:
    """The proposal of a table, with the splits and groups that folders name where no column does."""
    reading, table = proposal.reading, proposal.reading.table
    if table is None:
        return [proposal]
    given: set[Role] = set()
    if table.split or table.split_by_table or reading.split_lists:
        given.add("split")
    if table.group:
        given.add("group")
    images = [image for image in listing.images if not any(fnmatchcase(image, out) for out in reading.leave_out)]
    found: dict[str, Proposal] = {}
    for outer in outer_levels(images):
        levels: list[Role] = ["ignore" if role in given else role for role in outer.reading.levels]
        while levels and levels[-1] == "ignore":
            levels.pop()
        root = outer.reading.root
        if not levels or (root and not all(image.startswith(f"{root}/") for image in images)):
            found.setdefault("", proposal)
            continue
        splits = {**reading.splits, **(outer.reading.splits if "split" in levels else {})}
        with_levels = changed(reading, root=root, levels=levels, splits=splits)
        doubts = (*proposal.doubts, *outer.doubts)
        sure = proposal.sure and not outer.doubts
        joined = Proposal(with_levels, proposal.title + outer.title, sure=sure, doubts=doubts)
        found.setdefault(with_levels.model_dump_json(), joined)
    if len(found) > 1:  # what is asked about one is asked about all
        doubts = tuple(dict.fromkeys(doubt for other in found.values() for doubt in other.doubts))
        return [replace(other, sure=False, doubts=doubts) for other in found.values()]
    return list(found.values())


def _compared(
    listing: Listing, tables: list[Proposal], folders: list[Proposal]
) -> tuple[list[Proposal], list[Proposal]]:
    """The same proposals; a table and folders that name different classes are both in doubt."""
    table, folder = tables[0], folders[0]
    if not (table.sure and folder.sure) or _same_labels(listing, table.reading, folder.reading):
        return tables, folders
    doubt = "The table and the folders divide the images in different ways."
    in_doubt = [replace(proposal, sure=False, doubts=(*proposal.doubts, doubt)) for proposal in (table, folder)]
    return [in_doubt[0], *tables[1:]], [in_doubt[1], *folders[1:]]


def _same_labels(listing: Listing, first: Reading, second: Reading) -> bool:
    """Whether two readings divide the images that both label into the same classes, under any names."""
    try:
        one, other = apply_reading(listing, first), apply_reading(listing, second)
    except DataError:
        return False
    if one.kind != "class" or other.kind != "class":
        return False
    labels = dict(zip(other.files, other.conditions.argmax(axis=1).tolist(), strict=True))
    ours = zip(one.files, one.conditions.argmax(axis=1).tolist(), strict=True)
    pairs = {(label, labels[file]) for file, label in ours if file in labels}
    return len(pairs) == len({label for label, _ in pairs}) == len({label for _, label in pairs})
