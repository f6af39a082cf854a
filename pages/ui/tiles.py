"""Images as tiles with alternative text: small ones enlarged by whole numbers so that pixels stay sharp."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from gan.data.image_set import ImageSet
from gan.data.transform import crop_padding
from gan.io import contact_sheet
from gan.io.png import data_uri, encode_png

CARD = 16 / 9  # width by height of a card's picture
TILE = 96  # px, about: the side of an image on the page; one of 64 px is shown at twice its size, one of 256 px at half


@dataclass(frozen=True)
class Row:
    """Real images (n, C, H, W) with a name and a note such as a count; the alternative text is `alt` plus a number."""

    name: str
    note: str
    images: NDArray[np.uint8]
    alt: str


def draw_rows(data: Sequence[Row], *, one_line: bool = False, tile: int = TILE) -> None:
    """Rows of tiles about `tile` px wide; with `one_line` each row shows only the tiles that fit whole."""
    with st.container(key="tiles-line" if one_line else None):
        st.html("".join(_row(row, one_line, tile) for row in data))


def draw_tiles(shown: NDArray[np.uint8], alt: str, tile: int = TILE) -> None:
    """Images (n, C, H, W) without names."""
    st.html(f'<div class="tiles sheet">{_tiles(shown, alt, tile)}</div>')


def draw_picture(picture: bytes, alt: str, kind: str = "png") -> None:
    """A picture over the whole width; `kind` is png or gif."""
    st.html(f'<img class="sharp whole" alt="{html.escape(alt)}" src="{data_uri(picture, kind)}">')


def real_images(image_set: ImageSet, positions: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Images of a set (n, C, h, h) at their native size, without padding."""
    return crop_padding(np.asarray(image_set.images[positions]), image_set.native_size)


def positions_with(image_set: ImageSet, condition: int, count: int, split: str = "train") -> NDArray[np.int64]:
    """Positions of up to `count` images of a split that have a condition."""
    rows = image_set.rows(split)  # (n,)
    matching: NDArray[np.int64] = rows[image_set.conditions[rows, condition] == 1]
    return matching[:count]


def example_strip(image_set: ImageSet, condition: int, count: int = 3) -> Image.Image | None:
    """`count` training images of a condition side by side, repeated where it has fewer; None where it has none."""
    positions = positions_with(image_set, condition, count)
    if not len(positions):
        return None
    return contact_sheet.make_grid(real_images(image_set, np.resize(positions, count)), count, gap=1)


def _row(row: Row, one_line: bool, tile: int) -> str:
    name, note = html.escape(row.name), html.escape(row.note)
    kind = f'"tiles one-line" style="max-height: {shown_side(row.images.shape[-1], tile)}px"' if one_line else '"tiles"'
    content = _tiles(row.images, row.alt, tile) or '<span class="quiet">no image</span>'
    return (
        f'<div class="tile-row"><div class="row-name" title="{name}">{name}<span class="quiet">{note}</span></div>'
        f"<div class={kind}>{content}</div></div>"
    )


def _tiles(shown: NDArray[np.uint8], alt: str, tile: int) -> str:
    if not len(shown):
        return ""
    own = shown.shape[-1]
    side = shown_side(own, tile)
    look = "sharp" if side >= own else "smooth"
    return "".join(
        f'<img class="{look}" width="{side}" height="{side}" alt="{html.escape(alt)}, number {number + 1}" '
        f'src="{data_uri(encode_png(image, {}))}">'
        for number, image in enumerate(shown)
    )


def shown_side(own: int, about: int) -> int:
    """The side in px at which an image of `own` px is shown: the multiple of it nearest to `about`, or a whole part."""
    return own * round(about / own) if own <= about else own // (own // about)
