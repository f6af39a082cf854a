"""Generated images that can be opened, kept and rejected.

Marks are saved in the run's folder (`gan/sampling/marks.py`), so that colleagues see them too.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from gan.access.permissions import Action, decide
from gan.data.info import DatasetInfo
from gan.runs.run import Run
from gan.sampling import marks, provenance
from gan.sampling.conditions import POSITIONS, Condition
from gan.sampling.marks import KEEP, REJECT, Mark
from gan.sampling.provenance import Origin
from gan.sampling.views import ImageGroup
from pages.ui import cache_torch
from pages.ui.components import image_grid
from pages.ui.components.image_grid import Event, Row, Tile
from pages.ui.frame import errors_noted
from pages.ui.tiles import TILE

MAX_REMEMBERED = 4000  # origins of shown images that a click may still refer to
MAX_ATTRIBUTES = 4  # named in a short wording
OPENED = "opened image"
SHOWN = "shown images"
MARKS: Mapping[str, Mark | None] = {"keep": KEEP, "reject": REJECT, "clear": None}


def marked_groups(
    run: Run,
    info: DatasetInfo,
    shown: Sequence[ImageGroup],
    *,
    key: str,
    label: str,
    titles: Sequence[tuple[str, str]],
    in_columns: bool = False,
    dropped: frozenset[Origin] = frozenset(),
    real: Sequence[tuple[str, NDArray[np.uint8]]] = (),
) -> None:
    """A row (or a column) with title and note for each group; `dropped` images are dimmed.

    `real` are real images (n, C, H, H) of each group with a note, drawn as a row below it; or none at all.
    """
    wording = condition_wording(info)
    rows = []
    for number, (group, (title, note)) in enumerate(zip(shown, titles, strict=True)):
        images = zip(group.origins, group.images, strict=True)
        rows.append(Row(title, note, [_tile(run, info, wording, *image, dropped) for image in images]))
        if real:
            about, pictures = real[number]
            rows.append(Row("", about, pictures=pictures, alt=f"Real image of {title}"))
    origins = [origin for group in shown for origin in group.origins]
    marked_grid(run, rows, origins, key=key, label=label, in_columns=in_columns)


def marked_grid(
    run: Run,
    rows: Sequence[Row],
    origins: Sequence[Origin],
    *,
    key: str,
    label: str,
    in_columns: bool = False,
    focus: bool = False,
    side: int = TILE,
) -> None:
    """Rows of tiles with their current marks; `origins` are those of all tiles in order."""
    among = [image_id(origin) for origin in origins]
    _remember(origins)
    marked = marks.load(run)
    image_grid.image_grid(
        rows,
        key=key,
        label=label,
        marks={image_id(origin): marked[origin] for origin in origins if origin in marked},
        took=lambda events: _apply(run, events, among),
        marking=decide(Action.MARK_IMAGES, run).allowed,
        in_columns=in_columns,
        focus=focus,
        side=side,
    )


def _apply(run: Run, events: Sequence[Event], among: list[str]) -> None:
    """Save the marks of these events, and open the image that was clicked."""
    origins_by_id: dict[str, Origin] = st.session_state.get(SHOWN, {})
    changes = {
        origins_by_id[event.id]: MARKS[event.act]
        for event in events
        if event.act in MARKS and event.id in origins_by_id
    }
    with errors_noted():
        if changes:
            marks.change(run, changes)
    opened = [event.id for event in events if event.act == "open"]
    if opened:
        st.session_state[OPENED] = (run.name, opened[-1], among)


def _remember(origins: Sequence[Origin]) -> None:
    """Map image ids to origins for as long as a click may refer to them: those shown last, and these in any case."""
    shown = {image_id(origin): origin for origin in origins}
    known: dict[str, Origin] = st.session_state.get(SHOWN, {})
    earlier = [(name, origin) for name, origin in known.items() if name not in shown]
    most = max(MAX_REMEMBERED, len(shown))
    st.session_state[SHOWN] = dict([*earlier, *shown.items()][-most:])


def _tile(
    run: Run,
    info: DatasetInfo,
    wording: Callable[[str], str],
    origin: Origin,
    image: NDArray[np.uint8],
    dropped: frozenset[Origin],
) -> Tile:
    """The tile of an image, which is saved under the name and with the text that it has in a download."""
    subclass = Condition.from_text(origin.condition, info).subclass
    file = provenance.file_name(
        run.name, origin.snapshot, origin.seed, origin.index, origin.truncation, subclass=subclass
    )
    alt = _alt(run, wording(origin.condition), origin)
    return Tile(image_id(origin), image, alt, file, provenance.png_text(run.name, origin), origin in dropped)


def image_id(origin: Origin) -> str:
    """A short id for the browser, different for every origin."""
    return hashlib.sha256(repr(origin).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _alt(run: Run, label: str, origin: Origin) -> str:
    """Alternative text of an image; its number counts from 1 within its condition's part of the stream."""
    return f"Generated image of {label}, run {run.name}, seed {origin.seed}, number {origin.index % POSITIONS + 1}"


def condition_wording(info: DatasetInfo) -> Callable[[str], str]:
    """A function from a full condition as text to a short wording: the class, or its rarest attributes that are on."""
    if info.kind == "class":
        return lambda condition: Condition.from_text(condition, info).class_label(info)
    rates = info.conditions.mean(axis=0).tolist()

    def wording(condition: str) -> str:
        row = Condition.from_text(condition, info).row(info)
        on = [name for _, name in sorted((rates[k], name) for k, name in enumerate(info.names) if row[k])]
        more = f" and {len(on) - MAX_ATTRIBUTES} more" if len(on) > MAX_ATTRIBUTES else ""
        return (", ".join(on[:MAX_ATTRIBUTES]).replace("_", " ") + more) or "no attribute"

    return wording


def image_tile(run: Run, info: DatasetInfo, origin: Origin) -> Tile:
    """The tile of one image, generated from its origin."""
    return _tile(run, info, condition_wording(info), origin, cache_torch.generated_image(run, origin), frozenset())
