"""The comparison to take away, as CSV and as one HTML page; each is made when it is clicked."""

from collections.abc import Sequence

import streamlit as st

from gan.monitoring import comparison_page
from gan.runs.run import Run


def downloads_row(runs: Sequence[Run], baseline: int | None) -> None:
    """The two buttons."""
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            "Page as HTML", lambda: comparison_page.comparison_html(runs, baseline), "comparison.html", "text/html",
            icon=":material/article:", key="take comparison page", on_click="ignore",
            help="One file with tables, curves and samples, which opens without a network.",
        )  # fmt: skip
        st.download_button(
            "Table as CSV", lambda: comparison_page.comparison_csv(runs), "comparison.csv", "text/csv",
            icon=":material/table:", key="take comparison table", on_click="ignore",
        )  # fmt: skip
