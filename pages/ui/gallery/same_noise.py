"""The same noise beside itself: under one condition after another, or at one snapshot of the training after another.

What differs along a row is then what the condition does, or what the training did.
"""

import streamlit as st

from gan.data.info import DatasetInfo
from gan.evaluation.records import results
from gan.export.request import ExportRequest
from gan.runs.run import Run
from gan.sampling import conditions
from gan.sampling.conditions import Condition
from pages.ui import cache_torch, fmt
from pages.ui.gallery import marking

CONDITIONS, SNAPSHOTS = "conditions", "snapshots"
MOST_COLUMNS = 12
MOST_SNAPSHOTS = 8  # each takes its own generator: about a tenth of a second


def panel(run: Run, info: DatasetInfo, request: ExportRequest) -> None:
    """What to compare along a row, how many rows, and the images."""
    name = "Classes" if info.kind == "class" else "Attributes"
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        along = st.segmented_control(
            "A column for each of the", (CONDITIONS, SNAPSHOTS), default=CONDITIONS, required=True, key="along",
            format_func=lambda one: name if one == CONDITIONS else "Snapshots", persist_state="session",
        )  # fmt: skip
        count = int(st.slider("Rows", 1, 10, 6, key="noises", persist_state="session", width=220))
    if along == SNAPSHOTS:
        snapshots(run, info, request, count)
    elif info.kind == "class":
        across(run, info, request, class_columns(info, request), count)
    else:
        across(run, info, request, attribute_columns(run, info), count)


def across(run: Run, info: DatasetInfo, request: ExportRequest, asked: list[str], count: int) -> None:
    """A column for each condition, a row for each noise."""
    if len(asked) < 2:
        st.info("Choose at least two to compare.")
        return
    assert request.snapshot is not None
    shown = cache_torch.same_noise_images(run, request.snapshot, asked, count, request.seed, request.truncation)
    kind = "class" if info.kind == "class" else "attribute"
    titles = [(titled(group.label, info), "") for group in shown]
    marking.groups(
        run, info, shown, key=f"same noise {run.name}", label="Same noise, other conditions", titles=titles,
        in_columns=True,
    )  # fmt: skip
    st.caption(f"Each row is one noise vector: along it nothing changes but the {kind}.")


def class_columns(info: DatasetInfo, request: ExportRequest) -> list[str]:
    """The classes that are chosen at the left; all of a few where fewer than two are."""
    every = [condition.text(info) for condition in conditions.single_conditions(info)]
    chosen = [name for name in every if any(name == text for text, _ in request.items)]
    return (chosen if len(chosen) > 1 else every)[:MOST_COLUMNS]


def attribute_columns(run: Run, info: DatasetInfo) -> list[str]:
    """Each chosen attribute off and on; what a reader starts with are those that are neither rare nor usual."""
    rates = info.conditions.mean(axis=0)
    telling = sorted(range(len(info.names)), key=lambda k: abs(float(rates[k]) - 0.5))[:3]
    chosen = st.multiselect(
        "Attributes to switch off and on", info.names, [info.names[k] for k in telling],
        format_func=fmt.attribute_label, max_selections=MOST_COLUMNS // 2, persist_state="session",
        key=f"compared attributes {run.name}",
    )  # fmt: skip
    positions = [info.names.index(name) for name in chosen]
    return [Condition.of_attributes({k: value}).text(info) for k in positions for value in (0, 1)]


def snapshots(run: Run, info: DatasetInfo, request: ExportRequest, count: int) -> None:
    """A column for each kept snapshot, or for some from the first to the last; a row for each noise."""
    if not request.items:
        st.info("Choose at least one condition.")
        return
    there = run.snapshots()
    last = len(there) - 1
    columns = min(len(there), MOST_SNAPSHOTS)
    chosen = [there[round(last * part / max(1, columns - 1))] for part in range(columns)]
    asked = [text for text, _ in request.items]
    shown = cache_torch.snapshot_images(run, chosen, asked, count, request.seed, request.truncation)
    best = results.best_snapshot(run)
    titles = [(fmt.number(seen), "best" if seen == best else "images") for seen in chosen]
    marking.groups(
        run, info, shown, key=f"over snapshots {run.name}", label="Same noise, other snapshots", titles=titles,
        in_columns=True,
    )  # fmt: skip
    left_out = f" {columns} of {len(there)} snapshots, from the first to the last." if columns < len(there) else ""
    st.caption(f"Each row is one noise vector and one condition: along it nothing changes but the training.{left_out}")


def titled(text: str, info: DatasetInfo) -> str:
    """A condition in words: attributes that are off or on; a class as it is."""
    condition = Condition.from_text(text, info)
    if not condition.fixed:
        return text
    if info.kind == "class":
        return info.names[condition.fixed[0][0]]
    named = ((fmt.attribute_label(info.names[position]), value) for position, value in condition.fixed)
    return ", ".join(name if value else f"not {name}" for name, value in named)
