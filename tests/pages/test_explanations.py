"""The explanations: drawings with words, and every chart with good and bad recordings and what is said of them."""

import re
from pathlib import Path

import pytest

from gan.config import glossary
from gan.monitoring import reference_curves
from pages.ui import palette
from pages.ui.explanations import evaluation_texts, lessons
from pages.ui.progress.chart_texts import GROUPS
from tests.support.pages import links, made, page, said

DRAWINGS = Path(__file__).resolve().parents[2] / "pages" / "ui" / "explanations"


def test_the_drawings_have_words_for_who_does_not_see_them() -> None:
    made_of = [file.read_text() for file in sorted(DRAWINGS.glob("*.svg"))]
    assert len(made_of) == 2
    colours = {colour for one in made_of for colour in re.findall("#[0-9A-Fa-f]{6}", one)}
    assert colours == {palette.ON_ANY_GROUND["orange"], palette.ON_ANY_GROUND["blue"]}  # the rest is the page's own
    assert all('role="img"' in one and 'aria-label="' in one for one in made_of)
    assert len(page("explanations").get("bidi_component")) == 2 + sum(len(names) for names in lessons.SHOWN.values())


def test_every_chart_of_a_run_is_explained() -> None:
    assert {group.key for group in GROUPS} | {"samples", *evaluation_texts.TEXTS} == set(lessons.TITLES)
    assert set(lessons.SHOWN) == set(lessons.TITLES)


def test_every_recording_but_doubles_is_shown_with_what_the_diagnosis_says_of_it() -> None:
    at = page("explanations")
    shown = {name for names in lessons.SHOWN.values() for name in names}
    assert shown == set(reference_curves.recording_names())
    for name in shown:
        assert f"**{reference_curves.load_recording(name).title}**" in said(at)
    for words in (
        "Losses in balance",
        "Discriminator is winning",
        "One image per class",
        "Memorising",
        "no longer a number",
    ):
        assert words in said(at)


@pytest.mark.parametrize("about", list(lessons.TITLES))
def test_a_link_from_a_chart_opens_that_chart_first(about: str) -> None:
    at = page("explanations", about=about)
    said_first = next(part.value for part in at.markdown)
    assert said_first == lessons.chart_words("losses").what  # the first tab's words, above the basics
    assert at.tabs[list(lessons.TITLES).index(about)].label == lessons.TITLES[about]


def test_every_chart_on_the_progress_page_links_to_its_explanation() -> None:
    made("linked")
    queries = [query for label, query in links(page("progress", run="linked")) if label == "See it in recorded runs"]
    assert queries == [f"about={key}" for key in ("samples", "losses", "answers", "speed")]


def test_every_term_of_the_glossary_is_explained() -> None:
    words = said(page("explanations"))
    for terms in glossary.GLOSSARY.values():
        assert all(f"**{term}.** {meaning}" in words for term, meaning in terms.items())


def test_the_explanations_have_no_formula() -> None:
    """The page promises to do without mathematics."""
    texts = [lessons.chart_words(key) for key in lessons.TITLES]
    for text in texts:
        assert not re.search(r"log|[−=∑]|E\[", " ".join((text.what, text.good, *text.bad)))
