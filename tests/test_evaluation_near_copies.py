"""Planted copies are found, as they are and lightly changed; new real images are left alone. On real digits."""

import io

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from gan import data
from gan.errors import DataError
from gan.evaluation.near_copies import Detector
from gan.images import picture
from gan.options import build

Images = NDArray[np.uint8]


def described(images: Images) -> Tensor:
    """Any features will do here: they accuse nobody."""
    return torch.from_numpy(images.astype(np.float32)).flatten(1)


def shifted(images: Images, down: int, right: int) -> Images:
    wide = np.pad(images, ((0, 0), (0, 0), (2, 2), (2, 2)), mode="edge")
    height, width = images.shape[2:]
    return wide[:, :, 2 - down : 2 - down + height, 2 - right : 2 - right + width]


def as_jpeg(images: Images, quality: int) -> Images:
    opened = []
    for image in images:
        buffer = io.BytesIO()
        picture(image).save(buffer, format="JPEG", quality=quality)
        pixels = np.asarray(Image.open(buffer))
        opened.append(pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1))
    return np.stack(opened)


def brighter(images: Images, by: float) -> Images:
    return np.clip(images.astype(float) + by, 0, 255).astype(np.uint8)


LIGHT_CHANGES = {
    "shift": lambda images: shifted(images, 2, -1),
    "brightness": lambda images: brighter(images, 25),
    "darkness": lambda images: brighter(images, -25),
    "flip": lambda images: images[..., ::-1],
    "JPEG": lambda images: as_jpeg(images, 75),
    "all of them": lambda images: as_jpeg(brighter(shifted(images, -1, 1)[..., ::-1], 10), 75),
}


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> tuple[Images, Images]:
    """Real digits: those trained on, and those held out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_STORE", str(tmp_path_factory.mktemp("store")))
        images = data.load(build({}).data)
        return images.images[images.rows("train")], images.images[images.rows("val")]


@pytest.fixture(scope="module")
def detector(digits: tuple[Images, Images]) -> Detector:
    train, held_out = digits
    made = Detector(train, described(train))
    found = made.calibrate(held_out, described(held_out))
    assert found.copy.mean() <= 0.01
    return made


def test_every_exact_copy_is_found_and_the_original_named(detector: Detector, digits: tuple[Images, Images]) -> None:
    rows = np.arange(0, len(digits[0]), 7)
    found = detector.nearest(digits[0][rows], described(digits[0][rows]))
    assert found.copy.all()
    assert (found.pixel_index == rows).all()
    assert (found.feature_index == rows).all()
    assert found.pixel_distance.max() < 0.01


@pytest.mark.parametrize("change", LIGHT_CHANGES)
def test_lightly_changed_copies_are_found(change: str, detector: Detector, digits: tuple[Images, Images]) -> None:
    rows = np.arange(3, len(digits[0]), 14)
    copies = LIGHT_CHANGES[change](digits[0][rows])
    found = detector.nearest(copies, described(copies))
    assert found.copy.mean() >= 0.95
    assert (found.pixel_index == rows).mean() >= 0.95


def test_real_images_that_set_no_threshold_are_left_alone(digits: tuple[Images, Images]) -> None:
    train, held_out = digits
    half = Detector(train, described(train))
    half.calibrate(held_out[::2], described(held_out[::2]))
    assert half.nearest(held_out[1::2], described(held_out[1::2])).copy.mean() <= 0.06  # of 90, by a threshold of 90


def blobs(n: int, seed: int) -> Images:
    """Colour pictures (n, 3, 64, 64), each of its own soft blobs with grain."""
    generator = np.random.default_rng(seed)
    coarse = torch.from_numpy(generator.normal(size=(n, 3, 8, 8))).float()
    smooth = torch.nn.functional.interpolate(coarse, size=64, mode="bicubic").numpy()
    grainy = 128 + 40 * smooth + generator.normal(scale=6, size=(n, 3, 64, 64))
    return np.clip(grainy, 0, 255).astype(np.uint8)


def test_colour_pictures_of_another_size() -> None:
    train, held_out = blobs(60, 0), blobs(40, 1)
    made = Detector(train, described(train))
    assert not made.calibrate(held_out, described(held_out)).copy.any()
    for name, change in LIGHT_CHANGES.items():
        copies = np.ascontiguousarray(change(train[:20]))
        assert made.nearest(copies, described(copies)).copy.mean() >= 0.95, name


def test_held_out_images_that_are_copies_themselves_move_no_threshold() -> None:
    train, new = blobs(60, 0), blobs(40, 1)
    leaked = np.concatenate([new, as_jpeg(train[:10], 90)])  # one patient's images in both splits
    clean, spoilt = (Detector(train, described(train)) for _ in range(2))
    clean.calibrate(new, described(new))
    found = spoilt.calibrate(leaked, described(leaked))
    assert spoilt.threshold == clean.threshold
    assert found.copy.tolist() == [False] * 40 + [True] * 10


def test_many_copies_of_one_image_in_the_training_set_hide_none() -> None:
    train = np.concatenate([np.repeat(blobs(1, 5), 50, axis=0), blobs(20, 6)])
    made = Detector(train, described(train))
    assert made.nearest(train[:1], described(train[:1])).copy.all()


def test_flat_images_are_alike_and_like_nothing_else() -> None:
    train = np.concatenate([blobs(40, 0), np.full((1, 3, 64, 64), 90, np.uint8)])
    made = Detector(train, described(train))
    asked = np.concatenate([np.full((1, 3, 64, 64), 200, np.uint8), blobs(1, 9)])
    found = made.nearest(asked, described(asked))
    assert found.copy.tolist() == [True, False]
    assert found.pixel_index[0] == 40


def test_without_held_out_images_nobody_is_judged() -> None:
    train = blobs(4, 0)
    with pytest.raises(DataError, match="no held-out real images"):
        Detector(train, described(train)).calibrate(train[:0], described(train[:0]))
