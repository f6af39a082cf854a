"""CheckReport: the problems found in a user's images and what is done about each, as text and as JSON.

The data page and `gan data check` show it before anything is used or kept.
"""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from gan.config.names import NAME
from gan.data.ingest.import_plan import ImportPlan
from gan.data.ingest.labels.reading import Proposal, Reading
from gan.io.json_files import validated
from gan.io.untrusted_files import damaged_file

Level = Literal["error", "warning", "note"]
FindingKey = Literal[
    # The set as a whole
    "choose-reading",  # several readings are plausible, or a table leaves open what a value means: the user must decide
    "nothing-to-check",  # no labelled images can be listed: the folder, ZIP or labels.csv cannot be used
    "no-readable-image",
    "nothing-left",  # every image is left out by the check
    "left-out",  # the sum of all images that are not used
    "synthetic-images",  # an export of this program
    "one-class",
    # Files
    "unread-images",  # files of a kind that holds images, but is not read; a finding for each kind
    "other-files",  # files without images that are not read; a finding for each kind
    "unused-tables",  # not needed for the labels
    "empty-folders",
    "names-decoded",  # names in an archive whose encoding was detected
    "unreadable-files",
    "several-pages",
    "missing-files",  # named in labels.csv, but absent
    "unlabelled-images",  # outside class folders, or not named in labels.csv
    "subfolders",  # below class folders; ignored
    "contradicting-labels",  # equal pixels, different labels
    "duplicates",  # equal pixels within a split
    "duplicates-across-splits",
    "near-copies-across-splits",  # saved again, mirrored, shifted or brighter
    "near-copies-unclear",  # so many that they are only alike
    "split-empty",  # too few groups for val or test
    "near-copies",  # of images that are split here: they stay on one side
    "near-copies-unchecked",  # too many images to compare
    # Tables
    "unreadable-table",
    "table-without-labels",  # it names images but no labels, or no images
    "table-read-otherwise",  # not UTF-8, two columns of one name, one of several sheets
    "unused-columns",
    "ambiguous-rows",  # whose name fits several images
    "repeated-rows",  # of the same image
    "contradicting-rows",  # of the same image, with different classes
    "names-differ",  # from those of the images, in case, extension or leading zeros
    "empty-labels",
    "uncertain-labels",  # -1 beside 0 and 1
    "class-names-alike",  # but for case or spaces
    # How files are read
    "images-elsewhere",  # outside the root of the reading
    "images-left-out",  # by a pattern or a split of the reading
    "classes-dropped",  # taken out by the user
    "classes-renamed",
    "attribute-renamed",  # its name holds a comma or an equals sign
    "splits-from-folders",  # the labels are from a table, the splits from folders
    "split-unclear",  # a value that is no split word
    "unlabelled-kept",  # images without a label, as asked
    # Pixels
    "constant-images",  # of one colour or level
    "grey-stored-as-colour",
    "window-too-wide",  # for some images, which become nearly black or flat
    "images-enlarged",  # more than four times
    "images-cropped",  # by the centre crop
    "classes-differ-in-colour",
    "classes-differ-in-size",
    "classes-differ-in-format",
    "mixed-colour",
    "grey-levels-scaled",  # images with more than 8 bits
    "mixed-depth",
    "alpha-dropped",
    "alpha-hides-colours",  # dropping alpha makes hidden colours visible
    # DICOM files
    "dicom-synthetic",  # say that their data are synthetic
    "dicom-burned-in",  # names or dates are, or may be, written into the pixels
    "dicom-without-patient",  # grouped by study, because they have no PatientID
    "dicom-names-kept",  # nothing of the header is kept, but names of files are
    # Splits and groups
    "groups-across-splits",
    "unlabelled-held-out",  # unlabelled images of groups in val or test
    "groups-unknown",
    "groups-offered",  # names look like groups
    "groups-partly-unknown",
    "groups-from-headers",  # patients of DICOM files
    "few-groups",
    "subgroups-kept",  # such as sex or scanner, with the number of images of each value
    "images-without-split",
    "no-training-images",
    "split-made",
    # Counts of classes and attributes
    "class-nearly-empty",  # 0 or 1 image in all splits
    "class-without-training-images",
    "class-too-small",  # fewer than MIN_TRAINING_IMAGES
    "class-rarely-tested",  # so few test images that intervals are wide
    "classes-imbalanced",
    "attribute-too-rare",  # fewer than MIN_TRAINING_IMAGES with it or without it
]
"""What a finding is about. Findings with the same key have the same meaning, whichever module reports them."""
FIRST_FEW = 5
"""Names listed in a finding; the others are counted."""
MOST_ROWS = 40
"""Conditions whose counts the text lists; the JSON document has all."""


@dataclass(frozen=True)
class Finding:
    """One finding about a set, and what is done or should be done about it. An error makes the set unusable.

    `option` is the command line's way to do it, with values that can be copied; pages have their own.
    """

    key: FindingKey
    level: Level
    text: str
    action: str = ""
    option: str = ""

    @property
    def line(self) -> str:
        """Text and action on one line."""
        return f"{self.text} {self.action}".strip()

    @property
    def command_line(self) -> str:
        """Text, action and option on one line."""
        return f"{self.line} ({self.option})" if self.option else self.line


@dataclass(frozen=True)
class Leak:
    """An image (`what` lists its files) or a group that is in several of the given splits."""

    what: str
    splits: tuple[str, ...]


