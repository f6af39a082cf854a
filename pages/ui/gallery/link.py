"""The gallery's choices in its address, so that a copied link opens the same pictures.

    snapshot=30000&seed=3&truncation=0.7&keep=40&condition=3&condition=8&each=8&page=2

A choice at its default is left out; the snapshot always stands there, since the newest and the best one change.
"""

from collections.abc import Sequence

import streamlit as st

from gan.data.info import DatasetInfo
from gan.errors import UserError
from gan.io.markdown_text import escape_markdown
from gan.runs.run import Run
from gan.sampling.conditions import Condition
from pages.ui import link_echo
from pages.ui.frame import error_text
from pages.ui.gallery import attribute_picker, class_picker, controls
from pages.ui.gallery.controls import Sampling

WRITTEN = "gallery link"  # key of the session state: the choices that this page wrote into its address
CONDITION, PAGE = "condition", "page"
SNAPSHOT, SEED, TRUNCATION, KEEP, EACH = "snapshot", "seed", "truncation", "keep", "each"
NUMBERS = {
    SEED: (0, controls.MAX_SEED),
    TRUNCATION: controls.TRUNCATIONS,
    KEEP: controls.KEEP_RATES,
    EACH: (1, controls.MAX_SHOWN),
    PAGE: (1, controls.MAX_PAGES),
}
"""The lowest and the highest value of each number, by its name in the address."""


def restore_choices(run: Run, info: DatasetInfo) -> None:
    """Take over the choices of a link that was opened; call before the widgets. Says what it does not understand."""
    link = {name: st.query_params.get_all(name) for name in (SNAPSHOT, CONDITION, *NUMBERS)}
    link = {name: values for name, values in link.items() if values}
    if not link_echo.is_opened(WRITTEN, link):
        return
    controls.open_page(1)
    faults = [fault for name, values in link.items() if (fault := _restore(run, info, name, values))]
    if faults:
        st.warning(f"The link is not understood as a whole. {' '.join(faults)}", icon=":material/link_off:")


def write_choices(run: Run, info: DatasetInfo, sampling: Sampling, texts: Sequence[str]) -> None:
    """Write the snapshot, and what was chosen beside it, into the address; call after the widgets."""
    write_choice(SNAPSHOT, [str(sampling.snapshot)])
    write_number(SEED, sampling.seed, 0)
    write_number(TRUNCATION, sampling.truncation, 1.0)
    write_number(KEEP, round(100 * sampling.keep_rate), 100)
    write_number(EACH, sampling.shown, controls.SHOWN_AT_FIRST[info.kind])
    at_first = class_picker.chosen_at_first(info) if info.kind == "class" else ["any"]
    write_choice(CONDITION, [] if list(texts) == at_first else list(texts) or [""])


def write_choice(name: str, values: Sequence[str]) -> None:
    """Write a choice into the address; none removes it, as its default needs no mention."""
    written = {other: kept for other, kept in link_echo.current(WRITTEN).items() if other != name}
    if values:
        st.query_params[name] = list(values)
        written[name] = list(values)
    elif name in st.query_params:
        del st.query_params[name]
    link_echo.wrote(WRITTEN, written)


def write_number(name: str, value: float, default: float) -> None:
    """Write a number of `NUMBERS` into the address unless it is the default."""
    write_choice(name, [] if value == default else [f"{value:g}" if isinstance(value, float) else str(value)])


def _restore(run: Run, info: DatasetInfo, name: str, values: list[str]) -> str:
    """Take over one choice; gives what is wrong with it, or ""."""
    if name == CONDITION:
        return _restore_conditions(run, info, values)
    if name == SNAPSHOT:
        if values[-1].isdecimal() and int(values[-1]) in run.snapshots():
            st.session_state[controls.snapshot_key(run)] = int(values[-1])
            return ""
        return f"This run has no snapshot {escape_markdown(values[-1])}."
    lowest, highest = NUMBERS[name]
    try:
        value = float(values[-1]) if isinstance(lowest, float) else int(values[-1])
    except ValueError:
        value = lowest - 1
    if not lowest <= value <= highest:
        return f"{name} takes a number from {lowest:,} to {highest:,}, not {escape_markdown(values[-1])}."
    if name == PAGE:
        controls.open_page(int(value))
        return ""
    keys = {SEED: controls.SEED, TRUNCATION: controls.TRUNCATION, KEEP: controls.KEEP_RATE}
    st.session_state[(keys | {EACH: controls.SHOWN[info.kind]})[name]] = value
    return ""


def _restore_conditions(run: Run, info: DatasetInfo, values: list[str]) -> str:
    try:
        conditions = [Condition.from_text(value, info) for value in values if value]
    except UserError as error:
        return error_text(error)
    if info.kind == "class":
        class_picker.choose_classes(run, info, conditions)
    else:
        attribute_picker.choose_combinations(run, info, conditions)
    return ""
