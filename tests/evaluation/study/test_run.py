"""The training sets of a study, what cannot be studied, and the choice of classifiers."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from gan.config import settings
from gan.config.options import build_config
from gan.errors import ConfigError, DataError, RunError
from gan.evaluation.classifiers.architectures import ARCHITECTURES, classical_augmentation, classifier_builder
from gan.evaluation.records import stored_studies
from gan.evaluation.study import divisions, study_plan
from gan.evaluation.study.study_options import StudyOptions
from gan.runs import lifecycle
from tests.support.study import SIDE, image_set, noise, studied


def test_shares_with_too_few_images_of_a_class_are_left_out() -> None:
    plans, left = study_plan.plan_regimes(image_set(60, every=4), StudyOptions())
    assert [one.share for one in plans] == [1.0]
    assert [one.share for one in left if one.arms == "all arms"] == [0.25, 0.1]
    few = next(one for one in left if one.share == 0.25)
    assert few.why == "It would have 4 training images of b, and it takes 8 of each class."


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
        stored_studies.load_study(lifecycle.create_run(build_config({}), "other"), 5)


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
