"""Decode every image of a set, choose the frames that are read, and read DICOM headers."""

import numpy as np

from gan.data.decode import error_line, map_files
from gan.data.ingest.checks.dicom import dicom_findings
from gan.data.ingest.checks.pixel_findings import alpha_findings, unreadable_files
from gan.data.ingest.checks.report import first_few
from gan.data.ingest.checks.state import CheckState
from gan.data.ingest.import_plan import may_be_read
from gan.data.ingest.pixels.dicom_header import read_headers
from gan.data.ingest.pixels.formats import may_be_dicom
from gan.data.ingest.pixels.image_file import ImageInfo, Window, inspect_image
from gan.io.image_errors import UNREADABLE
from gan.io.progress import Progress

SMALL_BYTES = 5_000
"""Size of a file below which more time goes to Python than to the decoder: 28 px, but not 128 px."""
MANY_FRAMES = 10_000
"""Frames of a file, at most, that are read as images."""


def inspect_files(state: CheckState, progress: Progress) -> None:
    """Fill the rows of the state. Unreadable files are left out."""
    inventory, reading = state.inventory, state.reading
    window: Window = "file" if reading.window == "file" else None
    allowed = may_be_read(inventory.root)

    def inspect(file: str) -> list[tuple[int, ImageInfo]] | str:
        path = inventory.root / file
        try:
            first = inspect_image(path, 0, window, allowed)
            if first.frames == 1 or reading.frames == "first":
                return [(0, first)]
            if reading.frames == "middle":
                middle = first.frames // 2
                return [(middle, inspect_image(path, middle, window, allowed))]
            others = range(1, min(first.frames, MANY_FRAMES))
            return [(0, first), *((frame, inspect_image(path, frame, window, allowed)) for frame in others)]
        except UNREADABLE as error:
            return error_line(error)

    source: list[int] = []
    frames: list[int] = []
    threads = 1 if _are_small(state) else 16
    for position, result in enumerate(map_files(inspect, inventory.files, "Checking images", progress, threads)):
        if isinstance(result, str):
            state.unreadable[inventory.files[position]] = result
        images: list[tuple[int, ImageInfo | None]] = [(0, None)] if isinstance(result, str) else [*result]
        for frame, info in images:
            source.append(position)
            frames.append(frame)
            state.infos.append(info)
    state.files = [inventory.files[position] for position in source]
    state.frames = np.array(frames, dtype=np.int64)
    state.conditions = inventory.conditions[source]
    state.split = np.array(inventory.split, dtype="U10")[source]
    state.group = np.array(inventory.group, dtype=np.str_)[source]
    state.subgroups = {name: np.array(values, dtype=np.str_)[source] for name, values in inventory.subgroups.items()}
    state.kept = np.array([info is not None for info in state.infos], dtype=bool)
    state.left_out = {"unreadable": len(state.unreadable)}
    state.findings += unreadable_files(state.unreadable)
    state.findings += alpha_findings(state.files, state.infos)
    _report_frames(state)


def _are_small(state: CheckState) -> bool:
    """Whether most files have less than SMALL_BYTES, judged by some of them."""
    files = state.inventory.files[:: max(1, len(state.inventory.files) // 100)]
    sizes = [path.stat().st_size for path in map(state.inventory.root.joinpath, files) if path.is_file()]
    return bool(sizes) and float(np.median(sizes)) < SMALL_BYTES


def _report_frames(state: CheckState) -> None:
    """Name the files with several frames; frames of a file that has no group become one."""
    rows = state.rows_where(lambda info: info.frames > 1)
    files = list(dict.fromkeys(state.files[row] for row in rows))
    if not files:
        return
    text = f"Files with several pages or frames ({len(files):,}): {first_few(files)}."
    if state.reading.frames == "all":
        action = f"Each frame is an image ({len(rows):,} in all); those of a file stay in one split."
        state.add("several-pages", "note", text, action)
        alone = [row for row in rows if not state.group[row]]
        groups = state.group.astype(object)
        groups[alone] = [state.files[row] for row in alone]
        state.group = groups.astype(np.str_)
        return
    others = {"first": "middle or all", "middle": "first or all"}[state.reading.frames]
    action = f"Only the {state.reading.frames} one of each is read. To read others, choose the frames."
    state.add("several-pages", "warning", text, action, f"--frames {others}")


def read_dicom_headers(state: CheckState, progress: Progress) -> None:
    """Report what DICOM headers say, and group their images by patient unless groups are given."""
    inventory = state.inventory
    files = [file for file in inventory.files if may_be_dicom(file)]
    headers = read_headers([inventory.root / file for file in files], progress)
    known = {file: header for file, header in zip(files, headers, strict=True) if header is not None}
    state.findings += dicom_findings(list(known.values()))
    if not known or any(inventory.group):
        return
    groups = [known[file].group if file in known else "" for file in state.files]
    state.group = np.array([new or old for new, old in zip(groups, state.group.tolist(), strict=True)], dtype=np.str_)
    found = {group for group in groups if group}
    if found:
        text = f"Patients named by DICOM headers: {len(found):,}."
        state.add("groups-from-headers", "note", text, "All images of a patient stay in one split.")
