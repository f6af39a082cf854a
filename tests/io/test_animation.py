"""The animation of a run's sample sheets: its frames, their order and duration, and its size for a long run."""

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence

from gan.io import animation, contact_sheet
from gan.io.contact_sheet import make_grid
from tests.conftest import trained


def frames(content: bytes) -> list[Image.Image]:
    with Image.open(io.BytesIO(content)) as opened:
        return [frame.copy() for frame in ImageSequence.Iterator(opened)]


def sheets(folder: Path, count: int, side: int = 34) -> dict[int, Path]:
    """Sheets of increasing brightness, by images seen."""
    for number in range(count):
        Image.fromarray(np.full((side, side), number, np.uint8)).save(folder / f"{number * 1000:09d}.png")
    return {number * 1000: folder / f"{number * 1000:09d}.png" for number in range(count)}


def test_an_animation_shows_the_sheets_in_order_and_holds_the_last() -> None:
    run = trained("animated")
    animated = frames(animation.sheets_gif(run.samples(), 250))
    assert [frame.info["duration"] for frame in animated] == [250, 250, 1000]
    for frame, path in zip(animated, run.samples().values(), strict=True):
        assert np.array_equal(np.asarray(frame.convert("L")), np.asarray(Image.open(path)))


def test_a_long_run_has_no_more_frames_with_its_first_and_newest_sheet(tmp_path: Path) -> None:
    animated = frames(animation.sheets_gif(sheets(tmp_path, 200)))
    assert len(animated) == animation.FRAMES
    levels = [frame.convert("L").getpixel((0, 0)) for frame in animated]
    assert levels == sorted(levels)
    assert (levels[0], levels[-1]) == (0, 199)


def test_large_sheets_are_halved(tmp_path: Path) -> None:
    (frame,) = frames(animation.sheets_gif(sheets(tmp_path, 1, side=2000)))
    assert frame.size == (500, 500)


def test_an_animation_of_one_sheet_has_one_frame(tmp_path: Path) -> None:
    assert len(frames(animation.sheets_gif(sheets(tmp_path, 1)))) == 1


def test_a_tall_sheet_is_transposed_with_its_images_upright(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (8, 2, 1, 6, 6), dtype=np.uint8)  # 8 rows, 2 columns
    tall, wide = make_grid(images.reshape(16, 1, 6, 6), 2), make_grid(images.swapaxes(0, 1).reshape(16, 1, 6, 6), 8)
    assert np.array_equal(np.asarray(contact_sheet.transpose(tall, 8, 2)), np.asarray(wide))
    tall.save(tmp_path / "tall.png")
    (only,) = frames(animation.sheets_gif({0: tmp_path / "tall.png"}, transposed=(8, 2)))
    assert only.size == wide.size
