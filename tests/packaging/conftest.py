"""The wheel, built from the source distribution and installed into an environment of its own, away from the checkout.

The environment is empty but for the wheel. Our dependencies are those of this Python, shown to it by a .pth file:
another five gigabytes would take minutes. Its HOME and its working folder are empty, and no variable of ours is set.
"""

import os
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

from gan.config.settings import ROOT
from gan.io import file_lock
from tests.browser.conftest import chromium as chromium  # the fixture


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel, and the folder of the files that were built."""

    python: Path
    built: Path

    @property
    def program(self) -> str:
        return str(self.python.with_name("gan"))

    def environment(self, home: Path) -> dict[str, str]:
        """The variables of a user who has just logged in."""
        path = f"{self.python.parent}{os.pathsep}{os.environ['PATH']}"
        return {"HOME": str(home), "PATH": path, "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1"}

    def run(self, *arguments: str, home: Path) -> str:
        """The output of a command that ends well, in the empty folder `home`."""
        command = [self.program, *arguments]
        done = subprocess.run(
            command, cwd=home, env=self.environment(home), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel in an empty environment; made once, by whichever worker of the tests is first."""
    base = tmp_path_factory.getbasetemp()  # of one worker, in the folder that all of this run share
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "wheel"
    installed = Installed(shared / "environment" / "bin" / "python", shared / "built")
    shared.mkdir(exist_ok=True)
    with file_lock.exclusive(shared / "lock"):
        if not (shared / "ready").exists():
            _build(installed.built)
            _install(installed)
            (shared / "ready").touch()
    return installed


def _build(folder: Path) -> None:
    """Build the source distribution, and the wheel from it."""
    _run([sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)])


def _install(installed: Installed) -> None:
    environment = installed.python.parents[1]
    venv.create(environment, with_pip=False)
    (wheel,) = installed.built.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "--python", str(installed.python)]
    _run([*pip, "install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check", str(wheel)])
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))


def _run(command: list[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
