"""Classes that differ in how their images were made: colour, size or file format. A classifier would learn that.

It concerns the scores of generated images too: they need not show the class, only the camera.
"""

from collections import Counter, defaultdict

import numpy as np

from gan.data.ingest.checks.report import first_few
from gan.data.ingest.checks.state import CheckState

NEARLY_ALL = 0.9
"""Share of a class's images that makes a property one of the class."""
SIZE_FACTOR = 2
"""Factor between the sides of two classes, as medians, from which it is reported."""
FORMATS = {"jpg": "JPEG", "jpeg": "JPEG", "jpe": "JPEG", "jfif": "JPEG", "tif": "TIFF", "dcm": "DICOM", "": "DICOM"}


def judge_shortcuts(state: CheckState) -> None:
    """Report properties of the files that tell classes apart."""
    if state.inventory.kind != "class":
        return
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row in state.kept_rows().tolist():
        if state.conditions[row].any():
            rows_of[state.inventory.names[int(state.conditions[row].argmax())]].append(row)
    _judge_colour(state, rows_of)
    _judge_size(state, rows_of)
    _judge_format(state, rows_of)


def _judge_colour(state: CheckState, rows_of: dict[str, list[int]]) -> None:
    share = {name: float(np.mean([state.info(row).colour for row in rows])) for name, rows in rows_of.items()}
    colour = [name for name, value in share.items() if value >= NEARLY_ALL]
    grey = [name for name, value in share.items() if value <= 1 - NEARLY_ALL]
    if colour and grey:
        text = f"Classes differ in colour: {first_few(colour)} in colour, {first_few(grey)} in grey."
        action = "A classifier would tell them apart by that alone. Take images made in the same way."
        state.add("classes-differ-in-colour", "warning", text, action)


def _judge_size(state: CheckState, rows_of: dict[str, list[int]]) -> None:
    side = {
        name: float(np.median([(state.info(row).width * state.info(row).height) ** 0.5 for row in rows]))
        for name, rows in rows_of.items()
    }
    if not side or max(side.values()) < SIZE_FACTOR * min(side.values()):
        return
    small, large = min(side, key=side.__getitem__), max(side, key=side.__getitem__)
    text = f"Classes differ in size: {small} has images of about {side[small]:.0f} px, {large} of {side[large]:.0f} px."
    action = "Enlarged images are blurred, and a classifier would learn the blur. Take images made in the same way."
    state.add("classes-differ-in-size", "warning", text, action)


def _judge_format(state: CheckState, rows_of: dict[str, list[int]]) -> None:
    format_of: dict[str, str] = {}
    for name, rows in rows_of.items():
        formats = Counter((_suffix(state.files[row]), state.info(row).mode) for row in rows)
        counts: Counter[str] = Counter()
        for (suffix, mode), number in formats.items():
            counts[_format(suffix, mode)] += number
        kind, count = counts.most_common(1)[0]
        if count >= NEARLY_ALL * len(rows):
            format_of[name] = kind
    kinds = Counter(format_of.values())
    if len(kinds) < 2:
        return
    parts = [f"{kind} in {first_few([name for name in format_of if format_of[name] == kind])}" for kind in kinds]
    text = f"Classes differ in file format: {'; '.join(parts[:4])}."
    action = "A classifier may learn traces of compression. Take images made in the same way, or save all alike."
    state.add("classes-differ-in-format", "warning", text, action)


def _suffix(file: str) -> str:
    """The suffix of a file name in lower case without the dot, such as "jpg"; "" without one."""
    stem, dot, suffix = file.rpartition("/")[2].rpartition(".")
    return suffix.lower() if dot and stem else ""


def _format(suffix: str, mode: str) -> str:
    """The format and depth of an image, such as "JPEG, 8-bit"."""
    return f"{FORMATS.get(suffix, suffix.upper())}, {mode.split(', ')[1]}"
