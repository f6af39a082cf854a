"""Settle the splits of a set: the given ones, or splits by group, stratified, with near copies on one side."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gan.data.ingest.checks.report import first_few
from gan.data.ingest.checks.state import SPLIT_PRIORITY, CheckState
from gan.data.stable_splits import KnownSplits, stable_split, unit_hash

SHARES = {"val": 0.1, "test": 0.2}
FEW_GROUPS = 10
MOST_COPIES = 20
"""Images, or a tenth of the set if that is more, that near copies may connect. Chains of more are images that are all
alike, such as empty backgrounds: they are no copies, and in one split they would leave none for the others."""


@dataclass
class MadeSplits:
    """The units whose splits were made here, and these splits, for the record (`stable_splits.py`)."""

    units: list[str] = field(default_factory=list)
    splits: NDArray[np.str_] = field(default_factory=lambda: np.zeros(0, dtype="U10"))


def settle_splits(state: CheckState, known: KnownSplits) -> MadeSplits:
    """Give every kept image a split, and return those that were made. `known` splits do not change."""
    given = {str(name) for name in state.split[state.kept]} - {"unlabelled"}
    if "" in given and len(given) > 1:
        count = int((state.kept & (state.split == "")).sum())
        text = f"Images without a split, while others have one: {count:,}."
        state.add("images-without-split", "warning", text, "They go to train.")
    if given - {""} and "train" not in given and "" not in given:
        text = f"There are no training images, only {' and '.join(sorted(given))}."
        state.add("no-training-images", "error", text, "Put some into train.")
        return MadeSplits()
    state.split[state.split == ""] = "train"
    shares = {part: share for part, share in SHARES.items() if part not in given}
    return _make_splits(state, shares, known) if shares else MadeSplits()


def _make_splits(state: CheckState, shares: dict[str, float], known: KnownSplits) -> MadeSplits:
    """Take the missing splits out of train."""
    rows = np.flatnonzero(state.kept & (state.split == "train")).tolist()
    units = [_unit(state, row) for row in rows]
    grouped = any(state.group[row] for row in rows)
    joined = _joined(state, dict(zip(rows, units, strict=True)), known)
    splits = stable_split([joined.get(unit, unit) for unit in units], state.conditions[rows], shares, known)
    state.split[rows] = splits
    text = "There is no split." if len(shares) == 2 else f"There is no {next(iter(shares))} split."
    parts = " and ".join(f"{share:.0%} of train becomes {part}" for part, share in shares.items())
    how = "with groups kept whole" if grouped else "image by image because no groups are named"
    state.add("split-made", "note", text, f"{parts}, stratified, {how}.")
    empty = [part for part in shares if not (splits == part).any()]
    if empty:
        text = f"No image is left for {' and '.join(empty)}: too few images or groups."
        state.add("split-empty", "warning", text, "Nothing can be scored there. Add images of other patients.")
    groups = len({joined.get(unit, unit) for unit in units})
    if len(shares) == 2 and grouped and groups < FEW_GROUPS:
        state.add("few-groups", "warning", f"There are only {groups} groups, so val and test have few.")
    return MadeSplits(units, splits)


def _unit(state: CheckState, row: int) -> str:
    """What shares a split with an image: its group, or images with the same pixels under any file name."""
    return f"group {state.group[row]}" if state.group[row] else f"image {state.info(row).digest}"


def _joined(state: CheckState, unit_of: dict[int, str], known: KnownSplits) -> dict[str, str]:
    """Units that near copies connect, each with the unit whose split it takes.

    That is a unit with a recorded split if there is one, in test before val before train. Units with a recorded split
    take no other.
    """
    parent: dict[str, str] = {}

    def root(unit: str) -> str:
        while parent.setdefault(unit, unit) != unit:
            parent[unit] = parent[parent[unit]]
            unit = parent[unit]
        return unit

    pairs = [(first, second) for first, second in state.near.tolist() if first in unit_of and second in unit_of]
    for first, second in pairs:
        one, other = sorted((root(unit_of[first]), root(unit_of[second])))
        parent[other] = one
    members: dict[str, list[str]] = defaultdict(list)
    for unit in sorted(parent):
        members[root(unit)].append(unit)
    images_of = Counter(unit_of.values())
    most = max(MOST_COPIES, len(unit_of) // 10)
    chains = {first for first, units in members.items() if sum(images_of[unit] for unit in units) > most}
    if chains:
        count = sum(images_of[unit] for first in chains for unit in members.pop(first))
        text = f"Images that are all nearly alike: {count:,}, too many to be copies of each other."
        state.add("near-copies-unclear", "warning", text, "They are split as different images. Look at some of them.")
        pairs = [pair for pair in pairs if root(unit_of[pair[0]]) not in chains]
    joined: dict[str, str] = {}
    for units in members.values():
        recorded = {unit: known[unit_hash(unit)] for unit in units if unit_hash(unit) in known}
        leader = max(recorded, key=lambda unit: SPLIT_PRIORITY[recorded[unit]]) if recorded else units[0]
        joined |= {unit: leader for unit in units if unit not in recorded}
    names = [
        f"{state.name(first)} ~ {state.name(second)}"
        for first, second in sorted({(min(pair), max(pair)) for pair in pairs})
    ]
    images = len({row for pair in pairs for row in pair})
    if images:
        text = f"Near copies of each other, such as saved again or mirrored ({images:,} images): {first_few(names)}."
        state.add("near-copies", "note", text, "They stay in one split.")
    return joined
