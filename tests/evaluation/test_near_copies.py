"""Planted copies are found, as they are and lightly changed; new real images are left alone. On real digits."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gan.config.options import build_config
from gan.data import registry
from gan.errors import DataError
from gan.evaluation.privacy.altered_copies import ALTERATIONS, as_jpeg, brighter, shifted, turned
from gan.evaluation.privacy.calibration import HIGHEST, LOWEST, calibrated_threshold
from gan.evaluation.privacy.near_copies import NearCopyDetector
from gan.evaluation.statistics import clopper_pearson_upper

Images = NDArray[np.uint8]


LIGHT_CHANGES = {
    "shift": lambda images: shifted(images, 2, -1),
    "shift by 3 px": lambda images: shifted(images, -3, 3),
    "shift by an eighth": lambda images: shifted(images, images.shape[-1] // 8, 1),
    "turn by 5 degrees": lambda images: turned(images, 5),
    "turn by -5 degrees": lambda images: turned(images, -5),
    "zoom in": lambda images: turned(images, 0, 1.05),
    "zoom out": lambda images: turned(images, 0, 0.95),
    "quarter turn": lambda images: np.rot90(images, axes=(2, 3)),
    "half turn": lambda images: images[..., ::-1, ::-1],
    "transposed": lambda images: images.swapaxes(2, 3),
    "brightness": lambda images: brighter(images, 25),
    "darkness": lambda images: brighter(images, -25),
    "flip": lambda images: images[..., ::-1],
    "JPEG": lambda images: as_jpeg(images, 75),
    "all of them": lambda images: as_jpeg(brighter(shifted(images, -1, 1)[..., ::-1], 10), 75),
}


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> tuple[Images, Images, Images]:
    """Real digits: those trained on, those that set the threshold, and those that nothing has seen."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_STORE", str(tmp_path_factory.mktemp("store")))
        images = registry.load_image_set(build_config({}).data)
        train, held_out, fresh = (images.images[images.rows(split)] for split in ("train", "val", "test"))
        return train, held_out, fresh


@pytest.fixture(scope="module")
def detector(digits: tuple[Images, Images, Images]) -> NearCopyDetector:
    train, held_out, _ = digits
    made = NearCopyDetector(train)
    made.calibrate(held_out)
    return made


def test_every_exact_copy_is_found_and_the_original_named(
    detector: NearCopyDetector, digits: tuple[Images, Images, Images]
) -> None:
    rows = np.arange(0, len(digits[0]), 7)
    found = detector.nearest(digits[0][rows])
    assert found.copy.all()
    assert (found.pixel_index == rows).all()
    assert found.pixel_distance.max() < 0.01


@pytest.mark.parametrize("change", LIGHT_CHANGES)
def test_lightly_changed_copies_are_found(
    change: str, detector: NearCopyDetector, digits: tuple[Images, Images, Images]
) -> None:
    rows = np.arange(3, len(digits[0]), 14)
    copies = np.ascontiguousarray(LIGHT_CHANGES[change](digits[0][rows]))
    found = detector.nearest(copies)
    assert found.copy.mean() >= 0.95
    assert (found.pixel_index == rows).mean() >= 0.95


def test_real_images_that_set_no_threshold_are_left_alone(
    detector: NearCopyDetector, digits: tuple[Images, Images, Images]
) -> None:
    fresh = digits[2]
    found = detector.nearest(fresh)
    assert found.copy.mean() <= 0.01


def test_what_is_promised_of_new_real_images_is_told(detector: NearCopyDetector) -> None:
    told = detector.calibration
    assert told is not None
    assert told.real == 1000 + 180  # training images against the rest, and the held-out ones
    assert told.false_positives <= 0.01 * told.real
    assert told.bound <= 0.01
    assert told.copies == 40
    assert list(told.detected) == list(ALTERATIONS)
    for name, count in told.detected.items():
        if not name.startswith(("blended", "with noise of 25")):  # a fifth of another digit hides the first
            assert count >= 38, name


def test_another_detector_of_the_same_images_can_use_a_calibration(
    detector: NearCopyDetector, digits: tuple[Images, Images, Images]
) -> None:
    assert detector.calibration is not None
    other = NearCopyDetector(digits[0])
    other.use_calibration(detector.calibration)
    asked = np.concatenate([digits[2][:40], as_jpeg(digits[0][:40])])
    assert (other.nearest(asked).copy == detector.nearest(asked).copy).all()


