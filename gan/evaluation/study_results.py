"""What an augmentation study found, as it lies in the run's folder: `evaluation/<seen>-study.json`. No torch.

    StudyResult    the run, the test images, the verdict
      Regime       one share of the real training images, with its verdict
        Arm        one training set: real images, and what was added to them
          Gain     a synthetic arm against the best of its comparators
      Left         an arm that was not run, and why

Shares, scores and gains are from 0 to 1: 0.03 is three points of balanced accuracy. Read next: `study.py`, which makes
one; `gain.py`, which says how the intervals come about.
"""

from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from gan.errors import RunError
from gan.evaluation.results import rounded
from gan.files import read_json, write_json
from gan.runs import Run

VERSION = 1


@dataclass(frozen=True)
class Measured:
    """A mean over seeds with its 95 % interval over test groups and seeds together."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Gain:
    """Balanced accuracy of a synthetic arm minus that of the best of its comparators.

    `over` names that comparator and `against` holds the difference from each. `low` and `high` are 95 % by themselves;
    `corrected_low` and `corrected_high`, and `p`, are Holm-corrected over the synthetic arms of the regime. `helps`:
    the corrected lower end is above 0. `harms`: worse than real images alone and than the matching duplicates, likewise
    corrected, with `harm_p`. `by_class` is the gain in sensitivity of each class over the same comparator.
    """

    value: float
    low: float
    high: float
    corrected_low: float
    corrected_high: float
    p: float
    harm_p: float
    helps: bool
    harms: bool
    over: str
    against: dict[str, Measured]
    by_class: dict[str, float]


@dataclass(frozen=True)
class Arm:
    """One way to put a training set together, and how classifiers trained on it did on the real test images.

    `kind` is "real", "classical" (real images, moved a little each time), "duplicates" (the controls), "synthetic" (so
    many for each real one: `ratio`) or "filled" (rare classes filled up to the largest). `ratio` is images added for
    each real one, in all; None where nothing is added. `fills` says that an arm, or a control, fills classes up;
    `filtered` that only the better part of the synthetic images was added; `matches` names the control with as many
    duplicates. `balanced_accuracy` and `validation` have a value for each seed, in their order.
    """

    name: str
    words: str
    kind: str
    ratio: float | None
    fills: bool
    filtered: bool
    matches: str | None
    added: dict[str, int]
    balanced_accuracy: list[float]
    validation: list[float]
    balanced: Measured
    auroc: Measured
    rarest_f1: Measured
    sensitivity: dict[str, Measured]
    specificity: dict[str, Measured]
    gain: Gain | None


@dataclass(frozen=True)
class Regime:
    """All arms on one share of the real training images, tested on the same test images as the others.

    `real` is the number of real images of each class; `steps` the optimiser steps of every classifier, `batch` images
    each. `generator` tells what made the synthetic images: `name`, `snapshot`, `sha256`, `kimg`. `filter` says what
    filtering did: `keep` (share kept), `value`, `low`, `high` (difference from the same arms unfiltered, 95 %), `pays`
    and `words`; None without filtered arms. `verdict_kind` is "helps", "none", "harmful" or "unclear".
    """

    share: float
    real: dict[str, int]
    steps: int
    batch: int
    generator: dict[str, Any]
    arms: list[Arm]
    filter: dict[str, Any] | None
    verdict: str
    verdict_kind: str

    def arm(self, name: str) -> Arm:
        """The arm of that name."""
        return next(arm for arm in self.arms if arm.name == name)


@dataclass(frozen=True)
class Left:
    """What was not run, and why: `arms` in words, of the regime with this share of the real images."""

    share: float
    arms: str
    why: str


@dataclass(frozen=True)
class StudyResult:
    """The study of one snapshot. `regimes` begin with all real training images, then 25 %, then 10 %.

    `test` has `images`, `groups` (patients, slides; as many as images where they are not known), `grouped`, and, by
    class, `per_class` and `groups_per_class`. `verdict` is one sentence, `verdict_kind` as in Regime.
    """

    version: int
    run: str
    snapshot: int
    title: str
    classifier: str
    seeds: int
    classes: list[str]
    rarest: str
    test: dict[str, Any]
    regimes: list[Regime]
    left: list[Left]
    verdict: str
    verdict_kind: str
    notices: list[str]
    minutes: float
    made_with: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The study as one JSON document; `arms` and `verdict`, of all training images, stand on top as well."""
        document: dict[str, Any] = rounded(asdict(self))
        return document | {"arms": document["regimes"][0]["arms"]}

    def as_text(self) -> str:
        """The verdicts and the arms for a terminal."""
        images, groups = self.test["images"], self.test["groups"]
        on = f"{images:,} real test images" + (f" of {groups:,} groups" if self.test["grouped"] else "")
        lines = [f"{self.run} after {self.snapshot:,} images: {self.seeds} seeds, tested on {on}", f"  {self.verdict}"]
        for regime in self.regimes:
            lines += [
                "",
                f"  {sum(regime.real.values()):,} real training images ({regime.share:.0%}): {regime.verdict}",
            ]
            lines += [f"    {'balanced accuracy':>65} {'AUROC':>6}   gain, Holm-corrected"]
            lines += [_line(arm) for arm in regime.arms]
            if regime.filter is not None:
                lines.append(f"    {regime.filter['words']}")
        lines += [f"  Not run at {left.share:.0%}: {left.arms}. {left.why}" for left in self.left]
        return "\n".join([*lines, *(f"  Note: {notice}" for notice in self.notices)])

    def save(self, run: Run) -> Path:
        """Write the study into the run's folder, over an earlier one of the same snapshot."""
        path = file(run, self.snapshot)
        path.parent.mkdir(exist_ok=True)
        write_json(path, rounded(asdict(self)))
        return path


