"""Check a user's images: decode each one, find problems, settle the splits, and plan what to read.

`inventory.py` lists the files and labels that the check starts from; `import_plan.py` is its result.
"""

import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gan.data.decode import error_line, map_files
from gan.data.ingest.checks.dicom import dicom_findings
from gan.data.ingest.checks.pixel_findings import alpha_findings, causes_with_files, unreadable_files
from gan.data.ingest.checks.report import CheckReport, Finding, FindingKey, Leak, Level, first_few
from gan.data.ingest.files.archive import is_archive, unpack
from gan.data.ingest.files.findings import file_findings, no_images
from gan.data.ingest.files.listing import list_folder
from gan.data.ingest.files.synthetic import is_synthetic_export
from gan.data.ingest.import_plan import ImportPlan
from gan.data.ingest.labels.image_columns import unused_tables
from gan.data.ingest.labels.inventory import Inventory, apply_reading
from gan.data.ingest.labels.proposals import Choose, choice_needed, propose, sure_reading, with_counts
from gan.data.ingest.labels.reading import Proposal
from gan.data.ingest.pixels.dicom_header import read_headers
from gan.data.ingest.pixels.image_file import ImageInfo, inspect_image
from gan.data.stable_splits import KnownSplits, load_splits, save_splits, stable_split
from gan.data.training_size import sides_of
from gan.errors import DataError
from gan.io.image_errors import UNREADABLE
from gan.io.progress import Progress, silent

MIN_TRAINING_IMAGES = 20
"""Training images of a class below which a GAN memorises them rather than learns from them."""
NOT_REAL = "They are no real images: a set of them would be scored as if they were patients. Add the real images alone."
SHARES = {"val": 0.1, "test": 0.2}
SPLIT_PRIORITY = {"": 0, "train": 0, "val": 1, "test": 2}
"""An image or group that is in several splits is kept in the one of highest priority."""


def check_images(
    path: Path,
    progress: Progress = silent,
    shown_as: str = "",
    keep_splits: bool = False,
    choose: Choose = sure_reading,
) -> CheckReport:
    """Check a folder of images or an archive, which is unpacked to a temporary folder. Messages call it `shown_as`.

    `choose` picks one of the plausible readings; where it picks none, the report asks. Never raises DataError: what
    makes the set unusable is an error in the report. With `keep_splits`, the splits made here are recorded for later
    readings of the folder (`stable_splits.py`).
    """
    shown_as = shown_as or str(path)
    proposals: tuple[Proposal, ...] = ()
    try:
        if is_archive(path):
            with tempfile.TemporaryDirectory() as folder:
                unpack(path, Path(folder), progress)
                return check_images(Path(folder), progress, shown_as, choose=choose)
        listing = list_folder(path)
        if not listing.images:
            raise no_images(listing, shown_as)
        synthetic = is_synthetic_export(listing)
        if synthetic:
            return CheckReport(path=shown_as, problems=(Finding("synthetic-images", "error", synthetic, NOT_REAL),))
        proposals = tuple(propose(listing))
        reading = choose(proposals)
        if reading is None:
            used = {file for proposal in proposals if proposal.reading.table for file in proposal.reading.table.files}
            problems = (choice_needed(listing, proposals), *file_findings(listing), *unused_tables(listing, used))
            return CheckReport(path=shown_as, problems=problems, proposals=with_counts(listing, proposals))
        inventory = apply_reading(listing, reading)
        inventory.findings[:0] = file_findings(listing)
        check = _Check(inventory, shown_as, load_splits(path))
    except DataError as error:
        problem = Finding("nothing-to-check", "error", str(error))
        return CheckReport(path=shown_as, problems=(problem,), proposals=proposals)
    report = check.run(progress)
    if keep_splits and report.plan is not None:
        save_splits(path, check.units, check.unit_splits)
    return replace(report, reading=reading, proposals=proposals)


