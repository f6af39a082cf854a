"""What was found in a user's images and what would be done with it, for people and for programs.

`check.py` makes a Report; the data page and `gan data check` show it; nothing is used or kept before its user saw it.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from gan.config.names import NAME
from gan.data.ingest.import_plan import ImportPlan
from gan.io.json_files import validated
from gan.io.untrusted_files import damaged_file

Level = Literal["error", "warning", "note"]
FIRST_FEW = 5


@dataclass(frozen=True)
class Finding:
    """One thing about a set: an error keeps it from being used; `action` says what would be done about it."""

    level: Level
    text: str
    action: str = ""

    @property
    def line(self) -> str:
        """What was found and what would be done, in one line."""
        return f"{self.text} {self.action}".strip()


@dataclass(frozen=True)
class Leak:
    """The same image, or the same group, in several given splits."""

    what: str
    splits: tuple[str, ...]


@dataclass(frozen=True)
class CheckReport:
    """All of a check. `counts` are those after every action: `{"train": {"cat": 12}, ...}`.

    `sizes` counts images by "width x height", `modes` by kind of pixel; `unreadable` gives the cause by file;
    `duplicates` are lists of files with equal pixels. `plan` is None where an error keeps the set from being used;
    `name` and `staged` are set for a set that waits to be accepted (`intake.py`).
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
    window: tuple[int, int] | None = None
    plan: ImportPlan | None = None
    name: str = ""
    staged: Path | None = None

    @property
    def ok(self) -> bool:
        """Whether the set can be used."""
        return self.plan is not None

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that keep the set from being used."""
        return tuple(finding for finding in self.problems if finding.level == "error")

    @property
    def to_fix(self) -> tuple[Finding, ...]:
        """What keeps the set from being used, and what would be done about the rest; notes are left out."""
        return tuple(finding for finding in self.problems if finding.level != "note")

    def as_json(self) -> dict[str, Any]:
        """One JSON document of the report, without the list of every image."""
        return {
            "path": self.path,
            "ok": self.ok,
            "kind": self.kind,
            "images": self.images,
            "problems": [{"level": f.level, "text": f.text, "action": f.action} for f in self.problems],
            "counts": self.counts,
            "sizes": self.sizes,
            "modes": self.modes,
            "unreadable": self.unreadable,
            "duplicates": [list(files) for files in self.duplicates],
            "leaks": [{"what": leak.what, "splits": list(leak.splits)} for leak in self.leaks],
            "window": None if self.window is None else list(self.window),
        }

    @classmethod
    def from_json(cls, path: Path, document: dict[str, Any], staged: Path) -> "CheckReport":
        """The report that `as_json` wrote to a set's report.json at `path`, with its plan where it can be used.

        Raises DamagedFileError, and DataError where the plan is damaged.
        """
        told = validated(path, document, REPORT_JSON)
        if any(counts.keys() != next(iter(told["counts"].values())).keys() for counts in told["counts"].values()):
            raise damaged_file(path, "its splits count other conditions")
        return cls(
            path=told["path"],
            problems=told["problems"],
            kind=told["kind"],
            images=told["images"],
            counts=told["counts"],
            sizes=told["sizes"],
            modes=told["modes"],
            unreadable=told["unreadable"],
            duplicates=told["duplicates"],
            leaks=told["leaks"],
            window=told["window"],
            plan=ImportPlan.load(staged) if told["ok"] else None,
            name=told["name"],
            staged=staged,
        )

    def as_text(self) -> str:
        """The report in words: a table of counts, sizes, then one line a finding."""
        lines = [f"{self.path}: {self.images:,} images can be used."]
        if self.counts:
            lines += ["", *_table(self.counts)]
        for title, counted in (("Sizes", self.sizes), ("Pixels", self.modes)):
            if counted:
                lines += ["", f"{title}: " + ", ".join(f"{what} ({count:,})" for what, count in counted.items())]
        if self.problems:
            lines += ["", *(f"{finding.level:<8}{finding.line}" for finding in self.problems)]
        if not self.problems:
            lines += ["", "Nothing is wrong with it."]
        return "\n".join(lines) + "\n"


class _ReportJson(TypedDict):
    """What report.json holds."""

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
    window: tuple[int, int] | None


REPORT_JSON = TypeAdapter(_ReportJson)


def _table(counts: dict[str, dict[str, int]]) -> list[str]:
    """A row for each condition, a column for each split."""
    names = list(next(iter(counts.values())))
    width = max(map(len, [*names, "images of"]))
    head = f"{'images of':<{width}}" + "".join(f"{split:>9}" for split in counts)
    rows = [f"{name:<{width}}" + "".join(f"{counts[split][name]:>9,}" for split in counts) for name in names]
    return [head, *rows]


def first_few(names: list[str]) -> str:
    """The first few of many names."""
    return ", ".join(names[:FIRST_FEW]) + (f" and {len(names) - FIRST_FEW:,} more" if len(names) > FIRST_FEW else "")
