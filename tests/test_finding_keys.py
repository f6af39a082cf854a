"""Keys of findings in a user's images and of problems before a start: each stands for one meaning, and each is used."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard, get_args

from gan.config.settings import ROOT
from gan.data.ingest.checks.report import FindingKey
from gan.training.preflight import ProblemKey

SEVERAL_CAUSES = {
    "unlabelled-images": "no class folder and no row of labels.csv: two layouts, one meaning",
    "table-without-labels": "a table that names images, and one whose names are no image",
    "names-decoded": "an encoding that is certain, and one that is a guess",
}
"""Keys that one module sets in two places, with the reason."""


def keys_set_in(path: Path) -> Iterator[str]:
    """The keys that a module sets, once per call."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Finding", "Problem", "self._add"):
            key = node.args[0]
            if isinstance(key, ast.Constant):
                yield key.value


def is_text(node: ast.AST) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_every_documented_finding_is_reported_and_a_key_has_one_meaning() -> None:
    documented = get_args(FindingKey)
    assert len(documented) == len(set(documented))
    reported: set[str] = set()
    for module in {*(ROOT / "gan/data").rglob("*.py")} - {ROOT / "gan/data/ingest/checks/report.py"}:
        keys = list(keys_set_in(module))
        assert {key for key in keys if keys.count(key) > 1} <= SEVERAL_CAUSES.keys(), module
        reported |= {node.value for node in ast.walk(ast.parse(module.read_text())) if is_text(node)}
    assert set(documented) <= reported


def test_every_documented_problem_is_reported_by_one_check() -> None:
    keys = list(keys_set_in(ROOT / "gan/training/preflight.py"))
    assert sorted(keys) == sorted(get_args(ProblemKey))


def test_findings_and_problems_share_no_key() -> None:
    assert not set(get_args(FindingKey)) & set(get_args(ProblemKey))
