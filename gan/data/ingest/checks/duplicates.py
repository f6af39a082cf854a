"""Leave out exact and near copies of images, and groups, that are in several splits or have several labels."""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from gan.data.image_set import UNLABELLED
from gan.data.ingest.checks.near_copies import near_copies
from gan.data.ingest.checks.report import Leak, first_few
from gan.data.ingest.checks.state import SPLIT_PRIORITY, CheckState
from gan.io.progress import Progress

MAX_COMPARED = 200_000
"""Images that are compared for near copies, at most: the time grows with the square of their number."""

MIN_SIDE = 24
"""Side in pixels from which images are compared: smaller ones are too much alike."""


def drop_duplicates(state: CheckState) -> None:
    """Keep one of several images with equal pixels, and none if their labels differ. Constant images are no copies."""
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row in state.rows_where(lambda info: not info.constant):
        rows_of[state.info(row).digest].append(row)
    contradicting: list[str] = []
    within: list[str] = []
    across: list[str] = []
    for rows in rows_of.values():
        if len(rows) == 1:
            continue
        files = tuple(state.names_of(rows))
        state.duplicates.append(files)
        labelled = [row for row in rows if state.split[row] != UNLABELLED] or rows
        if (state.conditions[labelled] != state.conditions[labelled[0]]).any():
            contradicting.append(" = ".join(files))
            state.drop(rows, "copies with different labels")
            continue
        best = max(labelled, key=lambda row: (SPLIT_PRIORITY[str(state.split[row])], -row))
        state.drop([row for row in rows if row != best], "exact copies")
        splits = {str(state.split[row]) for row in labelled}
        (across if len(splits) > 1 else within).append(" = ".join(files))
        if len(splits) > 1:
            state.leaks.append(Leak(" = ".join(files), tuple(sorted(splits))))
    if contradicting:
        text = f"The same image with different labels ({len(contradicting):,}): {first_few(contradicting)}."
        state.add("contradicting-labels", "warning", text, "Left out, because the right label is unknown.")
    if within:
        text = f"Exact duplicates ({len(within):,}): {first_few(within)}."
        state.add("duplicates", "warning", text, "One of each is kept.")
    if across:
        text = f"The same image in different splits ({len(across):,}): {first_few(across)}."
        action = "One of each is kept: in test before val before train."
        state.add("duplicates-across-splits", "warning", text, action)


def drop_shared_groups(state: CheckState) -> None:
    """Keep a group that is in several given splits in one of them only."""
    best: dict[str, str] = {}
    splits_of: dict[str, set[str]] = defaultdict(set)
    rows = [
        row for row in state.kept_rows().tolist() if state.group[row] and state.split[row] in ("train", "val", "test")
    ]
    for row in rows:
        group, split = str(state.group[row]), str(state.split[row])
        best[group] = max(best.get(group, "train"), split, key=lambda name: SPLIT_PRIORITY[name])
        splits_of[group].add(split)
    shared = {group: splits for group, splits in splits_of.items() if len(splits) > 1}
    state.leaks += [Leak(f"group {group}", tuple(sorted(splits))) for group, splits in shared.items()]
    dropped = [row for row in rows if state.split[row] != best[str(state.group[row])]]
    state.drop(dropped, "groups in other splits")
    if shared:
        text = f"Groups in different splits ({len(shared):,}): {first_few(sorted(shared))}."
        action = f"Each is kept in test before val before train; {len(dropped):,} images are left out."
        state.add("groups-across-splits", "warning", text, action)


def drop_unlabelled_of_held_out(state: CheckState) -> None:
    """Leave out unlabelled images of groups that are in val or test: training on them would make scores too good."""
    held_out = {str(state.group[row]) for row in state.kept_rows().tolist() if state.split[row] in ("val", "test")} - {
        ""
    }
    rows = [
        row
        for row in state.kept_rows().tolist()
        if state.split[row] == UNLABELLED and str(state.group[row]) in held_out
    ]
    if rows:
        text = f"Unlabelled images of groups in val or test ({len(rows):,}): {first_few(state.names_of(rows))}."
        state.add("unlabelled-held-out", "note", text, "Left out, so that no score is too good.")
        state.drop(rows, "unlabelled images of held-out groups")


def drop_near_copies(state: CheckState, progress: Progress) -> None:
    """Leave out near copies of images in other given splits: train before val before test.

    Where there is no test or no val, `state.near` gets the near copies among the images that will be split.
    """
    rows = np.array(state.rows_where(lambda info: min(info.width, info.height) >= MIN_SIDE), dtype=np.int64)
    if len(rows) > MAX_COMPARED:
        text = f"Near copies were not looked for among more than {MAX_COMPARED:,} images."
        state.add("near-copies-unchecked", "warning", text, "Name groups, so that copies stay in one split.")
        return
    if not len(rows):
        return
    thumbnails = np.stack([state.info(row).thumbnail for row in rows.tolist()])
    split = np.where(state.split[rows] == "", "train", state.split[rows])
    pairs = [np.zeros((0, 2), dtype=np.int64)]
    for held_out, others in (("test", ("val", "train", UNLABELLED)), ("val", ("train", UNLABELLED))):
        queries = np.flatnonzero(split == held_out)
        pairs.append(near_copies(thumbnails, queries, np.flatnonzero(np.isin(split, others)), progress))
    _drop_second(state, rows[np.concatenate(pairs)])
    if not {"val", "test"} <= set(split.tolist()):
        train = np.flatnonzero((split == "train") & state.kept[rows])
        state.near = rows[near_copies(thumbnails, train, train, progress)]


def _drop_second(state: CheckState, pairs: NDArray[np.int64]) -> None:
    """Leave out the second image of each pair (P, 2), and say so."""
    dropped: dict[int, int] = {}
    for first, second in pairs.tolist():
        if state.kept[first] and second not in dropped:
            dropped[second] = first
    if not dropped:
        return
    state.drop(list(dropped), "near copies")
    names = [f"{state.name(second)} of {state.name(first)}" for second, first in dropped.items()]
    for second, first in dropped.items():
        files = f"{state.name(first)} ~ {state.name(second)}"
        state.leaks.append(Leak(files, tuple(sorted({str(state.split[first]), str(state.split[second])}))))
    text = f"Near copies of images in other splits, such as saved again or mirrored ({len(dropped):,}): "
    action = "Left out of train before val before test, so that no score is too good."
    state.add("near-copies-across-splits", "warning", f"{text}{first_few(names)}.", action)
