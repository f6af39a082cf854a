"""One generated image, large, in a dialog: what it is, its mark, the command that makes it again, real images near it.

Opened by a click on an image (`marking.py`), wherever that is.
"""

import streamlit as st

from gan.data.info import DatasetInfo
from gan.evaluation.job import Request
from gan.runs.run import Run
from gan.sampling import marks, provenance
from gan.sampling.conditions import Condition
from gan.sampling.marks import KEEP, REJECT, Mark
from gan.sampling.provenance import Origin
from pages.ui import cache, cache_torch, fmt, preparation, tiles
from pages.ui.components.image_grid import Row
from pages.ui.frame import errors_noted, errors_shown
from pages.ui.gallery import interpolation_view, marking
from pages.ui.gallery.marking import OPENED, SHOWN

SIDE = 384  # px, about
NEAREST = 168


def where_opened(run: Run, info: DatasetInfo) -> None:
    """Show the image that was clicked, where one was; called once on a page, at its end."""
    opened = st.session_state.get(OPENED)
    if opened is not None and opened[0] == run.name:
        st.dialog("One image", width="large", on_dismiss=close)(view)(run, info)


def close() -> None:
    """Forget which image was open."""
    st.session_state.pop(OPENED, None)


def view(run: Run, info: DatasetInfo) -> None:
    """The dialog's content."""
    _, name, among = st.session_state[OPENED]
    origin: Origin = st.session_state[SHOWN][name]
    with errors_shown():
        left, right = st.columns([3, 2], gap="large")
        with left:
            picture(run, info, origin)
            steps(name, among)
        with right:
            about(run, info, origin)
            verdict(run, origin)
            ends_of_a_walk(run, origin)
            nearest(run, origin)
        st.caption("Make this image again, with its metadata, from the command line:")
        st.code(again(run, origin), language="bash", wrap_lines=True)


def picture(run: Run, info: DatasetInfo, origin: Origin) -> None:
    """The image with sharp pixels, in reach of the keys that mark it."""
    rows = [Row("", "", [marking.tile(run, info, origin)])]
    marking.grid(run, rows, [origin], key=f"large {run.name}", label="The image", focus=True, side=SIDE)


def steps(name: str, among: list[str]) -> None:
    """To the image before and after it, in the order in which they stand on the page."""
    if name not in among or len(among) < 2:
        return
    at = among.index(name)
    with st.container(horizontal=True, horizontal_alignment="center", vertical_alignment="center"):
        st.button(
            "Previous", key="previous image", shortcut="Left", disabled=at == 0, on_click=_go, args=(at - 1,)
        )  # fmt: skip
        st.caption(f"{at + 1} of {len(among)}", width="content")
        st.button(
            "Next", key="next image", shortcut="Right", disabled=at == len(among) - 1, on_click=_go, args=(at + 1,)
        )  # fmt: skip


def _go(at: int) -> None:
    run, _, among = st.session_state[OPENED]
    st.session_state[OPENED] = (run, among[at], among)


def about(run: Run, info: DatasetInfo, origin: Origin) -> None:
    """What the image is, and of how many real ones."""
    real = Condition.from_text(origin.condition, info).matching_images(info)
    st.markdown(f"**{marking.wording(info)(origin.condition)}**")
    st.caption(
        f"Run {run.name} · snapshot after {fmt.images(origin.snapshot)} · seed {origin.seed}, position "
        f"{origin.index} · truncation {origin.truncation:g} · {fmt.images(real)} with this condition among the "
        "real training images"
    )
    if info.kind != "class":
        with st.expander("All attributes"):
            row = Condition.from_text(origin.condition, info).row(info)
            st.caption(", ".join(info.names[k] for k in row.nonzero()[0]).replace("_", " ") or "None is on.")


def verdict(run: Run, origin: Origin) -> None:
    """Keep or reject it."""
    mark = marks.load(run).get(origin)
    with st.container(horizontal=True):
        for name, wanted, icon, done in (
            ("Keep", KEEP, ":material/check:", "Kept"),
            ("Reject", REJECT, ":material/close:", "Rejected"),
        ):
            st.button(
                done if mark == wanted else name, icon=icon, key=f"{name} large", on_click=_set,
                type="primary" if mark == wanted else "secondary",
                args=(run, origin, None if mark == wanted else wanted),
            )  # fmt: skip


def _set(run: Run, origin: Origin, mark: Mark | None) -> None:
    with errors_noted():
        marks.change(run, {origin: mark})


def ends_of_a_walk(run: Run, origin: Origin) -> None:
    """Take it as one end of a walk."""
    with st.container(horizontal=True):
        for name, place in (("Walk from here", interpolation_view.FIRST), ("Walk to here", interpolation_view.LAST)):
            st.button(name, key=name, type="tertiary", on_click=interpolation_view.take, args=(run, place, origin))


def nearest(run: Run, origin: Origin) -> None:
    """The real training image that is most like it, and, where somebody asks, whether that makes it a near copy."""
    st.markdown("**The real training image most like it**")
    there = cache.training_images(run)
    if there is None:
        st.caption("The training images of this run are not read on this machine, so that none can be shown.")
        return
    real = cache_torch.nearest_real(run, origin, there)
    tiles.draw_tiles(real[None], f"Real training image most like it, of {there.title}", tile=NEAREST)
    if not st.session_state.get(_asked(run)):
        st.button(
            "Is it a near copy?", icon=":material/content_copy:", key="ask near copy", on_click=_ask, args=(run,),
            help="The first time on a data set, this takes a measurement of how close real images come to one another.",
        )  # fmt: skip
        return
    close = cache_torch.closeness(run, origin, there)
    if close is None:
        preparation.preparation_panel(
            run,
            Request("calibration"),
            "Measuring how close real images come",
            "What counts as a near copy is read off the real images: once for a data set, up to some minutes. You may "
            "close this window.",
            "Measure it",
        )
        return
    told = f"Closeness {close.value:.2f}, where below {close.threshold:.2f} counts as a near copy."
    if close.copy:
        text = (
            "**A near copy**: it comes closer to this training image than new real images do. Downloads leave it out."
        )
        st.warning(f"{text} {told}", icon=":material/content_copy:")
    else:
        st.caption(f"Not a near copy. {told}")


def _ask(run: Run) -> None:
    st.session_state[_asked(run)] = True


def _asked(run: Run) -> str:
    return f"near copies of {run.name}"


def again(run: Run, origin: Origin) -> str:
    """The command that makes the image again."""
    return provenance.png_text(run.name, origin)["Make again"]
