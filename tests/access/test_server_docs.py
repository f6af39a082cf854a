"""docs/server.md: its commands exist, its unit keeps trainings alive, and the variables that it names are read."""

import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from gan.cli.main import build_parser
from gan.config.settings import ROOT
from pages.ui.access.security_headers import largest_body
from tests.support.server_docs import BASH, TEXT, blocks, environment

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
    unit.read_string(*blocks("ini"))
    service = unit["Service"]
    assert service["KillMode"] == "process"
    assert "PrivateTmp" not in service  # systemd removes it when the server stops, with the files of trainings
    command = service["ExecStart"].split("/bin/gan ", 1)[1]
    assert build_parser().parse_args(shlex.split(command)).no_browser
    assert "--init" in BASH


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_takes_the_service(tmp_path: Path) -> None:
    (text,) = blocks("ini")
    file = tmp_path / "gan.service"
    file.write_text(text.replace("/srv/gan/venv/bin/gan", "/bin/true"))
    verified = subprocess.run(["systemd-analyze", "verify", file], capture_output=True, text=True)
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")
    file.write_text(text.replace("KillMode=process", "KillMode=some"))
    verified = subprocess.run(["systemd-analyze", "verify", file], capture_output=True, text=True)
    assert "kill mode" in verified.stderr


def test_the_service_is_told_of_its_proxy() -> None:
    """Else all users share the proxy's address in limits and in the audit log, and cookies may go without TLS."""
    settings = environment()
    assert settings["GAN_URL"].startswith("https://")
    assert settings["GAN_PROXY_ADDRESSES"] == "127.0.0.1"


UNITS = {"m": 2**20, "MB": 10**6, "MiB": 2**20}


def test_an_upload_that_the_app_takes_passes_the_proxies() -> None:
    upload = largest_body("/_stcore/upload_file/a/b")
    sizes = [
        re.findall(r"(?:client_max_body_size|max_size) (\d+)(m|MB|MiB)", text)
        for text in (*blocks("nginx"), *blocks("caddy"))
    ]
    found = [int(number) * UNITS[unit] for size in sizes for number, unit in size]
    assert len(found) == 3
    assert min(found) >= upload


def test_every_variable_is_read() -> None:
    named = set(re.findall(r"\bGAN_[A-Z_]+[A-Z]\b", TEXT))
    code = "\n".join(path.read_text() for path in (ROOT / "gan").rglob("*.py"))
    assert len(named) >= 15
    assert [name for name in sorted(named) if name not in code] == []
