"""Fields for geometry, grey levels and frames, with what each geometry makes of an image."""

from typing import get_args

import streamlit as st

from gan.data.ingest.labels.reading import Frames, Reading, Window
from gan.data.ingest.outcome import Outcome
from gan.data.ingest.pixels.formats import may_be_dicom
from gan.data.transform import Geometry
from gan.io.markdown_text import escape_markdown
from gan.io.png import data_uri, encode_picture
from pages.ui import cache_images
from pages.ui.data.label_fields import Form

GEOMETRIES: dict[Geometry, str] = {"crop": "Crop the centre", "pad": "Pad", "squeeze": "Squeeze"}
FRAMES: dict[Frames, str] = {"first": "the first", "middle": "the middle one", "all": "all, each as an image"}
RANGE, LEVELS, OF_FILE = "the range of the whole set", "levels that I set", "the window that each DICOM file names"


def pixel_fields(form: Form, reading: Reading, outcome: Outcome, found: tuple[float, float] | None) -> Reading:
    """The reading with its geometry, window and frames; `found` is the window of the last check, if any."""
    geometry = geometry_field(form, outcome)
    window = window_field(form, found)
    frames = list(get_args(Frames))
    chosen = st.selectbox(
        "Of a file with several frames or pages, read", frames, index=frames.index(form.base.frames),
        format_func=FRAMES.__getitem__, key=form.key("frames"),
    )  # fmt: skip
    return reading.model_copy(update={"geometry": geometry, "window": window, "frames": chosen})


def geometry_field(form: Form, outcome: Outcome) -> Geometry:
    """How images become square, each way with a picture of the least square example."""
    names = list(GEOMETRIES)
    geometry = st.segmented_control(
        "Images that are not square", names, default=form.base.geometry, format_func=GEOMETRIES.__getitem__,
        key=form.key("geometry"), required=True,
    )  # fmt: skip
    files = tuple(file for examples in outcome.examples.values() for file in examples)
    file, fitted = cache_images.geometry_examples(form.folder, files)
    if fitted:
        alt = "what it makes of the example"
        figures = (
            f'<figure><img width="96" height="96" alt="{GEOMETRIES[name]}: {alt}" '
            f'src="{data_uri(encode_picture(image, {}))}">'
            f"<figcaption>{GEOMETRIES[name]}</figcaption></figure>"
            for name, image in fitted.items()
        )
        st.html(f'<div class="files">{"".join(figures)}</div>')
        st.caption(f"{escape_markdown(file)} in each of them.")
    return geometry


def window_field(form: Form, found: tuple[float, float] | None) -> Window:
    """Which grey levels become black and white in images of more than 8 bits."""
    base = form.base.window
    dicom = any(map(may_be_dicom, form.listing.images))
    if found is None and base is None and not dicom:
        return None
    options = [RANGE, LEVELS] + ([OF_FILE] if dicom else [])
    start = OF_FILE if base == "file" and dicom else LEVELS if isinstance(base, tuple) else RANGE
    choice = st.selectbox(
        "Grey levels that become black and white, in images of more than 8 bits", options, index=options.index(start),
        key=form.key("window"),
    )  # fmt: skip
    if choice != LEVELS:
        return "file" if choice == OF_FILE else None
    low, high = base if isinstance(base, tuple) else found or (0, 65535)
    left, right = st.columns(2)
    black = left.number_input("Black", value=int(low), step=1, key=form.key("window low"))
    white = right.number_input("White", value=int(high), step=1, key=form.key("window high"))
    if white <= black:
        st.error("White must be a higher level than black.")
        return base
    return int(black), int(white)
