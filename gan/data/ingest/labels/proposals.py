"""The plausible readings of a folder, best first, and what speaks against using one without asking."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from gan.data.ingest.checks.report import Finding
from gan.data.ingest.files.findings import no_images
from gan.data.ingest.files.listing import Listing, list_folder
from gan.data.ingest.labels.folders import propose_folders
from gan.data.ingest.labels.image_columns import unused_tables
from gan.data.ingest.labels.inventory import Inventory, apply_reading
from gan.data.ingest.labels.layouts import known_layout, refusal
from gan.data.ingest.labels.reading import Proposal, Reading, Role
from gan.data.ingest.labels.split_words import split_word
from gan.data.ingest.labels.table_proposals import propose_tables
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
    reading = sure_reading(proposals)
    if reading is None:
        raise DataError(
            f"{choice_needed(listing, proposals).text} `python -m gan data check {folder}` lists them; add the images "
            "as a set with one of them, by `python -m gan data add` or on the Data page."
        )
    return apply_reading(listing, reading)


def choice_needed(listing: Listing, proposals: Sequence[Proposal]) -> Finding:
    """The finding that asks for a reading; raises DataError where there is none, with the layouts that are read."""
    if not proposals:
        problems = [finding.line for finding in unused_tables(listing) if finding.level == "warning"]
        why = " ".join(problems) or refusal(listing) or LAYOUTS
        raise DataError(f"The {len(listing.images):,} images have no labels. {why}")
    ways = "in one way that is not certain" if len(proposals) == 1 else f"in {len(proposals)} ways"
    text = f"The files can be read {ways}. {' '.join(proposals[0].doubts)}".strip()
    return Finding("choose-reading", "error", text, "Choose how they are read.")


def propose(listing: Listing) -> list[Proposal]:
    """The plausible readings of a folder, best first; none if nothing names labels. At most the first is sure."""
    tables = [_with_folder_splits(proposal, listing) for proposal in propose_tables(listing)]
    folders = propose_folders(listing)
    known = known_layout(listing)
    if known is None and tables and folders:
        tables, folders = _compared(listing, tables, folders)
    found = sorted(tables + folders, key=lambda proposal: not proposal.sure)  # stable: tables before folders
    proposals = [known, *found] if known is not None else found
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
    doubts = tuple(finding.line for finding in unused_tables(listing) if finding.level == "warning")
    return replace(best, sure=False, doubts=doubts) if doubts else best


def _labels_key(reading: Reading) -> str:
    """Equal for readings that take labels, groups and splits from the same places."""
    return reading.model_copy(update={"layout": ""}).model_dump_json()


def _with_folder_splits(proposal: Proposal, listing: Listing) -> Proposal:
    """The proposal of a table without splits, with the split that a level of folders names."""
    reading = proposal.reading
    table = reading.table
    if table is None or table.split or table.split_by_table or "split" in reading.levels or reading.split_lists:
        return proposal
    folders = [PurePosixPath(image).parts[:-1] for image in listing.images]
    for level in range(min((len(folder) for folder in folders), default=0)):
        if all(split_word(folder[level]) for folder in folders):
            between: list[Role] = ["ignore"] * (level - len(reading.levels))
            levels: tuple[Role, ...] = (*reading.levels, *between, "split")
            return replace(proposal, reading=reading.model_copy(update={"levels": levels}))
    return proposal


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
