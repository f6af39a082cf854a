"""The gallery's downloads: what is asked for is what was chosen, guarded unless somebody decides otherwise."""

import zipfile
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from gan import jobs
from gan.data.fingerprint import Fingerprint
from gan.export import exports, generator_files
from gan.export.request import ExportRequest
from gan.runs.run import Run
from gan.sampling import marks
from gan.sampling.marks import KEEP, REJECT
from gan.sampling.provenance import Origin
from pages.ui.gallery import export_form
from tests.conftest import trained
from tests.support.evaluation import studied
from tests.support.jobs import wait_until
from tests.support.pages import buttons, page, said


@pytest.fixture
def run() -> Iterator[Run]:
    """A small run, whose exports are stopped at the end."""
    run = trained("small")
    yield run
    for one in exports.list_exports(run):
        if one.state.alive:
            jobs.stop(one.folder)


def downloads(run: Run) -> AppTest:
    return page("gallery", run=run.name, view="Download")


def begun(at: AppTest, run: Run) -> ExportRequest:
    """Start the export that the page offers, and give what it was asked for."""
    at.button(key="make zip").click().run()
    assert not at.exception
    assert not at.error
    return exports.list_exports(run)[0].request


def test_every_class_is_brought_to_one_number(run: Run) -> None:
    counts = run.info().conditions.sum(axis=0, dtype=int).tolist()
    at = downloads(run)
    at.radio(key="export way").set_value("balance").run()
    table = at.dataframe[0].value
    assert table["Real"].tolist() == counts
    assert table["Result"].tolist() == [max(counts)] * 10
    at.number_input(key="balance small").set_value(145).run()
    lacking = {str(k): 145 - count for k, count in enumerate(counts) if count < 145}
    table = at.dataframe[0].value
    assert table["Synthetic to add"].tolist() == [lacking.get(str(k), 0) for k in range(10)]
    assert f"Make a ZIP of {sum(lacking.values())} images" in buttons(at)
    assert dict(begun(at, run).items) == lacking
    at.number_input(key="balance small").set_value(min(counts)).run()
    assert any("nothing to add" in box.value for box in at.info)
    assert at.button(key="make zip").disabled


def test_a_class_of_more_images_than_one_export_offers_can_be_brought_to_its_number(run: Run) -> None:
    info = run.info()
    large = np.repeat(np.eye(10, dtype=np.uint8)[:2], (export_form.MAX_EACH + 10, export_form.MAX_EACH + 4), axis=0)
    replace(info, conditions=large).save(run.path)
    at = page("gallery", run=run.name, view="Download", condition="1")
    at.radio(key="export way").set_value("balance").run()
    assert not at.exception
    assert "Make a ZIP of 6 images" in buttons(at)


def test_one_class_is_brought_to_a_number_in_one_request(run: Run) -> None:
    real = int(run.info().conditions[:, 8].sum())
    at = page("gallery", run=run.name, view="Download", condition="8")
    at.radio(key="export way").set_value("balance").run()
    at.number_input(key="balance small").set_value(real + 7).run()
    assert f"**{real + 7} 8**: {real} real + 7" in said(at)
    assert "Make a ZIP of 7 images" in buttons(at)
    assert begun(at, run).items == (("8", 7),)


def test_each_chosen_class_may_have_a_number_of_its_own(run: Run) -> None:
    at = page("gallery", run=run.name, view="Download", condition=["3", "8"])
    at.number_input(key="download each").set_value(4).run()
    at.toggle(key="own counts").set_value(True).run()
    at.number_input(key="count small 8").set_value(9).run()
    assert begun(at, run).items == (("3", 4), ("8", 9))


def test_form_and_keep_rate_go_into_the_request_with_the_guard_on(run: Run) -> None:
    at = downloads(run)
    at.slider(key="gallery keep rate").set_value(40)
    at.slider(key="gallery truncation").set_value(0.7)
    at.run()
    at.selectbox(key="export form").set_value("npz")
    at.number_input(key="download each").set_value(3).run()
    assert "About " in said(at)
    request = begun(at, run)
    assert (request.format, request.keep_rate, request.truncation) == ("npz", 0.4, 0.7)
    assert not request.with_near_copies
    assert set(request.items) == {(str(k), 3) for k in range(10)}
    assert "the best 40%" in said(at)


