"""The feature maps at each resolution of all families. No torch."""

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


def generator_widths(size: int, width: int) -> list[int]:
    """Feature maps of FastGAN's generator at each level, from 4 x 4 pixels to the image's side: at 64 px, width times
    8, 4, 2, 1 and a half."""
    return [*level_widths(size, width)[::-1], width // 2]


def skipped_levels(size: int) -> int:
    """Levels between the maps that a skip-layer excitation connects: 4, a factor of 16 in side, as in FastGAN's paper;
    at 16 and 32 px from the first maps to the last."""
    return min(4, len(level_widths(size, 1)))


FEATURE_CHANNELS = {4: 24, 8: 40, 16: 112, 32: 320}
"""Strides of EfficientNet-Lite0's maps that the projected discriminator takes, and their channels."""
LARGEST_INPUT = 256
WIDEST_HEAD = 8


def input_side(size: int) -> int:
    """The side to which images are upsampled for the projected discriminator's features: twice theirs, up to 256 px."""
    return max(size, min(2 * size, LARGEST_INPUT))


def head_widths(size: int, width: int) -> dict[int, list[int]]:
    """Feature maps of the projected discriminator's heads, by the stride of their features: first the mixed features,
    then after each halving down to 4 x 4 pixels.

    Features of fewer pixels have no head: there are 4 heads from 64 px on, 3 at 32 px and 2 at 16 px.
    """
    first, *_ = FEATURE_CHANNELS
    levels = [min(count, WIDEST_HEAD * width) for count in level_widths(2 * input_side(size) // first, width)]
    return {stride: levels[number:] for number, stride in enumerate(FEATURE_CHANNELS) if number < len(levels)}
