"""docs/architecture.md: its tables of packages and of the run folder's files are true."""

import re

import pytest

from gan.config.settings import ROOT
from tests.conftest import trained
from tests.test_boundaries import ORDER, WITHOUT_TORCH

PAGE = (ROOT / "docs" / "architecture.md").read_text()
PACKAGES = re.findall(r"^\| `gan/(\w+)(?:/|\.py)` \| .* \| (yes|no) \|$", PAGE, flags=re.MULTILINE)
RUN_FILES = re.findall(r"^\| `([\w./<>-]+)` \| .* \| `(gan/[\w/]+\.py)` \|$", PAGE, flags=re.MULTILINE)


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