def file(run: Run, snapshot: int) -> Path:
    """Where the study of a snapshot is kept."""
    return run.path / "evaluation" / f"{snapshot:09d}-study.json"


def folder(run: Run, snapshot: int) -> Path:
    """Where a study keeps what it has done so far, and every classifier's verdict on every test image."""
    return run.path / "evaluation" / f"{snapshot:09d}-study"


def load(run: Run, snapshot: int) -> StudyResult:
    """The study of a snapshot; raises RunError where there is none that this version can read."""
    result = _read(file(run, snapshot))
    if result is None:
        raise RunError(
            f"The snapshot {snapshot} of {run.name} has no augmentation study: "
            f"`python -m gan evaluate {run.name} --snapshot {snapshot} --study` makes it."
        )
    return result


def listing(run: Run) -> list[StudyResult]:
    """All studies of a run that this version can read, by snapshot, ascending."""
    found = (_read(path) for path in sorted((run.path / "evaluation").glob("?????????-study.json")))
    return [result for result in found if result is not None]


def _line(arm: Arm) -> str:
    gain = arm.gain
    told = f"{gain.value:+.1%} ({gain.corrected_low:+.1%} to {gain.corrected_high:+.1%})" if gain else ""
    spread = f"({arm.balanced.low:.1%} to {arm.balanced.high:.1%})"
    return f"    {arm.words:<40} {arm.balanced.mean:6.1%} {spread:<17} {arm.auroc.mean:6.3f}   {told}".rstrip()


def _read(path: Path) -> StudyResult | None:
    document = read_json(path)
    if document is None or document.get("version") != VERSION:
        return None
    if document.keys() != {field.name for field in fields(StudyResult)}:
        return None
    regimes = [Regime(**one | {"arms": [_arm(arm) for arm in one["arms"]]}) for one in document["regimes"]]
    return StudyResult(**document | {"regimes": regimes, "left": [Left(**one) for one in document["left"]]})


def _arm(document: dict[str, Any]) -> Arm:
    single = {name: Measured(**document[name]) for name in ("balanced", "auroc", "rarest_f1")}
    several = {name: _each(document[name]) for name in ("sensitivity", "specificity")}
    gain = document["gain"]
    told = None if gain is None else Gain(**gain | {"against": _each(gain["against"])})
    return Arm(**document | single | several | {"gain": told})


def _each(documents: dict[str, Any]) -> dict[str, Measured]:
    return {name: Measured(**one) for name, one in documents.items()}
