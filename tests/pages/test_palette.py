"""The colours: enough contrast for every reader, and the same in the pages and in the charts."""

import itertools
import tomllib
from pathlib import Path
from typing import Any

import pytest

from pages.ui import palette
from pages.ui.palette import Theme, contrast, mixed

ROOT = Path(__file__).resolve().parents[2]
THEMES: tuple[Theme, Theme] = ("light", "dark")
QUIET = 0.75  # the opacity of captions and notes in style.css
PINNED = 0.6  # that of a pinned column in a table, which Streamlit draws


def theme(name: Theme) -> dict[str, Any]:
    """The colours of one theme in Streamlit's settings."""
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    found: dict[str, Any] = settings["theme"][name]
    return found


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)  # the usual example that just fails
    assert contrast("#FFFFFF", "#777777") == contrast("#777777", "#FFFFFF")


def test_a_mixed_colour_lies_between_its_two() -> None:
    assert mixed("#000000", "#FFFFFF", 0.5) == "#808080"
    assert mixed("#102030", "#FFFFFF", 1.0) == "#102030"


@pytest.mark.parametrize("name", THEMES)
def test_all_words_can_be_read_on_their_grounds(name: Theme) -> None:
    colors = theme(name)
    style = (ROOT / "pages" / "ui" / "style.css").read_text()
    for quiet in ('[data-testid="stCaptionContainer"] {', ".quiet {"):
        assert f"opacity: {QUIET};" in style.split(quiet)[1].split("}")[0]
    for ground in (colors["backgroundColor"], colors["secondaryBackgroundColor"]):
        assert contrast(colors["textColor"], ground) >= 7
        assert contrast(colors["linkColor"], ground) >= 4.5
        assert contrast(mixed(colors["textColor"], ground, QUIET), ground) >= 4.5
    ground = colors["backgroundColor"]
    assert contrast(mixed(colors["textColor"], ground, PINNED), ground) >= 4.5
    assert contrast("#FFFFFF", colors["primaryColor"]) >= 4.5  # the words on a button
    assert contrast(colors["primaryColor"], colors["backgroundColor"]) >= 3


@pytest.mark.parametrize("name", THEMES)
def test_lines_and_bars_stand_out_from_the_ground_and_from_each_other(name: Theme) -> None:
    ground = theme(name)["backgroundColor"]
    for color in [*palette.TONES[name].values(), *palette.ON_ANY_GROUND.values()]:
        assert contrast(color, ground) >= 3
    for one, other in itertools.combinations(palette.TONES[name].values(), 2):
        assert one != other


@pytest.mark.parametrize("name", THEMES)
def test_streamlits_own_charts_have_our_colours_in_our_order(name: Theme) -> None:
    assert theme(name)["chartCategoricalColors"] == list(palette.TONES[name].values())
