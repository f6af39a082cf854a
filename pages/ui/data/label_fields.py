"""Fields that say where the labels of an upload are: in folders, in a table, or in file names."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import streamlit as st

from gan.data.ingest.files.listing import Listing
from gan.data.ingest.labels import choices
from gan.data.ingest.labels.choices import Names
from gan.data.ingest.labels.reading import Encoding, Reading, Role, TableReading, Unclear
from gan.errors import DataError
from gan.io.markdown_text import escape_markdown
from pages.ui import cache_images
from pages.ui.frame import error_text

FOLDERS, TABLE, FILE_NAMES = "Folders", "A table", "File names"
ROLES: dict[Role, str] = {"class": "Class", "split": "Split", "group": "Group (patient, slide)", "ignore": "Not used"}
ENCODINGS: dict[Encoding, str] = {
    "class": "One class in a column",
    "one-hot": "One column for each class, exactly one is 1",
    "attributes": "One column for each attribute, 0 or 1",
    "several": "Several attributes in one cell",
}
UNCLEAR: dict[Unclear, str] = {
    "": "not decided: the check asks",
    "zero": "0",
    "one": "1",
    "leave-out": "a reason to leave the image out",
    "unlabelled": "an unlabelled image",
}
BY_TABLE = "\0by table"
"""The choice of the table's name as split, which is no column."""


@dataclass(frozen=True)
class Form:
    """The form of one upload: its folder, its files, and the reading that the fields start from."""

    folder: Path
    listing: Listing
    base: Reading
    table: TableReading | None
    """The table's reading to start from, of the base or of another proposal."""

    def key(self, name: str, *depends: Any) -> str:
        """The key of a field: its value is forgotten with the base and with what it `depends` on."""
        text = f"{self.base.model_dump_json()} {depends}"
        return f"{name} {self.folder.name} {blake2b(text.encode(), digest_size=4).hexdigest()}"


def label_fields(form: Form) -> Reading | None:
    """The reading with labels from the chosen place; None while a choice is missing."""
    base = form.base
    sources = [FILE_NAMES]
    if any("/" in image for image in form.listing.images):
        sources.insert(0, FOLDERS)
    if form.listing.tables:
        sources.insert(0, TABLE)
    groups = base.table if base.table and not base.table.labels else None  # a table of groups beside class folders
    start = TABLE if base.table and not groups else FOLDERS if "class" in base.levels else FILE_NAMES
    source = st.segmented_control(
        "The labels are in", sources, default=start if start in sources else sources[0], key=form.key("labels in"),
        required=True,
    )  # fmt: skip
    changed: Reading | None
    if source == TABLE:
        table = table_fields(form)
        levels = level_fields(form, table_labels=True) if table is not None else {}
        changed = None if table is None else base.model_copy(update={**levels, "table": table, "class_part": 0})
    elif source == FOLDERS:
        levels = level_fields(form, table_labels=False)
        level = levels["levels"].index("class") if "class" in levels["levels"] else None
        part = part_field(form, levels["root"], level) if level is not None else 0
        changed = base.model_copy(update={**levels, "table": groups, "class_part": part})
    else:
        levels = level_fields(form, table_labels=True)
        part = part_field(form, levels["root"], None)
        changed = base.model_copy(update={**levels, "table": None, "class_part": part})
    if changed is not None and _labels(changed) != _labels(base):
        changed = changed.model_copy(update={"drop": (), "rename": {}, "layout": ""})  # they belong to other labels
    return changed


def _labels(reading: Reading) -> tuple[Any, ...]:
    """What the names of classes or attributes depend on."""
    table = reading.table
    level = reading.levels.index("class") if "class" in reading.levels else None
    if table is None or not table.labels:
        return level, reading.class_part, reading.root
    return table.files, table.labels, table.encoding, table.separator, table.header, reading.class_part


def level_fields(form: Form, table_labels: bool) -> dict[str, Any]:
    """The root, and a role for each level of folders; no class among them if the labels are elsewhere."""
    base = form.base
    found = cache_images.from_listing(form.folder, choices.roots)
    found += [] if base.root in found else [base.root]
    root = base.root
    if len(found) > 1:
        root = st.selectbox(
            "Folders are counted from", found, index=found.index(base.root), key=form.key("root"),
            format_func=lambda name: name or "the top",
        )  # fmt: skip
    levels: list[Names] = cache_images.from_listing(form.folder, choices.folder_levels, root)
    roles = [role for role in ROLES if role != "class" or not table_labels]
    chosen: list[Role] = []
    for depth, level in enumerate(levels):
        before = base.levels[depth] if depth < len(base.levels) and root == base.root else "ignore"
        chosen.append(
            st.selectbox(
                f"Level {depth + 1}: {escape_markdown(names_text(level))}",
                roles,
                format_func=ROLES.__getitem__,
                index=roles.index(before) if before in roles else len(roles) - 1,
                key=form.key(f"level {depth + 1}", root, table_labels),
            )
        )
    while chosen and chosen[-1] == "ignore" and len(chosen) > len(base.levels):
        chosen.pop()
    return {"root": root, "levels": tuple(chosen)}


def part_field(form: Form, root: str, level: int | None) -> int:
    """Which part of the name of a class folder, or of a file, is the class; 0 for the whole name."""
    found: dict[int, Names] = cache_images.from_listing(form.folder, choices.class_part_choices, root, level)
    start = form.base.class_part
    options = ([0] if level is not None else []) + list(found)
    options += [start] if start and start not in options else []
    if not options:
        st.info("The file names have no parts. `_`, `-`, `.`, spaces and brackets separate parts.")
        return 0
    if options == [0]:
        return 0
    start = start if start in options else _fewest_names(found)
    what = "file name" if level is None else "folder's name"
    chosen: int = st.selectbox(
        f"The class is this part of the {what}", options, index=options.index(start),
        format_func=lambda part: part_text(part, found.get(part)), key=form.key("class part", root, level),
    )  # fmt: skip
    return chosen


