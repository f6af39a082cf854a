"""The data page: what is said of a set, which attributes go together, and one's own files before they are kept."""

import csv
import io
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from gan import jobs
from gan.config import options, settings
from gan.data import catalogue, registry, set_notes
from gan.data.ingest import accepted_sets, hand_labels, staging, upload_check
from gan.data.ingest.checks.report import CheckReport
from gan.io.atomic import write_json
from gan.jobs import launch
from gan.runs import lifecycle
from pages.ui import cache_images
from pages.ui.data.steps import UPLOAD
from tests.support.celeba import write_celeba
from tests.support.image_files import class_files, png_bytes, zip_of
from tests.support.jobs import wait_until
from tests.support.pages import APP, buttons, page, said, tiles
from tests.support.unlabelled import add_squares
from tests.support.uploads import add_zip


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    """No test sees the sets of another's store."""
    cache_images.clear_catalogue()


def html(at: AppTest) -> str:
    """All that a page draws of its own."""
    return "".join(element.proto.body for element in at.get("html"))


def judged(report: CheckReport) -> AppTest:
    """The page while a set waits to be accepted."""
    assert report.staged is not None
    at = AppTest.from_file(APP, default_timeout=60).run()
    at.switch_page("pages/data.py")
    at.query_params[UPLOAD] = report.staged.name
    at.run()
    assert not at.exception
    return at


def test_files_are_shown_by_the_class_they_were_understood_as_before_anything_is_kept() -> None:
    at = judged(
        add_zip("cells", zip_of(class_files() | {"c/only.png": png_bytes(99)} | {"c/other.png": png_bytes(98)}))
    )
    assert "**3 classes**" in said(at)
    assert "File b/001.png, understood as b" in html(at)
    assert html(at).count("understood as c") == 2
    assert "c (2)" in said(at)
    assert not settings.added_sets().exists()
    at.button(key="reject set").click().run()
    assert not at.exception
    assert len(at.get("file_uploader")) == 1


def test_a_check_goes_on_when_its_page_is_left_and_is_found_again() -> None:
    folder = staging.stage_archive("cells", zip_of(class_files()))
    jobs.start_task(folder)
    at = page("data")  # another visit, without the link of the upload
    at.button(key=f"upload {folder.name}").click().run()
    assert not at.exception
    assert at.query_params[UPLOAD] == folder.name
    wait_until(lambda: not jobs.state(folder).alive, "the check has ended")
    at.run()
    assert not at.exception
    assert "understood as b" in html(at)
    assert not at.button(key="accept set").disabled


def test_a_check_that_failed_says_why_and_leads_back_to_the_form() -> None:
    folder = staging.stage_archive("cells", io.BytesIO(b"no zip"))
    jobs.start_task(folder)
    wait_until(lambda: not jobs.state(folder).alive, "the check has ended")
    at = page("data", upload=folder.name)
    assert "not a complete ZIP" in at.error[0].value
    at.button(key="reject set").click().run()
    assert not at.exception
    assert not folder.exists()
    assert len(at.get("file_uploader")) == 1


def test_keeping_a_set_names_and_reads_it_and_shows_its_files_as_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "start_scheduler", lambda: False)
    report = add_zip("cells", zip_of(class_files()))
    at = judged(report)
    assert report.staged is not None
    name = at.text_input(key=f"name of upload {report.staged.name}")
    assert name.value == "cells"
    at.button(key="accept set").click().run()
    assert not at.exception
    assert "is being read" in said(at)
    assert jobs.state(settings.tasks() / "prepare-folder-cells").name == "queued"
    registry.load_image_set(catalogue.find_entry("folder-cells").config)
    at = page("data", data="cells")  # the name is enough
    assert not at.error
    assert at.query_params["data"] == "folder-cells"
    assert "File a/000.png, understood as a" in html(at)
    assert "Sizes: 24 x 24 (44)" in said(at)
    assert "Licence: Your own images" in said(at)


def test_a_set_shows_how_many_unlabelled_images_it_has() -> None:
    add_squares("own")
    registry.load_image_set(options.build_config({"data.name": "folder", "data.path": "own"}).data)
    at = page("data", data="folder-own")
    assert {metric.label: metric.value for metric in at.metric}["Unlabelled: learnt if you choose"] == "24"
    registry.load_image_set(options.build_config({}).data)
    assert not [metric for metric in page("data", data="digits").metric if "Unlabelled" in metric.label]


def test_an_archive_is_checked_as_soon_as_it_is_here_under_the_name_of_its_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(launch, "start_scheduler", lambda: False)
    accepted_sets.accept(add_zip("Blood cells", zip_of(class_files())))
    at = page("data")
    archive = ("Blood cells.zip", zip_of(class_files()).getvalue(), "application/zip")
    at.get("file_uploader")[0].set_value(archive).run()
    assert not at.exception
    folder = staging.upload_folder(at.query_params[UPLOAD])
    assert staging.upload_title(folder) == "Blood cells 2"
    assert jobs.state(folder).name == "queued"


def test_the_words_on_a_set_are_changed_and_the_set_is_deleted() -> None:
    accepted_sets.accept(add_zip("cells", zip_of(class_files())))
    registry.load_image_set(catalogue.find_entry("folder-cells").config)
    lifecycle.create_run(options.build_config({"data.name": "folder", "data.path": "cells"}), title="First try")
    at = page("data", data="folder-cells")
    at.text_input(key="title of set cells").set_value("Blood cells")
    at.text_area(key="licence of set cells").set_value("CC BY 4.0")
    next(button for button in at.button if button.label == "Save").click().run()
    assert not at.exception
    assert at.selectbox(key="data set").value == "folder-cells"
    assert "Licence: CC BY 4.0." in said(at)
    assert set_notes.load_set_notes(settings.added_sets() / "cells").title == "Blood cells"
    assert "**1 run trained on it** (First try)" in said(at)
    at.button(key="delete set cells").click().run()
    assert not at.exception
    assert "folder-cells" not in at.selectbox(key="data set").options
    assert not (settings.added_sets() / "cells").exists()


