"""docs/architecture.md: its tables of packages and of the run folder's files are true."""

import re

import pytest

from gan.config.settings import ROOT
from tests.conftest import trained
from tests.test_boundaries import ORDER, WITHOUT_TORCH

PAGE = (ROOT / "docs" / "architecture.md").read_text()
PACKAGES = re.findall(r"^\| `gan/(\w+)(?:/|\.py)` \| .* \| (yes|no) \|$", PAGE, flags=re.MULTILINE)
RUN_FILES = re.findall(r"^\| `([\w./<>-]+)` \| .* \| `(gan/[\w/]+\.py)` \|$", PAGE, flags=re.MULTILINE)

EXAMPLES = {"gan/data/sources/discs.py", "gan/models/upsampling.py", "pages/disk.py", "gan/app/streamlit_app.py"}
"""Files that CONTRIBUTING.md adds as examples, and the app's own in a wheel."""


def test_the_packages_are_listed_in_the_order_of_their_imports() -> None:
    assert tuple(name for name, _ in PACKAGES) == ORDER


@pytest.mark.parametrize(("name", "loads_torch"), PACKAGES)
def test_a_package_that_loads_no_torch_is_tested_for_that(name: str, loads_torch: str) -> None:
    assert (name in (*WITHOUT_TORCH, "errors")) == (loads_torch == "no")


@pytest.mark.parametrize(("path", "writer"), RUN_FILES)
def test_a_file_of_the_run_folder_is_written_by_the_module_that_is_named(path: str, writer: str) -> None:
    name = path.rpartition("/")[2]
    parts = [part for part in re.split(r"<\w+>", name) if part]
    code = (ROOT / writer).read_text()
    assert all(part in code for part in parts)


def test_every_file_of_a_trained_run_is_listed() -> None:
    trained("parent")
    run = trained("listed", train__start_from="parent")
    assert (run.path / "parent" / "networks.safetensors").exists()
    patterns = [
        re.sub("<(seen|n)>", "[0-9]+", re.escape(path).replace(r"\<", "<").replace(r"\>", ">")) for path, _ in RUN_FILES
    ]
    patterns += [r"samples/[0-9]+\.png", r"\w+\.lock"]
    files = [str(path.relative_to(run.path)) for path in run.path.rglob("*") if path.is_file()]
    assert [file for file in files if not any(re.fullmatch(pattern, file) for pattern in patterns)] == []


def test_every_path_that_is_named_exists() -> None:
    for path in re.findall(r"`((?:gan|pages|tests)/[\w/.]*)`", PAGE):
        assert (ROOT / path).exists(), path


def test_every_source_file_that_a_text_or_comment_names_exists() -> None:
    sources = [path for folder in ("gan", "pages", "docs", "tests") for path in (ROOT / folder).rglob("*.py")]
    texts = [
        ROOT / "pyproject.toml",
        ROOT / ".streamlit/config.toml",
        *ROOT.glob("*.md"),
        *(ROOT / "docs").glob("*.md"),
    ]
    named = {
        (path, name)
        for path in (*sources, *texts)
        for name in re.findall(r"(?<![\w/.-])(?:gan|pages|tests|docs)/[\w/]+\.(?:py|md|js)\b", path.read_text())
    }
    assert len(named) > 200
    assert {name for _, name in named if not (ROOT / name).exists()} == EXAMPLES
