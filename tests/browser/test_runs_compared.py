"""Two runs are compared from the page of one of them, by an address that shows a colleague the same."""

import pytest
from playwright.sync_api import expect

from gan.runs import notes
from tests.browser.conftest import Server, Visit
from tests.browser.effort import count_effort, permanent_words
from tests.support.pages import ended, made

MOST_WORDS = {"table": 120, "compare": 120}


def test_two_runs_are_compared_by_a_link(visit: Visit, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_STORE", str(server.store))
    ended(made("slow-rate", **{"optim.lr": 0.0001}), state="finished")
    fast = ended(made("fast-rate", **{"optim.lr": 0.001}), state="finished")
    page = visit.page
    visit.open("progress?run=slow-rate")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_text("Choose at least two runs above.")).to_be_visible()
    runs = page.get_by_role("combobox", name="Runs")
    runs.fill("fast-rate")
    runs.press("Enter")
    expect(page).to_have_url(f"{server.address}/compare?runs=slow-rate%2Cfast-rate")

    notes.update_about(fast.path, title="fast-rate with a title that takes more than the width of a phone")
    page.goto(page.url)  # as somebody who was sent the link
    differing = page.locator(".st-key-comparison-options").get_by_role("row")
    expect(differing).to_have_count(2)  # the names of the runs, and the only option in which they differ
    expect(differing.nth(1)).to_contain_text("Learning rate")
    for value in ("0.0001", "0.001"):
        expect(differing.nth(1).get_by_role("cell", name=value, exact=True)).to_be_visible()
    loss = page.locator(".live-chart").first
    for name in ("slow-rate", "fast-rate"):
        expect(loss.locator(".legendtext").filter(has_text=name)).to_be_visible()
        expect(page.get_by_role("img", name=f"Generated samples of the run {name} before training")).to_be_visible()
    visit.shot("compare")
    page.set_viewport_size({"width": 400, "height": 900})
    pills = page.locator(".st-key-compared-shown [data-variant=pills]")
    expect(pills).to_have_count(2)
    for pill in pills.all():
        box = pill.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 400


def test_runs_selected_in_the_table_are_compared_and_exported_in_six_clicks(
    visit: Visit, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_STORE", str(server.store))
    for name in ("table-first", "table-second"):
        ended(made(name), state="finished")
    page = visit.page
    effort = count_effort(page)
    visit.open("?text=table-")
    page.get_by_role("radio", name="Table").click()
    expect(page).to_have_url(f"{server.address}/?view=table&text=table-")
    table = page.get_by_test_id("stDataFrame")
    expect(table).to_be_visible()
    visit.settle()
    box = table.bounding_box()
    assert box is not None
    for row in (1, 2):
        page.mouse.click(box["x"] + 16, box["y"] + 35 * row + 17)  # its check box; the grid is drawn on a canvas
        expect(page.get_by_text(f"{row} selected")).to_be_visible()
        visit.settle()
    visit.shot("run-table")
    assert permanent_words(page) <= MOST_WORDS["table"]
    page.locator(".st-key-selected-runs").get_by_role("button", name="Compare").click()
    expect(page).to_have_url(f"{server.address}/compare?runs=table-second%2Ctable-first")
    expect(page.locator(".live-chart .main-svg").first).to_be_visible()
    visit.settle()
    assert permanent_words(page) <= MOST_WORDS["compare"]
    for name, begin in (("Table as CSV", "run,"), ("Page as HTML", "<!doctype html>")):
        with page.expect_download() as downloading:
            page.get_by_role("button", name=name).click()
        assert downloading.value.path().read_text().lower().startswith(begin)
    assert effort.clicks == 6
    assert effort.fields == set()
