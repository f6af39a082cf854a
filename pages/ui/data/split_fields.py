"""Fields for groups, splits, subgroups, images to leave out and unlabelled images."""

from typing import Any

import streamlit as st

from gan.data.ingest.labels import choices
from gan.data.ingest.labels.inventory import split_values
from gan.data.ingest.labels.name_parts import GroupCandidate
from gan.data.ingest.labels.reading import Reading, SplitName, TableReading
from gan.data.ingest.labels.split_words import split_word
from gan.data.ingest.labels.subgroups import subgroup_name
from gan.errors import DataError
from gan.io.markdown_text import escape_markdown
from pages.ui import cache_images
from pages.ui.data.label_fields import Form

MOST_VALUES = 12
SPLITS: dict[SplitName, str] = {"train": "train", "val": "val", "test": "test", "leave-out": "left out"}


def split_fields(form: Form, reading: Reading, classes: int) -> Reading:
    """The reading with the chosen groups and splits; `classes` is the number of its classes."""
    changes: dict[str, Any] = {"group_parts": group_field(form, reading, classes)}
    if reading.table is not None:
        changes["table"] = reading.table.model_copy(update={"subgroups": subgroup_field(form, reading.table)})
    changes["splits"] = split_value_fields(form, reading)
    changes["unlabelled"] = (
        "keep"
        if st.toggle(
            "Keep images without a label, as unlabelled", reading.unlabelled == "keep", key=form.key("unlabelled"),
        )
        else "leave-out"
    )  # fmt: skip
    changes["leave_out"] = tuple(
        st.multiselect(
            "Images to leave out",
            list(form.base.leave_out),
            list(form.base.leave_out),
            accept_new_options=True,
            key=form.key("leave out"),
            placeholder="Type a pattern, such as */masks/* or *_mask.png",
            help="A pattern is compared with the path of each image in the set. `*` stands for anything.",
        )
    )
    return reading.model_copy(update=changes)


def group_field(form: Form, reading: Reading, classes: int) -> int:
    """How many first parts of the file name are the group."""
    found: list[GroupCandidate] = cache_images.from_listing(form.folder, choices.group_choices, reading.root, classes)
    texts = {0: "none"} | {
        offer.group_parts: f"{_first_parts(offer.group_parts)}: "
        f"{offer.groups:,} groups of {offer.images_per_group:.3g} images, such as {offer.example}"
        for offer in found
    }
    start = form.base.group_parts
    texts.setdefault(start, _first_parts(start))
    if len(texts) == 1:
        st.caption("No part of the file names looks like a patient or slide.")
        return 0
    options = list(texts)
    chosen: int = st.selectbox(
        "Groups from file names", options, index=options.index(start), format_func=texts.__getitem__,
        key=form.key("group parts", reading.root), disabled=bool(reading.table and reading.table.group),
        help="Images of a group, such as a patient, stay in one split. A column or level of groups comes first.",
    )  # fmt: skip
    return chosen


def subgroup_field(form: Form, table: TableReading) -> dict[str, str]:
    """The columns that a study divides its results by, by the names of the subgroups."""
    try:
        head = cache_images.from_listing(form.folder, choices.table_head, table.files, table.header, table.joins)
    except DataError:  # the outcome beside the form shows it
        return table.subgroups
    used = {table.image, *table.labels, table.group, table.split}
    columns = [str(name) for name in head.columns if name not in used]
    kept = [column for column in table.subgroups.values() if column in columns]
    if not columns:
        return {}
    chosen = st.multiselect(
        "Columns for results by subgroup", columns, kept, key=form.key("subgroups", table.files, table.header),
        placeholder="such as scanner, site or sex",
        help="A study then gives its results for each value of these columns, at most 20 each. Their values are kept "
        "with the set, ages as under 40, 40 to 59, 60 to 79, 80 and over: choose only what you may keep.",
    )  # fmt: skip
    names = {column: name for name, column in table.subgroups.items()}
    return {names.get(column) or subgroup_name(column): column for column in chosen}


def _first_parts(count: int) -> str:
    return f"first {count} parts of the file name" if count > 1 else "first part of the file name"


def split_value_fields(form: Form, reading: Reading) -> dict[str, SplitName]:
    """Which split each value is that is no split word."""
    try:
        values: dict[str, int] = cache_images.from_listing(form.folder, split_values, reading)
    except DataError:  # the outcome beside the form shows it
        return reading.splits
    unclear = [value for value in values if value in form.base.splits or split_word(value) is None]
    if len(unclear) > MOST_VALUES:
        st.warning(f"{len(unclear):,} values are no split: choose another column or level.")
        return reading.splits
    chosen: dict[str, SplitName] = {}
    for first in range(0, len(unclear), 3):
        for column, value in zip(st.columns(3), unclear[first : first + 3], strict=False):
            before = form.base.splits.get(value) or split_word(value)
            names = list(SPLITS)
            with column:
                split = st.selectbox(
                    f"{escape_markdown(value)} ({values[value]:,}) is", names, format_func=SPLITS.__getitem__,
                    index=names.index(before) if before else None, key=form.key(f"split {value}"),
                    placeholder="which split?",
                )  # fmt: skip
            if split is not None:
                chosen[value] = split
    return chosen
