"""Attributes in the gallery: three-way choices, searched, counted against the real images, and exported."""

import csv
import io
import re
import zipfile

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from gan import jobs
from gan.data.info import DatasetInfo
from gan.data.sources.celeba import ATTRIBUTES
from gan.export import exports
from gan.io.atomic import write_json
from gan.runs.run import Run
from tests.conftest import trained
from tests.support.celeba import write_celeba
from tests.support.jobs import wait_until
from tests.support.pages import buttons, page, said, tiles


@pytest.fixture
def faces(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run of all 40 attributes, trained on a small set in CelebA's layout."""
    folder = tmp_path_factory.mktemp("distributed")
    write_celeba(folder, 60)
    monkeypatch.setenv("GAN_DATA", str(folder))
    return trained("faces", data__name="celeba", data__image_size=32)


def choose(at: AppTest, **values: str) -> AppTest:
    """Set attributes on, off or any."""
    for name, value in values.items():
        at.segmented_control(key=f"attribute faces {name}").set_value(value).run()
        assert not at.exception
    return at


def agreeing(info: DatasetInfo, **values: int) -> int:
    """Real training images with these values, counted here."""
    return sum(all(row[info.names.index(name)] == value for name, value in values.items()) for row in info.conditions)


def test_every_attribute_is_a_three_way_choice_and_a_search_finds_it(faces: Run) -> None:
    at = page("gallery", run="faces")
    assert len(at.segmented_control) == len(ATTRIBUTES) == 40
    choose(at, Smiling="on")
    at.text_input(key="find faces").set_value("black hair").run()
    assert [control.label for control in at.segmented_control] == ["Black Hair: on, any or off"]
    assert "**Smiling**" in said(at)  # hidden by the search, not undone by it
    at.text_input(key="find faces").set_value("").run()
    assert at.segmented_control(key="attribute faces Smiling").value == "on"


def test_columns_of_samples_name_two_attributes_and_count_the_others(faces: Run) -> None:
    at = page("progress", run="faces")
    (names,) = (element.proto.body for element in at.get("html") if "column-names" in element.proto.body)
    shown = re.findall(r">([^<>]+)</span>", names)
    assert shown
    assert max(map(len, shown)) < 60
    assert any(re.fullmatch(r"[^,]+, [^,]+ and \d+ more", name) for name in shown)
    assert "_" not in names


def test_the_number_of_real_images_is_that_of_the_whole_choice(faces: Run) -> None:
    info = faces.info()
    at = choose(page("gallery", run="faces"), Male="on")
    assert f"{agreeing(info, Male=1):,} real training images have this" in said(at)
    choose(at, Young="off")
    count = agreeing(info, Male=1, Young=0)
    assert (f"{count:,} real training images have this" in said(at)) or count == 0
    assert "**Male, not Young**" in said(at)
    choose(at, Male="any", Young="any")
    assert f"{len(info.conditions):,} real training images have this" in said(at)


def test_a_choice_that_no_real_image_agrees_with_is_warned_of(faces: Run) -> None:
    info = faces.info()
    conditions = np.array(info.conditions)
    conditions[:, info.names.index("Bald")] = 0
    DatasetInfo(**{**info.__dict__, "conditions": conditions}).save(faces.path)
    at = page("gallery", run="faces")
    assert not at.warning
    choose(at, Bald="on")
    assert "No real training image" in at.warning[0].value
    at.button(key="clear attributes").click().run()
    assert not at.warning


def test_two_combinations_are_shown_and_exported_together(faces: Run) -> None:
    at = choose(page("gallery", run="faces"), Smiling="on", Male="off")
    at.button(key="keep combination").click().run()
    choose(at, Smiling="off", Young="on")
    at.number_input(key="count").set_value(3).run()
    assert len(tiles(at)) == 6
    at.query_params["view"] = "Download"
    at.run()
    at.number_input(key="download each").set_value(3).run()
    assert "Make a ZIP of 6 images" in buttons(at)
    at.button(key="make zip").click().run()
    assert not at.exception
    (one,) = exports.list_exports(faces)
    wait_until(lambda: not one.state.alive, "the export ended", 60)
    assert one.state.name == "finished", jobs.log_tail(one.folder)
    assert one.file is not None
    rows = list(csv.DictReader(io.StringIO(zipfile.ZipFile(one.file).read("labels.csv").decode())))
    assert [(row["Smiling"], row["Male"]) for row in rows] == [("1", "0")] * 3 + [("0", "0")] * 3
    assert {row["Young"] for row in rows[3:]} == {"1"}
    at.button(key="drop Male=0,Smiling=1").click().run()
    assert "Make a ZIP of 3 images" in buttons(at)


def test_a_run_that_cannot_be_read_is_not_sampled_from(faces: Run) -> None:
    write_json(faces.path / "config.json", {"version": 99})
    at = page("gallery", run="faces")
    assert "Update the program" in at.info[0].value
    assert "Look at its progress" in buttons(at)


def test_a_copied_link_opens_the_same_combinations(faces: Run) -> None:
    at = choose(page("gallery", run="faces"), Smiling="on")
    at.button(key="keep combination").click().run()
    choose(at, Male="off")
    at.number_input(key="count").set_value(3).run()
    link = {name: at.query_params[name] for name in ("snapshot", "condition", "each")}
    assert link["condition"] == ["Smiling=1", "Male=0,Smiling=1"]
    opened = page("gallery", run="faces", **link)
    assert opened.segmented_control(key="attribute faces Male").value == "off"
    assert [tile["src"] for tile in tiles(opened)] == [tile["src"] for tile in tiles(at)]
