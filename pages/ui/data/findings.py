"""Findings on a page: boxes for a few, a list for many, notes behind an expander."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from gan.data.ingest.checks.report import Finding
from gan.io.markdown_text import escape_markdown

BOXES: dict[str, Callable[..., Any]] = {"error": st.error, "warning": st.warning, "note": st.info}
ICONS = {"error": ":red[:material/error:]", "warning": ":orange[:material/warning:]", "note": ":material/info:"}
MOST_BOXES = 6


def findings_panel(findings: Sequence[Finding]) -> None:
    """Errors and warnings as boxes, or as a list where there are many; notes behind an expander."""
    to_fix = [finding for finding in findings if finding.level != "note"]
    if len(to_fix) > MOST_BOXES:
        with st.container(border=True):
            finding_lines(to_fix)
    else:
        for finding in to_fix:
            finding_box(finding)
    notes = [finding.line for finding in findings if finding.level == "note"]
    notes_expander(notes)


def finding_box(finding: Finding) -> None:
    """One finding in a box of its level, with what is done about it."""
    BOXES[finding.level](finding_text(finding))


def finding_lines(findings: Sequence[Finding]) -> None:
    """Findings as a list, one line each."""
    if findings:
        st.markdown("\n".join(f"- {ICONS[finding.level]} {finding_text(finding)}" for finding in findings))


def finding_text(finding: Finding) -> str:
    """A finding in Markdown; what is done about it is bold."""
    action = f" **{escape_markdown(finding.action)}**" if finding.action else ""
    return f"{escape_markdown(finding.text)}{action}"


def notes_expander(notes: Sequence[str]) -> None:
    """Notes behind an expander, if there are any."""
    if notes:
        with st.expander(f"Good to know ({len(notes)})", icon=":material/info:"):
            for note in notes:
                st.markdown(f"- {escape_markdown(note)}")
