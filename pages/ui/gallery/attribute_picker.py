"""The choice of attributes: each on, off or any, and several combinations side by side.

The choice is kept in the session apart from the widgets, so that a search that hides an attribute does not undo it.
"""

import html
from collections.abc import Sequence

import numpy as np
import streamlit as st

from gan.data.info import DatasetInfo
from gan.io.markdown_text import escape_markdown
from gan.runs.run import Run
from gan.sampling.conditions import ANY as ANY_CONDITION
from gan.sampling.conditions import Condition
from pages.ui import fmt

HEIGHT, FITTING = 360, 8  # px of a longer list, so that the rest of the page stays in sight; attributes that fit
ON, OFF, ANY = "on", "off", "any"
VALUES = {ON: 1, OFF: 0}
NO_REAL_IMAGE = "No real training image has this combination: the generator has never seen it and can only guess."


def chosen_combinations(run: Run, info: DatasetInfo) -> list[str]:
    """The combinations kept before and the chosen one, as the text of conditions."""
    chosen = _switches(run, info)
    condition = _condition(chosen, info)
    _summary(run, chosen, condition.matching_images(info))
    return _combinations(run, info, condition.text(info))


def choose_combinations(run: Run, info: DatasetInfo, conditions: Sequence[Condition]) -> None:
    """Choose the last of these combinations, and keep the others beside it."""
    *kept, current = conditions or [ANY_CONDITION]
    values = {value: name for name, value in VALUES.items()}
    st.session_state[_kept(run)] = {info.names[position]: values[value] for position, value in current.fixed}
    st.session_state[_combined(run)] = [condition.text(info) for condition in kept]


def _switches(run: Run, info: DatasetInfo) -> dict[str, str]:
    """The list of attributes; gives those that are on or off, in the data set's order."""
    chosen: dict[str, str] = st.session_state.setdefault(_kept(run), {})
    search = st.text_input(
        "Attributes", key=f"find {run.name}", placeholder=f"Search {len(info.names)} attributes",
        icon=":material/search:",
        help="on: every image has it. off: none has it. any: as in the real images. The share is that of the real "
        "images with the choice so far.",
    )  # fmt: skip
    parts = fmt.attribute_label(search.lower()).split()
    shown = [name for name in info.names if all(part in fmt.attribute_label(name).lower() for part in parts)]
    shares = _shares(chosen, info)
    with st.container(
        height=HEIGHT if len(info.names) > FITTING else "content", border=True, key="attribute-list", gap="xxsmall"
    ):
        for name in shown:
            _switch(run, name, chosen.get(name, ANY), shares[name])
        if not shown:
            st.caption("No attribute matches.")
    return {name: chosen[name] for name in info.names if name in chosen}


def _switch(run: Run, name: str, value: str, share: float) -> None:
    """One attribute."""
    key = f"attribute {run.name} {name}"
    if st.session_state.get(key) != value:
        st.session_state[key] = value
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.html(
            f'<div class="attribute">{html.escape(fmt.attribute_label(name))}'
            f'<span class="quiet">{share:.0%} of images</span></div>'
        )
        st.segmented_control(
            f"{escape_markdown(fmt.attribute_label(name))}: on, any or off", (ON, ANY, OFF), key=key, required=True,
            label_visibility="collapsed", on_change=_switched, args=(run, name),
        )  # fmt: skip


def _shares(chosen: dict[str, str], info: DatasetInfo) -> dict[str, float]:
    """How often each attribute is on in the real images with this choice; in all images where none has it."""
    agrees = np.ones(len(info.conditions), dtype=bool)
    for position, value in _condition(chosen, info).fixed:
        agrees &= info.conditions[:, position] == value
    rows = info.conditions[agrees] if agrees.any() else info.conditions
    return dict(zip(info.names, rows.mean(axis=0).tolist(), strict=True))


def _summary(run: Run, chosen: dict[str, str], agreeing: int) -> None:
    """The choice in words, and the number of real images that have it."""
    words = [
        fmt.attribute_label(name) if value == ON else f"not {fmt.attribute_label(name)}"
        for name, value in chosen.items()
    ]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{escape_markdown(', '.join(words)) or 'Anything'}**", width="stretch")
        if chosen:
            st.button("Clear", key="clear attributes", type="tertiary", on_click=_clear, args=(run,))
    if agreeing == 0:
        st.warning(NO_REAL_IMAGE, icon=":material/warning:")
    else:
        st.caption(f"{agreeing:,} real training images have this. Attributes left at any are sampled from them.")


def _combinations(run: Run, info: DatasetInfo, current: str) -> list[str]:
    """The kept combinations and the current one, with the buttons that keep and remove them."""
    kept: list[str] = st.session_state.get(_combined(run), [])
    if current not in kept:
        st.button(
            "Keep and choose another", icon=":material/add:", key="keep combination", width="stretch",
            on_click=_keep, args=(run, info), disabled=current == "any",
            help="Shows and downloads this combination with the next.",
        )  # fmt: skip
    for label in list(kept):
        st.button(
            escape_markdown(label.replace(",", ", ")), icon=":material/close:", key=f"drop {label}",
            type="tertiary", on_click=_drop, args=(run, label), help="Remove this combination",
        )  # fmt: skip
    return kept if current in kept or (kept and current == "any") else [*kept, current]


def _condition(chosen: dict[str, str], info: DatasetInfo) -> Condition:
    """The chosen condition."""
    return Condition.of_attributes({info.names.index(name): VALUES[value] for name, value in chosen.items()})


def _kept(run: Run) -> str:
    return f"attributes {run.name}"


def _switched(run: Run, name: str) -> None:
    """Save a switch; where a search has removed it meanwhile it has no value and changes nothing."""
    value = st.session_state.get(f"attribute {run.name} {name}")
    chosen: dict[str, str] = st.session_state[_kept(run)]
    if value in VALUES:
        st.session_state[_kept(run)] = chosen | {name: value}
    elif value == ANY:
        st.session_state[_kept(run)] = {other: chosen[other] for other in chosen if other != name}


def _clear(run: Run) -> None:
    st.session_state[_kept(run)] = {}


def _combined(run: Run) -> str:
    return f"combinations {run.name}"


def _keep(run: Run, info: DatasetInfo) -> None:
    """Keep the choice at the moment of the click, which may be newer than the drawn button."""
    chosen = st.session_state[_kept(run)]
    label = _condition(chosen, info).text(info)
    kept = st.session_state.get(_combined(run), [])
    if chosen and label not in kept:
        st.session_state[_combined(run)] = [*kept, label]


def _drop(run: Run, label: str) -> None:
    st.session_state[_combined(run)] = [other for other in st.session_state.get(_combined(run), []) if other != label]