def test_the_bound_is_the_exact_one_of_clopper_and_pearson() -> None:
    assert clopper_pearson_upper(0, 299) == pytest.approx(1 - 0.05 ** (1 / 299))  # none seen: (1 - p)^n = 0.05
    assert clopper_pearson_upper(1, 2) == pytest.approx(0.95**0.5)  # at most one of two: 1 - p^2 = 0.05
    assert clopper_pearson_upper(2, 2) == 1
    assert clopper_pearson_upper(0, 0) == 1


def test_the_threshold_holds_its_promise_for_any_distribution() -> None:
    """Closeness uniform from 0.34 to 0.39: a threshold t accuses (t - 0.34) / 0.05 of new images."""
    generator = np.random.default_rng(0)
    accused = [(calibrated_threshold(0.34 + 0.05 * generator.random(1000)) - 0.34) / 0.05 for _ in range(200)]
    assert np.mean(np.array(accused) > 0.01) <= 0.05 + 0.03
    assert np.mean(accused) > 0.003  # and it is no stricter than it must be


def test_few_real_images_promise_nothing_and_far_ones_do_not_loosen_it() -> None:
    assert calibrated_threshold(np.full(298, 0.36)) == LOWEST
    assert calibrated_threshold(np.full(299, 0.36)) == 0.36
    assert calibrated_threshold(np.full(299, 0.7)) == HIGHEST
    assert calibrated_threshold(np.zeros(0)) == LOWEST


def test_frames_of_one_patient_are_not_set_against_each_other() -> None:
    patients = blobs(30, 3)[:, :1, ::2, ::2]
    frames = np.concatenate([patients, brighter(patients, 5)])
    named = np.array([f"patient {i % 30}" for i in range(60)])
    new = blobs(20, 4)[:, :1, ::2, ::2]
    apart, together = NearCopyDetector(frames, group=named), NearCopyDetector(frames)
    apart.calibrate(new)
    together.calibrate(new)
    assert apart.calibration is not None
    assert apart.calibration.false_positives == 0
    assert together.calibration is not None
    assert together.calibration.false_positives == 60  # each frame finds its twin
    assert together.calibration.bound > 0.5


def blobs(n: int, seed: int) -> Images:
    """Colour pictures (n, 3, 64, 64), each of its own soft blobs with grain."""
    generator = np.random.default_rng(seed)
    coarse = torch.from_numpy(generator.normal(size=(n, 3, 8, 8))).float()
    smooth = torch.nn.functional.interpolate(coarse, size=64, mode="bicubic").numpy()
    grainy = 128 + 40 * smooth + generator.normal(scale=6, size=(n, 3, 64, 64))
    return np.clip(grainy, 0, 255).astype(np.uint8)


def test_colour_pictures_of_another_size() -> None:
    train, held_out = blobs(60, 0), blobs(40, 1)
    made = NearCopyDetector(train)
    assert not made.calibrate(held_out).copy.any()
    for name, change in LIGHT_CHANGES.items():
        copies = np.ascontiguousarray(change(train[:20]))
        assert made.nearest(copies).copy.mean() >= 0.95, name


def test_held_out_images_that_are_copies_themselves_make_no_copy_pass() -> None:
    train, new = blobs(60, 0), blobs(40, 1)
    leaked = np.concatenate([new, as_jpeg(train[:10], 90)])  # one patient's images in both splits
    made = NearCopyDetector(train)
    found = made.calibrate(leaked)
    assert found.copy.tolist() == [False] * 40 + [True] * 10
    assert made.calibration is not None
    assert made.calibration.false_positives == 10
    assert made.calibration.bound > 0.1  # of 110 real images: what it costs is told


def test_many_copies_of_one_image_in_the_training_set_hide_none() -> None:
    train = np.concatenate([np.repeat(blobs(1, 5), 50, axis=0), blobs(20, 6)])
    made = NearCopyDetector(train)
    assert made.nearest(train[:1]).copy.all()


def test_flat_images_are_alike_and_like_nothing_else() -> None:
    train = np.concatenate([blobs(40, 0), np.full((1, 3, 64, 64), 90, np.uint8)])
    made = NearCopyDetector(train)
    asked = np.concatenate([np.full((1, 3, 64, 64), 200, np.uint8), blobs(1, 9)])
    found = made.nearest(asked)
    assert found.copy.tolist() == [True, False]
    assert found.pixel_index[0] == 40


def test_without_held_out_images_nobody_is_judged() -> None:
    train = blobs(4, 0)
    with pytest.raises(DataError, match="no held-out real images"):
        NearCopyDetector(train).calibrate(train[:0])
