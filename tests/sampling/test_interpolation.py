"""A walk between two images: its ends are those images, its path the great circle, its film what was made."""

import io
import math

import numpy as np
import pytest
import torch
from PIL.GifImagePlugin import GifImageFile

from gan.errors import UserError
from gan.sampling import interpolation, latents, views
from gan.sampling.provenance import Origin
from gan.sampling.sampler import load_generator
from tests.conftest import trained


def test_the_great_circle_between_two_axes_passes_through_the_diagonal() -> None:
    path = latents.slerp(torch.tensor([2.0, 0.0]), torch.tensor([0.0, 4.0]), torch.tensor([0.0, 0.5, 1.0]))
    half = 3 / math.sqrt(2)  # as long as the mean of both ends, between them
    assert torch.allclose(path, torch.tensor([[2.0, 0.0], [half, half], [0.0, 4.0]]), atol=1e-6)


def test_equal_and_opposite_ends_are_joined_by_a_line() -> None:
    ends, share = torch.tensor([1.0, 1.0]), torch.tensor([0.0, 0.25, 1.0])
    assert torch.allclose(latents.slerp(ends, ends, share), ends.expand(3, 2))
    opposite = latents.slerp(ends, -ends, share)
    assert torch.allclose(opposite, torch.tensor([[1.0, 1.0], [0.5, 0.5], [-1.0, -1.0]]))


def test_an_interpolation_begins_and_ends_with_its_two_images() -> None:
    sampler = load_generator(trained("walked"))
    first, last = Origin(sampler.seen, 0, 3, "3"), Origin(sampler.seen, 5, 1, "8", 0.7)
    reported: list[float] = []
    frames = interpolation.frames(sampler, first, last, 20, reported.append)
    assert frames.shape == (20, 1, 32, 32)
    for frame, end in ((frames[0], first), (frames[-1], last)):
        assert np.abs(frame.astype(int) - views.regenerate(sampler, end).astype(int)).max() <= 1
    steps = np.abs(np.diff(frames.astype(int), axis=0)).mean(axis=(1, 2, 3))
    assert (steps > 0).all()
    assert reported == [0.8, 1.0]


def test_an_interpolation_takes_three_frames_and_conditions_of_its_run() -> None:
    sampler = load_generator(trained("walked"))
    end = Origin(sampler.seen, 0, 3, "3")
    with pytest.raises(UserError, match="3 to 240"):
        interpolation.frames(sampler, end, end, 2)
    with pytest.raises(UserError, match="no condition 'cat'"):
        interpolation.frames(sampler, end, Origin(sampler.seen, 0, 3, "cat"), 5)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_gif_has_every_frame_in_both_directions(channels: int) -> None:
    images = np.stack([np.full((channels, 28, 28), grey, np.uint8) for grey in (0, 60, 120, 240)])
    film = GifImageFile(io.BytesIO(interpolation.gif(images, 2.0)))
    assert film.size == (280, 280)
    assert film.info["loop"] == 0
    shown = []
    for number in range(film.n_frames):
        film.seek(number)
        shown.append(film.convert("L").getpixel((5, 5)))
        assert film.info["duration"] == 500
    assert shown == [0, 60, 120, 240, 120, 60]
    assert GifImageFile(io.BytesIO(interpolation.gif(images, 2.0, back=False))).n_frames == 4
