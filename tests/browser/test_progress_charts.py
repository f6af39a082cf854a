"""A reader asks a run's charts: the samples of a moment by a click, and each chart as a picture made by the browser."""

import numpy as np
import pytest
from playwright.sync_api import expect

from gan.io.contact_sheet import make_grid
from tests.browser.conftest import Server, Visit
from tests.support.pages import ended, made

PLACE = """chart => {
  const { xaxis, yaxis } = chart._fullLayout
  const curve = chart.data.at(-1)
  const { left, top } = chart.querySelector(".main-svg").getBoundingClientRect()
  return [left + xaxis._offset + xaxis.l2p(curve.x[2]), top + yaxis._offset + yaxis.l2p(curve.y[2])]
}"""
"""Where the third point of a chart's last curve is on the screen."""


def test_a_click_on_a_curve_shows_its_samples_and_charts_are_taken_as_pictures(
    visit: Visit, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_STORE", str(server.store))
    run, page = ended(made("asked"), state="finished"), visit.page
    make_grid(np.full((10, 1, 32, 32), 200, np.uint8), 10).save(run.path / "samples" / "000010000.png")
    visit.open("progress?run=asked")
    expect(page.get_by_role("img", name="Generated samples of the run asked after 10,000 images")).to_be_visible()
    chart = page.locator(".st-key-chart-asked-losses .live-chart")
    chart.locator(".nsewdrag").first.wait_for()
    left, top = chart.evaluate(PLACE)
    page.mouse.move(left - 3, top)
    page.mouse.move(left, top)
    page.mouse.click(left, top)  # after 3,000 images: the nearest picture is the first
    expect(page.get_by_role("img", name="Generated samples of the run asked before training")).to_be_visible()
    expect(page.get_by_text("Before training, the generator draws")).to_be_visible()
    visit.shot("moment")
    chart.hover()
    legend, toolbar = (chart.locator(part).first.bounding_box() for part in (".legend .bg", ".modebar"))
    assert legend is not None
    assert toolbar is not None
    assert toolbar["y"] + toolbar["height"] <= legend["y"] + 1  # neither covers the other
    for kind, begin in (("PNG", b"\x89PNG"), ("SVG", b"<svg")):
        with page.expect_download() as downloading:
            chart.locator(
                f"[data-title='Download this chart as {kind}'], [aria-label='Download this chart as {kind}']"
            ).click()
        assert downloading.value.suggested_filename == f"asked-losses.{kind.lower()}"
        assert downloading.value.path().read_bytes().startswith(begin)
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Curves as CSV").click()
    assert downloading.value.path().read_text().startswith("seen,")


def test_a_chart_stays_in_its_card_when_the_window_changes(
    visit: Visit, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_STORE", str(server.store))
    ended(made("resized"), state="finished")
    visit.open("progress?run=resized")
    place = visit.page.locator(".st-key-chart-resized-losses")
    chart = place.locator(".main-svg").first
    expect(chart).to_be_visible()
    before = chart.bounding_box()
    visit.page.set_viewport_size({"width": 1200, "height": 1300})
    visit.page.wait_for_function(
        "width => document.querySelector('.live-chart .main-svg').clientWidth < width",
        arg=before["width"] if before else 0,
    )
    inner, outer = chart.bounding_box(), place.bounding_box()
    assert before is not None
    assert inner is not None
    assert outer is not None
    assert inner["height"] == before["height"]
    assert inner["y"] + inner["height"] <= outer["y"] + outer["height"] + 1
