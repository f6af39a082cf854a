"""Keys of findings in a user's images and of problems before a start: each stands for one meaning, and each is used."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from gan.config.settings import ROOT
from gan.data.ingest.checks.report import FindingKey
from gan.training.preflight import ProblemKey


def keys_set_in(path: Path) -> Iterator[str]:
    """The keys that a module sets, once per call."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Finding", "Problem", "self._add"):
            key = node.args[0]
            if isinstance(key, ast.Constant):
                yield key.value


def test_every_documented_finding_is_reported() -> None:
    documented = get_args(FindingKey)
    assert len(documented) == len(set(documented))
    modules = [path for path in (ROOT / "gan" / "data").rglob("*.py") if path.name != "report.py"]
    assert {key for module in modules for key in keys_set_in(module)} <= set(documented)
    texts = {
        node.value
        for module in modules
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert set(documented) - texts == set()


def test_every_documented_problem_is_reported_by_one_check() -> None:
    keys = list(keys_set_in(ROOT / "gan/training/preflight.py"))
    assert sorted(keys) == sorted(get_args(ProblemKey))


def test_findings_and_problems_share_no_key() -> None:
    assert not set(get_args(FindingKey)) & set(get_args(ProblemKey))
