"""A set is cut down after it was kept: the images that stay have their splits, and the first set stays as it is."""

from collections.abc import Mapping

import numpy as np
import pytest

from gan.cli.main import main
from gan.config.run_config import DataConfig
from gan.data import label_edits, registry
from gan.data.image_set import ImageSet
from gan.data.ingest import accepted_sets
from gan.data.ingest.import_plan import ImportPlan
from gan.data.ingest.subset import Cut, make_subset
from gan.data.label_edits import Edit
from gan.data.set_notes import SetNotes, added_folder, change_set_notes, load_set_notes
from gan.errors import DataError
from gan.runs import set_users
from pages.ui import cache_images
from tests.support.image_files import png_bytes, zip_of
from tests.support.pages import page
from tests.support.uploads import add_zip

COUNTS = {"blast": 30, "lymphocyte": 40, "monocyte": 20}


@pytest.fixture
def name() -> str:
    files = {}
    for number, label in enumerate(label for label, count in COUNTS.items() for _ in range(count)):
        files[f"{label}/{number:03d}.png"] = png_bytes(number)
    name = accepted_sets.accept(add_zip("cells", zip_of(files)))
    change_set_notes(name, SetNotes(title="Cells", licence="CC0"))
    return name


def read(name: str) -> ImageSet:
    config = DataConfig.model_validate({"name": "folder", "path": name, "image_size": 32})
    return registry.load_image_set(config)


def counts(name: str) -> Mapping[str, Mapping[str, int]]:
    return read(name).counts()


def test_classes_are_left_out_and_merged_in_the_same_splits(name: str) -> None:
    before = counts(name)
    made = make_subset(name, "Two kinds", Cut({"blast"}, {"monocyte": "white", "lymphocyte": "white"}))
    after = read(made)
    assert after.names == ("white",)
    for split, numbers in before.items():
        assert after.counts()[split]["white"] == numbers["monocyte"] + numbers["lymphocyte"]
    assert after.title == "Two kinds"
    assert load_set_notes(added_folder(made)).licence == "CC0"
    assert "without blast" in after.notices[-1]
    assert counts(name) == before


def test_at_most_so_many_training_images_of_a_class_stay_and_all_others(name: str) -> None:
    before = counts(name)
    after = counts(make_subset(name, "Few", Cut(most=5)))
    assert after["train"] == dict.fromkeys(COUNTS, 5)
    assert {split: after[split] for split in ("val", "test")} == {split: before[split] for split in ("val", "test")}


def test_decisions_on_labels_are_in_the_smaller_set(name: str) -> None:
    plan = ImportPlan.load(added_folder(name))
    first, second = np.flatnonzero((plan.split == "train") & (plan.conditions[:, 0] == 1))[:2]
    label_edits.change_edits(name, {plan.files[first]: Edit("drop"), plan.files[second]: Edit("relabel", "monocyte")})
    before = counts(name)
    assert counts(make_subset(name, "No lymphocytes", Cut({"lymphocyte"})))["train"] == {
        label: before["train"][label] for label in ("blast", "monocyte")
    }


def test_the_smaller_set_outlives_the_first(name: str) -> None:
    made = make_subset(name, "Few", Cut(most=5))
    set_users.delete_set(name)
    assert counts(made)["train"] == dict.fromkeys(COUNTS, 5)


@pytest.mark.parametrize(
    ("cut", "message"),
    [
        (Cut(), "Nothing is cut"),
        (Cut({"eosinophil"}), "no class 'eosinophil'"),
        (Cut(COUNTS), "No class is left"),
        (Cut(most=0), "a number from 1"),
    ],
)
def test_what_cannot_be_cut_is_said_and_nothing_is_made(name: str, cut: Cut, message: str) -> None:
    with pytest.raises(DataError, match=message):
        make_subset(name, "Other", cut)
    with pytest.raises(DataError, match="already a set"):
        make_subset(name, "Cells", Cut({"blast"}))
    assert [path.name for path in added_folder(name).parent.glob("*/plan.json")] == ["plan.json"]


def test_the_command_and_the_page_make_it(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "subset", name, "By command", "--drop", "blast", "--merge", "monocyte=mono"]) == 0
    assert "--data.path by-command" in capsys.readouterr().out
    assert read("by-command").names == ("lymphocyte", "mono")
    assert main(["data", "subset", name, "Wrong", "--merge", "monocyte"]) != 0
    read(name)
    cache_images.clear_catalogue()
    at = page("data", data=f"folder-{name}")
    assert at.button(key=f"make smaller {name}").disabled
    at.number_input(key=f"most of {name}").set_value(4).run()
    at.text_input(key=f"title of smaller {name}").set_value("In the browser").run()
    at.button(key=f"make smaller {name}").click().run()
    assert not at.exception
    assert at.query_params["data"] == "folder-in-the-browser"
    assert counts("in-the-browser")["train"] == dict.fromkeys(COUNTS, 4)
