"""The colours of the charts, once: of lines and bars by name, for the light and the dark theme.

The lines' colours are those of Okabe and Ito (2008), which people with any colour vision can tell apart, darkened on a
white ground and lightened on a dark one until they stand out from it by 3 to 1 (WCAG 2.2, 1.4.11). Charts name a colour
by its tone; the browser picks the theme's (`chart.js`), because only it knows the theme in use. The colours of the
pages themselves are in `.streamlit/config.toml`; a test holds both to their contrast.
"""

from typing import Literal

Theme = Literal["light", "dark"]

TONES: dict[Theme, dict[str, str]] = {
    "light": {
        "blue": "#0072B2",
        "orange": "#D55E00",
        "green": "#009E73",
        "purple": "#B4578B",
        "yellow": "#B97F00",
        "sky": "#2E8BC0",
    },
    "dark": {
        "blue": "#56B4E9",
        "orange": "#F08A3C",
        "green": "#35C49B",
        "purple": "#E29BC3",
        "yellow": "#F2C14E",
        "sky": "#9AD0F5",
    },
}

ON_ANY_GROUND = {"blue": "#2B8CC9", "orange": "#D9691A"}
"""Tones of pictures that cannot follow the theme, such as a card's miniature curves: 3 to 1 on either ground."""


def contrast(one: str, other: str) -> float:
    """How far two colours such as `#0072B2` stand apart: 1 (alike) to 21 (black on white), by WCAG 2.2."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def mixed(color: str, ground: str, share: float) -> str:
    """The colour that `color` has on a ground, drawn with an opacity of `share` (0 to 1)."""
    pairs = zip(_channels(color), _channels(ground), strict=True)
    return "#" + "".join(f"{round(share * one + (1 - share) * other):02X}" for one, other in pairs)


def _channels(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _luminance(color: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in _channels(color))]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
