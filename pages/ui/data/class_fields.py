"""The classes or attributes of a reading as a table: each can be renamed, merged, left out or taken as unlabelled."""

from collections.abc import Iterable, Mapping
from typing import Any

import streamlit as st

from gan.data.ingest.labels.reading import Reading
from gan.data.ingest.outcome import Outcome
from pages.ui.data.label_fields import Form

KEPT, LEFT_OUT, UNLABELLED = "kept", "left out", "unlabelled"
NAME, IMAGES, NEW_NAME, USE = "Name", "Images", "New name", "Use"
HEIGHT = 420  # px


def class_fields(form: Form, reading: Reading, before: Outcome) -> Reading:
    """The reading with its classes changed; `before` is the outcome without changes."""
    st.caption("Edit the new name or the use of a row. Rows with the same new name are merged.")
    uses = [KEPT, LEFT_OUT] + ([UNLABELLED] if before.kind == "class" else [])
    rows = [
        {NAME: name, IMAGES: count, NEW_NAME: reading.rename.get(name) or name, USE: _use(reading, name)}
        for name, count in before.totals.items()
    ]
    return reading.model_copy(update=changed_classes(class_table(rows, uses, form.key("classes", before.names))))


def class_table(rows: list[dict[str, Any]], uses: list[str], key: str) -> list[dict[str, Any]]:
    """A table of classes, whose new names and uses can be changed; gives its rows as they are then."""
    edited: list[dict[str, Any]] = st.data_editor(
        rows, hide_index=True, width="stretch", num_rows="fixed", disabled=[NAME, IMAGES],
        height=HEIGHT if len(rows) > 10 else "content", key=key,
        column_config={
            IMAGES: st.column_config.NumberColumn(format="localized"),
            NEW_NAME: st.column_config.TextColumn(required=True, max_chars=200),
            USE: st.column_config.SelectboxColumn(options=uses, required=True),
        },
    )  # fmt: skip
    return edited


def changed_classes(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """`drop` and `rename` of a Reading from the rows of the table."""
    rows = list(rows)
    rename = {
        str(row[NAME]): "" if row[USE] == UNLABELLED else str(row[NEW_NAME]).strip()
        for row in rows
        if row[USE] == UNLABELLED or (row[USE] == KEPT and str(row[NEW_NAME] or "").strip() not in ("", row[NAME]))
    }
    return {"drop": tuple(str(row[NAME]) for row in rows if row[USE] == LEFT_OUT), "rename": rename}


def _use(reading: Reading, name: str) -> str:
    if name in reading.drop:
        return LEFT_OUT
    return UNLABELLED if reading.rename.get(name) == "" else KEPT
