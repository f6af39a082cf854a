"""Wrong labels of an added set: the search as a background task, the most suspect images, and a decision on each.

Decisions are in the set's folder (`gan/data/label_edits.py`), so that colleagues see them too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from gan import jobs
from gan.access.permissions import Action
from gan.data import label_edits, set_notes
from gan.data.image_set import ImageSet
from gan.data.ingest.import_plan import ImportPlan
from gan.data.label_edits import Edit
from gan.evaluation import suspect_search
from gan.evaluation.records.suspects import Suspects, load_suspects
from gan.io.markdown_text import escape_markdown
from gan.io.png import encode_png
from gan.runs import set_users
from pages.ui import background, fmt, tiles
from pages.ui.access.allowed import explained
from pages.ui.frame import errors_noted, errors_shown

PER_ROW = 6
PER_PAGE = 3 * PER_ROW
MOST_DECISIONS = 50
"""Decisions listed, the newest first."""
LABELS, OUTLIERS = "Suspect labels", "Unlike the others"
KEEP, DROP = "Keep", "Leave out"


@dataclass(frozen=True)
class _Card:
    """A training image to decide on; `likely` is "" for an outlier."""

    file: str
    given: str
    likely: str
    text: str


def suspect_labels_panel(name: str, image_set: ImageSet) -> None:
    """Look for wrong labels in the added set `name`; then its most suspect images and the decisions on them."""
    st.header("Wrong labels", anchor=False)
    if image_set.kind != "class":
        st.caption("They can be looked for in sets where each image has one class; this set has attributes.")
        return
    folder = set_notes.added_folder(name)
    suspects = load_suspects(folder)
    _search(name, image_set, suspects)
    if suspects is not None or label_edits.load_edits(folder):
        st.fragment(_review)(name, image_set, suspects)


def _search(name: str, image_set: ImageSet, suspects: Suspects | None) -> None:
    """The button that starts a search with its expected time, or the progress of the search."""
    task = background.task_folder(suspect_search.task_name(name))
    label = "Looking for wrong labels"
    if jobs.state(task).alive:
        background.watch_task(task, label, _nothing_to_forget)
        return
    if suspects is None:
        st.caption(
            "Small classifiers are trained on parts of the training images and judge the other images. "
            "Those whose label they contradict are shown to you. Nothing is changed unless you decide so."
        )
    expected = fmt.duration(suspect_search.estimated_seconds(image_set))
    start = "Look for wrong labels" if suspects is None else "Look again"
    st.button(
        f"{start} (about {expected})",
        icon=":material/search:",
        key="find suspects",
        on_click=_start,
        args=(task.name,),
        **explained(Action.CHANGE_SET, jobs.job_target(task)),
    )
    if task.exists():
        background.watch_task(task, label, _nothing_to_forget)


def _nothing_to_forget() -> None:
    """The result is read from its file at the next rerun."""


def _start(task: str) -> None:
    with errors_noted():
        background.start_task(task)


def _review(name: str, image_set: ImageSet, suspects: Suspects | None) -> None:
    """The cards of one list, and all decisions."""
    with errors_shown():
        folder = set_notes.added_folder(name)
        edits, files = label_edits.load_edits(folder), ImportPlan.load(folder).files
        if suspects is not None:
            _summary(suspects)
            shown = st.segmented_control(
                "Images", [LABELS, OUTLIERS], default=LABELS, required=True, key=f"{name} suspects shown"
            )
            cards = _label_cards(suspects) if shown == LABELS else _outlier_cards(suspects)
            count = st.session_state.get(_count_key(name), PER_PAGE)
            wanted = {card.file for card in cards[:count]} | set(edits)
            row_of = {file: row for row, file in enumerate(files) if file in wanted}
            _draw_cards(name, image_set, [card for card in cards[:count] if card.file in row_of], row_of, edits)
            if count < len(cards):
                st.button(
                    f"Show more ({fmt.images(len(cards) - count)} left)",
                    key=f"{name} more suspects",
                    on_click=_show_more,
                    args=(name, count),
                )
        if edits:
            _decisions(name, image_set, files, edits)


def _summary(suspects: Suspects) -> None:
    """What the search found, and which classes it could not judge."""
    share = suspects.wrong / suspects.checked if suspects.checked else 0.0
    st.markdown(
        f"About **{fmt.number(suspects.wrong)} labels** of {fmt.images(suspects.checked)} in the training split are "
        f"wrong ({share:.1%}, estimated by confident learning). The most suspect come first. A classifier errs, too: "
        "look before you decide."
    )
    if suspects.unchecked:
        names = ", ".join(f"{escape_markdown(name)} ({count:,})" for name, count in suspects.unchecked.items())
        st.caption(f"Too few images or patients to judge: {names}.")


def _label_cards(suspects: Suspects) -> list[_Card]:
    return [
        _Card(
            suspect.file,
            suspect.given,
            suspect.likely,
            f"Labelled **{escape_markdown(suspect.given)}** ({suspect.confidence:.0%}). "
            f"Likely **{escape_markdown(suspect.likely)}** ({suspect.probability:.0%}).",
        )
        for suspect in suspects.labels
    ]


def _outlier_cards(suspects: Suspects) -> list[_Card]:
    return [
        _Card(outlier.file, outlier.given, "", f"Labelled **{escape_markdown(outlier.given)}**.")
        for outlier in suspects.outliers
    ]


def _draw_cards(
    name: str, image_set: ImageSet, cards: Sequence[_Card], row_of: Mapping[str, int], edits: Mapping[str, Edit]
) -> None:
    """The cards in rows: picture, labels, and the decision."""
    for first in range(0, len(cards), PER_ROW):
        for column, card in zip(st.columns(PER_ROW), cards[first : first + PER_ROW], strict=False):
            with column:
                alt = f"Training image {card.file}, labelled {card.given}"
                tiles.draw_picture(_png(image_set, row_of[card.file]), alt)
                st.caption(card.text)
                _choices(name, image_set.names, card, edits.get(card.file))


def _choices(name: str, classes: tuple[str, ...], card: _Card, edit: Edit | None) -> None:
    """Keep, relabel to the likely class, leave out; and a list of all other classes. A second click undoes it."""
    options = {KEEP: Edit("keep"), DROP: Edit("drop")}
    if card.likely:
        options = {KEEP: Edit("keep"), f"→ {card.likely}": Edit("relabel", card.likely), DROP: Edit("drop")}
    key = f"{name} decision {card.file}"
    st.session_state[key] = next((option for option, decided in options.items() if decided == edit), None)
    st.pills(
        f"Decision on {escape_markdown(card.file)}",
        list(options),
        key=key,
        format_func=escape_markdown,
        label_visibility="collapsed",
        on_change=_decide,
        args=(name, card.file, key, options),
    )
    others = [other for other in classes if other not in (card.given, card.likely)]
    if not others:
        return
    key = f"{name} class {card.file}"
    relabels = {other: Edit("relabel", other) for other in others}
    st.session_state[key] = edit.label if edit is not None and edit.label in relabels else None
    st.selectbox(
        f"Other class of {escape_markdown(card.file)}",
        others,
        key=key,
        placeholder="Another class",
        label_visibility="collapsed",
        on_change=_decide,
        args=(name, card.file, key, relabels),
    )


def _decide(name: str, file: str, key: str, options: Mapping[str, Edit]) -> None:
    """Record what was chosen, or undo the decision where nothing is; for `on_change`."""
    chosen = st.session_state[key]
    with errors_noted():
        label_edits.change_edits(name, {file: options[chosen] if chosen is not None else None})


def _decisions(name: str, image_set: ImageSet, files: Sequence[str], edits: Mapping[str, Edit]) -> None:
    """What was decided, each with a button that undoes it, and what that does to runs trained before."""
    st.markdown(f"**Decisions ({len(edits):,})**")
    if any(edit.action != "keep" for edit in edits.values()):
        st.info(_effect(name), icon=":material/info:")
    newest = list(edits.items())[: -MOST_DECISIONS - 1 : -1]
    row_of = {file: row for row, file in enumerate(files) if file in dict(newest)}
    with st.expander("Show and undo them", icon=":material/undo:"):
        for file, edit in newest:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.image(_pixels(image_set, row_of[file]), width=48)
                text = {"keep": "label kept", "drop": "left out", "relabel": f"relabelled {edit.label}"}[edit.action]
                st.markdown(escape_markdown(f"{file}: {text}, {fmt.ago(edit.time)}"), width="stretch")
                st.button("Undo", key=f"{name} undo {file}", on_click=_undo, args=(name, [file]))
        if len(edits) > len(newest):
            st.caption(f"The newest {len(newest)} of {len(edits):,}.")
        st.button("Undo all", key=f"{name} undo all", on_click=_undo, args=(name, list(edits)))


def _effect(name: str) -> str:
    """What changed labels do to later runs and to those trained before."""
    text = "Trainings from now on use the labels as decided. Validation and test images are never changed."
    runs = [escape_markdown(run.title) for run in set_users.runs_on_set(name)]
    if not runs:
        return text
    more = f" and {len(runs) - 5:,} more" if len(runs) > 5 else ""
    return (
        f"{text} Runs trained on other labels ({', '.join(runs[:5])}{more}) cannot be resumed, evaluated or exported "
        "until these decisions are undone. Clone them to train on the labels as decided."
    )


def _undo(name: str, files: Sequence[str]) -> None:
    with errors_noted():
        label_edits.change_edits(name, dict.fromkeys(files))


def _show_more(name: str, count: int) -> None:
    st.session_state[_count_key(name)] = count + PER_PAGE


def _count_key(name: str) -> str:
    return f"{name} suspects count"


def _pixels(image_set: ImageSet, row: int) -> NDArray[np.uint8]:
    """One image as (H, W, C), for Streamlit."""
    image: NDArray[np.uint8] = tiles.real_images(image_set, np.array([row]))[0].transpose(1, 2, 0)
    return image[:, :, 0] if image.shape[2] == 1 else image


def _png(image_set: ImageSet, row: int) -> bytes:
    return encode_png(tiles.real_images(image_set, np.array([row]))[0], {})
