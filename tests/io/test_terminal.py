"""Everything that reaches a terminal is printable: titles, class names and paths come from run folders of others."""

import ast

import pytest

from gan.config.settings import ROOT
from gan.io.terminal import show

PRINTING = {"gan/io/terminal.py", "gan/cli/progress.py"}
"""`show`, and the bar, which a carriage return redraws."""


def test_no_escape_sequence_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    show("class \x1b[31mred\u202e\tα\n")
    assert capsys.readouterr().out == "class \ufffd[31mred\ufffd\tα\n\n"


def test_only_show_prints() -> None:
    def prints(tree: ast.AST) -> bool:
        calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
        return any(isinstance(name, ast.Name) and name.id == "print" for name in calls)

    files = [path for path in (ROOT / "gan").rglob("*.py") if prints(ast.parse(path.read_text()))]
    assert {path.relative_to(ROOT).as_posix() for path in files} == PRINTING
