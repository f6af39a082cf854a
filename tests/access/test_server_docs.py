"""docs/server.md: its commands exist, its unit keeps trainings alive, and the variables that it names are read."""

import configparser
import re
import shlex

import pytest

from gan.cli.main import build_parser
from gan.config.settings import ROOT

TEXT = (ROOT / "docs/server.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
BASH = "\n".join(text for kind, text in BLOCKS if kind == "bash").replace("\\\n", " ")
COMMANDS = re.findall(
    r"(?:^|/bin/|python -m |--tty gan )gan ((?:app|user|audit|doctor|runs)\b[^\n]*)", BASH, re.MULTILINE
)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_one_that_the_program_takes(command: str) -> None:
    assert build_parser().parse_args(shlex.split(command, comments=True)).run_command


def test_the_commands_are_found() -> None:
    assert len(COMMANDS) >= 10


def test_a_restart_of_the_service_ends_no_training() -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read_string(next(text for kind, text in BLOCKS if kind == "ini"))
    service = unit["Service"]
    assert service["KillMode"] == "process"
    command = service["ExecStart"].split("/bin/gan ", 1)[1]
    assert build_parser().parse_args(shlex.split(command)).no_browser
    assert "--init" in BASH


def test_every_variable_is_read() -> None:
    named = set(re.findall(r"\bGAN_[A-Z_]+[A-Z]\b", TEXT))
    code = "\n".join(path.read_text() for path in (ROOT / "gan").rglob("*.py"))
    assert len(named) >= 15
    assert [name for name in sorted(named) if name not in code] == []
