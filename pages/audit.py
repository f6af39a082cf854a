"""The audit log of a server with sign-in, for administrators: who did what, with a filter and a table to download."""

from collections import deque

import pandas as pd
import streamlit as st

from gan.access import audit
from gan.access.permissions import Action, require
from gan.config import settings
from pages.ui import fmt, frame
from pages.ui.frame import errors_shown

SHOWN = 1000
"""Newest entries in the table; a download has all that match."""


def page() -> None:
    """The filter, the newest entries, the download and the check of the whole chain."""
    frame.page_title("Audit", "Who did what, when and from where. Nobody can change it unseen.")
    require(Action.SEE_AUDIT)
    if not audit.is_on():
        st.info("Without sign-in nothing is recorded: everybody is the system's user.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input("Find", key="find audit", placeholder="name, action, run, address", width=360)
        refused = st.toggle("Only what was refused", key="refused audit")
    count, kept = 0, deque[audit.AuditEntry](maxlen=SHOWN)
    for entry in audit.matching(text, refused_only=refused):  # a log of years is never in memory
        count += 1
        kept.append(entry)
    newest = list(kept)[::-1]
    st.dataframe(
        pd.DataFrame(
            {
                "Time (UTC)": [entry.time[:19].replace("T", " ") for entry in newest],
                "Who": [entry.name for entry in newest],
                "Role": [entry.role for entry in newest],
                "From": [entry.address for entry in newest],
                "Action": [entry.action for entry in newest],
                "On": [entry.target for entry in newest],
                "Allowed": [entry.allowed for entry in newest],
                "Detail": [entry.detail for entry in newest],
            }
        ),
        hide_index=True,
        key="audit log",
        alt=f"{len(newest):,} entries of the audit log, the newest first",
    )
    if count > SHOWN:
        st.caption(f"The newest {SHOWN:,} of {fmt.number(count)} entries; the table to download has all.")
    with st.container(horizontal=True):
        st.download_button(
            "Table as CSV", lambda: audit.as_csv(audit.matching(text, refused_only=refused)), "audit.csv", "text/csv",
            icon=":material/download:", key="audit csv", on_click="ignore",
        )  # fmt: skip
        checks = st.button("Verify the log", icon=":material/fact_check:", key="verify audit")
    if checks:
        verify_log()


def verify_log() -> None:
    """Whether every entry is as it was written, and the last one's number and hash."""
    verification = audit.verify()
    if not verification.problems:
        st.success(f"All {fmt.number(verification.count)} entries are as they were written.", icon=":material/check:")
    for problem in verification.problems[:20]:
        st.error(problem, icon=":material/error:")
    command = f"{settings.PROGRAM} audit verify --contains"
    st.caption(f"The last entry. Note it elsewhere: `{command}` then finds a log that was replaced.")
    st.code("{}:{}".format(*verification.head), language=None, wrap_lines=True)


with errors_shown():
    page()
