"""Taking images home: what is shown or a number of each class, made in the background, and a link when it is done.

Read next: `gan/export.py`, `routes.py` (which sends the file).
"""

from dataclasses import replace

import streamlit as st

from gan import conditions, export
from gan.errors import UserError
from gan.export import Export, ExportRequest
from gan.facts import DataFacts
from gan.runs import Run
from pages.ui import routes, tasks, words
from pages.ui.frame import told

EVERY = 1.0
SHOWN = 12


def panel(run: Run, facts: DataFacts, request: ExportRequest) -> None:
    """Choose what to export, and the exports there are."""
    wanted = choice(facts, request)
    st.caption(
        "A ZIP with a folder for each condition, labels.csv, a manifest with which every image can be made again, "
        "and a data card. It holds no weights. It is made in the background: you may leave this page."
    )
    ready = wanted is not None and wanted.count > 0
    label = f"Make a ZIP of {words.images(wanted.count)}" if wanted is not None and ready else "Make a ZIP"
    if st.button(label, type="primary", icon=":material/folder_zip:", disabled=not ready, key="make zip"):
        assert wanted is not None
        export.begin(run, wanted)
    there = export.listing(run)
    if there:
        st.subheader("Exports of this run", anchor=False)
        working = any(one.state.alive for one in there[:SHOWN])
        st.fragment(listing, run_every=EVERY if working else None)(run, working)


def choice(facts: DataFacts, shown: ExportRequest) -> ExportRequest | None:
    """The request of the page as it is, a number of every class, or what balances them; None if there is none."""
    ways = ["What is chosen at the left", "A number of each class", "Balance the classes"]
    if facts.kind != "class":
        return shown
    way = st.radio("What", ways, key="export way", persist_state="session", label_visibility="collapsed")
    if way == ways[0]:
        return shown
    if way == ways[1]:
        count = int(st.number_input("Images of each class", 1, 50_000, 500, key="export each", persist_state="session"))
        return replace(shown, items=tuple((asked.label, count) for asked in conditions.every(facts)))
    try:
        items = export.balanced(facts)
    except UserError:
        st.info("Every class has the same number of training images already: there is nothing to balance.")
        return None
    counts = facts.conditions.sum(axis=0, dtype=int)
    extra = dict(items)
    table = [
        {
            "Class": name,
            "Real": int(count),
            "Synthetic": extra.get(name, 0),
            "Together": int(count) + extra.get(name, 0),
        }
        for name, count in zip(facts.names, counts, strict=True)
    ]
    st.dataframe(table, hide_index=True)
    return replace(shown, items=items)


def listing(run: Run, was_working: bool) -> None:
    """The exports of a run, the newest first, with progress or a link to the file."""
    with told():
        there = export.listing(run)[:SHOWN]
        if was_working and not any(one.state.alive for one in there):
            st.rerun()
        for one in there:
            with st.container(border=True):
                entry(run, one)


def entry(run: Run, one: Export) -> None:
    """One export."""
    state, request, file = one.state, one.request, one.file
    left, right = st.columns([3, 1], vertical_alignment="center")
    with left:
        asked = ", ".join(f"{count} × {text}" for text, count in request.items[:6])
        more = f" and {len(request.items) - 6} more" if len(request.items) > 6 else ""
        seen = f", snapshot {words.images(request.snapshot)}" if request.snapshot is not None else ""
        st.markdown(f"**{words.images(request.count)}**")
        st.caption(f"{asked}{more} · seed {request.seed}{seen}")
    with right:
        if state.alive:
            st.button(
                "Stop",
                icon=":material/stop:",
                key=f"stop {one.id}",
                width="stretch",
                on_click=tasks.stop,
                args=(one.folder,),
            )
        elif file is not None:
            link = routes.export_link(run.name, one.id)
            st.link_button(
                f"Download, {words.size(file.stat().st_size)}",
                link,
                icon=":material/download:",
                type="primary",
                width="stretch",
            )
    if state.alive:
        tasks.bar(one.folder, "Making images")
    elif state.name in ("failed", "lost"):
        st.error(state.cause or "It ended without a word.")
    elif state.name == "stopped":
        st.caption("Stopped before it was whole; nothing was kept.")
