"""What the pixels of a set mean for training: blank images, window, size, the part that is cut off."""

import numpy as np

from gan.data.ingest.checks.report import Level, first_few
from gan.data.ingest.checks.state import CheckState
from gan.data.ingest.pixels.decoded_image import Levels
from gan.data.training_size import proposed_size, sides_of
from gan.data.transform import cut_off, enlargement, square_side

MOST_ENLARGED = 4
"""Times that a side may be enlarged without a warning."""
USUAL_SIZE = 32
"""Training size at which enlargement is judged if a smaller one is proposed."""
CUT_OFF_WARNING = 0.1
"""Share of the images' area from which cutting it off is a warning."""
NEARLY_FLAT = 1 / 8
"""Share of the window that an image uses, below which it is nearly black or flat."""
FLAT_SHARE = 0.01
"""Share of nearly flat images from which they are reported: a few may be dark by nature."""


def judge_images(state: CheckState) -> None:
    """Report what is true of the kept images as a whole."""
    _judge_constant(state)
    _judge_colours(state)
    _judge_levels(state)
    _judge_sizes(state)


def _judge_constant(state: CheckState) -> None:
    constant = state.rows_where(lambda info: info.constant)
    if not constant:
        return
    everything = len(constant) == int(state.kept.sum())
    text = f"Images of a single colour or grey level ({len(constant):,}): {first_few(state.names_of(constant))}."
    action = "Nothing can be learnt from them." if everything else "They are kept. Take out failed exports."
    state.add("constant-images", "error" if everything else "warning", text, action)


def _judge_colours(state: CheckState) -> None:
    infos = state.kept_infos()
    if len({info.colour for info in infos}) == 2:
        text = "Some images are colour and some grey."
        state.add("mixed-colour", "warning", text, "All are read with 3 channels.")
    elif not infos[0].colour and (stored := sum(info.grey_stored_as_colour for info in infos)):
        text = f"Grey images stored as colour, with three equal channels: {stored:,}."
        state.add("grey-stored-as-colour", "note", text, "They are read with 1 channel.")


def _judge_levels(state: CheckState) -> None:
    window, infos = state.window(), state.kept_infos()
    if window is None:
        return
    deep = state.rows_where(lambda info: info.levels is not None)
    action = f"Levels {window[0]:.6g} to {window[1]:.6g} become 0 to 255 in all of them."
    state.add("grey-levels-scaled", "note", f"Images with more than 8 bits: {len(deep):,}.", action)
    if len(deep) < len(infos) and state.reading.window != "file":
        text = f"8-bit images among images with more: {len(infos) - len(deep):,}."
        state.add("mixed-depth", "warning", text, "Their levels do not change.")
    flat = [row for row in deep if _used(state.info(row).levels or window, window) < NEARLY_FLAT]
    if len(flat) > FLAT_SHARE * len(deep):
        ranges = [_range(state.info(row).levels or window) for row in flat]
        names = [f"{name} ({levels})" for name, levels in zip(state.names_of(flat), ranges, strict=True)]
        text = (
            f"Images that use less than an eighth of the levels {_range(window)} ({len(flat):,}): {first_few(names)}."
        )
        action = (
            "They become nearly black or flat, as images of different scanners do: bring all to the same levels, or "
            "choose levels."
        )
        state.add("window-too-wide", "warning", text, action, "--window LOW,HIGH")


def _used(levels: Levels, window: Levels) -> float:
    """The share of a window that an image's own levels take."""
    width = window[1] - window[0]
    return (min(levels[1], window[1]) - max(levels[0], window[0])) / width if width else 1.0


def _range(levels: Levels) -> str:
    return f"{levels[0]:.6g} to {levels[1]:.6g}"


def _judge_sizes(state: CheckState) -> None:
    infos, geometry = state.kept_infos(), state.reading.geometry
    size = max(proposed_size(sides_of(((info.width, info.height) for info in infos), geometry)), USUAL_SIZE)
    rows = state.kept_rows().tolist()
    times = {
        row: enlargement(square_side(info.width, info.height, geometry), size)
        for row, info in zip(rows, infos, strict=True)
    }
    small = sorted((row for row in rows if times[row] > MOST_ENLARGED), key=lambda row: -times[row])
    if small:
        names = [f"{state.files[row]} ({state.info(row).width} x {state.info(row).height} px)" for row in small]
        text = f"Images enlarged more than {MOST_ENLARGED} times at {size} px ({len(small):,}): {first_few(names)}."
        action = f"The smallest is enlarged {times[small[0]]:.1f} times: its detail is made up."
        state.add("images-enlarged", "warning", text, action)
    cut = np.array([cut_off(info.width, info.height, geometry) for info in infos])
    if cut.max(initial=0) > 0:
        share, most = cut.mean(), rows[int(cut.argmax())]
        text = (
            f"The centre square of each image is read: {share:.0%} of the images' area is cut off, at most "
            f"{cut.max():.0%} ({state.files[most]})."
        )
        level: Level = "warning" if share >= CUT_OFF_WARNING else "note"
        action, option = "To keep all of it, choose to pad or squeeze.", "--geometry pad; --geometry squeeze"
        state.add("images-cropped", level, text, action, option)