@dataclass
class _Check:
    """The state of a check. Each step may take images out of `kept` and add findings.

    Arrays and lists have one row for each of the N files of `inventory`.
    """

    inventory: Inventory
    path: str
    known: KnownSplits
    """Recorded splits of this folder."""
    units: list[str] = field(default_factory=list)
    """The units whose splits were made here, and these splits (`stable_splits.py`)."""
    unit_splits: NDArray[np.str_] = field(default_factory=lambda: np.zeros(0, dtype="U5"))
    kept: NDArray[np.bool_] = field(init=False)
    split: NDArray[np.str_] = field(init=False)
    group: NDArray[np.str_] = field(init=False)
    findings: list[Finding] = field(init=False)
    infos: list[ImageInfo | None] = field(default_factory=list)
    """None for an unreadable file."""
    unreadable: dict[str, str] = field(default_factory=dict)
    duplicates: list[tuple[str, ...]] = field(default_factory=list)
    leaks: list[Leak] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.kept = np.ones(len(self.inventory.files), dtype=bool)
        self.split = np.array(self.inventory.split, dtype="U5")
        self.group = np.array(self.inventory.group, dtype=np.str_)
        self.findings = list(self.inventory.findings)

    def run(self, progress: Progress) -> CheckReport:
        """All steps in order."""
        self._inspect(progress)
        self._read_dicom_headers(progress)
        self._find_duplicates()
        self._find_shared_groups()
        if self.kept.any():
            self._settle_splits()
            self._judge_pixels()
            self._judge_conditions(self._plan())
        else:
            causes = " ".join(causes_with_files(self.unreadable)[:1])
            self._add("no-readable-image", "error", f"No image can be read. {causes}".strip())
        plan = self._plan()
        infos = self._kept_infos()
        order = {"error": 0, "warning": 1, "note": 2}
        return CheckReport(
            path=self.path,
            problems=tuple(sorted(self.findings, key=lambda finding: order[finding.level])),
            kind=self.inventory.kind,
            images=int(self.kept.sum()),
            counts=plan.counts(),
            sizes=dict(Counter(f"{info.width} x {info.height}" for info in infos).most_common(20)),
            modes=dict(Counter(info.mode for info in infos).most_common()),
            unreadable=self.unreadable,
            duplicates=tuple(self.duplicates),
            leaks=tuple(self.leaks),
            window=plan.window,
            plan=None if any(finding.level == "error" for finding in self.findings) else plan,
        )

    def _add(self, key: FindingKey, level: Level, text: str, action: str = "") -> None:
        self.findings.append(Finding(key, level, text, action))

    def _kept_infos(self) -> list[ImageInfo]:
        return [info for info, kept in zip(self.infos, self.kept, strict=True) if info is not None and kept]

    def _inspect(self, progress: Progress) -> None:
        """Decode every image; unreadable ones are left out."""

        def inspect(file: str) -> ImageInfo | str:
            try:
                return inspect_image(self.inventory.root / file)
            except UNREADABLE as error:
                return error_line(error)

        for row, result in enumerate(map_files(inspect, self.inventory.files, "Checking images", progress)):
            self.infos.append(result if isinstance(result, ImageInfo) else None)
            if isinstance(result, str):
                self.unreadable[self.inventory.files[row]] = result
                self.kept[row] = False
        self.findings += unreadable_files(self.unreadable)
        self.findings += alpha_findings(self.inventory.files, self.infos)
        paged = [file for file, info in zip(self.inventory.files, self.infos, strict=True) if info and info.frames > 1]
        if paged:
            text = f"Files with several pages ({len(paged):,}): {first_few(paged)}."
            self._add("several-pages", "warning", text, "Only the first page is read.")

    def _read_dicom_headers(self, progress: Progress) -> None:
        """Group DICOM images by patient, unless groups are given."""
        headers = read_headers([self.inventory.root / file for file in self.inventory.files], progress)
        self.findings += dicom_findings([header for header in headers if header is not None])
        if not (self.group != "").any():
            self.group = np.array([header.group if header else "" for header in headers], dtype=np.str_)

    def _find_duplicates(self) -> None:
        """Keep one of several images with equal pixels, and none if their labels differ."""
        rows_of: dict[str, list[int]] = defaultdict(list)
        for row, info in enumerate(self.infos):
            if info is not None:
                rows_of[info.digest].append(row)
        contradicting: list[str] = []
        within: list[str] = []
        across: list[str] = []
        for rows in rows_of.values():
            if len(rows) == 1:
                continue
            files = tuple(self.inventory.files[row] for row in rows)
            self.duplicates.append(files)
            self.kept[rows] = False
            if (self.inventory.conditions[rows] != self.inventory.conditions[rows[0]]).any():
                contradicting.append(" = ".join(files))
                continue
            self.kept[max(rows, key=lambda row: (SPLIT_PRIORITY[str(self.split[row])], -row))] = True
            splits = {str(self.split[row]) for row in rows}
            (across if len(splits) > 1 else within).append(" = ".join(files))
            if len(splits) > 1:
                self.leaks.append(Leak(" = ".join(files), tuple(sorted(splits))))
        if contradicting:
            text = f"The same image with different labels ({len(contradicting):,}): {first_few(contradicting)}."
            self._add("contradicting-labels", "warning", text, "Left out, because the right label is unknown.")
        if within:
            text = f"Exact duplicates ({len(within):,}): {first_few(within)}."
            self._add("duplicates", "warning", text, "One of each is kept.")
        if across:
            text = f"The same image in different splits ({len(across):,}): {first_few(across)}."
            action = "One of each is kept: in test before val before train."
            self._add("duplicates-across-splits", "warning", text, action)

    def _find_shared_groups(self) -> None:
        """Keep a group that is in several given splits in one of them only."""
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
            action = f"Each is kept in test before val before train; {len(dropped):,} images are left out."
            self._add("groups-across-splits", "warning", text, action)

    def _settle_splits(self) -> None:
        """Give every image a split: the given one, or one by group and stratified."""
        given = {str(name) for name in self.split[self.kept]}
        if "" in given and len(given) > 1:
            count = int((self.kept & (self.split == "")).sum())
            text = f"Images without a split, while others have one: {count:,}."
            self._add("images-without-split", "warning", text, "They go to train.")
        if given - {""} and "train" not in given and "" not in given:
            text = f"There are no training images, only {' and '.join(sorted(given))}."
            self._add("no-training-images", "error", text, "Put some into train.")
            return
        self.split[self.split == ""] = "train"
        shares = {part: share for part, share in SHARES.items() if part not in given}
        if shares:
            self._make_splits(shares)

    def _make_splits(self, shares: dict[str, float]) -> None:
        """Take the missing splits out of train."""
        rows = np.flatnonzero(self.kept & (self.split == "train"))
        grouped = bool((self.group[rows] != "").any())
        self.units = [self._unit(row) for row in rows.tolist()]
        self.unit_splits = stable_split(self.units, self.inventory.conditions[rows], shares, self.known)
        self.split[rows] = self.unit_splits
        text = "There is no split." if len(shares) == 2 else f"There is no {next(iter(shares))} split."
        parts = " and ".join(f"{share:.0%} of train becomes {part}" for part, share in shares.items())
        how = "with groups kept whole" if grouped else "image by image because no groups are named"
        self._add("split-made", "note", text, f"{parts}, stratified, {how}.")
        groups = len(set(self.units))
        if len(shares) == 2 and grouped and groups < 10:
            self._add("few-groups", "warning", f"There are only {groups} groups, so val and test have few.")

    def _unit(self, row: int) -> str:
        """What shares a split with an image: its group, or images with the same pixels under any file name."""
        if self.group[row]:
            return f"group {self.group[row]}"
        info = self.infos[row]
        assert info is not None, "unreadable images are not kept"
        return f"image {info.digest}"

    def _judge_pixels(self) -> None:
        """Report mixed colours and bit depths."""
        infos, window = self._kept_infos(), self._window()
        if len({info.colour for info in infos}) == 2:
            text = "Some images are colour and some grey."
            self._add("mixed-colour", "warning", text, "All are read with 3 channels.")
        if window is not None:
            deep = sum(info.levels is not None for info in infos)
            action = f"Levels {window[0]:.6g} to {window[1]:.6g} become 0 to 255 in all of them."
            self._add("grey-levels-scaled", "note", f"Images with more than 8 bits: {deep:,}.", action)
            if deep < len(infos):
                text = f"8-bit images among images with more: {len(infos) - deep:,}."
                self._add("mixed-depth", "warning", text, "Their levels do not change.")

    def _judge_conditions(self, plan: ImportPlan) -> None:
        """Report classes and attributes with too few images to learn from."""
        counts, names = plan.counts(), plan.names
        if plan.kind == "attributes":
            total = int((plan.split == "train").sum())
            for name in names:
                having = counts["train"][name]
                fewest = min(having, total - having)
                if fewest < MIN_TRAINING_IMAGES:
                    verb = "lack" if fewest < having else "have"
                    text = f"Only {fewest:,} training images {verb} {name}: too few to learn from."
                    self._add("attribute-too-rare", "warning", text, "The attribute is kept.")
            return
        if len(names) == 1:
            text = f"There is only one class, {names[0]}."
            self._add("one-class", "warning", text, "There is nothing to condition on.")
        for name in names:
            total, train = sum(counts[split][name] for split in counts), counts["train"][name]
            if total <= 1:
                text = f"The class {name} has {'1 image' if total else 'no image'}: too few to learn from."
                action = f"Add images, at least {MIN_TRAINING_IMAGES}, or remove the class."
                self._add("class-nearly-empty", "error", text, action)
            elif not train:
                text = f"The class {name} has no training image."
                self._add("class-without-training-images", "error", text, "Add some or remove the class.")
            elif train < MIN_TRAINING_IMAGES:
                text = f"The class {name} has {train:,} training images: too few to learn from."
                action = "It is kept, but generated images of it will be near copies."
                self._add("class-too-small", "warning", text, action)

    def _window(self) -> tuple[float, float] | None:
        """The levels that hold nearly all pixels of all images with more than 8 bits, or None if there are none."""
        levels = [info.levels for info in self._kept_infos() if info.levels is not None]
        return (min(low for low, _ in levels), max(high for _, high in levels)) if levels else None

    def _plan(self) -> ImportPlan:
        """What would be read, with the findings so far as notices."""
        rows, infos = np.flatnonzero(self.kept), self._kept_infos()
        return ImportPlan(
            root=self.inventory.root,
            files=tuple(self.inventory.files[row] for row in rows),
            conditions=self.inventory.conditions[rows],
            names=self.inventory.names,
            kind=self.inventory.kind,
            split=self.split[rows],
            group=self.group[rows] if (self.group[rows] != "").any() else None,
            channels=3 if any(info.colour for info in infos) else 1,
            geometry="crop",
            sides=sides_of((info.width, info.height) for info in infos),
            window=self._window(),
            notices=tuple(finding.line for finding in self.findings if finding.level != "error"),
        )
