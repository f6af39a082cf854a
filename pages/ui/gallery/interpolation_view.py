"""A walk from one generated image to another, as a GIF to watch and download.

The ends are chosen here, or in the dialog of any image.
"""

import html
from dataclasses import replace

import streamlit as st

from gan.data.info import DatasetInfo
from gan.export.request import ExportRequest
from gan.io.png import data_uri
from gan.runs.run import Run
from gan.sampling.conditions import ANY, Condition
from gan.sampling.provenance import Origin
from pages.ui import background, cache_torch, frame
from pages.ui.components.image_grid import Row
from pages.ui.gallery import marking

FIRST, LAST = "first", "last"
SIDE = 128  # px, about: the two ends


def interpolation_view(run: Run, info: DatasetInfo, request: ExportRequest) -> None:
    """The two ends, the length of the walk, and the GIF."""
    first, last = (_end(run, info, request, which) for which in (FIRST, LAST))
    left, right = st.columns([2, 3], gap="large")
    with left:
        _end_images(run, info, first, last)
        same = st.toggle(
            "Keep the first condition", key="walk same", persist_state="session",
            help="Only the noise changes on the way, and the subclass where the run has subclasses; the walk then ends "
            "at another image.",
        )  # fmt: skip
        steps = int(st.slider("Frames", 8, 96, 32, 8, key="walk frames", persist_state="session"))
        seconds = float(st.slider("Seconds", 1.0, 10.0, 3.0, 0.5, key="walk time", persist_state="session"))
        back = st.toggle("There and back", value=True, key="walk back", persist_state="session")
    if same:
        last = replace(last, condition=first.condition)
    with right:
        _film(run, info, first, last, steps, seconds, back)


def _end_images(run: Run, info: DatasetInfo, first: Origin, last: Origin) -> None:
    """Both ends as images, and the controls that change them."""
    wording = marking.condition_wording(info)
    rows = [
        Row(name, wording(origin.condition), [marking.image_tile(run, info, origin)])
        for name, origin in (("From", first), ("To", last))
    ]
    marking.marked_grid(
        run, rows, [first, last], key=f"walk ends {run.name}", label="The ends of the walk", in_columns=True, side=SIDE
    )
    columns = st.columns(2)
    for column, (which, origin) in zip(columns, ((FIRST, first), (LAST, last)), strict=True):
        with column:
            if info.kind == "class":
                key = f"walk class {which} {run.name}"
                st.session_state[key] = info.names[Condition.from_text(origin.condition, info).fixed[0][0]]
                st.selectbox(
                    f"Class of the {which}", info.names, key=key, on_change=_change_class,
                    args=(run, info, which, origin, key),
                )  # fmt: skip
            st.button(
                "Another", icon=":material/casino:", key=f"another {which}", on_click=set_end, width="stretch",
                args=(run, which, replace(origin, index=origin.index + 2)), help=f"Another {which} image.",
            )  # fmt: skip


def _film(run: Run, info: DatasetInfo, first: Origin, last: Origin, steps: int, seconds: float, back: bool) -> None:
    """The GIF and its download."""
    content = cache_torch.interpolation_gif(
        run, first, last, steps, seconds, back, background.delayed_bar(st.empty(), "Making the GIF")
    )
    wording = marking.condition_wording(info)
    ends = f"{wording(first.condition)} to {wording(last.condition)}"
    alt = html.escape(f"Walk from {ends}, run {run.name}")
    st.html(f'<img class="sharp film" alt="{alt}" src="{data_uri(content, "gif")}">')
    name = f"{run.name}-walk-s{first.seed}-{first.index}-s{last.seed}-{last.index}.gif"
    st.download_button("Download the GIF", content, name, "image/gif", icon=":material/download:", key="take film")
    st.caption("Synthetic: not for clinical use. The images between are the generator's, not a course of disease.")


def _end(run: Run, info: DatasetInfo, request: ExportRequest, which: str) -> Origin:
    """One end of the walk, at the chosen snapshot; at first an image of the first or last chosen condition."""
    assert request.snapshot is not None
    chosen: Origin | None = st.session_state.get(_key(run, which))
    if chosen is not None:
        return replace(chosen, snapshot=request.snapshot)
    items = request.items
    requested = Condition.from_text(items[0 if which == FIRST else -1][0], info) if items else ANY
    index = 0 if which == FIRST else 1
    condition = Condition.from_row(requested.sample(info, index + 1, request.seed)[index], info).text(info)
    return Origin(request.snapshot, request.seed, index, condition, request.truncation)


def set_end(run: Run, which: str, origin: Origin) -> None:
    """Make an image the first or last of the walk."""
    st.session_state[_key(run, which)] = origin
    frame.notify(f"This is now the {which} image of the walk.", ":material/animation:")


def _change_class(run: Run, info: DatasetInfo, which: str, origin: Origin, key: str) -> None:
    condition = Condition.of_class(info.names.index(st.session_state[key])).text(info)
    st.session_state[_key(run, which)] = replace(origin, condition=condition)


def _key(run: Run, which: str) -> str:
    return f"walk {which} {run.name}"
