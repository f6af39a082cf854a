"""Every page by axe-core, which checks the rules of WCAG 2.2 (A and AA) and the order of headings.

Each page is opened once and seen light at a desk and dark on a phone: bare, and with what can be opened there.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from docs.example_sets import write_ham10000_zip
from gan.data.ingest import staging, upload_check
from tests.browser.conftest import PATIENCE, Server, Visit, serving
from tests.conftest import trained
from tests.support.pages import made

Open = Callable[[Page], None]
VIEWS: tuple[tuple[Literal["light", "dark"], int], ...] = (("light", 1440), ("dark", 400))
"""Theme and width of the window in pixels: colours depend on the one, places on the other."""
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "rules": {"heading-order": {"enabled": True}, "page-has-heading-one": {"enabled": True}},
    "resultTypes": ["violations"],
}
FADING = 700  # ms; what is drawn anew is half visible at first, and its contrast too low


def open_image(page: Page) -> None:
    """The dialog of one generated image."""
    page.locator(".st-key-generated .tile").first.click()
    page.get_by_role("dialog").get_by_text("Command that makes this image again:").wait_for()


def open_deletion(page: Page) -> None:
    """The question whether to delete a run."""
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Keep it").wait_for()


def open_editor(page: Page) -> None:
    """The fields that change how an upload is read, with those of its labels."""
    page.get_by_text("Change how they are read").click()
    page.locator("[data-testid=stCode] .token").first.wait_for()  # the command, once its words are coloured


def open_splits(page: Page) -> None:
    """The fields of groups and splits."""
    page.get_by_role("tab", name="Groups and splits").click()


PAGES_OF_A_RUN: dict[str, tuple[Open, ...]] = {
    "progress?run=seen": (open_deletion,),
    "gallery?run=seen": (open_image,),
    "gallery?run=seen&view=Compare": (),
    "gallery?run=seen&view=Walk": (),
    "gallery?run=seen&view=Basket": (),
    "gallery?run=seen&view=Download": (),  # with the form of an export
    "evaluate?run=seen": (),  # with the form of the study
}
OTHER_PAGES: dict[str, tuple[Open, ...]] = {
    "": (),
    "?view=table": (),
    "data": (),
    "data?upload={upload}": (open_editor, open_splits),
    "train": (),
    "compare?runs=seen,beside": (),
    "explanations": (),
    "explanations?about=scores": (),
    "system": (),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a store of its own, for the runs that are seen."""
    with serving(tmp_path_factory.mktemp("accessibility")) as server:
        yield server


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("pages", [PAGES_OF_A_RUN, OTHER_PAGES], ids=["of a run", "others"])
def test_no_page_breaks_a_rule(
    server: Server,
    chromium: Browser,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    pages: dict[str, tuple[Open, ...]],
) -> None:
    monkeypatch.setenv("GAN_STORE", str(server.store))
    if not (server.store / "seen").exists():
        trained("seen")
        made("beside")
    upload = staging.stage_path("lesions", write_ham10000_zip(tmp_path / "lesions.zip", each=20))
    upload_check.check_upload(upload)
    context = chromium.new_context()
    context.set_default_timeout(PATIENCE)
    visit = Visit(context.new_page(), server.address)
    found: dict[str, Any] = {}
    for link, openers in pages.items():
        visit.page.set_viewport_size({"width": 1440, "height": 1000})
        visit.open(link.format(upload=upload.name))
        visit.page.get_by_role("heading", level=1).wait_for()
        found |= violations(visit, link)
        for opener in openers:
            visit.page.set_viewport_size({"width": 1440, "height": 1000})
            opener(visit.page)
            found |= violations(visit, f"{link}, {opener.__name__}")
    context.close()
    assert found == {}


def test_what_opens_a_menu_stays_readable_in_the_dark(
    server: Server, chromium: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GAN_STORE", str(server.store))
    made("menu")
    context = chromium.new_context(color_scheme="dark")
    context.set_default_timeout(PATIENCE)
    visit = Visit(context.new_page(), server.address)
    for link, name in (("", "More"), ("progress?run=menu", "How to read it")):
        visit.open(link)
        button = visit.page.locator("button[kind=tertiary][aria-expanded]").filter(has_text=name).first
        button.click()
        visit.page.locator("button[kind=tertiary][aria-expanded=true]").wait_for()
        visit.page.wait_for_timeout(FADING)
        red, green, blue = button.evaluate("e => getComputedStyle(e).color.match(/[0-9]+/g).slice(0, 3).map(Number)")
        assert min(red, green, blue) > 90, f"{name}: {red}, {green}, {blue} on an almost black page"
    context.close()


def violations(visit: Visit, name: str) -> dict[str, Any]:
    """The broken rules of the open page with the elements that break them, by its name and each view that has any."""
    found: dict[str, Any] = {}
    for theme, width in VIEWS:
        visit.page.emulate_media(color_scheme=theme)
        visit.page.set_viewport_size({"width": width, "height": 1000})
        visit.settle()
        visit.page.wait_for_timeout(FADING)
        broken = Axe().run(visit.page, options=RULES).response["violations"]
        if broken:
            nodes = [(rule["id"], [node["html"][:200] for node in rule["nodes"]]) for rule in broken]
            found[f"{name}, {theme}, {width} px"] = nodes
    return found
