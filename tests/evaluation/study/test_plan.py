"""What a study plans to run: pretrained networks, unlabelled images, steps and time."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gan.data.image_set import UNLABELLED, ImageSet
from gan.evaluation.budget import ClassifierBudget, EarlyStopping
from gan.evaluation.classifiers import confident_classes
from gan.evaluation.classifiers.consistency import UNLABELLED_SHARE
from gan.evaluation.study import divisions, estimate
from gan.evaluation.study.arm_classifiers import DivisionClassifiers, WorkCounter
from gan.evaluation.study.arms import plan_arms
from gan.evaluation.study.classifier_timing import ClassifierTiming, undisturbed_seconds
from gan.evaluation.study.study_options import UNLABELLED_STEP, StudyOptions, TrainingBudget
from gan.evaluation.study.study_plan import DivisionPlan, RegimePlan, plan_regimes
from gan.io.progress import silent
from gan.models import efficientnet_weights
from tests.conftest import trained
from tests.support.study import TWO_STEPS, exact_copies, held_out_like, image_set, motifs, noise

ALL_REAL = StudyOptions(2, (1.0,), (1.0,), (0.5,), budget=TWO_STEPS, selection_seeds=2)


def with_unlabelled(images: ImageSet, group: list[str]) -> ImageSet:
    """The set and as many more images without a label, of these groups."""
    assert images.group is not None
    return replace(
        images,
        images=np.concatenate([images.images, motifs(np.arange(len(group)) % 2, 5)]),
        conditions=np.concatenate([images.conditions, np.zeros((len(group), 2), np.float32)]),
        split=np.concatenate([images.split, np.repeat(UNLABELLED, len(group))]),
        group=np.concatenate([images.group, np.array(group)]),
    )


def planned(images: ImageSet, options: StudyOptions = ALL_REAL) -> tuple[DivisionPlan, dict[str, str]]:
    """The plan on all real images, and what it leaves out, with the reasons."""
    plans, left = plan_regimes(images, options)
    return plans[0].divisions[0], {one.arms: one.why for one in left if one.share == 1}


def test_a_pretrained_network_is_tried_on_images_that_are_large_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    what, large = "real images with a pretrained network", replace(image_set(40), native_size=48)
    plan, left = planned(large)
    assert [arm.classifier for arm in plan.arms if arm.name == "pretrained"] == ["efficientnet-lite0"]
    assert what not in left
    for images, options, why in (
        (image_set(40), ALL_REAL, "Images of 16 px are too small for it: it takes 48 px."),
        (large, replace(ALL_REAL, pretrained=False), "It was switched off."),
    ):
        plan, left = planned(images, options)
        assert "pretrained" not in {arm.name for arm in plan.arms}
        assert left[what] == why
    assert what not in planned(large, replace(ALL_REAL, classifier="efficientnet-lite0"))[1]  # all arms are pretrained
    monkeypatch.setattr(efficientnet_weights, "PACKAGE", "a_package_that_is_not_there")
    assert planned(large)[1][what] == f"Its weights are not installed: {efficientnet_weights.INSTALL}"


def test_unlabelled_images_of_patients_who_are_tested_are_left_out() -> None:
    images = image_set(40, grouped=True)
    assert images.group is not None
    by_split = {split: str(images.group[images.rows(split)[0]]) for split in ("train", "val", "test")}
    more = with_unlabelled(images, [*by_split.values(), "another", "another"])
    (division,) = divisions.divide(more, 1.0)
    first = len(images)
    assert division.unlabelled.tolist() == [first, first + 3, first + 4]
    assert (division.unlabelled_images() == more.images[division.unlabelled]).all()
    plan, _ = planned(more)
    arm = next(arm for arm in plan.arms if arm.kind == "unlabelled")
    assert (arm.name, arm.short) == ("semi-supervised", "semi-supervised training on 3 unlabelled images")
    assert "semi-supervised" not in {arm.name for arm in planned(images)[0].arms}


def test_semi_supervised_training_reads_no_test_image_and_no_label_of_an_unlabelled_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confident_classes, "CONFIDENT", 0.0)  # all of them teach

    def weights(images: ImageSet, folder: Path) -> list[str]:
        plan, _ = planned(images)
        one = replace(plan, arms=[arm for arm in plan.arms if arm.name == "semi-supervised"])
        work = WorkCounter(silent, one.expected_work(ALL_REAL))
        (predictions,) = DivisionClassifiers(folder, one, [held_out_like], exact_copies, ALL_REAL, work).validated()
        assert predictions.steps == (2, 2)  # 1 + 1, the most
        return [str(np.load(path)["weights_sha256"]) for path in sorted(folder.glob("100/selection/*.npz"))]

    images = with_unlabelled(image_set(40, grouped=True), ["another"] * 12)
    first = weights(images, tmp_path / "first")
    other, conditions = images.images.copy(), images.conditions.copy()
    sealed, unlabelled = images.rows("test"), images.rows(UNLABELLED)
    other[sealed] = noise(conditions[sealed], 7)
    conditions[unlabelled] = np.eye(2, dtype=np.float32)[np.arange(12) % 2]
    assert weights(replace(images, images=other, conditions=conditions), tmp_path / "second") == first
    other = images.images.copy()
    other[unlabelled] = noise(conditions[unlabelled], 7)
    assert weights(replace(images, images=other), tmp_path / "third") != first


def test_the_most_steps_of_a_study_by_hand() -> None:
    rule = EarlyStopping(check_every=10, min_steps=10, max_steps=100, cooldown=0.5)
    options = replace(ALL_REAL, seeds=5, selection_seeds=3, ratios=(2.0,), budget=TrainingBudget(stopping=rule))
    plan, _ = planned(image_set(40), options)
    most = {arm.name: options.budget.most_steps(arm) for arm in plan.arms}
    assert most == {
        **dict.fromkeys(("real", "classical", "trivial-augment", "mixup", "cutmix"), 150),
        **dict.fromkeys(("duplicates-2", "synthetic-2", "synthetic-2-classical"), 450),
        "synthetic-2-better-50-classical": 450,
        "synthetic-2-mixed-classical": 300,
        "synthetic-2-first-classical": 300,
    }
    choosing = 5 * 150 + 4 * 450 + 2 * 300
    assert plan.expected_work(options) == pytest.approx(3 * choosing + 5 * 5 * choosing / 11)
    assert plan.tested_work(["synthetic-2-mixed-classical", "real"], options) == 5 * (300 + 150)
    pretrained = replace(plan.arms[0], name="pretrained", classifier="efficientnet-lite0")
    assert options.work(pretrained) == 16 * 150  # its steps take longer
    unlabelled = replace(plan.arms[0], name="semi-supervised", kind="unlabelled")
    assert UNLABELLED_STEP == 1 + 2 * UNLABELLED_SHARE  # two views of each
    assert options.work(unlabelled) == 5 * 150
    assert options.budget.typical_steps_of(unlabelled) == (150, 150, 150)
    timing = ClassifierTiming({("small", "plain"): 2.0}, {"small": 0.0})
    assert timing.training(unlabelled, options, 0) == (1500, 1500, 1500)


@pytest.mark.parametrize(
    ("real", "pretrained", "taken"),
    [
        ({"RBC": 546, "WBC": 25, "Platelets": 263}, "efficientnet-lite0", 40_710),  # blood cells
        ({str(digit): 8 if digit == 1 else 10 for digit in range(10)}, "", 45_977),  # handwritten digits
    ],
)
def test_the_estimated_range_has_the_steps_that_finished_studies_took(
    real: dict[str, int], pretrained: str, taken: int
) -> None:
    """Studies of the smaller design: `taken` is the sum of the steps in the files of their classifiers."""
    options = replace(StudyOptions(5).small(), selector=ClassifierBudget(0, 0, 0))
    arms = plan_arms(real, options.ratios, options.keep_rates, uses=options.uses, pretrained=pretrained)
    plan = replace(planned(image_set(40))[0], arms=arms)
    networks = {"small", *([pretrained] if pretrained else [])}
    step = {(network, recipe): 1.0 for network in networks for recipe in ("plain", "classical", "trivial-augment")}
    timing = estimate.StudyTimings(0.0, ClassifierTiming(step, dict.fromkeys(networks, 0.0)))
    least, likely, most = estimate.classifier_seconds([RegimePlan(1.0, [plan])], options, timing)  # a second a step
    assert least < taken < most
    assert likely == pytest.approx(taken, rel=0.35)


def test_an_estimate_does_not_count_the_time_of_other_programs() -> None:
    assert undisturbed_seconds(lambda: time.sleep(0.2), "cpu") < 0.1
    assert undisturbed_seconds(lambda: time.sleep(0.2), "cuda") >= 0.2


def test_an_estimate_offers_a_smaller_design() -> None:
    run = trained("digits")
    options = StudyOptions(budget=replace(TWO_STEPS, timed_steps=1))
    told = estimate.estimate_study(run, options=options)
    assert told.small_seconds is not None
    assert 0 < told.small_seconds < told.seconds
    assert told.limits[0] <= told.seconds <= told.limits[1]
    assert any(line.startswith("A smaller design takes about ") for line in told.lines())
    small = options.small()
    assert (small.shares, small.ratios, small.seeds, small.budget) == ((1.0,), (1.0,), options.seeds, options.budget)
    assert estimate.estimate_study(run, options=small).small_seconds is None
    assert small.small() == small
