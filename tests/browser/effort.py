"""What a page asks of its visitor: clicks, fields to type into, and words to read before anything is opened."""

from dataclasses import dataclass, field

from playwright.sync_api import Page

LISTEN = """
addEventListener("pointerdown", event => event.isTrusted && countClick(), true)
addEventListener("input", event => {
    if (event.target.matches("input[type=text], input[type=number], textarea"))
        countField(event.target.getAttribute("aria-label") ?? "")
}, true)
"""
WORDS = """() => {
    const walker = document.createTreeWalker(document.querySelector("[data-testid=stMain]"), NodeFilter.SHOW_TEXT)
    let count = 0
    while (walker.nextNode()) {
        const parent = walker.currentNode.parentElement
        const skipped = parent.closest("[data-testid=stIconMaterial], .live-chart, svg, style, script")
        if (parent.checkVisibility() && !skipped)
            count += (walker.currentNode.textContent.match(/[A-Za-z’']{2,}/g) ?? []).length
    }
    return count
}"""


@dataclass
class Effort:
    """What a visitor did on a page and all that it opened: `clicks`, and the labels of the fields typed into."""

    clicks: int = 0
    fields: set[str] = field(default_factory=set)

    def click(self) -> None:
        """A press of the mouse."""
        self.clicks += 1

    def type_into(self, label: str) -> None:
        """An input into a field."""
        self.fields.add(label)


def count_effort(page: Page) -> Effort:
    """Count from the next page on; the choice of a file, which the browser's own dialog takes, is not seen."""
    effort = Effort()
    page.expose_function("countClick", effort.click)
    page.expose_function("countField", effort.type_into)
    page.add_init_script(LISTEN)
    return effort


def permanent_words(page: Page) -> int:
    """The visible words of a page, all of its length, outside icons and charts."""
    return int(page.evaluate(WORDS))
