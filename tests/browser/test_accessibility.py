"""Every page by axe-core, which checks the rules of WCAG 2.2 (A and AA) and the order of headings."""

from collections.abc import Iterator
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.browser.conftest import Server, Visit, serving
from tests.conftest import trained
from tests.support.pages import made

LINKS = (
    "",
    "data",
    "data?data=digits",
    "train",
    "progress?run=seen",
    "gallery?run=seen",
    "gallery?run=seen&view=Compare",
    "gallery?run=seen&view=Walk",
    "gallery?run=seen&view=Basket",
    "gallery?run=seen&view=Download",
    "evaluate?run=seen",
    "compare?runs=seen,beside",
    "explanations",
    "explanations?about=scores",
    "system",
)
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "rules": {"heading-order": {"enabled": True}, "page-has-heading-one": {"enabled": True}},
    "resultTypes": ["violations"],
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a store of its own, for the runs that are seen."""
    with serving(tmp_path_factory.mktemp("accessibility")) as server:
        yield server


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_breaks_a_rule(
    server: Server, chromium: Browser, monkeypatch: pytest.MonkeyPatch, theme: Literal["light", "dark"]
) -> None:
    monkeypatch.setenv("GAN_STORE", str(server.store))
    if not (server.store / "seen").exists():
        trained("seen")
        made("beside")
    context = chromium.new_context(viewport={"width": 1440, "height": 1000}, color_scheme=theme)
    visit = Visit(context.new_page(), server.address)
    found: dict[str, Any] = {}
    for link in LINKS:
        visit.open(link)
        visit.page.get_by_role("heading", level=1).wait_for()
        visit.settle()
        visit.page.wait_for_timeout(1000)  # what is drawn anew fades in: half visible, its contrast is too low
        violations = Axe().run(visit.page, options=RULES).response["violations"]
        if violations:
            found[link] = [(rule["id"], [node["html"][:200] for node in rule["nodes"]]) for rule in violations]
    context.close()
    assert found == {}