@dataclass(frozen=True)
class CheckReport:
    """The result of a check.

    counts       images after all actions: `{"train": {"cat": 12}, ...}`
    sizes        images by "width x height", the 20 most frequent
    modes        images by pixel format, such as "grey, 8-bit"
    unreadable   cause by file
    duplicates   files with equal pixels
    window       levels of images with more than 8 bits that become 0 and 255, or None
    reading      how the files were read; None where the user must choose one of the `proposals`
    proposals    the plausible readings, best first
    plan         None if an error makes the set unusable
    name, staged the set's name and folder, if it waits to be accepted (`staging.py`)
    """

    path: str
    problems: tuple[Finding, ...]
    kind: str = "class"
    images: int = 0
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    modes: dict[str, int] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    duplicates: tuple[tuple[str, ...], ...] = ()
    leaks: tuple[Leak, ...] = ()
    window: tuple[float, float] | None = None
    reading: Reading | None = None
    proposals: tuple[Proposal, ...] = ()
    plan: ImportPlan | None = None
    name: str = ""
    staged: Path | None = None

    @property
    def ok(self) -> bool:
        """Whether the set can be used."""
        return self.plan is not None

    @property
    def asks(self) -> bool:
        """Whether the user must choose one of the proposals before the images are checked."""
        return any(finding.key == "choose-reading" for finding in self.errors) and self.reading is None

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that make the set unusable."""
        return tuple(finding for finding in self.problems if finding.level == "error")

    @property
    def to_fix(self) -> tuple[Finding, ...]:
        """Errors and warnings."""
        return tuple(finding for finding in self.problems if finding.level != "note")

    def as_json(self) -> dict[str, Any]:
        """The report as a JSON document, without the plan."""
        return {
            "path": self.path,
            "ok": self.ok,
            "kind": self.kind,
            "images": self.images,
            "problems": [asdict(finding) for finding in self.problems],
            "counts": self.counts,
            "sizes": self.sizes,
            "modes": self.modes,
            "unreadable": self.unreadable,
            "duplicates": [list(files) for files in self.duplicates],
            "leaks": [{"what": leak.what, "splits": list(leak.splits)} for leak in self.leaks],
            "window": None if self.window is None else list(self.window),
            "reading": None if self.reading is None else self.reading.model_dump(mode="json"),
            "proposals": [
                asdict(proposal) | {"reading": proposal.reading.model_dump(mode="json")} for proposal in self.proposals
            ],
        }

    @classmethod
    def from_json(cls, path: Path, document: dict[str, Any], staged: Path) -> "CheckReport":
        """The report in a set's report.json at `path`, with the plan in its folder `staged` if the set is usable.

        Raises DamagedFileError, or DataError if the plan is damaged.
        """
        fields = validated(path, document, REPORT_JSON)
        if any(counts.keys() != next(iter(fields["counts"].values())).keys() for counts in fields["counts"].values()):
            raise damaged_file(path, "its splits have different conditions")
        return cls(
            path=fields["path"],
            problems=fields["problems"],
            kind=fields["kind"],
            images=fields["images"],
            counts=fields["counts"],
            sizes=fields["sizes"],
            modes=fields["modes"],
            unreadable=fields["unreadable"],
            duplicates=fields["duplicates"],
            leaks=fields["leaks"],
            window=fields["window"],
            reading=fields["reading"],
            proposals=fields["proposals"],
            plan=ImportPlan.load(staged) if fields["ok"] else None,
            name=fields["name"],
            staged=staged,
        )

    def as_text(self) -> str:
        """The report as text: counts, sizes, pixel formats, then one line per finding."""
        lines = [f"{self.path}: " + ("a choice is needed." if self.asks else f"{self.images:,} images can be used.")]
        if self.counts:
            lines += ["", *_table(self.counts)]
        for title, counted in (("Sizes", self.sizes), ("Pixels", self.modes)):
            if counted:
                lines += ["", f"{title}: " + ", ".join(f"{name} ({count:,})" for name, count in counted.items())]
        if self.problems:
            lines += ["", *(f"{finding.level:<8}{finding.command_line}" for finding in self.problems)]
        if not self.problems:
            lines += ["", "No problems found."]
        return "\n".join(lines) + "\n"


class _ReportJson(TypedDict):
    """The content of report.json."""

    name: Annotated[str, Field(pattern=f"^{NAME.pattern}$")]
    path: str
    ok: bool
    kind: str
    images: int
    problems: tuple[Finding, ...]
    counts: dict[str, dict[str, int]]
    sizes: dict[str, int]
    modes: dict[str, int]
    unreadable: dict[str, str]
    duplicates: tuple[tuple[str, ...], ...]
    leaks: tuple[Leak, ...]
    window: tuple[int | float, int | float] | None
    reading: Reading | None
    proposals: tuple[Proposal, ...]


REPORT_JSON = TypeAdapter(_ReportJson)


def _table(counts: dict[str, dict[str, int]]) -> list[str]:
    """A row for each of the first MOST_ROWS conditions, a column for each split."""
    names = list(next(iter(counts.values())))
    width = max(map(len, [*names[:MOST_ROWS], "images of"]))
    head = f"{'images of':<{width}}" + "".join(f"{split:>9}" for split in counts)
    rows = [
        f"{name:<{width}}" + "".join(f"{counts[split][name]:>9,}" for split in counts) for name in names[:MOST_ROWS]
    ]
    more = [f"and {len(names) - MOST_ROWS:,} more"] if len(names) > MOST_ROWS else []
    return [head, *rows, *more]


def first_few(names: list[str]) -> str:
    """The first FIRST_FEW names, and how many more there are."""
    return ", ".join(names[:FIRST_FEW]) + (f" and {len(names) - FIRST_FEW:,} more" if len(names) > FIRST_FEW else "")
