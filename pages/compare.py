"""Compare runs (`?runs=a,b,c`): what differs in their options, their curves over each other, samples, scores."""

import streamlit as st

from gan.errors import RunError
from gan.runs.run import Run, all_runs, find_run
from pages.ui import fmt, frame
from pages.ui.compare import overlays
from pages.ui.frame import errors_shown


def page() -> None:
    """The page for the runs that the link names."""
    frame.page_title("Compare", "Runs side by side. The address of this page is a link that you can send.")
    names = [run.name for run in all_runs() if not run.about.archived]
    if not names:
        frame.empty_state(
            "There is no run yet. Train one: the digits take two minutes.", "Train a first run", frame.TRAIN
        )
        return
    chosen = run_choice(names)
    if len(chosen) < 2:
        second_run_hint(chosen, [name for name in names if name not in {run.name for run in chosen}])
    if not chosen:
        return
    if len(chosen) > 1:
        overlays.options_that_differ(chosen)
    overlays.compared_curves(chosen)
    overlays.compared_samples(chosen)
    overlays.compared_scores(chosen)


def run_choice(names: list[str]) -> list[Run]:
    """The runs of the link, with a choice of others; those that are not there are told, and left out."""
    asked = [name for name in st.query_params.get("runs", "").split(",") if name]
    asked = asked or (names if len(names) == 1 else [])
    found: list[Run] = []
    for name in dict.fromkeys(asked[: overlays.MOST]):
        try:
            found.append(find_run(name))
        except RunError as error:
            st.warning(str(error), icon=":material/link_off:")
    known = [run.name for run in found]
    st.session_state["compared runs"] = known
    st.multiselect(
        "Runs",
        [*known, *(name for name in names if name not in known)],
        key="compared runs",
        format_func=label,
        max_selections=overlays.MOST,
        placeholder="Choose runs",
        on_change=_follow_choice,
    )
    return found


def second_run_hint(chosen: list[Run], others: list[str]) -> None:
    """That it takes two runs, with the nearest way to the second: one that is there, else a changed one."""
    wanted = [run.name for run in chosen] + others[: 2 - len(chosen)]
    with st.container(border=True, horizontal_alignment="center", key="empty"):
        if len(wanted) == 2:
            one_more = (
                f"Compare with {fmt.escape_markdown(label(wanted[1]))}" if chosen else "Compare the two latest runs"
            )
            st.markdown("Choose at least two runs above.", width="content")
            st.button(
                one_more, type="primary", icon=":material/compare_arrows:", key="to two", on_click=_choose,
                args=(wanted,),
            )  # fmt: skip
            return
        st.markdown("A comparison takes two runs, and this is the only one here.", width="content")
        if st.button("Clone it with a change", type="primary", icon=":material/content_copy:", key="to clone"):
            st.switch_page(frame.TRAIN, query_params={"clone": wanted[0]})


def _choose(names: list[str]) -> None:
    st.query_params["runs"] = ",".join(names)


def label(name: str) -> str:
    """A run's title with its name."""
    return fmt.run_label(name, find_run(name).title)


def _follow_choice() -> None:
    st.query_params["runs"] = ",".join(st.session_state["compared runs"])


with errors_shown():
    page()
