"""Wrong labels on the data page: a search that can be left, decisions by click, undone by a second one."""

import pytest
from streamlit.testing.v1 import AppTest

from gan import jobs
from gan.config import settings
from gan.data import catalogue, registry
from gan.data.label_edits import Edit, load_edits
from gan.evaluation.budget import ClassifierBudget, SuspectBudget
from gan.evaluation.records.suspects import load_suspects
from gan.evaluation.suspect_labels import search_added_set
from pages.ui import cache_images
from tests.support.digit_sets import add_digits
from tests.support.jobs import wait_until
from tests.support.pages import page, said

TINY = SuspectBudget(folds=2, classifier=ClassifierBudget(1, 640, 640))


@pytest.fixture(autouse=True)
def cells(store: object) -> None:
    cache_images.clear_catalogue()
    add_digits("cells", train=80)
    registry.load_image_set(catalogue.find_entry("folder-cells").config)


def opened() -> AppTest:
    return page("data", data="folder-cells")


def test_a_search_is_a_task_that_is_found_again() -> None:
    at = opened()
    at.button(key="find suspects").click().run()
    assert not at.exception
    folder = settings.tasks() / "suspects-cells"
    again = opened()  # another visitor
    if jobs.state(folder).alive:
        assert not [button for button in again.button if button.key == "find suspects"]
        jobs.stop(folder)
    wait_until(lambda: not jobs.state(folder).alive, "the task ended", 60)
    assert jobs.state(folder).name in ("stopped", "finished"), jobs.log_tail(folder)


def test_a_decision_is_recorded_changed_and_undone_by_click() -> None:
    search_added_set("cells", budget=TINY)
    folder = settings.added_sets() / "cells"
    suspects = load_suspects(folder)
    assert suspects is not None
    first, second, *_ = suspects.labels
    at = opened()
    at.button_group(key=f"cells decision {first.file}").set_value(f"→ {first.likely}").run()
    assert load_edits(folder) == {first.file: Edit("relabel", first.likely)}
    other = next(name for name in "0123456789" if name not in (first.given, first.likely))
    at.selectbox(key=f"cells class {first.file}").set_value(other).run()
    assert load_edits(folder) == {first.file: Edit("relabel", other)}
    at.button_group(key=f"cells decision {second.file}").set_value("Leave out").run()
    assert load_edits(folder)[second.file] == Edit("drop")
    assert not at.exception

    again = opened()  # a colleague
    assert again.button_group(key=f"cells decision {second.file}").value == "Leave out"
    assert "1 relabelled, 1 left out" in said(again)
    again.button(key=f"cells undo {first.file}").click().run()
    assert set(load_edits(folder)) == {second.file}
    again.button_group(key=f"cells decision {second.file}").set_value(None).run()
    assert load_edits(folder) == {}
    assert not again.exception


def test_images_unlike_the_others_can_be_left_out() -> None:
    search_added_set("cells", budget=TINY)
    folder = settings.added_sets() / "cells"
    suspects = load_suspects(folder)
    assert suspects is not None
    at = opened()
    at.button_group(key="cells suspects shown").set_value("Unlike the others").run()
    file = suspects.outliers[0].file
    at.button_group(key=f"cells decision {file}").set_value("Leave out").run()
    assert load_edits(folder) == {file: Edit("drop")}
    assert not at.exception
