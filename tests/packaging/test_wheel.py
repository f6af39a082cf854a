"""The wheel in an empty environment and an empty folder, as after `pipx install`: the app, a training, a download."""

import contextlib
import json
import re
import signal
import socket
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, expect

from gan import __version__
from gan.config.settings import ROOT
from tests.browser.conftest import Server, visiting, wait_until_healthy
from tests.packaging.conftest import Installed
from tests.support.jobs import wait_until

PAGES = sorted({path.stem for path in (ROOT / "pages").glob("*.py")} - {"__init__", "account"})
"""An account is for servers with sign-in."""
DOCKERFILE = (ROOT / "Dockerfile").read_text()
PATIENCE = 120


def instruction(name: str) -> list[str]:
    """The words of an instruction of the Dockerfile; CMD's are those of the last one, as HEALTHCHECK has one too."""
    *_, words = re.findall(rf"^{name} (\[.*\])$", DOCKERFILE, flags=re.MULTILINE)
    return list(json.loads(words))


@contextlib.contextmanager
def app(installed: Installed, home: Path) -> Iterator[Server]:
    """`gan app` as the Dockerfile starts it, on another port and for this computer alone."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = instruction("ENTRYPOINT") + instruction("CMD") + ["--port", str(port)]
    command = [word.replace("0.0.0.0", "127.0.0.1") for word in command]
    command[0] = installed.program
    with open(home / "server.log", "w") as log:
        process = subprocess.Popen(command, cwd=home, env=installed.environment(home), stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until_healthy(address, home / "server.log", process)
        yield Server(address, home / ".local/share/gan/runs")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)


def test_the_app_opens_every_page_with_the_demo_run(installed: Installed, tmp_path: Path, chromium: Browser) -> None:
    with app(installed, tmp_path) as server, visiting(server, chromium) as visit:
        assert (server.store / "demo-mnist" / "config.json").is_file()
        page = visit.page
        for name in PAGES:
            visit.open(f"{'' if name == 'overview' else name}?run=demo-mnist")
            expect(page.locator("[data-testid=stMain] h1").first).to_be_visible()
            visit.settle()
            for wrong in ("stException", "stAlertContentError"):
                expect(page.get_by_test_id(wrong)).to_have_count(0)
        visit.open("")
        expect(page.locator(".st-key-card-demo-mnist")).to_be_visible()
        check = [word.replace("http://127.0.0.1:8501", server.address) for word in instruction("    CMD")]
        assert subprocess.run([installed.python, *check[1:]], check=False).returncode == 0
    assert "Traceback" not in (tmp_path / "server.log").read_text()


def test_a_run_is_trained_in_the_background_and_exported(installed: Installed, tmp_path: Path) -> None:
    def run(*arguments: str) -> str:
        return installed.run(*arguments, home=tmp_path)

    folder = tmp_path / ".local/share/gan/runs/tiny"
    assert run("--version").strip() == __version__
    two_ticks = ["--train.kimg", "0.128", "--train.log_kimg", "0.064", "--train.batch", "16", "--model.width", "8"]
    run("submit", "--preset", "digits-quick", "--name", "tiny", *two_ticks)
    wait_until((folder / "end.json").is_file, "the run ends", PATIENCE)
    assert [(row["name"], row["state"]) for row in json.loads(run("runs", "--json"))] == [("tiny", "finished")]
    run("export", "tiny", "--per-class", "1", "--out", "images.zip")
    with zipfile.ZipFile(tmp_path / "images.zip") as images:
        assert sum(name.endswith(".png") for name in images.namelist()) == 10


def test_nothing_outside_the_package_is_installed_and_all_requirements_are_declared(installed: Installed) -> None:
    (wheel,) = installed.built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.partition("/")[0] for name in names} == {"gan", f"gan_workbench-{__version__}.dist-info"}
    assert not [name for name in names if "/exports/" in name or name.endswith((".lock", ".pyc", "secrets.toml"))]
    check = [sys.executable, "-m", "pip", "--python", str(installed.python), "--disable-pip-version-check", "check"]
    assert subprocess.run(check, check=False).returncode == 0


def test_the_source_distribution_has_what_the_tests_and_the_documentation_need(installed: Installed) -> None:
    (source,) = installed.built.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names >= {"README.md", "LICENSE", "CHANGELOG.md", "requirements.txt", "Dockerfile", "tests/conftest.py"}
    assert names >= {
        "docs/architecture.md",
        "docs/screenshots/overview.png",
        "streamlit_app.py",
        ".streamlit/config.toml",
    }


def test_the_descriptions_of_what_was_built_are_valid(installed: Installed) -> None:
    command = [sys.executable, "-m", "twine", "check", "--strict", *installed.built.iterdir()]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
