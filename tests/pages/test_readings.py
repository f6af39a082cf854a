"""Adding images whose reading is not certain: proposals, choosing one, and what follows."""

import io

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from gan import jobs
from gan.data.ingest import accepted_sets, staging, upload_check
from gan.data.ingest.checks.report import CheckReport
from pages.ui import cache_images
from pages.ui.data.class_fields import changed_classes
from pages.ui.data.steps import UPLOAD
from tests.data.ingest.files.archives import zip_with_names
from tests.support.fields import field
from tests.support.image_files import png_bytes, zip_of
from tests.support.jobs import wait_until
from tests.support.pages import page, said
from tests.support.uploads import add_zip


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    """No test sees the sets of another's store."""
    cache_images.clear_catalogue()


def opened(report: CheckReport) -> AppTest:
    """The page of a checked upload."""
    assert report.staged is not None
    return page("data", **{UPLOAD: report.staged.name})


def checked_again(at: AppTest) -> CheckReport:
    """The report of the check that a button of the page started; the page is drawn again."""
    assert not at.exception
    folder = staging.upload_folder(at.query_params[UPLOAD])
    wait_until(lambda: not jobs.state(folder).alive, "the check has ended")
    report = upload_check.load_pending(folder.name)
    assert report is not None, jobs.log_tail(folder)
    at.run()
    assert not at.exception
    return report


def html(at: AppTest) -> str:
    return "".join(element.proto.body for element in at.get("html"))


def with_folds() -> dict[str, bytes]:
    """48 images of two classes, and a table with a column of folds."""
    files = {f"{number:02d}.png": png_bytes(number) for number in range(48)}
    lines = [f"{number:02d}.png,{'ab'[number % 2]},{number % 4}" for number in range(48)]
    return files | {"labels.csv": "\n".join(["file,class,fold", *lines]).encode()}


def test_proposals_are_cards_with_pictures_and_the_chosen_one_is_checked(store: object) -> None:
    first = add_zip("cells", zip_of(with_folds()))
    assert first.reading is None
    at = opened(first)
    assert [button.key for button in at.button if str(button.key).startswith("read so")] == ["read so 0", "read so 1"]
    assert "train 36 · test 12" in said(at)
    assert "No splits are named" in said(at)
    assert html(at).count("read as a") >= 6  # three pictures on each of two cards
    assert not [button for button in at.button if button.key == "accept set"]
    at.button(key="read so 1").click().run()
    report = checked_again(at)
    assert report.reading == first.proposals[1].reading
    assert report.plan is not None
    assert np.unique(report.plan.split).tolist() == ["test", "train", "val"]
    at.button(key="accept set").click().run()
    assert not at.exception
    assert accepted_sets.load_report("cells").reading == first.proposals[1].reading


def edited(report: CheckReport) -> AppTest:
    """The page of a checked upload, with the fields that change how it is read."""
    assert report.staged is not None
    at = opened(report)
    at.session_state[f"editor {report.staged.name}"] = True
    at.run()
    assert not at.exception
    return at


def test_columns_are_given_other_roles_with_the_outcome_beside_them(store: object) -> None:
    files = {f"{number:02d}.png": png_bytes(number) for number in range(48)}
    lines = [f"{number:02d}.png,{'ab'[number % 2]},{'xyz'[number % 3]},p{number // 4}" for number in range(48)]
    first = add_zip("cells", zip_of(files | {"labels.csv": "\n".join(["file,class,stain,who", *lines]).encode()}))
    assert first.ok
    at = edited(first)
    assert at.button(key="check again").disabled
    field(at, "selectbox", "label column").set_value("stain").run()
    field(at, "selectbox", "group column").set_value("who").run()
    assert not at.exception
    assert "**48 images, 3 classes** · 12 groups (patients, slides)" in said(at)
    assert "--class stain --group who" in at.code[0].value
    at.button(key="check again").click().run()
    report = checked_again(at)
    assert report.plan is not None
    assert report.plan.names == ("x", "y", "z")
    assert report.plan.group is not None


def test_columns_for_results_by_subgroup_are_shown_and_switched_off(store: object) -> None:
    files = {f"{number:02d}.png": png_bytes(number) for number in range(48)}
    lines = [f"{number:02d}.png,{'ab'[number % 2]},{'FM'[number // 24]},p{number}" for number in range(48)]
    first = add_zip("cells", zip_of(files | {"labels.csv": "\n".join(["file,class,sex,note", *lines]).encode()}))
    at = edited(first)
    assert field(at, "multiselect", "subgroups").value == ["sex"]
    assert "Kept for results by subgroup: sex (F 24, M 24)" in said(at)
    field(at, "multiselect", "subgroups").set_value(["sex", "note"]).run()
    assert "48 different values" in "".join(error.value for error in at.error)
    field(at, "multiselect", "subgroups").set_value([]).run()
    assert not at.exception
    assert "--no-subgroups" in at.code[0].value
    at.button(key="check again").click().run()
    report = checked_again(at)
    assert report.plan is not None
    assert report.plan.subgroups == {}