def test_without_the_training_images_near_copies_are_left_in_only_where_somebody_says_so(run: Run) -> None:
    known = Fingerprint.load(run.path)
    replace(known, digests=known.digests[::-1]).save(run.path)  # of other images than there are
    at = downloads(run)
    assert "has changed since the run small was trained" in at.warning[0].value
    assert "Or leave near copies in" in at.warning[0].value
    assert at.button(key="make zip").disabled
    at.toggle(key="guarded").set_value(False).run()
    assert "training images in disguise" in at.warning[0].value
    assert begun(at, run).with_near_copies


def test_the_basket_is_taken_home_whole(run: Run) -> None:
    first, last = run.snapshots()
    kept = [Origin(last, 0, 5, "0"), Origin(first, 3, 70, "4", 0.5), Origin(last, 0, 80, "4")]
    marks.change(run, dict.fromkeys(kept, KEEP))
    marks.change(run, {Origin(last, 0, 6, "0"): REJECT})
    at = page("gallery", run="small", view="Basket")
    at.button(key="download basket").click().run()
    assert not at.exception
    assert at.radio(key="export way").value == "basket"
    at.toggle(key="guarded").set_value(False).run()
    assert "Make a ZIP of 3 images" in buttons(at)
    assert begun(at, run).basket == tuple(kept)
    (one,) = exports.list_exports(run)
    wait_until(lambda: not one.state.alive, "the export ended", 60)
    assert one.file is not None, jobs.log_tail(one.folder)
    assert sum(name.endswith(".png") for name in zipfile.ZipFile(one.file).namelist()) == 3
    at.run()
    assert any(link.proto.label.startswith("Download, ") for link in at.get("link_button"))


def test_an_export_that_was_stopped_goes_on(run: Run) -> None:
    one = exports.begin_export(run, ExportRequest((("3", 50_000),), with_near_copies=True))
    at = downloads(run)
    assert "Stop" in buttons(at)
    at.button(key=f"stop {one.id}").click().run()
    wait_until(lambda: not one.state.alive, "the export is stopped", 60)
    at.run()
    assert "Stop" not in buttons(at)
    at.button(key=f"resume {one.id}").click().run()
    assert not at.exception
    assert one.state.alive


def test_an_export_that_cannot_be_read_hides_no_other(run: Run) -> None:
    one = exports.begin_export(run, ExportRequest((("3", 50_000),), with_near_copies=True))
    (run.path / "exports" / "20990101-000000").mkdir()  # newer, and without its request
    at = downloads(run)
    assert [box.value for box in at.error if "request.json" in box.value]
    assert f"stop {one.id}" in [button.key for button in at.button]


def test_a_generator_that_cannot_be_read_hides_no_other(run: Run) -> None:
    one = generator_files.begin_generator_file(run, "safetensors", run.snapshots()[-1])
    wait_until(lambda: not one.state.alive, "the generator is written", 60)
    (run.path / "exports" / "generator-torch").mkdir()  # listed first, and without its request
    at = downloads(run)
    assert [box.value for box in at.error if "request.json" in box.value]
    assert any(link.proto.label.startswith("Download, ") for link in at.get("link_button"))


def test_a_bad_run_is_called_so_before_its_images_and_can_still_be_downloaded(run: Run) -> None:
    last = run.snapshots()[-1]
    studied(run, last, kind="harmful")
    for view in ("Look", "Download"):
        at = page("gallery", run=run.name, view=view, snapshot=str(last))
        (banner,) = at.error
        assert banner.value.startswith("**Harmful.**")
    assert not at.button(key="make zip").disabled


def test_what_nobody_measured_is_said_where_images_are_taken(run: Run) -> None:
    at = downloads(run)
    assert "Scores: not measured" in said(at)
    assert "Study: not measured" in said(at)
    assert not at.error
