"""A few of a user's files in rows, by the class or attribute that their labels were read as."""

import html
from collections.abc import Mapping, Sequence

import streamlit as st

from gan.data.ingest.file_examples import Example
from gan.data.ingest.import_plan import ImportPlan
from gan.data.ingest.labels.inventory import LABELS
from gan.io.png import data_uri, encode_png
from pages.ui import cache, fmt


def file_preview_panel(plan: ImportPlan, key: str) -> None:
    """The source of the labels and a row of files for each; `key` names the set and its version for the cache."""
    found = cache.example_files(key, plan)
    st.markdown(labels_text(plan))
    counts = dict(zip(plan.names, plan.conditions.sum(axis=0, dtype=int).tolist(), strict=True))
    file_rows(found, counts)
    if len(plan.names) > len(found):
        st.caption(f"The first {len(found)} of {len(plan.names)}.")


def labels_text(plan: ImportPlan) -> str:
    """A sentence on where the labels come from."""
    names = len(plan.names)
    if (plan.root / LABELS).is_file():
        if plan.kind == "class":
            return f"The column `class` of {LABELS} names **{names} classes**."
        return f"The columns of 0 and 1 in {LABELS} are **{names} attributes**."
    return f"Each folder is a class: **{names} classes**."


def file_rows(found: Mapping[str, Sequence[Example]], counts: Mapping[str, int]) -> None:
    """A row of files for each name with its count; each file with its path."""
    body = "".join(
        f'<div class="tile-row"><div class="row-name" title="{html.escape(name)}">{html.escape(name)}'
        f'<span class="quiet">{fmt.images(counts[name])}</span></div>'
        f'<div class="files">{"".join(_file(file, name) for file in files) or "<span>no image</span>"}</div></div>'
        for name, files in found.items()
    )
    st.html(body)


def _file(one: Example, name: str) -> str:
    file, group = html.escape(one.file), f", group {html.escape(one.group)}" if one.group else ""
    alt = html.escape(f"File {one.file}, understood as {name}")
    return (
        f'<figure title="{file}: {one.split}{group}"><img alt="{alt}" height="{max(one.pixels.shape[1], 48)}" '
        f'src="{data_uri(encode_png(one.pixels))}"><figcaption><bdi>{file}</bdi></figcaption></figure>'
    )
