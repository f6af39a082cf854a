"""The README says what is true: its commands exist, its table is current, its files are there."""

import re
import shlex

import pytest

from docs.make_readme import with_options
from gan.cli.main import build_parser
from gan.config import settings

README = (settings.ROOT / "README.md").read_text()
COMMANDS = re.findall(r"^python -m gan (.*)$", README, flags=re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_one_that_the_program_takes(command: str) -> None:
    assert build_parser().parse_args(shlex.split(command, comments=True)).run_command


def test_every_row_of_what_happens_when_names_a_test_that_there_is() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", README)
    assert len(named) >= 25
    for file, name in named:
        assert f"def {name}(" in (settings.ROOT / file).read_text(), f"{file}::{name}"


def test_the_table_of_options_is_current() -> None:
    assert with_options(README) == README, "run `python -m docs.make_readme`"


def test_every_file_that_is_named_is_there() -> None:
    named = re.findall(r"`((?:gan|pages|docs)/[\w/.]+)`|\]\(((?!http)[^)]+)\)", README)
    assert len(named) > 10
    for in_text, linked in named:
        assert (settings.ROOT / (in_text or linked)).exists(), in_text or linked


def test_every_package_is_there_for_a_reason_that_is_given() -> None:
    required = re.findall(r"^[\w-]+", (settings.ROOT / "requirements.txt").read_text(), flags=re.MULTILINE)
    for package in required:
        assert re.search(rf"^\| [^|]*\b{package}\b[^|]*\|", README, flags=re.MULTILINE), package
