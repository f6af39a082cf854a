"""Commands in texts start with the name by which the user calls the program, which an installed one has of its own."""

import ast
import itertools
import re

from gan.cli.main import MODULES
from gan.config.settings import ROOT

OWN_NAME = re.compile(rf"`gan\b(?!\.)|\bgan (?:{'|'.join(itertools.chain(*MODULES.values()))})\b")
"""A command of an installed program, and not a name of the package, such as `gan.run_study`."""
SOURCES = sorted(path for folder in ("gan", "pages") for path in (ROOT / folder).rglob("*.py"))


def texts(path: str) -> list[str]:
    """The strings of a file but for docstrings, which only developers read."""
    tree = ast.parse((ROOT / path).read_text())
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    strings = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in alone)
    return [node.value for node in strings if isinstance(node.value, str)]


def test_no_text_names_the_program_in_its_own_way() -> None:
    paths = [str(path.relative_to(ROOT)) for path in SOURCES]
    assert len(paths) > 300
    assert {path for path in paths for text in texts(path) if "python -m gan" in text} == {"gan/config/settings.py"}
    assert {path for path in paths for text in texts(path) if OWN_NAME.search(text)} == set()


def test_no_text_installs_the_distribution_which_is_not_on_pypi() -> None:
    paths = [str(path.relative_to(ROOT)) for path in SOURCES]
    assert {path for path in paths for text in texts(path) if re.search(r"install.*gan-workbench", text)} == set()