def _fewest_names(parts: dict[int, Names]) -> int:
    """The part that is most likely a class: it has the fewest values, but several."""
    return min(parts, key=lambda part: (parts[part].count < 2, parts[part].count))


def part_text(part: int, names: Names | None) -> str:
    """A part of a name with its first values."""
    if part == 0:
        return "the whole name"
    place = f"part {part}" if part > 0 else "the last part" if part == -1 else f"part {-part} from the end"
    return place if names is None else f"{place}: {names_text(names)}"


def names_text(names: Names) -> str:
    """The first names, and how many more there are."""
    more = names.count - len(names.first)
    return ", ".join(names.first) + (f" and {more:,} more" if more else "")


def table_fields(form: Form) -> TableReading | None:
    """The tables, their first rows, and what their columns are; None while a choice is missing."""
    base = form.table or TableReading(files=form.listing.tables[:1], image="")
    tables = list(form.listing.tables)
    files = tuple(
        st.multiselect(
            "Tables with the same columns",
            tables,
            key=form.key("tables"),
            default=[file for file in base.files if file in tables] or tables[:1],
        )
    )
    if not files:
        st.info("Choose a table.")
        return None
    header = st.checkbox("The first row names the columns", base.header, key=form.key("header"))
    joins = base.joins if files == base.files else ()
    try:
        head = cache_images.from_listing(form.folder, choices.table_head, files, header, joins)
    except DataError as error:
        st.error(error_text(error))
        return None
    st.dataframe(head, hide_index=True, height="content", key=form.key("head", files, header))
    return column_fields(
        form, base.model_copy(update={"joins": joins}), files, header, [str(name) for name in head.columns]
    )


def column_fields(
    form: Form, base: TableReading, files: tuple[str, ...], header: bool, columns: Sequence[str]
) -> TableReading | None:
    """What each column of the tables is."""
    if not columns:
        st.info("These tables share no column.")
        return None
    on = (files, header)

    def column_field(label: str, name: str, value: str, extra: Sequence[str] = ()) -> str:
        options = [*extra, *columns]
        texts = {"": "none", BY_TABLE: "the name of each table"}
        chosen: str = st.selectbox(
            label, options, index=options.index(value) if value in options else 0, key=form.key(name, *on),
            format_func=lambda column: texts.get(column, column),
        )  # fmt: skip
        return chosen

    left, right = st.columns(2)
    with left:
        image = column_field("Column that names the images", "image column", base.image)
        encodings = list(ENCODINGS)
        encoding: Encoding = st.selectbox(
            "Labels", encodings, index=encodings.index(base.encoding), format_func=ENCODINGS.__getitem__,
            key=form.key("encoding", *on),
        )  # fmt: skip
        if encoding in ("class", "several"):
            labels: tuple[str, ...] = (
                column_field("Column of the labels", "label column", next(iter(base.labels), "")),
            )
        else:
            kept = [name for name in base.labels if name in columns]
            labels = tuple(st.multiselect("Columns of the labels", columns, kept, key=form.key("label columns", *on)))
    with right:
        group = column_field("Group: patient, lesion, slide", "group column", base.group, [""])
        extra = ["", BY_TABLE] if len(files) > 1 else [""]
        split = column_field("Split", "split column", BY_TABLE if base.split_by_table else base.split, extra)
    changes = several_fields(form, base, on) if encoding == "several" else {}
    changes |= unclear_fields(form, base, encoding, on)
    if not labels:
        st.info("Choose the columns of the labels.")
        return None
    return TableReading.model_validate(
        base.model_dump()
        | {"files": files, "header": header, "image": image, "encoding": encoding, "labels": labels, "group": group}
        | {"split": "" if split == BY_TABLE else split, "split_by_table": split == BY_TABLE}
        | changes
    )


def several_fields(form: Form, base: TableReading, on: tuple[Any, ...]) -> dict[str, Any]:
    """What stands between several labels in a cell, and what means none of them."""
    left, right = st.columns(2)
    separator = left.text_input("Between labels", base.separator, max_chars=3, key=form.key("separator", *on))
    nothing = right.multiselect(
        "Values that mean none", list(base.nothing), list(base.nothing), accept_new_options=True,
        key=form.key("nothing", *on), placeholder="such as No Finding",
    )  # fmt: skip
    return {"separator": separator or base.separator, "nothing": tuple(nothing)}


def unclear_fields(form: Form, base: TableReading, encoding: Encoding, on: tuple[Any, ...]) -> dict[str, Any]:
    """What an empty label is, and -1 beside 0 and 1."""
    is_class = encoding in ("class", "one-hot")
    options: list[Unclear] = [value for value in UNCLEAR if not is_class or value in ("", "leave-out", "unlabelled")]
    texts = UNCLEAR | ({"": "an unlabelled image"} if is_class else {})
    options = [value for value in options if not (is_class and value == "unlabelled")]
    found: dict[str, Any] = {}
    left, right = st.columns(2)
    fields = [("empty", "An empty label is", left)]
    fields += [] if is_class else [("uncertain", "-1 (uncertain) is", right)]
    for name, label, column in fields:
        value = getattr(base, name)
        with column:
            found[name] = st.selectbox(
                label, options, index=options.index(value) if value in options else 0, format_func=texts.__getitem__,
                key=form.key(name, encoding, *on),
            )  # fmt: skip
    return found