def test_a_column_that_names_no_images_is_an_error_beside_the_fields_and_loses_nothing(store: object) -> None:
    first = add_zip("cells", zip_of(with_folds()))
    at = edited(first)
    field(at, "selectbox", "image column").set_value("class").run()
    assert not at.exception
    assert "None of the 48 images that column class" in "".join(error.value for error in at.error)
    assert at.button(key="check again").disabled
    field(at, "selectbox", "image column").set_value("file").run()
    assert not at.error
    assert not at.button(key="check again").disabled


def test_levels_of_folders_are_given_other_roles(store: object) -> None:
    folders = {f"{'ab'[number % 2]}/{'xy'[number // 24]}/{number:02d}.png": png_bytes(number) for number in range(48)}
    at = edited(add_zip("cells", zip_of(folders)))
    field(at, "selectbox", "level 1").set_value("ignore").run()
    field(at, "selectbox", "level 2").set_value("class").run()
    assert not at.exception
    assert "--levels ignore,class" in at.code[0].value
    at.button(key="check again").click().run()
    report = checked_again(at)
    assert report.plan is not None
    assert report.plan.names == ("x", "y")


def test_splits_geometry_and_images_to_leave_out_are_chosen(store: object) -> None:
    at = edited(add_zip("cells", zip_of(with_folds())))
    field(at, "selectbox", "split 0").set_value("val").run()
    field(at, "multiselect", "leave out").set_value(["0*.png"]).run()
    field(at, "button_group", "geometry").set_value("pad").run()
    assert not at.exception
    assert "10 left out" in said(at)
    at.button(key="check again").click().run()
    report = checked_again(at)
    assert report.reading is not None
    assert report.reading.splits["0"] == "val"
    assert report.plan is not None
    assert (report.plan.geometry, len(report.plan.files)) == ("pad", 38)


def test_a_check_that_starts_from_another_proposal_takes_its_fields(store: object) -> None:
    first = add_zip("cells", zip_of(with_folds()))
    at = edited(first)
    assert field(at, "selectbox", "split column").value == "fold"
    field(at, "selectbox", "start").set_value(1).run()
    assert not at.exception
    assert field(at, "selectbox", "split column").value == ""


def test_classes_are_renamed_merged_and_left_out_by_the_rows_of_their_table() -> None:
    rows = [
        {"Name": "a", "New name": "c", "Use": "kept"},
        {"Name": "b", "New name": " c ", "Use": "kept"},
        {"Name": "d", "New name": "d", "Use": "left out"},
        {"Name": "e", "New name": "e", "Use": "unlabelled"},
        {"Name": "f", "New name": "f", "Use": "kept"},
    ]
    assert changed_classes(rows) == {"drop": ("d",), "rename": {"a": "c", "b": "c", "e": ""}}


def test_a_thousand_classes_make_few_boxes_and_few_rows(store: object) -> None:
    files = {
        f"class_{number:04d}/{copy}.png": png_bytes(2 * number + copy, 8) for number in range(1000) for copy in (0, 1)
    }
    at = edited(add_zip("cells", zip_of(files)))
    assert len(at.error) + len(at.warning) <= 6
    assert html(at).count('class="tile-row"') <= 60
    assert len(at.markdown) < 40


def test_names_of_a_zip_are_read_in_another_encoding(store: object) -> None:
    files = [(f"{('正常', '肺炎')[seed % 2]}/{seed:03d}.png".encode("cp932"), png_bytes(seed)) for seed in range(44)]
    at = opened(add_zip("lungs", io.BytesIO(zip_with_names(files))))
    field(at, "selectbox", "names encoding").set_value("cp1251").run()
    at.button(key="read names").click().run()
    report = checked_again(at)
    assert report.plan is not None
    assert "正常" not in report.plan.names


def test_images_for_which_nothing_is_proposed_can_still_be_given_classes(store: object) -> None:
    files = {f"{number:03d}-{'ab'[number % 2]}.png": png_bytes(number) for number in range(48)}
    first = add_zip("cells", zip_of(files))
    assert (first.reading, first.proposals) == (None, ())
    at = opened(first)  # the fields are open, as nothing else helps
    assert field(at, "selectbox", "class part").value == 2  # the part with the fewest values
    field(at, "selectbox", "class part").set_value(-1).run()
    assert not at.exception
    at.button(key="check again").click().run()
    report = checked_again(at)
    assert report.ok
    assert list(report.counts["train"]) == ["a", "b"]
