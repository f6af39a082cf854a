"""CONTRIBUTING.md: its worked examples fit the program, and do what it says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from gan.config.settings import ROOT
from tests.conftest import TINY

PAGE = (ROOT / "CONTRIBUTING.md").read_text()
BLOCKS = re.findall(r'^```(python|diff) title="([^"]+)"\n(.*?)^```$', PAGE, flags=re.MULTILINE | re.DOTALL)
OPEN_PAGE = """
from streamlit.testing.v1 import AppTest
at = AppTest.from_file("streamlit_app.py", default_timeout=100).run().switch_page("pages/disk.py").run()
assert not at.exception, at.exception
assert at.dataframe[0].value["Run"].tolist() == ["tried"], at.dataframe[0].value
"""


def apply_edit(text: str, edit: str) -> str:
    """The text after an edit: each run of lines with "-" becomes the lines with "+" below it; a line with " " stays."""
    for old, new in re.findall(r"((?:^[- ].*\n)+)((?:^\+.*\n)+)", edit, flags=re.MULTILINE):
        before = "".join(line[1:] for line in old.splitlines(keepends=True))
        kept = "".join(line[1:] for line in old.splitlines(keepends=True) if line.startswith(" "))
        assert text.count(before) == 1, f"CONTRIBUTING.md changes lines that are not in the file:\n{before}"
        text = text.replace(before, kept + "".join(line[1:] for line in new.splitlines(keepends=True)))
    return text


def test_the_examples_are_applied_trained_with_and_opened(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    for folder in ("gan", "pages", ".streamlit"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("streamlit_app.py", "pyproject.toml"):
        shutil.copy(ROOT / file, copy)
    assert len(BLOCKS) == 11
    for kind, path, text in BLOCKS:
        file = copy / path
        file.write_text(text if kind == "python" else apply_edit(file.read_text(), text))
    environment = os.environ | {"PYTHONPATH": ""}
    ruff = [sys.executable, "-m", "ruff"]
    chosen = {"data.name": "discs", "loss.name": "hinge", "model.family": "upsampling"}
    options = [word for path, value in (TINY | chosen).items() for word in (f"--{path}", str(value))]
    for command in (
        [*ruff, "format", "--check", "."],
        [*ruff, "check", "."],
        [sys.executable, "-m", "gan", "train", "--name", "tried", *options],
        [sys.executable, "-c", OPEN_PAGE],
    ):
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


def test_every_file_that_is_named_exists() -> None:
    made = {path for kind, path, _ in BLOCKS if kind == "python"}
    paths = set(re.findall(r"`((?:gan|pages|docs|tests)/[\w/.]+)`", PAGE)) | {path for _, path, _ in BLOCKS}
    assert len(paths) > 15
    assert [path for path in paths - made if not (ROOT / path).exists()] == []
