"""What a check must find in a set: the outcome and its values, compared with the report."""

import argparse
import shlex
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from _pytest.mark import ParameterSet

from gan.cli.reading_options import add_reading_options, choose_reading, reading_options
from gan.data.image_set import UNLABELLED, Kind
from gan.data.ingest.checks.check import check_images
from gan.data.ingest.checks.report import CheckReport, FindingKey
from gan.data.ingest.files.archive import is_archive, unpack
from gan.data.ingest.files.listing import list_folder
from gan.data.ingest.labels.inventory import apply_reading
from gan.data.ingest.labels.reading import Proposal
from gan.io.progress import silent
from tests.data.cases.trees import Tree, write_tree

Outcome = Literal["used", "asked", "refused"]


@dataclass(frozen=True)
class Expected:
    """The right outcome of a check.

    outcome  used: as proposed; asked: the user must choose, and the best proposal gives the values below; refused
    labels   images of each class, or that have each attribute
    groups   number of groups
    splits   images of each split that the files give
    says     keys of findings that must be there
    hidden   keys of findings that must not be there
    """

    outcome: Outcome
    labels: Mapping[str, int] = field(default_factory=dict)
    kind: Kind = "class"
    groups: int = 0
    splits: Mapping[str, int] = field(default_factory=dict)
    says: tuple[FindingKey, ...] = ()
    hidden: tuple[FindingKey, ...] = ()


@dataclass(frozen=True)
class Case:
    """A set: what is written (`build` writes into an empty folder and returns what to check), and what is expected."""

    name: str
    build: Callable[[Path], Path]
    expected: Expected


def case(name: str, tree: Callable[[], Tree], expected: Expected) -> Case:
    """A folder with the files of a tree."""
    return Case(name, lambda folder: write_tree(folder / "set", tree()), expected)


def file_case(name: str, content: Callable[[], bytes], expected: Expected) -> Case:
    """A single file, such as an archive, called `name` after the last space."""

    def build(folder: Path) -> Path:
        path = folder / name.rpartition(" ")[2]
        path.write_bytes(content())
        return path

    return Case(name, build, expected)


def each(*cases: Case) -> list[ParameterSet]:
    """The cases as parameters of a test, by name."""
    return [pytest.param(case, id=case.name) for case in cases]


def used(
    labels: Mapping[str, int],
    groups: int = 0,
    splits: Mapping[str, int] | None = None,
    says: tuple[FindingKey, ...] = (),
    kind: Kind = "class",
    hidden: tuple[FindingKey, ...] = (),
) -> Expected:
    return Expected("used", labels, kind, groups, splits or {}, says, hidden)


def asked(
    labels: Mapping[str, int],
    groups: int = 0,
    splits: Mapping[str, int] | None = None,
    says: tuple[FindingKey, ...] = (),
    kind: Kind = "class",
) -> Expected:
    return Expected("asked", labels, kind, groups, splits or {}, says)


def refused(*says: FindingKey) -> Expected:
    return Expected("refused", says=says or ("nothing-to-check",))


def observed(case: Case, folder: Path) -> Expected:
    """What a check of the set finds: equal to `case.expected` where it is right."""
    path, expected = case.build(folder), case.expected
    report = check_images(path)
    how, keys = outcome(report), {finding.key for finding in report.problems}
    if how == "asked":
        assert_commands_choose(report.proposals)
        report = check_images(path, choose=lambda proposals: proposals[0].reading)
        keys |= {finding.key for finding in report.problems}
    says = tuple(key for key in expected.says if key in keys)
    hidden = tuple(key for key in expected.hidden if key not in keys)
    if report.plan is None:
        return Expected(how, says=says, hidden=hidden)
    plan = report.plan
    held = plan.conditions.sum(axis=0, dtype=int).tolist()
    return Expected(
        outcome=how,
        labels=dict(zip(plan.names, held, strict=True)),
        kind=plan.kind,
        groups=0 if plan.group is None else len({*plan.group.tolist()} - {""}),
        splits=given_splits(report, path, folder / "unpacked"),
        says=says,
        hidden=hidden,
    )


def assert_commands_choose(proposals: Sequence[Proposal]) -> None:
    """The options that are shown for a proposal choose it, and no other."""
    parser = argparse.ArgumentParser()
    add_reading_options(parser)
    for proposal in proposals:
        parsed = parser.parse_args(shlex.split(reading_options(proposal.reading)))
        assert choose_reading(parsed, proposals) == proposal.reading, proposal.title


def outcome(report: CheckReport) -> Outcome:
    if report.ok:
        return "used"
    return "asked" if report.proposals and report.reading is None else "refused"


def given_splits(report: CheckReport, path: Path, unpacked: Path) -> dict[str, int]:
    """Images of each split that the files give, before the check makes others."""
    assert report.reading is not None
    if is_archive(path):
        unpack(path, unpacked, silent)
        path = unpacked
    inventory = apply_reading(list_folder(path), report.reading)
    return dict(Counter(inventory.split) - Counter({"": len(inventory.split), UNLABELLED: len(inventory.split)}))
