"""What a page reads at each drawing: each run's config once at most, and a folder of images once at most."""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gan.config.run_config import DataConfig
from gan.data import registry
from gan.data.ingest.labels.proposals import sure_inventory
from gan.data.sources.folder import SOURCE
from gan.data.sources.scan import scan, scanning_once
from gan.runs import notes
from gan.runs.run import find_run
from tests.conftest import trained
from tests.support.pages import PAGES, ended, made, page

WATCHED: list[Counter[str]] = []
"""Where opened files and walked folders are counted while a test looks; an audit hook cannot be taken out again."""


def audit(event: str, arguments: tuple[Any, ...]) -> None:
    """Count what is opened or listed, by its path."""
    if WATCHED and event in ("open", "os.scandir", "os.listdir") and isinstance(arguments[0], str | Path):
        WATCHED[-1][str(arguments[0])] += 1


sys.addaudithook(audit)


@pytest.fixture
def reads() -> Iterator[Counter[str]]:
    """How often each path was opened or listed since."""
    WATCHED.append(Counter())
    yield WATCHED[-1]
    WATCHED.clear()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of 30 images, below a single folder as a ZIP has them."""
    folder = tmp_path_factory.mktemp("own")
    draw = np.random.default_rng(0)
    for number in range(60):
        path = folder / "cells" / ("benign", "malignant")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw.integers(0, 256, (32, 32), dtype=np.uint8)).save(path)
    return folder


def walked(reads: Counter[str], folder: Path) -> int:
    """How often the most often walked folder of that tree was."""
    return max(
        (count for path, count in reads.items() if path.startswith(str(folder)) and Path(path).is_dir()), default=0
    )


@pytest.mark.parametrize("name", PAGES)
def test_a_page_reads_each_config_and_walks_the_images_once(
    name: str, folder: Path, store: Path, reads: Counter[str]
) -> None:
    run = trained("own", data__name="folder", data__path=str(folder))
    others = [made("one"), made("two", **{"train.batch": 32})]
    (made("broken").path / "config.json").write_text("{")
    link = {"data.name": "folder", "data.path": str(folder)}
    links: dict[str, dict[str, Any]] = {
        "train": {"set": [f"{path}:{value}" for path, value in link.items()]},
        "compare": {"runs": "own,one,two"},
        "data": {},
        "overview": {},
    }
    at = page(name, **links.get(name, {"run": run.name}))
    for _ in range(2):
        reads.clear()
        at.run()
        assert not at.exception
        assert not at.error or name == "train"
        configs = {one.name: reads[str(one.path / "config.json")] for one in [run, *others]}
        assert max(configs.values()) <= 1, configs
        assert walked(reads, folder) <= 1, reads
    others[0].path.joinpath("config.json").write_text((run.path / "config.json").read_text())
    assert find_run("one").config == run.config  # a changed file is read again


@pytest.mark.parametrize("name", PAGES)
def test_a_page_lists_the_runs_of_the_store_twice_at_most(name: str, store: Path, reads: Counter[str]) -> None:
    for run in ("one", "two"):
        made(run)
    at = page(name, **({"runs": "one,two"} if name == "compare" else {}))
    at.run()
    reads.clear()
    at.run()
    assert not at.exception
    assert reads[str(store)] <= (1 if name == "train" else 2)


def test_a_folder_is_walked_once_in_a_block_and_anew_in_the_next(folder: Path, reads: Counter[str]) -> None:
    config = DataConfig.model_validate({"name": "folder", "path": str(folder)})
    with scanning_once():
        assert registry.problem(config) is None
        registry.cached_image_set(config)
        registry.preview(config, 4)
        assert walked(reads, folder) == 1
    before = SOURCE.fingerprint(config)
    (folder / "cells" / "benign" / "new.png").write_bytes(b"no image")
    assert SOURCE.fingerprint(config) != before
    (folder / "cells" / "benign" / "new.png").unlink()


def test_a_file_that_changes_is_taken_stock_of_again(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    (tmp_path / "b.png").touch()
    (tmp_path / "labels.csv").write_text("file,class\na.png,cat\nb.png,dog\n")
    assert sure_inventory(tmp_path).names == ("cat", "dog")
    (tmp_path / "labels.csv").write_text("file,class\na.png,cat\nb.png,horse\n")
    assert sure_inventory(tmp_path).names == ("cat", "horse")


def test_a_link_that_leads_nowhere_is_listed_and_breaks_nothing(tmp_path: Path) -> None:
    (tmp_path / "cats").mkdir()
    (tmp_path / "cats" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    assert [(file.name, file.size) for file in scan(tmp_path)] == [("cats/gone.png", 0)]
    config = DataConfig.model_validate({"name": "folder", "path": str(tmp_path)})
    assert SOURCE.fingerprint(config)


def test_an_ended_run_is_read_again_for_the_table_only_where_it_changed(reads: Counter[str]) -> None:
    runs = [ended(made(name), state="finished") for name in ("one", "two")]
    at = page("overview", view="table")
    reads.clear()
    at.run()
    assert not [path for path in reads if Path(path).parent in [run.path for run in runs]]
    notes.update_about(runs[0].path, title="Better")
    ended(runs[1], state="stopped")
    at.run()
    table = at.dataframe[0].value.set_index("title")
    assert table["state"].to_dict() == {"Better": "Finished", "two": "Stopped"}
