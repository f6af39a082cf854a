"""The options that say how files become labelled images, as fields of a Reading and back."""

import argparse
import csv
import io
import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic import ValidationError

from gan.data.ingest.labels.reading import Proposal, Reading, TableReading
from gan.errors import UserError

LISTS = {"one_hot": "one-hot", "attributes": "attributes"}
"""Encodings of several columns, by the argument that names them."""


def add_reading_options(parser: argparse.ArgumentParser) -> None:
    """Add the options; those that are not given keep what was found."""
    add = parser.add_argument_group("how the files are read", "Without these, what was found is used.").add_argument
    add("--table", action="append", metavar="FILE", help="table that names the labels; may be repeated")
    add("--image", metavar="COLUMN", help="column that names the images")
    add(
        "--join",
        action="append",
        metavar="FILE,KEY,COLUMN",
        help="table that adds columns, its column of keys, and the column of --table that holds them; may be repeated",
    )
    add("--class", dest="class_column", metavar="COLUMN", help="column with the class of each image")
    add("--one-hot", metavar="COLUMNS", help="columns of which exactly one is 1: the classes")
    add("--attributes", metavar="COLUMNS", help="columns of 0 and 1: attributes")
    add("--labels-in", metavar="COLUMN", help="column with several labels in a cell: attributes")
    add("--separator", metavar="TEXT", help="what stands between the labels of --labels-in, such as '|'")
    add("--nothing", action="append", metavar="VALUE", help="value of --labels-in that means none of the attributes")
    unclear = ("zero", "one", "leave-out", "unlabelled")
    add("--empty", choices=unclear, help="what an empty label is")
    add("--uncertain", choices=unclear, help="what the label -1 is beside 0 and 1")
    add("--group", metavar="COLUMN", help="column with the patient or slide")
    add("--split", metavar="COLUMN", help="column with the split")
    add(
        "--subgroup",
        action="append",
        metavar="NAME=COLUMN",
        help="column such as scanner, site or sex, in place of those found: a study gives its results for each of its "
        "values, which are kept with the set; COLUMN alone is also the name; may be repeated",
    )
    add("--no-subgroups", action="store_true", default=None, help="keep no column for results by subgroup")
    add("--split-by-table", action="store_true", default=None, help="the name of each table is the split of its images")
    add("--no-header", dest="header", action="store_false", default=None, help="the first row is no header")
    add("--root", metavar="FOLDER", help="folder in which the levels begin")
    add("--levels", metavar="ROLES", help="what each level of folders is: class, split, group or ignore, with commas")
    add("--class-part", type=int, metavar="N", help="which part of the folder's or file's name is the class; -1: last")
    add("--group-parts", type=int, metavar="N", help="how many first parts of the file name are the patient or slide")
    add("--split-list", action="append", metavar="FILE=SPLIT", help="text file that lists the images of a split")
    add(
        "--split-value",
        action="append",
        metavar="VALUE=SPLIT",
        help="what a value of --split, or a folder, is: train, val, test or leave-out",
    )
    add("--leave-out", action="append", metavar="PATTERN", help="images not to read, such as '*/masks/*'")
    add("--keep-unlabelled", action="store_true", default=None, help="keep images without a label, as unlabelled")
    add("--drop-class", action="append", metavar="NAMES", help="classes or attributes to leave out, with commas")
    add("--merge", action="append", metavar="NAMES=NEW", help="merge or rename classes, such as a,b=c")
    add("--geometry", choices=("crop", "pad", "squeeze"), help="how images become square")
    add(
        "--window", metavar="LOW,HIGH", help="grey levels that become 0 and 255, or file for the windows of DICOM files"
    )
    add("--frames", choices=("first", "middle", "all"), help="frames to read of a file with several")


def choose_reading(parsed: argparse.Namespace, proposals: Sequence[Proposal]) -> Reading | None:
    """The reading that the options ask for: that of a proposal, with the given fields replaced.

    None if they do not choose between the proposals. Raises UserError for a value that cannot be understood.
    """
    for proposal in proposals:
        if _are_its_options(parsed, proposal.reading):
            return proposal.reading
    table, fields = _table_fields(parsed), _fields(parsed)
    base = _base(proposals, table, fields)
    if base is None:
        return None
    document = base.model_dump(mode="json")
    if {"files", "labels"} & table.keys() or {"levels", "class_part"} & fields.keys():
        document |= {"rename": {}, "drop": [], "layout": ""}  # they belong to other labels
    if table:
        document["table"] = (document["table"] or {}) | table
        if not {"image", "files"} <= document["table"].keys():
            raise UserError("A table is read by --table FILE and --image COLUMN.")
    elif {"levels", "class_part"} & fields.keys():
        document["table"] = None
    try:
        return Reading.model_validate(document | fields)
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}, not {first['input']!r}.") from None


