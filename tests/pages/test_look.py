"""The gallery's views: what is seen, marked, compared, walked and put into the basket is what was chosen."""

import base64
import io
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngImageFile
from streamlit.testing.v1 import AppTest

from gan import jobs
from gan.data import registry
from gan.evaluation import selector
from gan.export import exports
from gan.runs.run import Run, find_run
from gan.sampling import marks
from gan.sampling.conditions import POSITIONS
from gan.sampling.marks import KEEP, REJECT
from gan.sampling.provenance import Origin
from pages.ui import background, cache_images, link_echo
from pages.ui.gallery import export_form, marking
from tests.conftest import trained
from tests.support.evaluation import SMALL_BUDGET, demo_scores
from tests.support.exactness import train_until
from tests.support.jobs import wait_until
from tests.support.pages import buttons, grid_rows, page, said, tiles
from tests.support.unlabelled import add_squares, squares_run


@pytest.fixture
def run() -> Run:
    return trained("small")


def view(at: AppTest, name: str) -> AppTest:
    """Another view of the same visit."""
    at.query_params["view"] = name
    at.run()
    assert not at.exception
    return at


def test_the_gallery_shows_what_is_asked_for(run: Run) -> None:
    at = page("gallery", run="small")
    at.number_input(key="each").set_value(2).run()
    alts = [tile["alt"] for tile in tiles(at)]
    assert len(alts) == 20
    assert alts[15] == "Generated image of 7, run small, seed 0, number 2"
    assert len({tile["src"] for tile in tiles(at)}) == 20


def test_how_many_are_shown_and_how_many_are_downloaded_are_chosen_apart(run: Run) -> None:
    at = page("gallery", run="small", condition="7", each="2")
    assert len(tiles(at)) == 2
    shown = [tile["file"] for tile in tiles(at)]
    view(at, "Download")
    at.number_input(key="download each").set_value(5).run()
    at.toggle(key="guarded").set_value(False).run()
    next(button for button in at.button if button.label == "Make a ZIP of 5 images").click().run()
    assert not at.exception
    (one,) = exports.list_exports(run)
    wait_until(lambda: not one.state.alive, "the export ended", 60)
    assert one.file is not None, jobs.log_tail(one.folder)
    names = [Path(name).name for name in zipfile.ZipFile(one.file).namelist() if name.startswith("images/7/")]
    assert (len(names), names[:2]) == (5, shown)  # of the chosen class alone, the images shown first


def test_the_next_page_shows_the_next_images_and_a_link_opens_it(run: Run) -> None:
    first, second = (page("gallery", run="small", condition="7", each="2", page=str(number)) for number in (1, 2))
    both = tiles(page("gallery", run="small", condition="7", each="4"))
    assert [tile["src"] for tile in tiles(first) + tiles(second)] == [tile["src"] for tile in both]
    assert second.query_params["page"] == "2"
    assert "page" not in first.query_params


def test_a_copied_link_opens_the_same_pictures(run: Run) -> None:
    at = page("gallery", run="small")
    assert at.query_params["snapshot"] == str(run.snapshots()[-1])
    assert "condition" not in at.query_params
    at.selectbox(key="snapshot small").set_value(run.snapshots()[0])
    at.number_input(key="gallery seed").set_value(7)
    at.slider(key="gallery truncation").set_value(0.7)
    at.number_input(key="each").set_value(3)
    at.session_state["classes small"] = []
    at.run()
    assert at.query_params["condition"] == ""
    at.session_state["classes small"] = ["3", "8"]
    at.run()
    link = {name: at.query_params[name] for name in ("snapshot", "seed", "truncation", "each", "condition")}
    numbers = {"snapshot": str(run.snapshots()[0]), "seed": "7", "truncation": "0.7", "each": "3"}
    assert link == numbers | {"condition": ["3", "8"]}
    opened = page("gallery", run="small", **link)
    assert [tile["src"] for tile in tiles(opened)] == [tile["src"] for tile in tiles(at)]
    assert not opened.warning


