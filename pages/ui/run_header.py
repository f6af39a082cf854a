"""Which run a page shows, from its link, and the head of every page of a run: state, progress, and what can be done.

The link names the run (`?run=NAME`), so that a page can be sent to a colleague. Read next: `curves.py`.
"""

import time

import streamlit as st

from gan import jobs, runs
from gan.errors import RunError
from gan.runs import Run
from pages.ui import frame, words

BADGES = {
    "queued": ("gray", ":material/hourglass_empty:"),
    "running": ("blue", ":material/play_circle:"),
    "stopping": ("orange", ":material/pause_circle:"),
    "stopped": ("gray", ":material/stop_circle:"),
    "finished": ("green", ":material/check_circle:"),
    "failed": ("red", ":material/error:"),
    "lost": ("red", ":material/link_off:"),
}


def run_picker(heading: str) -> Run | None:
    """The page's heading with a choice of run beside it; the run of the link, else the last looked at, else the newest.

    None where the store has no run yet, after saying what to do. Raises RunError where the link names none.
    """
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    left.title(heading, anchor=False)
    names = [run.name for run in runs.all_runs()]
    wanted = st.query_params.get("run")
    if not names and wanted is None:
        frame.empty("There is no run yet. Train one: the digits take two minutes.", "Train a first run", frame.TRAIN)
        return None
    remembered = st.session_state.get("last run")
    chosen = wanted or (remembered if remembered in names else names[0])
    options = names if chosen in names else [chosen, *names]
    st.session_state["picked run"] = chosen
    right.selectbox("Run", options, key="picked run", on_change=_follow_choice, label_visibility="collapsed")
    run = runs.find(chosen)
    _ = run.config  # a broken folder is said here, once for every page
    st.query_params["run"] = st.session_state["last run"] = run.name
    return run


def _follow_choice() -> None:
    st.query_params["run"] = st.session_state["picked run"]


def badge(run: Run, state: jobs.State) -> None:
    """The state in one coloured word."""
    color, icon = BADGES[state.name]
    with st.container(key=f"state-{run.name}", width="content"):
        st.badge(state.name.capitalize(), color=color, icon=icon)  # type: ignore[arg-type]


def facts_line(run: Run, state: jobs.State) -> None:
    """The state and what the run is, in one line."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        badge(run, state)
        config = run.config
        parts = [
            data_words(run),
            f"{config.data.image_size} px",
            f"batch {config.train.batch}",
            f"learning rate {config.optim.lr:g}",
        ]
        if state.device and state.name != "queued":
            parts.append(f"on {state.device}")
        if run.created:
            parts.append(f"made {words.ago(run.created)}")
        st.caption(" · ".join(parts), width="content")


def data_words(run: Run) -> str:
    """The run's data set in a word."""
    data = run.config.data
    if data.name == "medmnist":
        return data.flag
    return data.path.rstrip("/").rpartition("/")[2] or data.name if data.name == "folder" else data.name


def progress(run: Run, state: jobs.State) -> None:
    """How far the run is, how fast, and how long it still takes; why it ended or waits."""
    status = run.status()
    if state.name == "queued":
        place = "next" if state.place == 1 else f"number {state.place}"
        behind = f", behind {state.waits_for}" if state.waits_for else ""
        st.progress(0.0, text=f"Waiting for a device: {place} in the queue{behind}")
        return
    done, total = float(status.get("done", 0)), float(status.get("total", 0)) or float(run.total)
    phase = str(status.get("phase", "starting"))
    parts = [f"{words.number(done)} of {words.images(total)}" if phase == "training" else phase.capitalize()]
    if state.alive:
        rate = status.get("images_per_second")
        if rate:
            parts += [f"{rate:,.0f} images/s", f"{words.duration((total - done) / rate)} left"]
    if state.alive or state.name != "finished":
        st.progress(min(done / total, 1.0) if total else 0.0, text=" · ".join(parts))
    if state.name in ("failed", "lost"):
        st.error(state.cause or "The training process ended without a word; the log below may say why.")
    elif state.name == "stopped":
        st.info("Stopped, and saved. Resume goes on exactly where it stopped.")


def head(run: Run, state: jobs.State) -> None:
    """What the run is and how it does, with what can be done beside it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(width="stretch"):
            facts_line(run, state)
        actions(run, state)
    progress(run, state)


def actions(run: Run, state: jobs.State) -> None:
    """Stop or resume, clone, and the way to the gallery."""
    with st.container(horizontal=True, gap="small", width="content"):
        if state.alive:
            if st.button("Stop", icon=":material/stop:", key="stop", disabled=state.name == "stopping"):
                st.toast(jobs.stop(run.path))
                time.sleep(0.3)  # so that the page already shows the run stopping
                st.rerun()
        elif state.name != "finished" and st.button(
            "Resume", icon=":material/play_arrow:", key="resume", type="primary"
        ):
            st.toast(jobs.resume(run))
            st.rerun()
        if st.button(
            "Clone", icon=":material/content_copy:", key="clone", help="Open the form with this run's options."
        ):
            st.switch_page(frame.TRAIN, query_params={"clone": run.name})
        if run.snapshots() and st.button(
            "Gallery",
            icon=":material/grid_view:",
            key="gallery",
            type="primary" if state.name == "finished" else "secondary",
        ):
            st.switch_page(frame.GALLERY, query_params={"run": run.name})


def readable(run: Run) -> bool:
    """Whether the run's config can be read; broken folders are shown by name and never break a list."""
    try:
        run.config  # noqa: B018
    except RunError:
        return False
    return True
