"""Generated images on a page that can be opened, kept and rejected, wherever they are shown.

Marks lie in the run's folder (`gan/sampling/marks.py`), so that a colleague sees them too.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from gan.data.info import DatasetInfo
from gan.runs.run import Run
from gan.sampling import marks
from gan.sampling.conditions import Condition
from gan.sampling.marks import KEEP, REJECT, Mark
from gan.sampling.provenance import Origin
from gan.sampling.views import ImageGroup
from pages.ui import cache_torch
from pages.ui.components import image_grid
from pages.ui.components.image_grid import Event, Row, Tile
from pages.ui.frame import errors_noted
from pages.ui.tiles import TILE

MOST_REMEMBERED = 4000  # origins of images that were shown, of which a click may still be on its way
NAMED = 4  # attributes that are named where there is room for a few words
OPENED = "opened image"
SHOWN = "shown images"
MARKS: Mapping[str, Mark | None] = {"keep": KEEP, "reject": REJECT, "clear": None}


def groups(
    run: Run,
    info: DatasetInfo,
    shown: Sequence[ImageGroup],
    *,
    key: str,
    label: str,
    titles: Sequence[tuple[str, str]],
    in_columns: bool = False,
    dropped: frozenset[Origin] = frozenset(),
) -> None:
    """A row, or a column, for each group of images, with a title and a note each; `dropped` images are dimmed."""
    say = wording(info)
    rows = [
        Row(
            title,
            note,
            [
                Tile(identity(origin), image, described(run, say(origin.condition), origin), origin in dropped)
                for origin, image in zip(group.origins, group.images, strict=True)
            ],
        )
        for group, (title, note) in zip(shown, titles, strict=True)
    ]
    origins = [origin for group in shown for origin in group.origins]
    grid(run, rows, origins, key=key, label=label, in_columns=in_columns)


def grid(
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
    """Rows of tiles, whose origins are these in the same order, with the marks that they have now."""
    among = [identity(origin) for origin in origins]
    remember(origins)
    there = marks.load(run)
    image_grid.image_grid(
        rows,
        key=key,
        label=label,
        marks={identity(origin): there[origin] for origin in origins if origin in there},
        took=lambda events: took(run, events, among),
        in_columns=in_columns,
        focus=focus,
        side=side,
    )


def took(run: Run, events: Sequence[Event], among: list[str]) -> None:
    """Set the marks that a reader gave, and remember which image is to be seen large."""
    known: dict[str, Origin] = st.session_state.get(SHOWN, {})
    changes = {known[event.id]: MARKS[event.act] for event in events if event.act in MARKS and event.id in known}
    with errors_noted():
        if changes:
            marks.change(run, changes)
    opened = [event.id for event in events if event.act == "open" and event.id in known]
    if opened:
        st.session_state[OPENED] = (run.name, opened[-1], among)


def remember(origins: Sequence[Origin]) -> None:
    """Know these images by what the browser calls them, for as long as a click on one may still come."""
    known: dict[str, Origin] = st.session_state.get(SHOWN, {})
    known = known | {identity(origin): origin for origin in origins}
    st.session_state[SHOWN] = dict(list(known.items())[-MOST_REMEMBERED:])


def identity(origin: Origin) -> str:
    """What the browser calls an image: short, since a condition of many attributes is long, and of no other origin."""
    return hashlib.sha256(repr(origin).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def described(run: Run, label: str, origin: Origin) -> str:
    """An image for a reader who cannot see it."""
    return f"Generated image of {label}, run {run.name}, seed {origin.seed}, number {origin.index + 1}"


def wording(info: DatasetInfo) -> Callable[[str], str]:
    """Says an exact condition in a few words: the class, or the attributes that are on, the rarest first."""
    if info.kind == "class":
        return lambda condition: info.names[Condition.from_text(condition, info).fixed[0][0]]
    rates = info.conditions.mean(axis=0).tolist()

    def say(condition: str) -> str:
        row = Condition.from_text(condition, info).row(info)
        on = [name for _, name in sorted((rates[k], name) for k, name in enumerate(info.names) if row[k])]
        more = f" and {len(on) - NAMED} more" if len(on) > NAMED else ""
        return (", ".join(on[:NAMED]).replace("_", " ") + more) or "no attribute"

    return say


def tile(run: Run, info: DatasetInfo, origin: Origin) -> Tile:
    """One image, made again from its origin."""
    name = wording(info)(origin.condition)
    return Tile(identity(origin), cache_torch.generated_image(run, origin), described(run, name, origin))
