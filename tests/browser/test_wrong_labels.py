"""Wrong labels in a real browser: the most suspect images are seen, one is relabelled by click, and that is undone.

Named so that it runs after `test_journey.py`, whose first visitor finds an empty store.
"""

import pytest
from playwright.sync_api import expect

from gan.config import settings
from gan.data import catalogue, registry
from gan.data.label_edits import Edit, load_edits
from gan.evaluation.budget import ClassifierBudget, SuspectBudget
from gan.evaluation.records.suspects import load_suspects
from gan.evaluation.suspect_labels import search_added_set
from tests.browser.conftest import Server, Visit
from tests.support.digit_sets import add_digits
from tests.support.jobs import wait_until


def test_a_suspect_label_is_changed_and_undone_by_click(
    visit: Visit, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_STORE", str(server.store))
    add_digits("suspects", train=300, flipped=15)
    registry.load_image_set(catalogue.find_entry("folder-suspects").config)
    search_added_set("suspects", budget=SuspectBudget(folds=2, classifier=ClassifierBudget(1, 2_000, 2_000)))
    folder, page = settings.added_sets() / "suspects", visit.page
    found = load_suspects(folder)
    assert found is not None
    first = found.labels[0]

    visit.open("data?data=folder-suspects")
    picture = page.get_by_role("img", name=f"Training image {first.file}, labelled {first.given}")
    picture.scroll_into_view_if_needed()
    expect(page.get_by_role("img", name="Training image")).to_have_count(min(18, len(found.labels)))
    card = page.get_by_test_id("stColumn").filter(has=picture).last
    card.get_by_role("radio", name=f"→ {first.likely}").click()
    wait_until(lambda: load_edits(folder) == {first.file: Edit("relabel", first.likely)}, "it is recorded", 20)
    expect(page.get_by_text("Decisions (1)")).to_be_visible()
    visit.shot("wrong-labels")
    page.get_by_text("Show and undo them").click()
    page.get_by_role("button", name="Undo", exact=True).click()
    wait_until(lambda: load_edits(folder) == {}, "it is undone", 20)
    expect(page.get_by_text("Decisions (1)")).to_be_hidden()
