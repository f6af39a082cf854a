"""The colours of the charts by name, for the light and the dark theme.

They are those of Okabe and Ito (2008), made for any colour vision, darkened on white and lightened on dark until their
contrast is 3 to 1 (WCAG 2.2, 1.4.11). Charts name a tone; `live_chart.js` picks its colour, because only the browser
knows the theme. The colours of the pages are in `.streamlit/config.toml`. A test checks the contrast of both.
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
"""Tones for pictures that cannot follow the theme, such as sparklines: 3 to 1 on either background."""


def contrast(first: str, second: str) -> float:
    """The contrast ratio (WCAG 2.2) of two colours such as `#0072B2`: 1 (equal) to 21 (black on white)."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def mixed(color: str, ground: str, share: float) -> str:
    """`color` over the background `ground` with an opacity of `share` (0 to 1)."""
    pairs = zip(_channels(color), _channels(ground), strict=True)
    return "#" + "".join(f"{round(share * above + (1 - share) * below):02X}" for above, below in pairs)


def _channels(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _luminance(color: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in _channels(color))]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
