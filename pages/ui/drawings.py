"""The drawings of the explanations, as SVG that takes the page's own text colour, so that it suits both themes.

Read next: `pages/explanations.py`.
"""

import html
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from pages.ui.palette import ON_ANY_GROUND

WIDTH = 424  # of the drawings' own units: about the pixels of a phone, so that words stay readable there
BOX_HEIGHT = 58
MIDDLE = 70


@dataclass(frozen=True)
class Box:
    """A box of a drawing: its left edge, its width, one or two lines of words, and a tone of its frame."""

    x: int
    width: int
    words: tuple[str, ...]
    tone: str = "currentColor"
    y: int = MIDDLE

    @property
    def right(self) -> int:
        return self.x + self.width


GENERATOR, DISCRIMINATOR = ON_ANY_GROUND["orange"], ON_ANY_GROUND["blue"]


def svg(shapes: str, alt: str, height: int) -> str:
    """One drawing over the width of its column, with words for who does not see it."""
    return (
        f'<svg class="drawing" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{html.escape(alt)}" '
        f'xmlns="http://www.w3.org/2000/svg"><defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" '
        f'markerWidth="8" markerHeight="8" orient="auto-start-reverse"><path d="M0 0L8 4L0 8z" fill="currentColor"/>'
        f"</marker></defs>{shapes}</svg>"
    )


def draw(name: str) -> None:
    """Put one of DRAWINGS on the page: as a component of our own, because `st.html` takes SVG out."""
    st.components.v2.component(f"drawing_{name}", html=DRAWINGS[name](), isolate_styles=False)(key=f"drawing {name}")


def box(one: Box) -> str:
    """A box with its words."""
    top = one.y - BOX_HEIGHT // 2
    first = one.y + 5 - 9 * (len(one.words) - 1)
    lines = "".join(
        f'<text x="{one.x + one.width / 2}" y="{first + 18 * number}" text-anchor="middle" font-size="14" '
        f'font-weight="{400 if number else 600}" fill="currentColor">{html.escape(word)}</text>'
        for number, word in enumerate(one.words)
    )
    return (
        f'<rect x="{one.x}" y="{top}" width="{one.width}" height="{BOX_HEIGHT}" rx="8" fill="none" '
        f'stroke="{one.tone}" stroke-width="2"/>{lines}'
    )


def arrow(x: float, y: float, to_x: float, to_y: float) -> str:
    """A straight arrow."""
    return (
        f'<line x1="{x}" y1="{y}" x2="{to_x}" y2="{to_y}" stroke="currentColor" stroke-width="1.5" '
        f'marker-end="url(#arrow)"/>'
    )


def words(x: float, y: float, text: str) -> str:
    """A small note, centred at `x`."""
    return (
        f'<text x="{x}" y="{y}" text-anchor="middle" font-size="12" fill="currentColor" opacity="0.75">'
        f"{html.escape(text)}</text>"
    )


def gan() -> str:
    """Noise to generator to images, real images beside them, both to the discriminator, its answer back."""
    noise, generator = (
        Box(2, 116, ("Noise", "random numbers"), y=32),
        Box(152, 110, ("Generator", "draws"), GENERATOR, 32),
    )
    fake, real = Box(296, 124, ("Generated", "image"), y=32), Box(296, 124, ("Real", "image"), y=136)
    judge = Box(62, 152, ("Discriminator", "real or generated?"), DISCRIMINATOR, 136)
    shapes = [box(one) for one in (noise, generator, fake, real, judge)]
    shapes += [arrow(noise.right + 2, 32, generator.x - 3, 32), arrow(generator.right + 2, 32, fake.x - 3, 32)]
    shapes += [arrow(fake.x, 60, judge.right + 3, 122), arrow(real.x - 2, 140, judge.right + 3, 140)]
    shapes += [arrow(180, 105, 192, 64), words(98, 90, "how to look more real")]
    alt = (
        "Noise goes into the generator, which draws an image. The discriminator sees generated and real images and "
        "says which is which. Its answer goes back to the generator."
    )
    return svg("".join(shapes), alt, height=168)


def conditional() -> str:
    """The same noise with two conditions gives two images."""
    one, noise, other = (
        Box(2, 120, (said,), y=y) for said, y in (("“benign”", 32), ("The same noise", 100), ("“malignant”", 168))
    )
    generator = Box(160, 104, ("Generator",), GENERATOR, 100)
    first, second = Box(302, 118, ("A benign", "image"), y=60), Box(302, 118, ("A malignant", "image"), y=140)
    shapes = [box(part) for part in (noise, generator, one, other, first, second)]
    shapes += [arrow(noise.right + 2, 100, generator.x - 3, 100)]
    shapes += [arrow(one.right + 2, 40, generator.x - 3, 84), arrow(other.right + 2, 160, generator.x - 3, 116)]
    shapes += [arrow(generator.right + 2, 92, first.x - 3, 68), arrow(generator.right + 2, 108, second.x - 3, 132)]
    alt = (
        "The same noise, with the condition benign or malignant, goes into a generator and gives two different images."
    )
    return svg("".join(shapes), alt, height=200)


DRAWINGS: dict[str, Callable[[], str]] = {"gan": gan, "conditional": conditional}
