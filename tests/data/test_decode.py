"""Files decoded into an array on the disk: pixels, digests and failures, without keeping the array in memory."""

from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray

from gan.data.decode import decode_images
from gan.data.image_set import pixel_digests
from gan.io.progress import silent


def test_images_and_their_digests_are_written_and_failures_are_named(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    expected = generator.integers(0, 256, (150, 3, 16, 16), dtype=np.uint8)

    def read(row: int) -> NDArray[np.uint8]:
        if row == 70:
            raise ValueError("it is damaged")
        return expected[row]

    decoded = decode_images(read, [str(number) for number in range(150)], 3, 16, tmp_path, silent)
    assert decoded.failures == {"70": "it is damaged"}
    expected[70] = 0
    assert (decoded.images == expected).all()
    assert (np.load(tmp_path / "images.npy") == expected).all()
    others = np.arange(150) != 70
    assert (decoded.digests[others] == pixel_digests(expected)[others]).all()


def test_the_array_is_not_kept_in_memory(tmp_path: Path) -> None:
    image = np.full((3, 256, 256), 7, dtype=np.uint8)
    process = psutil.Process()
    before = process.memory_info().rss
    decoded = decode_images(lambda row: image, [""] * 1000, 3, 256, tmp_path, silent)
    assert process.memory_info().rss - before < decoded.images.nbytes / 3  # of 197 MB
