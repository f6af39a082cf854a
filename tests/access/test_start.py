"""What a server refuses before it serves."""

import os
import subprocess
import sys

import pytest

from gan.access.sign_in_settings import check_address
from gan.cli.main import main
from gan.config.settings import ROOT
from gan.errors import ConfigError


@pytest.mark.parametrize("address", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_without_sign_in_it_listens_on_this_machine(address: str) -> None:
    check_address(address, False)


@pytest.mark.parametrize("address", ["", "0.0.0.0", "::", "10.0.0.1", "gan.lab"])
@pytest.mark.parametrize(("setting", "flag"), [("", False), ("yes", False), ("", True)])
def test_told_once_it_does_not_listen_on_a_network(
    address: str, setting: str, flag: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_OPEN_TO_ALL", setting)
    with pytest.raises(ConfigError, match="GAN_SIGN_IN"):
        check_address(address, flag)


def test_told_twice_or_with_sign_in_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_OPEN_TO_ALL", "yes")
    check_address("0.0.0.0", True)
    monkeypatch.setenv("GAN_OPEN_TO_ALL", "")
    monkeypatch.setenv("GAN_SIGN_IN", "password")
    check_address("0.0.0.0", False)


def test_the_command_refuses_before_anything_is_started(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["app", "--address", "0.0.0.0", "--no-browser"]) == 2
    assert "GAN_OPEN_TO_ALL=yes" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "settings"), [(["--server.address=0.0.0.0"], {}), ([], {"GAN_SIGN_IN": "password"})]
)
def test_streamlit_itself_does_not_get_around_it(options: list[str], settings: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.port=0", *options],
        cwd=ROOT,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode != 0
    assert "gan: " in done.stderr
    assert "Traceback" not in done.stderr
