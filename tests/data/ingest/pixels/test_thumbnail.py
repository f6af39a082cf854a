"""Thumbnails of small images equal those that Pillow resamples."""

import numpy as np
import pytest
from PIL import Image

from gan.data.ingest.pixels.thumbnail import SMALL, THUMBNAIL, thumbnail


@pytest.mark.parametrize("shape", [(28, 28), (32, 32), (24, 90), (40, SMALL - 1), (1, 5), (SMALL, SMALL + 1)])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_thumbnail_is_pillows_lanczos_in_grey(shape: tuple[int, int], channels: int) -> None:
    size = (*shape, 3) if channels == 3 else shape
    pixels = np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8)
    small = Image.fromarray(pixels).resize((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS, reducing_gap=2.0)
    difference = thumbnail(pixels, None).astype(int) - np.asarray(small.convert("L"), dtype=int)
    assert np.abs(difference).max() <= 1
    assert np.mean(difference != 0) < 0.01


def test_levels_become_black_and_white() -> None:
    pixels = np.repeat([[100, 300]], 2, axis=0).astype(np.int32)
    small = thumbnail(np.kron(pixels, np.ones((40, 40), dtype=np.int32)), (100, 300))
    assert (small[:, :8] == 0).all()
    assert (small[:, -8:] == 255).all()
