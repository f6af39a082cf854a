"""The demo runs reach a store that has no runs, once, and whole."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gan.config import settings
from gan.runs.demo_runs import copy_demo_runs
from gan.runs.run import all_runs, find_run

DEMOS = sorted(path.name for path in (settings.ROOT / "checkpoints").glob("demo-*"))


def test_a_new_store_gets_whole_runs_of_its_own(store: Path) -> None:
    assert copy_demo_runs() == DEMOS
    assert {run.name for run in all_runs()} == set(DEMOS) == {path.name for path in store.iterdir()}
    for name in DEMOS:
        demo = settings.ROOT / "checkpoints" / name
        files = [path.relative_to(demo) for path in demo.rglob("*") if path.is_file()]
        assert all((find_run(name).path / file).read_bytes() == (demo / file).read_bytes() for file in files)


def test_a_store_with_a_run_stays_as_it_is(store: Path) -> None:
    (store / "mine").mkdir(parents=True)
    assert copy_demo_runs() == []
    assert [path.name for path in store.iterdir()] == ["mine"]


def test_hidden_folders_are_no_runs(store: Path) -> None:
    (store / ".data").mkdir(parents=True)
    assert copy_demo_runs() == DEMOS


def test_of_several_that_start_at_once_one_copies_each_run(store: Path) -> None:
    with ThreadPoolExecutor(4) as threads:
        copied = [name for names in threads.map(lambda _: copy_demo_runs(), range(4)) for name in names]
    assert sorted(copied) == DEMOS
    assert sorted(path.name for path in store.iterdir()) == DEMOS


def test_a_store_that_cannot_be_written_is_an_error_of_the_store(store: Path) -> None:
    store.write_text("a file where the folder should be")
    with pytest.raises(OSError, match="store"):
        copy_demo_runs()
