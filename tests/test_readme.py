"""README.md: its commands exist, its table of options is current, and the files and tests that it names exist."""

import itertools
import re
import shlex
import tomllib

import pytest

from docs.make_readme import update_options_table, update_terms
from gan.cli.main import build_parser
from gan.config import settings

README = (settings.ROOT / "README.md").read_text()
COMMANDS = re.findall(r"^python -m gan (.*)$", README, flags=re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_one_that_the_program_takes(command: str) -> None:
    assert build_parser().parse_args(shlex.split(command, comments=True)).run_command


def test_every_row_of_what_happens_when_names_an_existing_test() -> None:
    tests = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", README)
    assert len(tests) >= 25
    for file, name in tests:
        assert f"def {name}(" in (settings.ROOT / file).read_text(), f"{file}::{name}"


def test_the_table_of_options_is_current() -> None:
    assert update_options_table(README) == README, "run `python -m docs.make_readme`"


def test_the_terms_are_those_of_the_glossary() -> None:
    assert update_terms(README) == README, "run `python -m docs.make_readme`"


def test_every_file_that_is_named_exists() -> None:
    paths = re.findall(r"`((?:gan|pages|docs|tests)/[\w/.]+|\w+\.py)`", README) + re.findall(
        r"\]\(((?!http)[^)]+)\)", README
    )
    assert len(paths) > 20
    for path in paths:
        assert (settings.ROOT / path).exists(), path


def test_the_reading_path_has_thirteen_stations() -> None:
    section = README.partition("## Reading the code")[2].partition("\n## ")[0]
    assert len(re.findall(r"^\d+\. `[\w/.]+`: ", section, flags=re.MULTILINE)) == 13


def test_every_package_has_a_reason_those_of_the_extras_too() -> None:
    extras = tomllib.loads((settings.ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    lines = [*(settings.ROOT / "requirements.txt").read_text().splitlines(), *itertools.chain(*extras.values())]
    packages = {name for line in lines for name in re.findall(r"^[\w-]+", line)} - {"gan-workbench"}
    assert len(packages) > 40
    for package in packages:
        assert re.search(rf"^\| [^|]*\b{package}\b[^|]*\|", README, flags=re.MULTILINE), package
