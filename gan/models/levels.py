"""The feature maps at each resolution of both families. No torch."""

WIDEST = 16
"""The most feature maps at a level, as a multiple of the width. Doubling them once more at 256 px would give three
quarters of all weights to the maps of 4 x 4 pixels."""


def level_widths(size: int, width: int) -> list[int]:
    """Feature maps at each level, from half the image's side down to 4 x 4: at 64 px, width times 1, 2, 4 and 8.

    `size` is the side of the images in pixels, a power of two from 16 on: 2 levels at 16 px, 6 at 256 px.
    """
    levels = size.bit_length() - 3
    assert levels >= 2, size
    assert size == 4 << levels, size
    return [width * min(1 << level, WIDEST) for level in range(levels)]
