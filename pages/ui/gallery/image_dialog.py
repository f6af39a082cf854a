"""The dialog of one generated image: details, mark, nearest real image, and the command that makes it again.

A click on any image opens it (`marking.py`).
"""

import streamlit as st

from gan.access.permissions import Action
from gan.data.info import DatasetInfo
from gan.evaluation import training_images
from gan.evaluation.job import Request
from gan.io.markdown_text import escape_markdown, escape_message
from gan.io.png import encode_png
from gan.runs.run import Run
from gan.sampling import marks, provenance
from gan.sampling.conditions import Condition
from gan.sampling.marks import KEEP, REJECT, Mark
from gan.sampling.provenance import Origin
from pages.ui import cache_images, cache_torch, fmt, preparation, tiles
from pages.ui.access.allowed import explained
from pages.ui.components.image_grid import Row
from pages.ui.frame import errors_noted, errors_shown
from pages.ui.gallery import interpolation_view, marking
from pages.ui.gallery.marking import OPENED, SHOWN

SIDE = 384  # px, about
NEAREST = 168


def open_image_dialog(run: Run, info: DatasetInfo) -> None:
    """Open the dialog where an image was clicked; call once, at the end of a page."""
    opened = st.session_state.get(OPENED)
    if opened is not None and opened[0] == run.name:
        st.dialog("One image", width="large", on_dismiss=_close)(_dialog)(run, info)


def _close() -> None:
    st.session_state.pop(OPENED, None)


def _dialog(run: Run, info: DatasetInfo) -> None:
    _, name, among = st.session_state[OPENED]
    origin: Origin = st.session_state[SHOWN][name]
    with errors_shown():
        left, right = st.columns([3, 2], gap="large")
        with left:
            _image(run, info, origin)
            _neighbours(name, among)
        with right:
            _details(run, info, origin)
            _image_buttons(run, info, origin)
            _walk_buttons(run, origin)
            _nearest_real_image(run, origin)
        st.caption("Command that makes this image again:")
        st.code(_command(run, origin), language="bash", wrap_lines=True)


def _image(run: Run, info: DatasetInfo, origin: Origin) -> None:
    """The image, focused so that keys mark it."""
    rows = [Row("", "", [marking.image_tile(run, info, origin)])]
    marking.marked_grid(run, rows, [origin], key=f"large {run.name}", label="The image", focus=True, side=SIDE)


def _neighbours(name: str, among: list[str]) -> None:
    """Buttons to the previous and the next image of the page."""
    if name not in among or len(among) < 2:
        return
    at = among.index(name)
    with st.container(horizontal=True, horizontal_alignment="center", vertical_alignment="center"):
        st.button(
            "Previous", key="previous image", shortcut="Left", disabled=at == 0,
            on_click=_open_neighbour, args=(at - 1,),
        )  # fmt: skip
        st.caption(f"{at + 1} of {len(among)}", width="content")
        st.button(
            "Next", key="next image", shortcut="Right", disabled=at == len(among) - 1,
            on_click=_open_neighbour, args=(at + 1,),
        )  # fmt: skip


def _open_neighbour(at: int) -> None:
    run, _, among = st.session_state[OPENED]
    st.session_state[OPENED] = (run, among[at], among)


def _details(run: Run, info: DatasetInfo, origin: Origin) -> None:
    """Condition and origin of the image, and the real training images of its condition."""
    real = Condition.from_text(origin.condition, info).matching_images(info)
    st.markdown(f"**{escape_markdown(marking.condition_wording(info)(origin.condition))}**")
    st.caption(
        f"Run {run.name} · snapshot after {fmt.images(origin.snapshot)} · seed {origin.seed}, position "
        f"{origin.index} · truncation {origin.truncation:g} · {fmt.number(real)} real training images of this condition"
    )
    if info.kind != "class":
        with st.expander("All attributes"):
            row = Condition.from_text(origin.condition, info).row(info)
            names = ", ".join(fmt.attribute_label(info.names[k]) for k in row.nonzero()[0])
            st.caption(escape_markdown(names) or "None is on.")


def _image_buttons(run: Run, info: DatasetInfo, origin: Origin) -> None:
    """Keep and Reject, a second click clears the mark; and Save, for those without a mouse or keys."""
    mark = marks.load(run).get(origin)
    with st.container(horizontal=True):
        for name, target, icon, done in (
            ("Keep", KEEP, ":material/check:", "Kept"),
            ("Reject", REJECT, ":material/close:", "Rejected"),
        ):
            st.button(
                done if mark == target else name, icon=icon, key=f"{name} large", on_click=_set_mark,
                type="primary" if mark == target else "secondary",
                args=(run, origin, None if mark == target else target), **explained(Action.MARK_IMAGES, run),
            )  # fmt: skip
        tile = marking.image_tile(run, info, origin)
        st.download_button(
            "Save", encode_png(tile.image, tile.text), tile.file, "image/png", icon=":material/download:",
            key="save large", on_click="ignore", help="As a PNG that says how it was made.",
        )  # fmt: skip


def _set_mark(run: Run, origin: Origin, mark: Mark | None) -> None:
    with errors_noted():
        marks.change(run, {origin: mark})


def _walk_buttons(run: Run, origin: Origin) -> None:
    """Make it an end of the walk."""
    with st.container(horizontal=True):
        for name, which in (("Walk from here", interpolation_view.FIRST), ("Walk to here", interpolation_view.LAST)):
            st.button(name, key=name, type="tertiary", on_click=interpolation_view.set_end, args=(run, which, origin))


def _nearest_real_image(run: Run, origin: Origin) -> None:
    """The most similar real training image and, on request, whether the image is a near copy."""
    st.markdown("**Most similar real training image**")
    images = cache_images.training_images(run)
    if images is None:
        problem = training_images.viewing_problem(run) or training_images.not_read_yet(run)
        st.caption(escape_message(problem))
        return
    real = cache_torch.nearest_real(run, origin, images)
    tiles.draw_tiles(real.image[None], f"Most similar real training image, of {images.title}", tile=NEAREST)
    if real.unlabelled:
        st.caption("It has no label: its class was inferred.")
    if not st.session_state.get(_asked_key(run)):
        st.button(
            "Is it a near copy?", icon=":material/content_copy:", key="ask near copy",
            on_click=_ask_near_copy, args=(run,),
            help="The first time on a data set this measures how close real images are to each other.",
        )  # fmt: skip
        return
    closeness = cache_torch.closeness(run, origin, images)
    if closeness is None:
        preparation.preparation_panel(
            run,
            Request("calibration"),
            "Measuring how close real images are",
            "The real images decide what counts as a near copy: measured once for a data set, up to some minutes. You "
            "may close this window.",
            "Measure it",
        )
        return
    measured = f"Closeness {closeness.value:.2f}; below {closeness.threshold:.2f} is a near copy."
    if closeness.copy:
        text = "**A near copy**: it is closer to this training image than new real images are. Downloads leave it out."
        st.warning(f"{text} {measured}", icon=":material/content_copy:")
    else:
        st.caption(f"Not a near copy. {measured}")


def _ask_near_copy(run: Run) -> None:
    st.session_state[_asked_key(run)] = True


def _asked_key(run: Run) -> str:
    return f"near copies of {run.name}"


def _command(run: Run, origin: Origin) -> str:
    """The command that makes the image again."""
    return provenance.png_text(run.name, origin)["Make again"]
