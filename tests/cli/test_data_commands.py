"""`data check` and `data add`: a folder that can be read in several ways, and the commands that choose one."""

import json
import shlex
from pathlib import Path

import pytest

from gan.cli.main import main
from gan.config.run_config import DataConfig
from gan.data import registry
from gan.data.ingest import accepted_sets, staging
from gan.errors import DataError
from tests.support.image_files import write_class_folders


@pytest.fixture
def folds(tmp_path: Path) -> Path:
    """Three folds of two classes, 22 images each."""
    write_class_folders(
        tmp_path / "set", {f"fold_{fold}/{name}": 22 for fold in range(3) for name in ("lymph", "blast")}, side=16
    )
    return tmp_path / "set"


def commands(printed: str) -> list[list[str]]:
    """The arguments of each command that a report offers."""
    lines = [line.strip() for line in printed.splitlines()]
    return [shlex.split(line)[3:] for line in lines if line.startswith("python -m gan data")]


def test_a_check_that_asks_offers_commands_that_answer(folds: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "check", str(folds)]) == 2
    offered = commands(capsys.readouterr().out)
    assert len(offered) >= 2
    counts = []
    for command in offered:
        assert main([*command, "--json"]) == 0
        report = json.loads(capsys.readouterr().out)
        assert list(report["counts"]["train"]) == ["blast", "lymph"]
        counts.append(report["counts"]["test"]["blast"])
    assert counts[0] == 22, "the last fold is the test split"


def test_an_added_set_keeps_its_reading(folds: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "add", "cells", str(folds)]) == 2
    assert staging.waiting() == {}, "a set that was not accepted leaves nothing"
    chosen = commands(capsys.readouterr().out)[0]
    assert main([*chosen, "--drop-class", "blast", "--merge", "lymph=lymphocyte"]) == 0
    reading = accepted_sets.load_report("cells").reading
    assert reading is not None
    assert (reading.drop, reading.rename) == (("blast",), {"lymph": "lymphocyte"})
    images = registry.load_image_set(DataConfig.model_validate({"name": "folder", "path": "cells"}))
    assert (images.names, len(images.rows("test"))) == (("lymphocyte",), 22)


def test_a_folder_that_asks_is_not_trained_on_by_its_path(folds: Path) -> None:
    config = DataConfig.model_validate({"name": "folder", "path": str(folds)})
    assert registry.problem(config) is not None
    with pytest.raises(DataError, match="data add"):
        registry.load_image_set(config)


def test_a_class_that_is_not_there_cannot_be_dropped(folds: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "check", str(folds), "--levels", "ignore,class", "--drop-class", "lump", "--json"]) == 2
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert "lump" in problem["text"]
    assert "blast, lymph" in problem["text"]
