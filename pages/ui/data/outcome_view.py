"""What a reading makes of the files, before any is checked: counts by class and split, and a few pictures of each."""

import html
from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from gan.data.ingest.checks.report import Finding
from gan.data.ingest.labels.reading import Reading
from gan.data.ingest.labels.subgroups import counts_text
from gan.data.ingest.outcome import NO_SPLIT, Outcome
from gan.io.markdown_text import escape_markdown
from gan.io.png import data_uri
from pages.ui import cache_images, fmt
from pages.ui.data.findings import finding_lines

MOST_NAMES = 8


def outcome_panel(folder: Path, reading: Reading, outcome: Outcome) -> None:
    """The counts of an outcome, a row of pictures for each of the first names, and its errors and warnings."""
    st.markdown(summary_text(outcome))
    st.caption(splits_text(outcome))
    if outcome.subgroups:
        text = counts_text(outcome.subgroups)
        st.caption(f"Kept for results by subgroup: {escape_markdown(text)}.")
    pictures = cache_images.outcome_pictures(folder, reading.window, outcome)
    st.html(_rows(outcome.totals, pictures))
    if len(outcome.names) > len(pictures):
        st.caption(f"The first {len(pictures)} of {len(outcome.names):,}.")
    finding_lines(serious(outcome))


def serious(outcome: Outcome) -> tuple[Finding, ...]:
    """Errors and warnings, errors first."""
    found = [finding for finding in outcome.findings if finding.level != "note"]
    return tuple(sorted(found, key=lambda finding: finding.level != "error"))


def summary_text(outcome: Outcome) -> str:
    """How many images, names and groups there are, and how many images are not used."""
    kind = ("class" if len(outcome.names) == 1 else "classes") if outcome.kind == "class" else "attributes"
    parts = [f"**{fmt.images(outcome.images)}, {len(outcome.names):,} {kind}**"]
    if outcome.groups:
        parts.append(f"{outcome.groups:,} groups (patients, slides)")
    if outcome.unlabelled:
        parts.append(f"{outcome.unlabelled:,} unlabelled")
    if outcome.left_out:
        parts.append(f"{outcome.left_out:,} left out")
    return " · ".join(parts)


def splits_text(outcome: Outcome) -> str:
    """The images of each split, counted by label where one image has several."""
    if set(outcome.counts) == {NO_SPLIT}:
        return "No splits are named: the check makes them."
    unit = "" if outcome.kind == "class" else " labels"
    return " · ".join(f"{split} {sum(counted.values()):,}{unit}" for split, counted in outcome.counts.items())


def _rows(totals: Mapping[str, int], pictures: Mapping[str, list[tuple[str, bytes]]]) -> str:
    return "".join(
        f'<div class="tile-row"><div class="row-name" title="{html.escape(name)}">{html.escape(name)}'
        f'<span class="quiet">{fmt.images(totals[name])}</span></div><div class="tiles files">'
        + "".join(
            f'<img height="64" alt="{html.escape(f"File {file}, read as {name}")}" title="{html.escape(file)}" '
            f'src="{data_uri(content)}">'
            for file, content in files
        )
        + ("" if files else '<span class="quiet">no picture</span>')
        + "</div></div>"
        for name, files in pictures.items()
    )