def test_a_quick_second_choice_whose_address_is_of_before_the_first_keeps_both(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = page("gallery", run="small", condition="")
    before = dict(at.query_params)
    at.session_state["classes small"] = ["3"]
    at.run()
    assert at.query_params["condition"] == "3"
    at.query_params["condition"] = before["condition"]  # the browser has not heard of the first choice yet
    at.session_state["classes small"] = ["3", "8"]
    at.run()
    assert at.query_params["condition"] == ["3", "8"]
    monkeypatch.setattr(link_echo, "SETTLED", 0.0)
    at.query_params["condition"] = "3"  # the Back button, after all was heard
    at.run()
    assert at.session_state["classes small"] == ["3"]


def test_a_link_that_is_not_understood_is_named_and_the_rest_of_it_is_opened(run: Run) -> None:
    at = page("gallery", run="small", snapshot="7", seed="-3", condition="eleven", each="2")
    for fault in ("no snapshot 7", "seed takes a number from 0", "no condition 'eleven'"):
        assert fault in at.warning[0].value
    assert len(tiles(at)) == 20


def test_real_images_of_each_class_stand_below_the_synthetic_ones(run: Run) -> None:
    def pictures(at: AppTest) -> list[tuple[str, str, int]]:
        (grid,) = [
            json.loads(one.proto.json) for one in at.get("bidi_component") if "image_grid" in one.proto.component_name
        ]
        return [(row["name"], row["note"], len(row["pictures"])) for row in grid["rows"]]

    at = page("gallery", run="small", condition=["3", "8"], each="5")
    counts = run.info().conditions.sum(axis=0)
    expected = [
        ("3", "synthetic", 0),
        ("", f"real, of {counts[3]}", 5),
        ("8", "synthetic", 0),
        ("", f"real, of {counts[8]}", 5),
    ]
    assert pictures(at) == expected
    images = registry.load_image_set(run.config.data)
    eights = images.images[images.rows("train")][images.labels()[images.rows("train")] == 8]
    examples = cache_images.real_examples(run, ["8"], 5, 0)
    assert examples is not None
    assert all(any((image == eight).all() for eight in eights) for image in examples[0])
    at.toggle(key="gallery real").set_value(False).run()
    assert pictures(at) == [("3", "synthetic", 0), ("8", "synthetic", 0)]


def test_images_that_nobody_has_read_here_are_called_so_and_not_gone(run: Run) -> None:
    shutil.rmtree(registry.cache_folder(run.config.data))
    at = page("gallery", run="small")
    assert "have not been read on this machine yet" in said(at)
    assert at.button(key="start calibration").label == "Read them"


def test_an_image_is_saved_with_the_name_and_the_text_that_it_has_in_a_download(run: Run) -> None:
    tile = tiles(page("gallery", run="small", condition="7", each="2"))[1]
    picture = Image.open(io.BytesIO(base64.b64decode(tile["src"].partition(",")[2])))
    assert isinstance(picture, PngImageFile)
    assert tile["file"] == f"small_{run.snapshots()[-1]}_s0_700000001.png"
    assert picture.text["Make again"].endswith("--seed 0 --start 700000001 --count 1 --truncation 1 --out one-image")


def test_each_class_is_a_card_with_real_images_where_they_were_read_and_a_name_where_not(run: Run) -> None:
    def cards(at: AppTest) -> list[dict[str, Any]]:
        (drawn,) = [one for one in at.get("bidi_component") if one.proto.component_name == "choice_cards"]
        return list(json.loads(drawn.proto.json)["cards"])

    counts = run.info().conditions.sum(axis=0)
    shown = cards(page("gallery", run="small"))
    assert [(card["name"], card["note"]) for card in shown] == [(str(k), f"{counts[k]} real") for k in range(10)]
    assert all(card["picture"].startswith("data:image/png;base64,") for card in shown)
    registry.cache_folder(run.config.data).rename(run.path / "moved away")
    assert [card["picture"] for card in cards(page("gallery", run="small"))] == [None] * 10


def test_no_class_chosen_and_too_many_images_are_told_in_words(run: Run) -> None:
    at = page("gallery", run="small")
    at.session_state["classes small"] = []
    assert "at least one condition" in at.run().info[0].value
    at.session_state["classes small"] = [str(digit) for digit in range(10)]
    at.run()
    at.number_input(key="each").set_value(41).run()
    assert "410 images are too many" in at.info[0].value


def test_marks_of_everybody_are_shown_and_kept_images_lie_in_the_basket(run: Run) -> None:
    newest = run.snapshots()[-1]
    kept, rejected = Origin(newest, 0, 5, "0"), Origin(newest, 0, POSITIONS + 1, "1")
    other = Origin(run.snapshots()[0], 3, 70, "4", 0.5)
    marks.change(run, {kept: KEEP, rejected: REJECT, other: KEEP})
    at = page("gallery", run="small")
    assert {number: tile["mark"] for number, tile in enumerate(tiles(at)) if tile["mark"]} == {5: "keep", 9: "reject"}
    in_look = tiles(at)[5]["src"]
    view(at, "Basket")
    assert [tile["alt"].split(",")[0] for tile in tiles(at)] == ["Generated image of 0", "Generated image of 4"]
    assert tiles(at)[0]["src"] == in_look
    assert "2 images kept" in said(at)
    assert "1 image rejected" in said(at)
    at.button(key="empty basket").click().run()
    assert marks.load(run) == {rejected: REJECT}
    at.button(key="forget rejections").click().run()
    assert at.button(key="to look")
    assert marks.load(run) == {}


def test_damaged_marks_are_told_and_not_overwritten(run: Run) -> None:
    (run.path / "marks.json").write_text("{")
    at = page("gallery", run="small")
    assert "marks.json is damaged" in at.error[0].value


def test_the_same_noise_stands_beside_itself_over_classes_and_over_snapshots(run: Run) -> None:
    at = view(page("gallery", run="small"), "Compare")
    at.slider(key="noises").set_value(2).run()
    assert [tile["alt"][-1] for tile in tiles(at)] == ["1", "2"] * 10
    at.segmented_control(key="along").set_value("snapshots").run()
    assert not at.exception
    first, second = tiles(at)[:2], tiles(at)[2:]
    assert [tile["alt"] for tile in first] == [tile["alt"] for tile in second]
    assert all(one["src"] != other["src"] for one, other in zip(first, second, strict=True))


def test_real_and_generated_images_of_each_subclass_stand_below_each_other() -> None:
    run = trained("divided", model__subclasses=2)
    counts = run.info().subclasses[3]

    def shown() -> AppTest:
        at = view(page("gallery", run="divided"), "Subclasses")
        at.selectbox(key="subclasses of divided").set_value(3).run()
        assert not at.exception
        return at

    at = shown()
    notes = [f"{count} real, {count / sum(counts):.0%}" for count in counts]
    assert [(row["name"], row["note"]) for row in grid_rows(at)] == [
        *[("Subclass 1", notes[0]), ("", "real")],
        *[("Subclass 2", notes[1]), ("", "real")],
    ]
    alts = [tile["alt"] for tile in tiles(at)]
    for subclass in (1, 2):
        assert sum(alt.startswith(f"Generated image of 3, subclass {subclass}, run divided") for alt in alts) == 8
    registry.cache_folder(run.config.data).rename(run.path / "moved away")
    assert [row["name"] for row in grid_rows(shown())] == ["Subclass 1", "Subclass 2"]


def test_real_images_of_a_subclass_are_counted_apart_from_those_whose_class_was_inferred() -> None:
    add_squares("own", labelled=80, unlabelled=160)
    run = squares_run("squares", **{"model.subclasses": 2})
    train_until(run, None)
    info = run.info()
    at = view(page("gallery", run="squares"), "Subclasses")
    notes = [row["note"] for row in grid_rows(at) if row["note"] != "real"]
    assert notes == [
        f"{labelled} real + {learned - labelled} inferred, {learned / 108:.0%}"
        for labelled, learned in zip(info.labelled_subclasses[0], info.subclasses[0], strict=True)
    ]


def test_more_images_of_one_subclass_are_shown_and_downloaded() -> None:
    trained("divided", model__subclasses=2)
    at = view(page("gallery", run="divided"), "Subclasses")
    at.selectbox(key="subclasses of divided").set_value(3).run()
    at.segmented_control(key="subclass of divided 3").set_value(1).run()
    assert {tile["alt"].partition(", run")[0] for tile in tiles(at)} == {"Generated image of 3, subclass 2"}
    assert all(tile["file"].startswith("divided_subclass2_320_s0_") for tile in tiles(at))
    at = view(at, "Download")
    at.radio(key=export_form.WAY).set_value(export_form.SUBCLASS).run()
    at.toggle(key="guarded").set_value(False).run()
    at.number_input(key="download each").set_value(7).run()
    at.button(key="make zip").click().run()
    assert not at.exception
    (export,) = exports.list_exports(find_run("divided"))
    assert export.request.items == (("3, subclass 2", 7),)
    assert export.request.start is None


def test_a_download_can_take_equally_many_of_each_subclass() -> None:
    trained("divided", model__subclasses=2)
    at = view(page("gallery", run="divided", condition="3"), "Download")
    at.toggle(key="guarded").set_value(False).run()
    at.number_input(key="download each").set_value(7).run()
    at.toggle(key="equal subclasses").set_value(True).run()
    at.button(key="make zip").click().run()
    assert not at.exception
    (export,) = exports.list_exports(find_run("divided"))
    assert export.request.items == (("3, subclass 1", 4), ("3, subclass 2", 3))


def test_a_run_without_subclasses_has_no_view_of_them(run: Run) -> None:
    at = page("gallery", run="small", view="Subclasses")
    assert "The gallery has no view Subclasses: it has Look, Compare, Walk, Basket, Download." in at.warning[0].value


def test_images_that_are_shown_again_can_still_be_marked_when_older_ones_are_forgotten(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marking, "MAX_REMEMBERED", 90)
    at = page("gallery", run="small", each="4")
    at.number_input(key="gallery seed").set_value(1).run()
    at.number_input(key="gallery seed").set_value(0).run()
    at.number_input(key="each").set_value(6).run()  # forty known images and twenty new ones
    remembered = at.session_state[marking.SHOWN]
    assert len(tiles(at)) == 60
    assert [tile["id"] for tile in tiles(at) if tile["id"] not in remembered] == []
    assert len(remembered) == 90


def test_a_walk_is_shown_and_its_ends_can_be_exchanged(run: Run) -> None:
    at = view(page("gallery", run="small"), "Walk")

    def gif() -> str:
        (one,) = [element.proto.body for element in at.get("html") if "image/gif" in element.proto.body]
        return str(one)

    assert [tile["alt"].split(",")[0] for tile in tiles(at)] == ["Generated image of 0", "Generated image of 9"]
    assert 'alt="Walk from 0 to 9, run small"' in gif()
    before = gif()
    at.button(key="another last").click().run()
    assert not at.exception
    assert gif() != before
    at.selectbox(key="walk class first small").set_value("3").run()
    assert 'alt="Walk from 3 to 9, run small"' in gif()
    at.toggle(key="walk same").set_value(True).run()
    assert 'alt="Walk from 3 to 3, run small"' in gif()


def test_a_walk_from_a_subclass_names_its_class() -> None:
    run = trained("divided", model__subclasses=2)
    at = page("gallery", run="divided")
    at.session_state["walk first divided"] = Origin(run.snapshots()[-1], 0, 5, "5, subclass 2")
    view(at, "Walk")
    assert at.selectbox(key="walk class first divided").value == "5"
    assert at.selectbox(key="walk class last divided").value == "9"


def test_a_link_names_a_view_in_any_case_and_is_told_where_there_is_none(run: Run) -> None:
    at = page("gallery", run="small", view="download")
    assert at.query_params["view"] == "Download"
    assert "Make a ZIP of 5,000 images" in buttons(at)
    at = page("gallery", run="small", view="films")
    assert "has no view films: it has Look, Compare, Walk, Basket, Download." in at.warning[0].value
    assert len(tiles(at)) == 80


def test_what_took_long_to_make_is_found_again_at_the_next_visit(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bar was drawn while it was made: the place of the bar is gone, and the result is not."""
    monkeypatch.setattr(background, "DELAY", -1.0)
    for _ in range(2):
        at = page("gallery", run="small", view="Walk")
        assert any("Walk from" in element.proto.body for element in at.get("html"))


def test_the_snapshot_that_scored_best_is_marked_and_chosen(run: Run) -> None:
    at = page("gallery", run="small")
    assert not any("best" in option for option in at.selectbox(key="snapshot small").options)
    best, other = run.snapshots()
    for snapshot, kid in ((best, 0.1), (other, 0.2)):
        demo_scores(run, snapshot, kid=kid)
    at = page("gallery", run="small")
    options = at.selectbox(key="snapshot small").options
    assert [option.endswith(", best") for option in options] == [False, True]
    assert at.selectbox(key="snapshot small").value == best


def test_what_the_keep_rate_leaves_out_is_dimmed(run: Run) -> None:
    selector.load_selector(run, budget=SMALL_BUDGET.classifier)
    at = page("gallery", run="small")
    at.slider(key="gallery keep rate").set_value(25).run(timeout=60)
    assert not at.exception
    by_class = [[tile["dropped"] for tile in tiles(at)[first : first + 8]] for first in range(0, 80, 8)]
    assert [sum(dropped) for dropped in by_class] == [6] * 10
    at.slider(key="gallery keep rate").set_value(100).run()
    assert not any(tile["dropped"] for tile in tiles(at))