def _are_its_options(parsed: argparse.Namespace, reading: Reading) -> bool:
    """Whether the given options are those that choose a reading: what they leave out is not meant.

    Without an option for subgroups, those that were found are kept.
    """
    parser = argparse.ArgumentParser()
    add_reading_options(parser)
    options = vars(parser.parse_args(shlex.split(reading_options(reading))))
    if parsed.subgroup is None and not parsed.no_subgroups:
        options["subgroup"] = None
    return all(getattr(parsed, name) == value for name, value in options.items())


def reading_options(reading: Reading, proposals: Sequence[Proposal] = ()) -> str:
    """The options that choose a reading among any proposals, quoted for a shell.

    With `proposals`, subgroups that these would keep are switched off where the reading keeps none.
    """
    tables = [proposal.reading.table for proposal in proposals]
    found = any(table is not None and table.subgroups for table in tables)
    unwanted = found and reading.table is not None and not reading.table.subgroups
    off: list[tuple[str, str | None]] = [("--no-subgroups", None)] if unwanted else []
    pairs = [*off, *(_table_options(reading.table) if reading.table else []), *_other_options(reading)]
    words: list[str] = []
    for option, value in pairs:  # argparse takes a value with a leading dash for an option
        words += [option] if value is None else [f"{option}={value}"] if value.startswith("-") else [option, value]
    return shlex.join(words)


def _table_options(table: TableReading) -> Iterator[tuple[str, str | None]]:
    yield from (("--table", file) for file in table.files)
    yield "--image", table.image
    yield from (("--join", _comma_text((join.file, join.key, join.column))) for join in table.joins)
    if table.labels:
        one = {"class": "--class", "several": "--labels-in"}.get(table.encoding)
        yield (one, table.labels[0]) if one else (f"--{table.encoding}", _comma_text(table.labels))
    if table.encoding == "several":
        yield "--separator", table.separator
    yield from (("--nothing", value) for value in table.nothing)
    for name in ("empty", "uncertain", "group", "split"):
        if getattr(table, name):
            yield f"--{name}", getattr(table, name)
    for name, column in table.subgroups.items():
        yield "--subgroup", column if name == column else f"{name}={column}"
    if table.split_by_table:
        yield "--split-by-table", None
    if not table.header:
        yield "--no-header", None


def _other_options(reading: Reading) -> Iterator[tuple[str, str | None]]:
    default = Reading()
    for name in ("root", "class_part", "group_parts", "geometry", "frames"):
        if getattr(reading, name) != getattr(default, name):
            yield f"--{name.replace('_', '-')}", str(getattr(reading, name))
    if reading.levels:
        yield "--levels", ",".join(reading.levels)
    yield from (("--split-list", "=".join(item)) for item in reading.split_lists.items())
    yield from (("--split-value", "=".join(item)) for item in reading.splits.items())
    yield from (("--leave-out", pattern) for pattern in reading.leave_out)
    if reading.unlabelled == "keep":
        yield "--keep-unlabelled", None
    if reading.drop:
        yield "--drop-class", _comma_text(reading.drop)
    yield from (("--merge", f"{_comma_text([old])}={new}") for old, new in reading.rename.items())
    if reading.window is not None:
        yield "--window", reading.window if isinstance(reading.window, str) else _comma_text(reading.window)


def _base(proposals: Sequence[Proposal], table: dict[str, Any], fields: dict[str, Any]) -> Reading | None:
    """The reading that the given fields change; None if they leave the choice open."""
    readings = [proposal.reading for proposal in proposals]
    if {"files", "labels"} & table.keys():
        fitting = [
            reading
            for reading in readings
            if reading.table and set(table.get("files", reading.table.files)) <= set(reading.table.files)
        ]
        fitting.sort(key=lambda reading: reading.table is None or table.get("labels") != list(reading.table.labels))
        return fitting[0] if fitting else Reading()
    if {"levels", "class_part"} & fields.keys():
        for reading in readings:
            given = (fields.get("levels", list(reading.levels)), fields.get("class_part", reading.class_part))
            if reading.table is None and given == (list(reading.levels), reading.class_part):
                return reading
        return Reading()
    sure = [proposal.reading for proposal in proposals[:1] if proposal.sure]
    return sure[0] if sure else None


