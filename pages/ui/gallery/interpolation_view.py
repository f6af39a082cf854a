"""A walk from one generated image to another, as a film to watch and to download.

Any image's large view offers itself as an end; here each end can be exchanged too.
"""

import html
from dataclasses import replace

import streamlit as st

from gan.data.info import DatasetInfo
from gan.export.request import ExportRequest
from gan.runs.run import Run
from gan.sampling.conditions import ANY, Condition
from gan.sampling.provenance import Origin
from pages.ui import cache_torch, frame, waiting
from pages.ui.components.image_grid import Row
from pages.ui.gallery import marking
from pages.ui.tiles import data_uri

FIRST, LAST = "first", "last"
SIDE = 128  # px, about: the two ends


def panel(run: Run, info: DatasetInfo, request: ExportRequest) -> None:
    """The two ends, how long the walk takes, and the film."""
    first, last = (end(run, info, request, place) for place in (FIRST, LAST))
    left, right = st.columns([2, 3], gap="large")
    with left:
        ends(run, info, first, last)
        same = st.toggle(
            "Keep the first one's condition", key="walk same", persist_state="session",
            help="Then only the noise changes on the way, and the kind within the class where the run has kinds; the "
            "walk ends with another image.",
        )  # fmt: skip
        steps = int(st.slider("Frames", 8, 96, 32, 8, key="walk frames", persist_state="session"))
        seconds = float(
            st.slider("Seconds from one to the other", 1.0, 10.0, 3.0, 0.5, key="walk time", persist_state="session")
        )
        back = st.toggle("And back", value=True, key="walk back", persist_state="session")
    if same:
        last = replace(last, condition=first.condition)
    with right:
        film(run, info, first, last, steps, seconds, back)


def ends(run: Run, info: DatasetInfo, first: Origin, last: Origin) -> None:
    """Both ends as images, with the ways to exchange each."""
    say = marking.wording(info)
    rows = [
        Row(name, say(origin.condition), [marking.tile(run, info, origin)])
        for name, origin in (("From", first), ("To", last))
    ]
    marking.grid(
        run, rows, [first, last], key=f"walk ends {run.name}", label="The ends of the walk", in_columns=True, side=SIDE
    )
    columns = st.columns(2)
    for column, (place, origin) in zip(columns, ((FIRST, first), (LAST, last)), strict=True):
        with column:
            if info.kind == "class":
                key = f"walk class {place} {run.name}"
                st.session_state[key] = say(origin.condition)
                st.selectbox(
                    f"Class of the {place}", info.names, key=key, on_change=_reclassed,
                    args=(run, info, place, origin, key),
                )  # fmt: skip
            st.button(
                "Another", icon=":material/casino:", key=f"another {place}", on_click=take, width="stretch",
                args=(run, place, replace(origin, index=origin.index + 2)), help=f"Another {place} image.",
            )  # fmt: skip


def film(run: Run, info: DatasetInfo, first: Origin, last: Origin, steps: int, seconds: float, back: bool) -> None:
    """The film, made at once, and its file."""
    content = cache_torch.interpolation_gif(
        run, first, last, steps, seconds, back, waiting.bar(st.empty(), "Making the film")
    )
    say = marking.wording(info)
    words = f"{say(first.condition)} to {say(last.condition)}"
    alt = html.escape(f"Film of a walk from {words}, run {run.name}")
    st.html(f'<img class="sharp film" alt="{alt}" src="{data_uri(content, "gif")}">')
    name = f"{run.name}-walk-s{first.seed}-{first.index}-s{last.seed}-{last.index}.gif"
    st.download_button("Download the film", content, name, "image/gif", icon=":material/download:", key="take film")
    st.caption(
        "Synthetic: not for clinical use. The way between the images is the generator's, not a course of disease."
    )


def end(run: Run, info: DatasetInfo, request: ExportRequest, place: str) -> Origin:
    """One end of the walk: what was taken, at the snapshot that is looked at now; at first, of what is looked at."""
    assert request.snapshot is not None
    taken: Origin | None = st.session_state.get(_key(run, place))
    if taken is not None:
        return replace(taken, snapshot=request.snapshot)
    items = request.items
    asked = Condition.from_text(items[0 if place == FIRST else -1][0], info) if items else ANY
    index = 0 if place == FIRST else 1
    condition = Condition.from_row(asked.sample(info, index + 1, request.seed)[index], info).text(info)
    return Origin(request.snapshot, request.seed, index, condition, request.truncation)


def take(run: Run, place: str, origin: Origin) -> None:
    """Make an image an end of the walk."""
    st.session_state[_key(run, place)] = origin
    frame.notify(f"The walk's {place} image is chosen: see Walk.", ":material/animation:")


def _reclassed(run: Run, info: DatasetInfo, place: str, origin: Origin, key: str) -> None:
    condition = Condition.of_class(info.names.index(st.session_state[key])).text(info)
    st.session_state[_key(run, place)] = replace(origin, condition=condition)


def _key(run: Run, place: str) -> str:
    return f"walk {place} {run.name}"
