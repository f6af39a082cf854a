"""Labelling the images of an upload in the browser, by click and key, where nothing names their classes."""

from pathlib import Path, PurePosixPath

import streamlit as st

from gan import jobs
from gan.data.ingest import hand_labels
from gan.data.ingest.checks.report import CheckReport
from gan.data.ingest.hand_labels import HandLabels
from gan.io.markdown_text import escape_markdown
from pages.ui import cache_images, fmt
from pages.ui.components import image_grid
from pages.ui.components.image_grid import Event, Row, Tile
from pages.ui.frame import errors_noted

CURRENT = "class to give"  # key of the session state
AT_ONCE, OF_CLASS = 60, 20
"""Images without a class on the page, and of each class the newest."""
SIDE = 96  # px
KEYS = "123456789"


def needs_labels(report: CheckReport) -> bool:
    """Whether the images were found, but no labels, or too few were given here."""
    if report.staged is None or report.ok:
        return False
    unlabelled = any(finding.key == "nothing-to-check" for finding in report.errors) and not report.proposals
    found = unlabelled and bool(cache_images.upload_listing(report.staged).images)
    return found or has_labels(report.staged)


def has_labels(folder: Path) -> bool:
    """Whether images of the upload in `folder` were given classes here."""
    return bool(hand_labels.load_hand_labels(folder).labels)


def has_begun(folder: Path) -> bool:
    """Whether classes were named here for the images of the upload in `folder`."""
    return bool(hand_labels.load_hand_labels(folder).classes)


def labelling_panel(folder: Path) -> None:
    """The classes with the button that has the labels checked; then the images without one, and those of each class."""
    files, labels = cache_images.upload_listing(folder).images, hand_labels.load_hand_labels(folder)
    st.header("Label more of them" if labels.labels else "Or label them here", anchor=False)
    classes_field(folder, labels)
    if len(labels.classes) < 2:
        return
    current = class_buttons(folder, labels, len(files))
    rest = [file for file in files if file not in labels.labels]
    first = f", the first {AT_ONCE}" if len(rest) > AT_ONCE else ""
    rows = [Row("No class yet", fmt.images(len(rest)) + first, _tiles(folder, rest[:AT_ONCE]))] if rest else []
    for name, count in labels.counts().items():
        newest = [file for file, given in labels.labels.items() if given == name][: -OF_CLASS - 1 : -1]
        if newest:
            rows.append(Row(name, fmt.images(count), _tiles(folder, newest)))
    image_grid.image_grid(
        rows, key=f"label {folder.name}", label="Images to label", marks={}, marking=False, side=SIDE,
        took=lambda events: _label(folder, events, current),
    )  # fmt: skip


def classes_field(folder: Path, labels: HandLabels) -> None:
    """The names of the classes."""
    with st.form(f"classes of {folder.name}", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        key = f"class names {folder.name}"
        st.text_input(
            "Classes, separated by commas", ", ".join(labels.classes), key=key, placeholder="such as: healthy, inflamed"
        )
        st.form_submit_button("Set the classes", on_click=_set_classes, args=(folder, key))


def class_buttons(folder: Path, labels: HandLabels, images: int) -> str:
    """A button for each class, with a digit as its key, and the one that ends; gives the class that clicks give."""
    current = str(st.session_state.get(CURRENT, ""))
    if current not in labels.classes:
        current = st.session_state[CURRENT] = labels.classes[0]
    st.caption("Choose a class by its button or digit, then click its images. A click on a labelled image undoes it.")
    with st.container(horizontal=True, vertical_alignment="center"):
        for number, (name, count) in enumerate(labels.counts().items()):
            st.button(
                escape_markdown(f"{name} ({count:,})"), key=f"give class {number}", on_click=_choose, args=(name,),
                type="primary" if name == current else "secondary", shortcut=KEYS[number] if number < 9 else None,
            )  # fmt: skip
        st.space("stretch")
        done_button(folder, labels, images)
    return current


def done_button(folder: Path, labels: HandLabels, count: int) -> None:
    """The button that has the labels checked; grey with the reason while there are too few."""
    used = sum(number > 0 for number in labels.counts().values())
    missing = "" if used >= 2 else "Label images of at least two classes first."
    st.button(
        f"Use these labels ({len(labels.labels):,} of {count:,} images)", type="primary", icon=":material/check:",
        key="use hand labels", disabled=bool(missing), help=missing or None, on_click=_use, args=(folder,),
    )  # fmt: skip


def _tiles(folder: Path, files: list[str]) -> list[Tile]:
    root = cache_images.upload_listing(folder).root
    return [
        Tile(file, cache_images.square_picture(root, file, SIDE), f"File {file}", f"{PurePosixPath(file).stem}.png", {})
        for file in files
    ]


def _label(folder: Path, events: list[Event], current: str) -> None:
    with errors_noted():
        given = hand_labels.load_hand_labels(folder).labels
        for event in events:
            hand_labels.set_label(folder, event.id, "" if event.id in given else current)


def _choose(name: str) -> None:
    st.session_state[CURRENT] = name


def _set_classes(folder: Path, key: str) -> None:
    with errors_noted():
        hand_labels.set_classes(folder, str(st.session_state[key]).split(","))


def _use(folder: Path) -> None:
    with errors_noted():
        hand_labels.use_hand_labels(folder)
        jobs.start_task(folder)