def _table_fields(parsed: argparse.Namespace) -> dict[str, Any]:
    """The given fields of the TableReading."""
    simple = ("image", "separator", "nothing", "empty", "uncertain", "group", "split", "split_by_table", "header")
    given = {name: getattr(parsed, name) for name in simple}
    labels = {
        "class": None if parsed.class_column is None else [parsed.class_column],
        "several": None if parsed.labels_in is None else [parsed.labels_in],
    } | {encoding: _names(getattr(parsed, name)) for name, encoding in LISTS.items()}
    chosen = {encoding: columns for encoding, columns in labels.items() if columns is not None}
    if len(chosen) > 1:
        raise UserError("Choose one of --class, --one-hot, --attributes and --labels-in.")
    for encoding, columns in chosen.items():
        given |= {"labels": columns, "encoding": encoding}
    if parsed.table is not None and not chosen and "class" in (parsed.levels or "").split(","):
        given["labels"] = []  # the table names groups or splits
    if parsed.no_subgroups and parsed.subgroup is not None:
        raise UserError("Choose --subgroup or --no-subgroups, not both.")
    given["subgroups"] = {} if parsed.no_subgroups else _subgroups(parsed.subgroup)
    given["joins"] = None if parsed.join is None else list(map(_join, parsed.join))
    return {name: value for name, value in (given | {"files": parsed.table}).items() if value is not None}


def _subgroups(texts: Sequence[str] | None) -> dict[str, str] | None:
    """Columns by the names of the subgroups; the first equals sign separates."""
    pairs = [text.partition("=") if "=" in text else (text, "=", text) for text in texts or ()]
    if not all(name and column for name, _, column in pairs):
        raise UserError("--subgroup takes NAME=COLUMN, such as scanner=Manufacturer, or a COLUMN.")
    return None if texts is None else {name: column for name, _, column in pairs}


def _join(text: str) -> dict[str, str]:
    """The Join of a `--join`."""
    names = _names(text)
    if len(names) != 3:
        raise UserError(f"{text!r} is no --join FILE,KEY,COLUMN.")
    return dict(zip(("file", "key", "column"), names, strict=True))


def _fields(parsed: argparse.Namespace) -> dict[str, Any]:
    """The given fields of the Reading, without its table."""
    simple = ("root", "class_part", "group_parts", "leave_out", "geometry", "frames")
    given = {name: getattr(parsed, name) for name in simple}
    given["levels"] = None if parsed.levels is None else [role.strip() for role in parsed.levels.split(",")]
    given["split_lists"] = _pairs(parsed.split_list, "--split-list FILE=SPLIT")
    given["splits"] = _pairs(parsed.split_value, "--split-value VALUE=SPLIT")
    given["unlabelled"] = "keep" if parsed.keep_unlabelled else None
    given["drop"] = None if parsed.drop_class is None else [name for text in parsed.drop_class for name in _names(text)]
    merged = _pairs(parsed.merge, "--merge NAMES=NEW")
    given["rename"] = merged and {name: new for old, new in merged.items() for name in _names(old)}
    given["window"] = parsed.window if parsed.window in (None, "file") else _names(parsed.window)
    return {name: value for name, value in given.items() if value is not None}


def _pairs(texts: Sequence[str] | None, usage: str) -> dict[str, str] | None:
    """`a=b` texts as a dictionary; the last equals sign separates."""
    if texts is None:
        return None
    pairs = {}
    for text in texts:
        key, equals, value = text.rpartition("=")
        if not equals or not key:
            raise UserError(f"{text!r} is no {usage}.")
        pairs[key] = value
    return pairs


def _names(text: str | None) -> Any:
    """Values separated by commas, as a row of CSV, so that a name with a comma can be quoted."""
    return None if text is None else [name.strip() for name in next(csv.reader([text], skipinitialspace=True), [])]


def _comma_text(names: Iterable[object]) -> str:
    """The inverse of `_names`."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(list(names))
    return line.getvalue()
