"""An over-trained generator betrays its 50 training images, one that learnt nothing by heart does not; by hand too."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from gan.config.options import build_config
from gan.data import registry
from gan.data.image_set import UNLABELLED
from gan.errors import DataError, RunError, StoppedError
from gan.evaluation.budget import MembershipBudget
from gan.evaluation.privacy.membership import membership_test
from gan.evaluation.records.membership_results import CLOSEST, compare_distances, load_membership, near_share, roc_auc
from gan.io.contact_sheet import to_pil
from tests.conftest import trained
from tests.support.evaluation import stop
from tests.support.exactness import train_until
from tests.support.unlabelled import add_squares, squares_run, true_labels


def digits_in_folders(root: Path, training: int, held_out: int) -> Path:
    """So many real digits for training and held out, as folders of two classes that say nothing."""
    images = registry.load_image_set(build_config({}).data)
    splits = {"train": images.rows("train")[:training], "val": images.rows("val")[:held_out]}
    for split, rows in (splits | {"test": images.rows("test")[:10]}).items():
        for row in rows:
            folder = root / split / ("odd row" if row % 2 else "even row")
            folder.mkdir(parents=True, exist_ok=True)
            to_pil(images.images[row]).save(folder / f"{row}.png")
    return root


def test_a_generator_that_was_over_trained_on_fifty_images_betrays_them(tmp_path: Path) -> None:
    run = trained(
        "overtrained",
        data__name="folder",
        data__path=str(digits_in_folders(tmp_path / "fifty", 50, 150)),
        data__image_size=32,
        model__width=16,
        train__batch=25,
        train__kimg=8.0,
        train__snapshot_kimg=8.0,
        train__log_kimg=8.0,
        optim__lr=1e-3,
    )
    result = membership_test(run)
    assert result.risk_found
    assert result.auc > 0.65
    assert result.verdict.startswith("Risk found: ")
    assert "anonymous" not in str(result.as_json())
    assert load_membership(run, result.snapshot) == result


def test_a_generator_that_knows_no_image_by_heart_shows_no_risk() -> None:
    phases: list[str] = []
    result = membership_test(trained("digits"), 160, progress=lambda phase, done: phases.append(phase))
    assert not result.risk_found
    assert result.n == {"members": 820, "held_out": 180, "samples": 2000}
    assert result.control_auc[0] < 0.5 < result.control_auc[1]
    assert result.verdict.startswith("No risk found by this test")
    assert {"generating", "searching for the nearest samples"} <= set(phases)


def test_it_stops_when_asked_and_says_when_images_are_too_few(tmp_path: Path) -> None:
    run = trained("digits")
    with pytest.raises(StoppedError):
        membership_test(run, progress=stop)
    assert load_membership(run, 320) is None
    few = digits_in_folders(tmp_path / "few", 40, 5)
    small = trained("few", data__name="folder", data__path=str(few), data__image_size=32)
    with pytest.raises(DataError, match="has 5 validation images: a membership test takes at least 20"):
        membership_test(small)


def test_unlabelled_images_that_were_learned_are_members_too() -> None:
    images = registry.load_image_set(add_squares("own", labelled=240, unlabelled=100))
    learned, held_out = len(images.rows("train")) + 100, len(images.rows("val"))
    run = squares_run("run")
    train_until(run, None)
    result = membership_test(run, budget=MembershipBudget(samples=(60, 60)))
    assert result.n == {"members": learned - held_out, "held_out": held_out, "samples": 60}
    assert result.notices[0].startswith(f"100 of {learned} training images have no label")
    assert load_membership(run, result.snapshot) == result
    others = true_labels(images)
    others.labels[images.rows(UNLABELLED)[0]] = -1
    others.save(run)
    with pytest.raises(RunError, match=r"other unlabelled images than its pseudo_labels\.npz names"):
        membership_test(run)


def test_both_statistics_by_hand() -> None:
    # Of the six pairs, members are nearer in (1, 2), (1, 4), (2, 4) and (3, 4), and tie in (2, 2): 4.5 of 6.
    assert roc_auc(np.array([1.0, 3.0, 2.0]), np.array([2.0, 4.0])) == pytest.approx(4.5 / 6)
    held_out = np.arange(100.0)
    limit = np.quantile(held_out, CLOSEST)
    assert near_share(np.array([0.0, limit, 50.0, 1.0]), held_out) == 0.5


def test_chance_raises_no_alarm_more_often_than_it_may_and_a_real_difference_is_found() -> None:
    generator = np.random.default_rng(0)
    alarms = [compare_distances(generator.random(120), generator.random(40), seed=i).p_value < 0.05 for i in range(20)]
    assert sum(alarms) <= 4
    remembered = np.concatenate([generator.random(60) * 0.2, generator.random(60)])
    found = compare_distances(remembered, generator.random(60))
    assert found.p_value < 0.01
    assert found.auc > found.control_auc[1]
    assert found.interval[0] < found.auc < found.interval[1]


def test_patients_stay_together_in_the_control() -> None:
    """Ten patients whose images are all alike: splits of patients differ far more than splits of images."""
    distances = np.repeat(np.random.default_rng(1).random(10), 20)
    patients = np.repeat([f"patient {i}" for i in range(10)], 20)
    of_images, of_patients = (
        compare_distances(distances, distances[:100], groups).control_auc
        for groups in (None, (patients, patients[:100]))
    )
    assert of_patients[1] - of_patients[0] > 2 * (of_images[1] - of_images[0])


def test_patients_with_several_images_raise_false_alarms_only_where_they_are_not_named() -> None:
    """Forty and twenty patients of ten images each, alike within a patient; nothing is remembered."""
    patients = np.repeat([f"patient {i}" for i in range(60)], 10)
    unnamed, named, covered = 0, 0, 0
    for seed in range(30):
        generator = np.random.default_rng(seed)
        distances = generator.normal(size=60)[np.repeat(np.arange(60), 10)] + 0.5 * generator.normal(size=600)
        unnamed += compare_distances(distances[:400], distances[400:], seed=seed).p_value < 0.05
        found = compare_distances(distances[:400], distances[400:], (patients[:400], patients[400:]), seed)
        named += found.p_value < 0.05
        covered += found.interval[0] <= 0.5 <= found.interval[1]
    assert unnamed > 6
    assert named <= binom.ppf(0.999, 30, 0.05)
    assert covered >= binom.ppf(0.001, 30, 0.95)
