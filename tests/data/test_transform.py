"""How images of any shape become squares of the training size: by hand, by each geometry."""

import numpy as np
import pytest

from gan.data.transform import Geometry, cut_off, detail_lost, enlargement, fit_image, is_padded, native_size

COLUMNS = np.array([[10, 20, 30, 40], [10, 20, 30, 40]], dtype=np.uint8)  # 4 wide, 2 high


def test_crop_keeps_the_centre_of_the_longer_side() -> None:
    assert fit_image(COLUMNS, 2).tolist() == [[[20, 30], [20, 30]]]
    assert fit_image(np.ascontiguousarray(COLUMNS.T), 2).tolist() == [[[20, 20], [30, 30]]]


def test_pad_keeps_the_whole_image_between_bars_of_its_edges_median() -> None:
    wide = np.array([[7, 7, 7, 9], [7, 7, 7, 9]], dtype=np.uint8)
    assert fit_image(wide, 4, "pad").tolist() == [[[7] * 4, [7, 7, 7, 9], [7, 7, 7, 9], [7] * 4]]
    high = np.ascontiguousarray(wide.T)
    assert fit_image(high, 4, "pad").tolist() == [[[7, 7, 7, 7], [7, 7, 7, 7], [7, 7, 7, 7], [7, 9, 9, 7]]]


def test_bars_have_the_colour_of_the_edge_channel_by_channel() -> None:
    image = np.zeros((10, 40, 3), dtype=np.uint8)
    image[:] = (200, 150, 250)
    image[4:6, 10:30] = (90, 10, 120)  # what the picture shows is away from its edges
    padded = fit_image(image, 40, "pad")
    assert (padded[:, :15] == np.array([200, 150, 250])[:, None, None]).all()
    assert (padded[:, 25:] == np.array([200, 150, 250])[:, None, None]).all()
    assert (padded[:, 15:25] == image.transpose(2, 0, 1)).all()


def test_squeeze_keeps_the_ends_of_the_longer_side() -> None:
    squeezed = fit_image(np.repeat(COLUMNS, 8, axis=0).repeat(8, axis=1), 16, "squeeze")[0]  # 32 wide, 16 high
    assert squeezed[:, 0].tolist() == [10] * 16
    assert squeezed[:, 15].tolist() == [40] * 16
    assert abs(int(squeezed[8, 6]) - 20) <= 2


@pytest.mark.parametrize("geometry", ["crop", "pad", "squeeze"])
def test_a_square_image_is_the_same_by_every_geometry(geometry: Geometry) -> None:
    image = np.random.default_rng(0).integers(0, 256, (28, 28, 3), dtype=np.uint8)
    for size in (16, 32, 64):
        assert (fit_image(image, size, geometry) == fit_image(image, size)).all()
    padded = fit_image(image, 32, geometry)
    assert (padded[:, 2:30, 2:30] == image.transpose(2, 0, 1)).all()
    assert (padded[:, 0] == padded[:, 2]).all()  # edges repeated


@pytest.mark.parametrize(("geometry", "side"), [("crop", 24), ("pad", 30), ("squeeze", 30)])
def test_every_geometry_gives_the_size(geometry: Geometry, side: int) -> None:
    image = np.full((24, 30), 50, dtype=np.uint8)
    assert is_padded(side, 32) == (side == 30)
    for size in (16, 32, 128, 256):
        for pad in (True, False):
            fitted = fit_image(image, size, geometry, pad=pad)
            assert fitted.shape == (1, size, size)
            assert (fitted == 50).all()


@pytest.mark.parametrize(
    ("width", "height", "share"),
    [(100, 100, 0), (400, 100, 0.75), (100, 400, 0.75), (1000, 100, 0.9), (640, 480, 0.25)],
)
def test_only_a_crop_cuts_off(width: int, height: int, share: float) -> None:
    assert cut_off(width, height) == pytest.approx(share)
    assert cut_off(width, height, "pad") == cut_off(width, height, "squeeze") == 0


def test_detail_that_is_lost_and_made_up() -> None:
    assert detail_lost(28, 32) == detail_lost(64, 64) == 0
    assert detail_lost(128, 64) == 0.75  # one pixel of four is left
    assert detail_lost(640, 128) == pytest.approx(0.96)
    assert enlargement(8, 32) == 4
    assert enlargement(48, 64) == pytest.approx(4 / 3)
    assert enlargement(28, 32) == enlargement(64, 64) == enlargement(100, 64) == 1  # padded, as it is, reduced
    assert (native_size(28, 32), native_size(28, 16), native_size(14, 16), native_size(224, 256)) == (28, 16, 14, 224)
