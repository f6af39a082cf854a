"""The training sets of a study, what cannot be studied, and the choice of classifiers."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from gan.config import settings
from gan.config.options import build_config
from gan.errors import ConfigError, DataError, RunError
from gan.evaluation.classifiers.architectures import ARCHITECTURES, classical_augmentation, classifier_builder
from gan.evaluation.records import study_results
from gan.evaluation.study import arms, divisions, study_plan
from gan.evaluation.study.additions import prepare_additions
from gan.evaluation.study.arms import Conditions, Images, Positions
from gan.evaluation.study.study_options import StudyOptions
from gan.runs import lifecycle
from tests.support.study import SIDE, held_out_like, image_set, noise, studied


def test_each_arm_adds_the_planned_images() -> None:
    images = image_set(60, every=4)
    plans, left = study_plan.plan_regimes(images, StudyOptions())
    assert [one.share for one in plans] == [1.0]
    assert [left_out.share for left_out in left] == [0.25, 0.1]
    assert left[0].why == "It would have 4 training images of b, and it takes 8 of each class."
    real, labels = images.images[:60], images.labels()[:60]
    planned = plans[0].divisions[0].arms
    by_name = {arm.name: arm for arm in planned}

    def keep(made: Images, conditions: Conditions, rates: Sequence[float], strata: Positions) -> list[Positions]:
        return [np.arange(0, len(made), round(1 / rate)) for rate in rates]

    added = prepare_additions(real, images.conditions[:60], "class", planned, held_out_like, keep, 0)
    for arm in planned:
        shown, conditions = added.for_arm(arm)
        what = conditions.argmax(axis=1)
        assert np.bincount(what, minlength=2).tolist() == list(arm.added.values()), arm.name
        alike = (shown[:, None] == real[None]).all(axis=(2, 3, 4))  # (m, n)
        assert bool(alike.any()) == (arm.kind == "duplicates"), arm.name
        if arm.kind == "duplicates":
            assert (labels[alike.argmax(axis=1)] == what).all()
    filled = by_name["synthetic-filled"]
    assert (filled.kind, filled.added, filled.augmented) == ("synthetic", {"a": 0, "b": 30}, False)
    small, large = (added.for_arm(by_name[f"synthetic-{ratio}"])[0] for ratio in ("0.5", "1"))
    assert (small[:, None] == large[None]).all(axis=(2, 3, 4)).any(axis=1).all()  # more images are those, and more
    plain, augmented = (added.for_arm(by_name[f"synthetic-1-better-25{way}"])[0] for way in ("", "-classical"))
    assert (plain == augmented).all()  # only the training differs


def test_each_synthetic_arm_has_a_control_that_is_trained_as_it_is() -> None:
    planned = arms.plan_arms({"a": 40, "b": 20})
    by_name = {arm.name: arm for arm in planned}
    assert len(planned) == 26
    assert not any(by_name[name].augmented for name in ("real", "duplicates-1", "duplicates-filled", "synthetic-1"))
    augmented = by_name["synthetic-2-classical"]
    assert augmented.words == "Synthetic images, 2 x, with classical augmentation"
    assert augmented.augmented
    assert by_name["duplicates-filled-classical"].augmented
    assert {arm.keep for arm in planned if arm.ratio == 1.0} == {None, 0.75, 0.5, 0.25}
    matched = {name: by_name[name].matched for name in by_name if not by_name[name].is_free}
    assert matched["synthetic-2"] == "duplicates-2"
    assert matched["synthetic-1-better-25"] == "duplicates-1"
    assert matched["synthetic-1-better-25-classical"] == matched["synthetic-2-classical"] == "classical"
    assert matched["synthetic-filled-classical"] == "duplicates-filled-classical"
    assert all(arm.matched == "" for arm in planned if arm.is_free)
    for number, arm in enumerate(planned):
        assert arm.is_free or arm.matched in {one.name for one in planned[:number]}
    even = arms.plan_arms({"a": 40, "b": 40})
    assert len(even) == 20  # nothing to fill up
    assert arms.synthetic_counts(planned).tolist() == [160, 80]  # a quarter is kept of four times as many


def test_a_fraction_takes_whole_patients_of_each_class() -> None:
    images = image_set(160, grouped=True)
    (division,) = divisions.divide(images, 0.25)
    quarter = division.development()
    rows = quarter.rows("train")
    assert images.group is not None
    assert quarter.group is not None
    assert quarter.conditions[rows].sum(axis=0).tolist() == division.real.tolist() == [20, 20]
    assert all((images.group == one).sum() == (quarter.group == one).sum() for one in set(quarter.group.tolist()))
    assert len(quarter.rows("val")) == len(images.rows("val"))
    assert set(quarter.split.tolist()) == {"train", "val"}
    assert not division.is_whole
    assert divisions.divide(images, 1.0)[0].is_whole


def test_what_cannot_be_studied_raises_an_error(tmp_path: Path) -> None:
    images = image_set(40, test=20)
    with pytest.raises(DataError, match="has 6 images in its test split: a study takes at least 10"):
        studied(image_set(40, test=6), noise, tmp_path)
    with pytest.raises(DataError, match="has 7 training images of b: a study takes at least 8 of each class"):
        studied(image_set(28, every=4, test=20), noise, tmp_path)
    with pytest.raises(ConfigError, match="seeds is 1: a study takes at least 2"):
        studied(images, noise, tmp_path, seeds=1)
    with pytest.raises(ConfigError, match="classifier is 'vgg': it takes small, resnet18"):
        studied(images, noise, tmp_path, classifier="vgg")
    with pytest.raises(
        ConfigError, match="primary is 'accuracy': it takes auroc, balanced_accuracy, average_precision"
    ):
        studied(images, noise, tmp_path, primary="accuracy")
    with pytest.raises(ConfigError, match=r"specificity is 1\.5: it takes a share above 0 and below 1"):
        studied(images, noise, tmp_path, specificity=1.5)
    with pytest.raises(RunError, match="has no augmentation study"):
        study_results.load_study(lifecycle.create_run(build_config({}), "other"), 5)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_classifier_takes_small_images_of_any_channels(name: str) -> None:
    network, images = classifier_builder(name, 28, 2, 4)(), torch.zeros(2, 2, 28, 28, dtype=torch.uint8)
    assert network(images).shape == (2, 4)
    assert network.features(images).shape == (2, network.width)


def test_classical_augmentation_moves_a_little_and_never_mirrors() -> None:
    images = torch.zeros(300, 1, SIDE, SIDE, dtype=torch.uint8)
    images[:, :, 6:10, 2:5] = 200  # a spot on the left
    moved = classical_augmentation(images, np.random.default_rng(0))
    assert moved.dtype == torch.uint8
    assert moved.shape == images.shape
    weight = moved[:, 0].float() - moved[:, 0].float().amin(dim=(1, 2), keepdim=True)
    centre = (weight.sum(dim=1) * torch.arange(SIDE)).sum(dim=1) / weight.sum(dim=(1, 2))
    assert 1 < float(centre.min()) < 2.8 < 3.2 < float(centre.max()) < 6
    assert len(torch.unique(moved.flatten(1), dim=0)) == 300


def test_reading_studies_imports_no_torch() -> None:
    code = (
        "import sys, gan.evaluation.records.study_results, gan.evaluation.study.verdict\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=settings.ROOT, capture_output=True)
