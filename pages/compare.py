"""Compare runs (`?runs=a,b,c`, `?sweep=NAME`): differing options, curves, samples and scores; a sweep as a table."""

from collections.abc import Mapping

import streamlit as st

from gan.errors import RunError
from gan.io.markdown_text import escape_markdown
from gan.runs.run import Run, all_runs, find_run
from pages.ui import fmt, frame, link_echo
from pages.ui.compare import chosen_runs, curves, downloads, sheets, sweeps, tables, verdicts
from pages.ui.compare.chosen_runs import MAX_RUNS
from pages.ui.frame import errors_shown


def page() -> None:
    """The panels of the runs in the link."""
    frame.page_title("Compare", "Runs side by side. The address of this page is a link that you can send.")
    link_echo.settle(chosen_runs.LINK, chosen_runs.PARAMETERS)
    stored = all_runs()
    about = {run.name: run.about for run in stored}  # looked up once, as each look takes the system's time
    titles = {name: known.title or name for name, known in about.items() if not known.archived}
    if not titles and "runs" not in st.query_params:
        frame.empty_state(
            "There is no run yet. Train one: the digits take a few minutes.", "Train a first run", frame.TRAIN
        )
        return
    in_sweep = sweeps.sweep_choice(stored)
    if in_sweep:
        with errors_shown():
            sweeps.sweep_tables(in_sweep)
    runs = run_choice(titles, [run.name for run in in_sweep])
    if len(runs) < 2:
        second_run_hint([run.name for run in runs], titles)
    if not runs:
        return
    labels = chosen_runs.run_labels(runs)
    verdicts.compared_verdicts(runs, labels)
    hidden: set[str] = set()
    baseline = None
    if len(runs) > 1:
        hidden, baseline = chosen_runs.view_choices(labels)
        tables.options_that_differ(runs, labels)
    tables.compared_scores(runs, labels, baseline)
    curves.compared_curves(runs, labels, hidden)
    sheets.compared_samples(runs, labels, hidden)
    if len(runs) > 1:
        downloads.downloads_row(runs, baseline)


def run_choice(titles: Mapping[str, str], in_sweep: list[str]) -> list[Run]:
    """The runs of the link, else the first of the sweep, and a field to choose others of these `titles` by name.

    A run that does not exist is named and left out, and so are more than MAX_RUNS.
    """
    names = list(titles)
    requested = [name for name in st.query_params.get("runs", "").split(",") if name]
    requested = requested or in_sweep or (names if len(names) == 1 else [])
    runs: list[Run] = []
    for name in dict.fromkeys(requested[:MAX_RUNS]):
        try:
            runs.append(find_run(name))
        except RunError as error:
            st.warning(frame.error_text(error), icon=":material/link_off:")
    if len(requested) > MAX_RUNS:
        st.info(f"{len(requested)} runs are requested: these are the first {MAX_RUNS}.", icon=":material/info:")
    chosen = [run.name for run in runs]
    labels = {**titles, **{run.name: run.title for run in runs}}
    st.session_state["compared runs"] = chosen
    st.multiselect(
        "Runs",
        [*chosen, *(name for name in names if name not in chosen)],
        key="compared runs",
        format_func=lambda name: fmt.run_label(name, labels[name]),
        max_selections=MAX_RUNS,
        placeholder="Choose runs",
        on_change=_follow_choice,
    )
    return runs


def second_run_hint(chosen: list[str], titles: Mapping[str, str]) -> None:
    """That a comparison takes two runs, with a button to the second: the latest other run, else a clone."""
    others = [name for name in titles if name not in chosen]
    pair = chosen + others[: 2 - len(chosen)]
    with st.container(border=True, horizontal_alignment="center", key="empty"):
        if len(pair) == 2:
            second = escape_markdown(fmt.run_label(pair[1], titles[pair[1]]))
            button = f"Compare with {second}" if chosen else "Compare the two latest runs"
            st.markdown("Choose at least two runs above.", width="content")
            st.button(
                button, type="primary", icon=":material/compare_arrows:", key="to two", on_click=_choose,
                args=(pair,),
            )  # fmt: skip
            return
        known = "this is the only one" if pair else "there is none"
        st.markdown(f"A comparison takes two runs, and {known} here.", width="content")
        if pair and st.button("Clone it with a change", type="primary", icon=":material/content_copy:", key="to clone"):
            st.switch_page(frame.TRAIN, query_params={"clone": pair[0]})


def _choose(names: list[str]) -> None:
    link_echo.change(chosen_runs.LINK, chosen_runs.PARAMETERS, runs=",".join(names))


def _follow_choice() -> None:
    _choose(st.session_state["compared runs"])


with errors_shown():
    page()
