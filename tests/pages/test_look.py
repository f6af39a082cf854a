"""The gallery's views: what is seen, marked, compared, walked and put into the basket is what was chosen."""

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from gan.data import registry
from gan.evaluation import selector
from gan.runs.run import Run
from gan.sampling import marks
from gan.sampling.marks import KEEP, REJECT
from gan.sampling.provenance import Origin
from pages.ui import background
from tests.conftest import trained
from tests.support.evaluation import SMALL_BUDGET, demo_scores
from tests.support.pages import buttons, page, said, tiles


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
    assert alts[15] == "Generated image of 7, run small, seed 0, number 16"
    assert len({tile["src"] for tile in tiles(at)}) == 20
    view(at, "Download")
    next(button for button in at.button if button.label == "Make a ZIP of 20 images").click().run()
    assert not at.exception
    assert len(list((run.path / "exports").glob("*/request.json"))) == 1


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
    at.button(key="no classes").click().run()
    assert "at least one condition" in at.info[0].value
    at.button(key="all classes").click().run()
    at.number_input(key="each").set_value(41).run()
    assert "410 images are too many" in at.info[0].value


def test_marks_of_everybody_are_shown_and_kept_images_lie_in_the_basket(run: Run) -> None:
    newest = run.snapshots()[-1]
    kept, rejected = Origin(newest, 0, 5, "0"), Origin(newest, 0, 9, "1")
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

    def shown() -> str:
        at = view(page("gallery", run="divided"), "Subclasses")
        at.selectbox(key="subclasses of divided").set_value(3).run()
        assert not at.exception
        (one,) = [element.proto.body for element in at.get("html") if "subclass 2" in element.proto.body]
        return str(one)

    there = shown()
    for subclass in (1, 2):
        assert there.count(f'alt="Real image of 3, subclass {subclass}, number') == 12
        assert there.count(f'alt="Generated image of 3, subclass {subclass}, run divided, number') == 12
        assert f"{counts[subclass - 1]} real, {counts[subclass - 1] / sum(counts):.0%}" in there
    registry.cache_folder(run.config.data).rename(run.path / "moved away")
    alone = shown()
    assert "Real image" not in alone
    assert alone.count("Generated image") == 24
    assert f"{counts[0]} real" in alone


def test_a_run_without_subclasses_has_no_view_of_them(run: Run) -> None:
    at = page("gallery", run="small", view="Subclasses")
    assert "The gallery has no view Subclasses: it has Look, Compare, Walk, Basket, Download." in at.warning[0].value


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


def test_a_link_names_a_view_in_any_case_and_is_told_where_there_is_none(run: Run) -> None:
    at = page("gallery", run="small", view="download")
    assert at.query_params["view"] == "Download"
    assert "Make a ZIP of 80 images" in buttons(at)
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
