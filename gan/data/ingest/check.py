"""Check a user's images: decode every one, find what is wrong, and plan what would be done with each.

Read `inventory.py` first (which files, which labels), then `plan.py` (the outcome) and `intake.py` (sets from the
browser).
"""

import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gan.data.decode import error_line, map_files
from gan.data.ingest.archive import unpack_zip
from gan.data.ingest.image_file import ImageInfo, inspect_image
from gan.data.ingest.import_plan import ImportPlan
from gan.data.ingest.inventory import Inventory, list_images
from gan.data.ingest.report import CheckReport, Finding, Leak, first_few
from gan.data.stable_splits import KnownSplits, load_splits, save_splits, stable_split
from gan.errors import DataError
from gan.io.image_errors import UNREADABLE
from gan.io.progress import Progress, silent

MIN_TRAINING_IMAGES = 20  # training images of a class below which a GAN repeats them rather than learns from them
LEFT_OUT = "Left out."


def check_images(path: Path, progress: Progress = silent, shown_as: str = "", keep_splits: bool = False) -> CheckReport:
    """The report of a folder of images, or of a ZIP, whose unpacked files are removed again.

    What cannot be used at all is an error in the report, never an exception. `shown_as` is what the report calls it.
    With `keep_splits` the splits that are made stay for all later readings of the folder (`stable_splits.py`).
    """
    shown_as = shown_as or str(path)
    try:
        if path.is_file() and path.suffix.lower() == ".zip":
            with tempfile.TemporaryDirectory() as folder:
                unpack_zip(path, Path(folder), progress)
                return check_images(Path(folder), progress, shown_as)
        checked = _Check(list_images(path, shown_as), shown_as, load_splits(path))
    except DataError as error:
        return CheckReport(path=shown_as, problems=(Finding("error", str(error)),))
    report = checked.run(progress)
    if keep_splits and report.plan is not None:
        save_splits(path, checked.units, checked.units_split)
    return report


