"""A few of a user's files in rows, by the class or attribute that their labels were read as."""

import html
from collections.abc import Mapping, Sequence

import streamlit as st

from gan.data.ingest.file_examples import Example
from gan.data.ingest.import_plan import ImportPlan
from gan.io.png import data_uri, encode_png
from pages.ui import cache_images, fmt

HEIGHT = 60
"""Height in px of each picture on the page."""


def file_preview_panel(plan: ImportPlan, key: str) -> None:
    """The number of labels and a row of files for each; `key` names the set and its version for the cache."""
    found = cache_images.example_files(key, plan)
    st.markdown(labels_text(plan))
    size = next((file.fitted.shape[-1] for files in found.values() for file in files), 0)
    if size:
        st.caption(f"Each file as it is, and as the networks will see it at {size} px, the training size that fits.")
    counts = dict(zip(plan.names, plan.conditions.sum(axis=0, dtype=int).tolist(), strict=True))
    file_rows(found, counts)
    if len(plan.names) > len(found):
        st.caption(f"The first {len(found)} of {len(plan.names):,}.")


def labels_text(plan: ImportPlan) -> str:
    """How many classes or attributes the files have."""
    return f"**{len(plan.names):,} {'classes' if plan.kind == 'class' else 'attributes'}**"


def file_rows(found: Mapping[str, Sequence[Example]], counts: Mapping[str, int]) -> None:
    """A row of files for each name with its count; each file with its path."""
    body = "".join(
        f'<div class="tile-row"><div class="row-name" title="{html.escape(name)}">{html.escape(name)}'
        f'<span class="quiet">{fmt.images(counts[name])}</span></div>'
        f'<div class="files">{"".join(_file(file, name) for file in files) or "<span>no image</span>"}</div></div>'
        for name, files in found.items()
    )
    st.html(body)


def _file(example: Example, name: str) -> str:
    file, group = html.escape(example.file), f", group {html.escape(example.group)}" if example.group else ""
    alt = html.escape(f"File {example.file}, understood as {name}")
    fitted = html.escape(f"{example.file} as the networks will see it")
    return (
        f'<figure class="pair" title="{file}: {example.split}{group}">'
        f'<img alt="{alt}" height="{HEIGHT}" src="{data_uri(encode_png(example.pixels, {}))}">'
        f'<img alt="{fitted}" width="{HEIGHT}" height="{HEIGHT}" src="{data_uri(encode_png(example.fitted, {}))}">'
        f"<figcaption><bdi>{file}</bdi></figcaption></figure>"
    )
