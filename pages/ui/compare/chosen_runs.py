"""The runs of a comparison: their labels, which are drawn, and the baseline; all in the link."""

from collections import Counter
from collections.abc import Mapping, Sequence

import streamlit as st

from gan.io.markdown_text import escape_markdown
from gan.runs.run import Run
from pages.ui import fmt, link_echo, palette

MAX_RUNS = len(palette.TONES["light"])
"""One for each tone of the palette."""
RUNS, SWEEP, HIDDEN, BASELINE = PARAMETERS = ("runs", "sweep", "hidden", "baseline")  # of the link
LINK = "compare link"  # key of the session state, for link_echo
SHOWN_KEY, BASELINE_KEY = "compared shown", "compared baseline"  # keys of the session state


def run_labels(runs: Sequence[Run]) -> dict[str, str]:
    """The labels of the runs in charts and tables, by their names: the title, with the name where two share it."""
    titles = Counter(run.title for run in runs)
    return {run.name: run.title if titles[run.title] == 1 else fmt.run_label(run.name, run.title) for run in runs}


def view_choices(labels: Mapping[str, str]) -> tuple[set[str], int | None]:
    """The fields for what is drawn and for the baseline: names of hidden runs, and the baseline's position or None."""
    names = list(labels)
    hidden = set(st.query_params.get(HIDDEN, "").split(",")) & set(names)
    st.session_state[SHOWN_KEY] = [name for name in names if name not in hidden]
    baseline = st.query_params.get(BASELINE)
    st.session_state[BASELINE_KEY] = baseline if baseline in names else None
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        st.pills(
            "Drawn", names, selection_mode="multi", key=SHOWN_KEY,
            format_func=lambda name: escape_markdown(labels[name]),
            on_change=_follow_shown, args=(names,), width="stretch",
            help="The others leave the curves and samples; tables keep them.",
        )  # fmt: skip
        st.selectbox(
            "Baseline", names, index=None, key=BASELINE_KEY, format_func=lambda name: labels[name], width=260,
            placeholder="None", on_change=_follow_baseline, help="Scores then show how far the others are from it.",
        )  # fmt: skip
    return hidden, names.index(str(baseline)) if baseline in names else None


def _follow_shown(names: Sequence[str]) -> None:
    hidden = ",".join(name for name in names if name not in st.session_state[SHOWN_KEY])
    link_echo.change(LINK, PARAMETERS, hidden=hidden)


def _follow_baseline() -> None:
    link_echo.change(LINK, PARAMETERS, baseline=st.session_state[BASELINE_KEY] or "")