def test_images_without_labels_are_labelled_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "start_scheduler", lambda: False)
    report = add_zip("flat", zip_of({f"{seed:02d}.png": png_bytes(seed) for seed in range(24)}))
    at = judged(report)
    assert report.staged is not None
    at.text_input(key=f"class names {report.staged.name}").set_value("healthy, inflamed")
    next(button for button in at.button if button.label == "Set the classes").click().run()
    assert not at.exception
    assert [tile["id"] for tile in tiles(at)][:2] == ["00.png", "01.png"]
    assert at.button(key="use hand labels").disabled
    assert "two classes first" in at.button(key="use hand labels").help
    for seed in range(24):
        hand_labels.set_label(report.staged, f"{seed:02d}.png", ("healthy", "inflamed")[seed % 2])
    at.run()
    at.button(key="use hand labels").click().run()
    assert not at.exception
    assert jobs.state(report.staged).name == "queued"
    assert upload_check.check_upload(report.staged).counts["train"].keys() == {"healthy", "inflamed"}


def test_whoever_labelled_too_few_images_labels_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "start_scheduler", lambda: False)
    report = add_zip("flat", zip_of({f"{seed:02d}.png": png_bytes(seed) for seed in range(48)}))
    assert report.staged is not None
    hand_labels.set_classes(report.staged, ["healthy", "inflamed"])
    for count, ok in ((2, False), (24, True)):
        for seed in range(count):
            hand_labels.set_label(report.staged, f"{seed:02d}.png", ("healthy", "inflamed")[seed % 2])
        hand_labels.use_hand_labels(report.staged)
        checked = upload_check.check_upload(report.staged)
        assert checked.ok is ok
        at = judged(checked)
        assert "Label more of them" in said(at)
        if not ok:
            assert "Check again with these changes" not in buttons(at)  # fields that read labels from names are folded
        assert f"({count} of 48 images)" in at.button(key="use hand labels").label
        assert tiles(at)[0]["id"] == f"{count:02d}.png"


def test_a_table_of_attributes_is_understood_as_such(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    with open(path, "w", newline="") as file:
        rows = [[f"{seed:03d}.png", seed % 2, int(seed < 30), f"slide {seed // 4}"] for seed in range(60)]
        csv.writer(file).writerows([["file", "round", "dark", "group"], *rows])
    files = {f"{seed:03d}.png": png_bytes(seed) for seed in range(60)} | {"labels.csv": path.read_bytes()}
    at = judged(add_zip("cells", zip_of(files)))
    assert "**2 attributes**" in said(at)
    at.button(key="accept set").click().run()
    registry.load_image_set(catalogue.find_entry("folder-cells").config)
    at = page("data", data="folder-cells")
    assert "Groups (patients, slides): " in said(at)
    assert "None is in two splits." in said(at)


def test_attributes_that_go_together_are_listed_with_their_tie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_celeba(tmp_path, 60)
    monkeypatch.setenv("GAN_DATA", str(tmp_path))
    registry.load_image_set(catalogue.find_entry("celeba").config)
    at = page("data", data="celeba")
    assert "Which go together" in said(at)
    table = at.table[0].value
    assert list(table.columns) == ["Attributes", "Phi", "With both", "By chance"]
    ties = [abs(float(tie.replace("−", "-"))) for tie in table["Phi"]]
    assert ties == sorted(ties, reverse=True)
    assert ties[0] > 0


def test_other_images_of_each_class_are_shown_on_demand() -> None:
    at = page("data", data="digits")
    first = html(at)
    next(button for button in at.button if button.label == "Show others").click().run()
    assert not at.exception
    assert html(at) != first
    assert html(at).count("Real image of 7") == first.count("Real image of 7")


def test_over_300_loose_files_are_to_be_a_zip_before_anything_is_stored(store: Path) -> None:
    at = page("data")
    at.button_group(key="set way").set_value("Image files").run()
    files = [(f"{number}.png", b"no matter", "image/png") for number in range(301)]
    at.get("file_uploader")[0].set_value(files).run()
    assert not at.exception
    assert "Make a ZIP" in said(at)
    assert "Make a ZIP" in at.button(key="check set").help
    assert at.button(key="check set").disabled
    at.get("file_uploader")[0].set_value(files[:300]).run()
    assert "Make a ZIP" not in said(at)
    assert not at.button(key="check set").disabled
    assert not (store / ".data" / "incoming").exists()


def test_a_stopped_check_is_repeated(store: Path) -> None:
    folder = staging.stage_archive("cells", zip_of(class_files()))
    write_json(folder / "started.json", {"ticket": 1, "time": 1.0, "device": "cpu", "pid": None})
    write_json(folder / "end.json", {"ticket": 1, "time": 2.0, "state": "stopped"})
    at = page("data", upload=folder.name)
    at.button(key="check again").click().run()
    assert not at.exception
    wait_until(lambda: not jobs.state(folder).alive, "the check has ended")
    report = upload_check.load_pending(folder.name)
    assert report is not None
    assert report.images == 44
