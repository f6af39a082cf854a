"""Titles, tags, notes and the archive: changes, limits, damaged files."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from gan.cli.main import main
from gan.config import options
from gan.errors import RunError
from gan.runs import lifecycle, notes
from gan.runs.notes import About
from gan.runs.run import all_runs, find_run


def test_a_title_changes_and_the_folder_stays(store: Path) -> None:
    run = lifecycle.create_run(options.build_config({}), "cells")
    assert run.title == "cells"
    notes.update_about(
        run.path, title="  Blood cells,\n best so far ", tags=("paper", "64 px"), notes="With balance.\n"
    )
    assert find_run("cells").title == "Blood cells, best so far"
    assert find_run("cells").about.tags == ("paper", "64 px")
    assert find_run("cells").about.notes == "With balance."
    assert [folder.name for folder in store.iterdir()] == ["cells"]
    notes.update_about(run.path, title="")
    assert run.title == "cells"
    assert run.about.tags == ("paper", "64 px")
    assert run.about.created == run.created > 0


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"created": "x", "title": 3, "tags": "a", "notes": {}}']
)
def test_a_damaged_file_says_nothing_and_can_be_written_again(content: bytes) -> None:
    first, run = (
        lifecycle.create_run(options.build_config({}), "first"),
        lifecycle.create_run(options.build_config({}), "run"),
    )
    (run.path / "about.json").write_bytes(content)
    assert run.about == About(created=(run.path / "config.json").stat().st_mtime)
    assert run.title == "run"
    assert {one.name for one in all_runs()} == {first.name, run.name}
    notes.update_about(run.path, title="Mended")
    assert run.about.title == "Mended"
    assert run.about.created == (run.path / "config.json").stat().st_mtime


def test_odd_tags_of_a_file_are_left_out() -> None:
    run = lifecycle.create_run(options.build_config({}), "run")
    (run.path / "about.json").write_text(json.dumps({"created": 5, "tags": ["a", 3, None], "archived": "yes"}))
    assert run.about == About(created=5.0, tags=("a",))


@pytest.mark.parametrize("sweep", [3, "../other", "a,b", "A", ["s"], "x" * 65])
def test_a_sweep_that_no_run_can_be_in_is_none(sweep: object) -> None:
    run = lifecycle.create_run(options.build_config({}), "run", "s")
    assert run.about.sweep == "s"
    (run.path / "about.json").write_text(json.dumps({"sweep": sweep}))
    assert run.about.sweep == ""


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"title": "x" * 81}, "81 characters"),
        ({"tags": ("x" * 25,)}, "x" * 25),
        ({"tags": ("a,b",)}, "'a,b'"),
        ({"tags": tuple("abcdefghijklm")}, "13 tags"),
        ({"notes": "x" * 4001}, "4,001 characters"),
    ],
)
def test_what_is_too_long_to_show_is_refused_and_changes_nothing(values: dict[str, object], named: str) -> None:
    run = lifecycle.create_run(options.build_config({}), "run")
    before = run.about
    with pytest.raises(RunError, match=named):
        notes.update_about(run.path, **values)
    assert run.about == before


def test_tags_come_from_words_between_commas() -> None:
    assert notes.split_tags(" paper , 64  px,,paper,rare class ") == ("paper", "64 px", "rare class")


def test_two_people_who_change_different_things_both_get_theirs() -> None:
    run = lifecycle.create_run(options.build_config({}), "run")
    wishes = [{"title": "One"}, {"tags": ("two",)}, {"notes": "three"}, {"archived": True}] * 5
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda wish: notes.update_about(run.path, **wish), wishes))
    assert run.about == replace(run.about, title="One", tags=("two",), notes="three", archived=True)


def test_the_list_of_runs_shows_titles_and_leaves_out_the_archive(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("kept", "old"):
        lifecycle.create_run(options.build_config({}), name)
    notes.update_about(find_run("kept").path, title="The good one", tags=("paper",))
    notes.update_about(find_run("old").path, archived=True)
    assert main(["runs"]) == 0
    said = capsys.readouterr().out
    assert "The good one" in said
    assert "Archived runs that are not listed: 1. `--archived` lists them too." in said
    assert "old" not in said.split("Archived")[0]
    assert main(["runs", "--json", "--archived"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["kept"] | {"title": "The good one", "tags": ["paper"], "archived": False} == rows["kept"]
    assert rows["old"]["archived"] is True
    assert main(["runs", "--json"]) == 0
    assert [row["name"] for row in json.loads(capsys.readouterr().out)] == ["kept"]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ({}, "digits"),
        ({"data.name": "medmnist", "data.flag": "breastmnist"}, "breastmnist"),
        ({"data.name": "folder", "data.path": "/images/Blood Cells (2)"}, "blood-cells-2"),
        ({"data.name": "folder", "data.path": "/images/細胞"}, "folder"),
    ],
)
def test_a_run_without_a_name_is_called_after_its_data(data: dict[str, object], name: str) -> None:
    assert re.fullmatch(rf"{name}-\d{{4}}-\d{{4}}", lifecycle.create_run(options.build_config(data)).name)
