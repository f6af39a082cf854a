"""The same noise under several conditions or at several snapshots, side by side.

What differs along a row is the effect of the condition, or of the training.
"""

import streamlit as st

from gan.data.info import DatasetInfo
from gan.evaluation.records.best_snapshot import best_of_several
from gan.export.request import ExportRequest
from gan.runs.run import Run
from gan.sampling import conditions
from gan.sampling.conditions import Condition
from pages.ui import cache_torch, fmt
from pages.ui.gallery import marking

CONDITIONS, SNAPSHOTS = "conditions", "snapshots"
MAX_COLUMNS = 12
MAX_SNAPSHOTS = 8  # loading a generator takes about 0.1 s


def comparison_view(run: Run, info: DatasetInfo, request: ExportRequest) -> None:
    """What the columns are, the number of rows, and the images."""
    name = "Classes" if info.kind == "class" else "Attributes"
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        along = st.segmented_control(
            "Columns", (CONDITIONS, SNAPSHOTS), default=CONDITIONS, required=True, key="along",
            format_func=lambda choice: name if choice == CONDITIONS else "Snapshots", persist_state="session",
        )  # fmt: skip
        count = int(st.slider("Rows", 1, 10, 6, key="noises", persist_state="session", width=220))
    if along == SNAPSHOTS:
        _snapshot_columns(run, info, request, count)
    elif info.kind == "class":
        _condition_columns(run, info, request, _chosen_classes(info, request), count)
    else:
        _condition_columns(run, info, request, _chosen_attributes(run, info), count)


def _condition_columns(run: Run, info: DatasetInfo, request: ExportRequest, conditions: list[str], count: int) -> None:
    """A column for each condition, a row for each noise vector."""
    if len(conditions) < 2:
        st.info("Choose at least two to compare.")
        return
    assert request.snapshot is not None
    groups = cache_torch.same_noise_images(run, request.snapshot, conditions, count, request.seed, request.truncation)
    kind = "class" if info.kind == "class" else "attribute"
    titles = [(condition_label(group.label, info), "") for group in groups]
    marking.marked_groups(
        run, info, groups, key=f"same noise {run.name}", label="Same noise, other conditions", titles=titles,
        in_columns=True,
    )  # fmt: skip
    st.caption(f"Each row is one noise vector; only the {kind} changes along it.")


def _chosen_classes(info: DatasetInfo, request: ExportRequest) -> list[str]:
    """The classes chosen at the left; where fewer than two are, all of them."""
    classes = [condition.text(info) for condition in conditions.single_conditions(info)]
    chosen = [name for name in classes if any(name == text for text, _ in request.items)]
    return (chosen if len(chosen) > 1 else classes)[:MAX_COLUMNS]


def _chosen_attributes(run: Run, info: DatasetInfo) -> list[str]:
    """Each chosen attribute off and on; at first those that are on in about half of the images."""
    rates = info.conditions.mean(axis=0)
    balanced = sorted(range(len(info.names)), key=lambda k: abs(float(rates[k]) - 0.5))[:3]
    chosen = st.multiselect(
        "Attributes", info.names, [info.names[k] for k in balanced],
        format_func=fmt.attribute_label, max_selections=MAX_COLUMNS // 2, persist_state="session",
        key=f"compared attributes {run.name}",
    )  # fmt: skip
    positions = [info.names.index(name) for name in chosen]
    return [Condition.of_attributes({k: value}).text(info) for k in positions for value in (0, 1)]


def _snapshot_columns(run: Run, info: DatasetInfo, request: ExportRequest, count: int) -> None:
    """A column for each kept snapshot, or for some at equal intervals; a row for each noise vector."""
    if not request.items:
        st.info("Choose at least one condition.")
        return
    snapshots = run.snapshots()
    last = len(snapshots) - 1
    columns = min(len(snapshots), MAX_SNAPSHOTS)
    chosen = [snapshots[round(last * part / max(1, columns - 1))] for part in range(columns)]
    texts = [text for text, _ in request.items]
    groups = cache_torch.snapshot_images(run, chosen, texts, count, request.seed, request.truncation)
    best = best_of_several(run)
    titles = [(fmt.number(seen), "best" if seen == best else "images") for seen in chosen]
    marking.marked_groups(
        run, info, groups, key=f"over snapshots {run.name}", label="Same noise, other snapshots", titles=titles,
        in_columns=True,
    )  # fmt: skip
    left_out = f" {columns} of {len(snapshots)} snapshots are shown." if columns < len(snapshots) else ""
    st.caption(f"Each row is one noise vector and condition; only the snapshot changes along it.{left_out}")


def condition_label(text: str, info: DatasetInfo) -> str:
    """A condition for people: the class, or the attributes that are on or off."""
    condition = Condition.from_text(text, info)
    if not condition.fixed:
        return text
    if info.kind == "class":
        return condition.class_label(info)
    named = ((fmt.attribute_label(info.names[position]), value) for position, value in condition.fixed)
    return ", ".join(name if value else f"not {name}" for name, value in named)
