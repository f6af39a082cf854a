"""A reading as sentences: where the labels, groups and splits of a set come from."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from gan.data.ingest.checks.report import first_few
from gan.data.ingest.labels.reading import Reading, TableReading

UNCLEAR = {"zero": "is 0", "one": "is 1", "leave-out": "leaves the image out", "unlabelled": "is no label"}
GEOMETRIES = {
    "crop": "Images that are not square are cropped to their centre.",
    "pad": "Images that are not square are padded.",
    "squeeze": "Images that are not square are squeezed.",
}
FRAMES = {"middle": "The middle frame of each file is read.", "all": "Each frame of a file is an image."}


def describe_reading(reading: Reading) -> list[str]:
    """How files become labelled images, one sentence each; what is usual is not mentioned."""
    return [*_labels(reading), *_groups_and_splits(reading), *_changes(reading), *_pixels(reading)]


def _labels(reading: Reading) -> Iterator[str]:
    if reading.layout:
        yield f"Layout: {reading.layout}."
    if reading.table is not None:
        yield from _table(reading.table)
    elif "class" in reading.levels:
        where = _levels(reading, "class")
        if reading.class_part:
            yield f"The class is {_part(reading.class_part)} of the names of the folders of {where}."
        else:
            yield "Each folder is a class." if reading.levels == ("class",) else f"Classes are the folders of {where}."
    else:
        yield f"The class is {_part(reading.class_part)} of the file name."


def _table(table: TableReading) -> Iterator[str]:
    names = first_few([PurePosixPath(file).name for file in table.files])
    columns = first_few(list(table.labels))
    what = {
        "class": f"the class is column {columns}",
        "one-hot": f"the classes are the columns {columns}, of which one is 1",
        "attributes": f"the attributes are the columns {columns}",
        "several": f"the attributes are listed in column {columns}",
    }
    yield f"In {names}, column {table.image} names the images, and {what[table.encoding]}."
    for value, answer in (("An empty label", table.empty), ("The label -1", table.uncertain)):
        if answer:
            yield f"{value} {UNCLEAR[answer]}."


def _groups_and_splits(reading: Reading) -> Iterator[str]:
    table = reading.table
    if table is not None and table.group:
        yield f"Groups are from column {table.group}."
    elif "group" in reading.levels:
        yield f"Groups are the folders of {_levels(reading, 'group')}."
    elif reading.group_parts:
        yield f"Groups are the first {_count(reading.group_parts, 'part')} of the file name."
    if table is not None and table.split:
        yield f"Splits are from column {table.split}."
    elif table is not None and table.split_by_table:
        yield "Splits are from the names of the tables."
    elif "split" in reading.levels:
        yield f"Splits are the folders of {_levels(reading, 'split')}."
    elif reading.split_lists:
        yield f"Splits are listed in {first_few(list(reading.split_lists))}."
    if table is not None and table.subgroups:
        yield f"Kept for results by subgroup: {_subgroups(table)}."
    if reading.splits:
        yield f"{first_few([f'{value} is {split}' for value, split in reading.splits.items()])}."


def _subgroups(table: TableReading) -> str:
    """The subgroups, with their columns where these are called otherwise."""
    names = [name if name == column else f"{name} (column {column})" for name, column in table.subgroups.items()]
    return ", ".join(names)


def _changes(reading: Reading) -> Iterator[str]:
    if reading.drop:
        yield f"Left out: {first_few(list(reading.drop))}."
    renamed = [f"{old} to {new}" for old, new in reading.rename.items() if new]
    if renamed:
        yield f"Renamed: {first_few(renamed)}."
    if reading.leave_out:
        yield f"Images like {first_few(list(reading.leave_out))} are left out."
    if reading.unlabelled == "keep":
        yield "Images without a label are kept as unlabelled."


def _pixels(reading: Reading) -> Iterator[str]:
    yield GEOMETRIES[reading.geometry]
    if reading.window == "file":
        yield "Each DICOM file is read with its own window."
    elif reading.window is not None:
        yield f"Levels {reading.window[0]} to {reading.window[1]} become black to white."
    if reading.frames in FRAMES:
        yield FRAMES[reading.frames]


def _levels(reading: Reading, role: str) -> str:
    """The levels with a role, such as `level 2 below data`."""
    numbers = [str(depth) for depth, other in enumerate(reading.levels, 1) if other == role]
    below = f" below {reading.root}" if reading.root else ""
    return f"level{'s' * (len(numbers) > 1)} {' and '.join(numbers)}{below}"


def _part(part: int) -> str:
    return f"part {part}" if part > 0 else "the last part" if part == -1 else f"part {-part} from the end"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}s" if number > 1 else noun