@dataclass
class _Check:
    """The state of one check, as it goes from step to step: rows of `stock` that stay, and what was found."""

    stock: Inventory
    path: str
    known: KnownSplits
    """Splits of this folder's units at earlier readings."""
    units: list[str] = field(default_factory=list)
    """The unit of each image whose split was made here, and that split."""
    units_split: NDArray[np.str_] = field(default_factory=lambda: np.zeros(0, dtype="U5"))
    kept: NDArray[np.bool_] = field(init=False)
    split: NDArray[np.str_] = field(init=False)
    group: NDArray[np.str_] = field(init=False)
    findings: list[Finding] = field(init=False)
    seen: list[ImageInfo | None] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    duplicates: list[tuple[str, ...]] = field(default_factory=list)
    leaks: list[Leak] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.kept = np.ones(len(self.stock.files), dtype=bool)
        self.split = np.array(self.stock.split, dtype="U5")
        self.group = np.array(self.stock.group, dtype=np.str_)
        self.findings = list(self.stock.findings)

    def run(self, progress: Progress) -> CheckReport:
        """All steps, each of which may take rows out of `kept` and add findings."""
        self._open(progress)
        self._find_duplicates()
        self._find_shared_groups()
        if self.kept.any():
            self._settle_splits()
            self._judge_conditions()
        else:
            self._say("error", "No image can be read.")
        plan = self._plan()
        order = {"error": 0, "warning": 1, "note": 2}
        return CheckReport(
            path=self.path,
            problems=tuple(sorted(self.findings, key=lambda finding: order[finding.level])),
            kind=self.stock.kind,
            images=int(self.kept.sum()),
            counts=plan.counts(),
            sizes=dict(Counter(f"{one.width} x {one.height}" for one in self._used()).most_common(20)),
            modes=dict(Counter(one.mode for one in self._used()).most_common()),
            unreadable=self.unreadable,
            duplicates=tuple(self.duplicates),
            leaks=tuple(self.leaks),
            window=plan.window,
            plan=None if any(finding.level == "error" for finding in self.findings) else plan,
        )

    def _say(self, level: str, text: str, action: str = "") -> None:
        self.findings.append(Finding(level, text, action))  # type: ignore[arg-type]

    def _used(self) -> list[ImageInfo]:
        return [one for one, kept in zip(self.seen, self.kept, strict=True) if one is not None and kept]

    def _open(self, progress: Progress) -> None:
        """Decode every image; those that cannot be are named and the rest goes on."""

        def look(file: str) -> ImageInfo | str:
            try:
                return inspect_image(self.stock.root / file)
            except UNREADABLE as error:
                return error_line(error)

        for row, found in enumerate(map_files(look, self.stock.files, "Checking images", progress)):
            self.seen.append(found if isinstance(found, ImageInfo) else None)
            if isinstance(found, str):
                self.unreadable[self.stock.files[row]] = found
                self.kept[row] = False
        if self.unreadable:
            lines = [f"{file} ({cause})" for file, cause in self.unreadable.items()]
            self._say("warning", f"Unreadable files ({len(lines):,}): {first_few(lines)}.", LEFT_OUT)
        paged = [file for file, one in zip(self.stock.files, self.seen, strict=True) if one and one.pages > 1]
        if paged:
            self._say(
                "warning", f"Files of several pages ({len(paged):,}): {first_few(paged)}.", "The first page is read."
            )

    def _find_duplicates(self) -> None:
        """Equal pixels: kept once within a split; across splits kept where they are tested, not where they train."""
        rows_of: dict[str, list[int]] = defaultdict(list)
        for row, one in enumerate(self.seen):
            if one is not None:
                rows_of[one.digest].append(row)
        contradicting: list[str] = []
        within: list[str] = []
        across: list[str] = []
        for rows in rows_of.values():
            if len(rows) == 1:
                continue
            files = tuple(self.stock.files[row] for row in rows)
            self.duplicates.append(files)
            self.kept[rows] = False
            if (self.stock.conditions[rows] != self.stock.conditions[rows[0]]).any():
                contradicting.append(" = ".join(files))
                continue
            self.kept[max(rows, key=lambda row: (SPLIT_PRIORITY[str(self.split[row])], -row))] = True
            splits = {str(self.split[row]) for row in rows}
            (across if len(splits) > 1 else within).append(" = ".join(files))
            if len(splits) > 1:
                self.leaks.append(Leak(" = ".join(files), tuple(sorted(splits))))
        if contradicting:
            text = f"The same image with different labels ({len(contradicting):,}): {first_few(contradicting)}."
            self._say("warning", text, "Left out, as the right label is not known.")
        if within:
            self._say("warning", f"Exact duplicates ({len(within):,}): {first_few(within)}.", "Each is kept once.")
        if across:
            text = f"The same image in different splits ({len(across):,}): {first_few(across)}."
            self._say("warning", text, "Each is kept once, in test before val before train.")

    def _find_shared_groups(self) -> None:
        """A group in two given splits makes a test look better than it is: only its rows of one split are used."""
        best: dict[str, str] = {}
        splits_of: dict[str, set[str]] = defaultdict(set)
        rows = [row for row in np.flatnonzero(self.kept) if self.group[row] and self.split[row]]
        for row in rows:
            group, split = str(self.group[row]), str(self.split[row])
            best[group] = max(best.get(group, "train"), split, key=lambda name: SPLIT_PRIORITY[name])
            splits_of[group].add(split)
        shared = {group: splits for group, splits in splits_of.items() if len(splits) > 1}
        self.leaks += [Leak(f"group {group}", tuple(sorted(splits))) for group, splits in shared.items()]
        dropped = [row for row in rows if self.split[row] != best[str(self.group[row])]]
        self.kept[dropped] = False
        if shared:
            text = f"Groups in different splits ({len(shared):,}): {first_few(sorted(shared))}."
            action = f"Each stays in test before val before train: {len(dropped):,} images are left out."
            self._say("warning", text, action)

    def _settle_splits(self) -> None:
        """Give every image a split: as named, or by group, stratified, with a fixed seed."""
        given = {str(name) for name in self.split[self.kept]}
        if "" in given and len(given) > 1:
            count = int((self.kept & (self.split == "")).sum())
            self._say("warning", f"Images without a split, where others have one: {count:,}.", "They go to train.")
        if given - {""} and "train" not in given and "" not in given:
            self._say("error", f"There are no training images, only {' and '.join(sorted(given))}.", "Name some train.")
            return
        self.split[self.split == ""] = "train"
        shares = {"val": 0.1, "test": 0.2}
        parts = {part: share for part, share in shares.items() if part not in given}
        if not parts:
            return
        rows = np.flatnonzero(self.kept & (self.split == "train"))
        own = self.group[rows] == ""  # an image of no known group is one of its own
        self.units = [self._unit(row) for row in rows.tolist()]
        self.units_split = stable_split(self.units, self.stock.conditions[rows], parts, self.known)
        self.split[rows] = self.units_split
        how = "with whole groups together" if (~own).any() else "image by image, as no groups are named"
        words = " and ".join(f"{share:.0%} of train becomes {part}" for part, share in parts.items())
        missing = "There is no split" if len(parts) == 2 else f"There is no {next(iter(parts))} split"
        self._say("note", f"{missing}.", f"{words[0].upper()}{words[1:]}: stratified, {how}, by a fixed seed.")
        if len(parts) == 2 and (~own).any() and len(set(self.units)) < 10:
            self._say("warning", f"There are only {len(set(self.units))} groups: val and test hold few of them.")

    def _unit(self, row: int) -> str:
        """What shares a split with an image: its group, or the image itself by its pixels, whatever its file's name."""
        if self.group[row]:
            return f"group {self.group[row]}"
        seen = self.seen[row]
        assert seen is not None, "an image that cannot be read is not kept"
        return f"image {seen.digest}"

    def _judge_conditions(self) -> None:
        """Classes and attributes that are too small to learn from, or to be measured."""
        plan, names = self._plan(), self.stock.names
        counts = plan.counts()
        if self.stock.kind == "attributes":
            train = int((plan.split == "train").sum())
            for name in names:
                fewest = min(counts["train"][name], train - counts["train"][name])
                if fewest < MIN_TRAINING_IMAGES:
                    value = "without" if fewest < counts["train"][name] else "with"
                    text = f"Only {fewest:,} training images are {value} {name}: too few to learn from."
                    self._say("warning", text, "The attribute is kept.")
            return
        if len(names) == 1:
            self._say("warning", f"There is one class only, {names[0]}.", "There is nothing to condition on.")
        for name in names:
            total, train = sum(counts[split][name] for split in counts), counts["train"][name]
            if total <= 1:
                text = f"The class {name} has {'1 image' if total else 'no image'} to use: too few to learn from."
                self._say("error", text, f"Add images (at least {MIN_TRAINING_IMAGES}) or take the class out.")
            elif not train:
                self._say("error", f"The class {name} has no training image.", "Add some or take the class out.")
            elif train < MIN_TRAINING_IMAGES:
                text = f"The class {name} has {train:,} training images: too few to learn from."
                self._say("warning", text, "It is kept, and what is generated of it will be near copies.")

    def _plan(self) -> ImportPlan:
        """What would be read, as things stand."""
        rows, used = np.flatnonzero(self.kept), self._used()
        colours = {one.colour for one in used}
        levels = [one.levels for one in used if one.levels is not None]
        window = (min(low for low, _ in levels), max(high for _, high in levels)) if levels else None
        sides = {min(one.width, one.height) for one in used}
        notes = self._notes_on_pixels(colours, window, len(levels), len(used))
        self.findings += [note for note in notes if note not in self.findings]
        return ImportPlan(
            root=self.stock.root,
            files=tuple(self.stock.files[row] for row in rows),
            conditions=self.stock.conditions[rows],
            names=self.stock.names,
            kind=self.stock.kind,
            split=self.split[rows],
            group=self.group[rows] if (self.group[rows] != "").any() else None,
            channels=3 if True in colours else 1,
            side=sides.pop() if len(sides) == 1 else None,
            window=window,
            notices=tuple(finding.line for finding in self.findings if finding.level != "error"),
        )

    def _notes_on_pixels(
        self, colours: set[bool], window: tuple[int, int] | None, deep: int, count: int
    ) -> list[Finding]:
        notes = []
        if len(colours) == 2:
            notes.append(Finding("warning", "Some images are colour and some grey.", "All are read with 3 channels."))
        if window is not None:
            text = f"Images of 16 bits: {deep:,}."
            notes.append(
                Finding("note", text, f"Grey levels {window[0]} to {window[1]} become 0 to 255, in all alike.")
            )
            if deep < count:
                text = f"Images of 8 bits beside those of 16: {count - deep:,}."
                notes.append(Finding("warning", text, "They stay as they are."))
        return notes


SPLIT_PRIORITY = {"": 0, "train": 0, "val": 1, "test": 2}  # where a shared image or group stays
