"""The recommended config: how it follows from the set, the reason it gives, and that it trains."""

import dataclasses

import numpy as np
import pytest

from gan.cli.main import main
from gan.config.options import build_config
from gan.config.run_config import DataConfig, JobConfig
from gan.data import registry
from gan.data.image_set import UNLABELLED, ImageSet
from gan.data.ingest.checks.class_findings import MIN_TRAINING_IMAGES
from gan.data.training_size import Sides
from gan.runs.run import all_runs, find_run
from gan.training import recommend
from tests.support.parent_runs import SEEN, finished_run, random_set


def images(*counts: int, size: int = 32, channels: int = 1) -> ImageSet:
    """Training images of several classes, by the number of each."""
    labels = np.repeat(np.arange(len(counts)), counts)
    pictures = np.zeros((len(labels), channels, size, size), dtype=np.uint8)
    names = tuple(chr(ord("a") + number) for number in range(len(counts)))
    conditions = np.eye(len(counts), dtype=np.float32)[labels]
    split = np.full(len(labels), "train")
    return ImageSet(pictures, conditions, names, "class", split, None, size, "Set", "", "")


ON_CPU = JobConfig(device="cpu")
DATA = build_config({"data.name": "folder", "data.path": "set", "data.image_size": 64}).data


def test_a_rare_class_is_sampled_as_often_and_named_in_the_reason() -> None:
    recommended = recommend.recommend(DATA, images(400, 147), ON_CPU)
    assert recommended.config.data.balance
    assert recommended.config.data.path == "set"
    assert "b has only 147" in recommended.why
    assert recommended.why.count(". ") == 0, "one sentence"
    assert not recommend.recommend(DATA, images(300, 300), ON_CPU).config.data.balance


def test_larger_sets_are_trained_longer_in_fewer_passes() -> None:
    def length(image_set: ImageSet) -> tuple[float, float]:
        kimg = recommend.recommend(DATA, image_set, ON_CPU).config.train.kimg
        return kimg, kimg * 1000 / len(image_set)

    small, large = images(250, 250), images(25_000, 25_000)
    assert length(small)[0] < length(large)[0]
    assert length(small)[1] > length(large)[1]
    assert length(small)[0] == pytest.approx(recommend.AUGMENTED_LENGTH * 40 * 5 ** (1 / 3), rel=0.05)


def test_unlabelled_images_that_are_to_be_learned_count() -> None:
    few, many = images(100, 100), images(1500, 1500)
    conditions, split = many.conditions.copy(), np.where(np.arange(3000) % 15 == 0, "train", UNLABELLED)
    conditions[split == UNLABELLED] = 0
    pictures = np.random.default_rng(0).integers(0, 256, many.images.shape, dtype=np.uint8)
    both = dataclasses.replace(many, images=pictures, conditions=conditions, split=split)
    learning = DATA.model_copy(update={"pseudo_labels": True})
    without, with_unlabelled = (recommend.recommend(data, both, ON_CPU) for data in (DATA, learning))
    assert without.config == recommend.recommend(DATA, few, ON_CPU).config
    assert "inferred" not in without.why
    of_all = recommend.recommend(DATA, many, ON_CPU).config
    assert with_unlabelled.config == of_all.model_copy(update={"data": learning})
    assert "For 3,000 grey images, 2,800 of them with a class that is inferred, of 64 px" in with_unlabelled.why


def test_few_images_are_augmented_and_paired_with_wrong_conditions() -> None:
    few, many = (
        recommend.recommend(DATA, images(count, count), ON_CPU) for count in (300, recommend.AUGMENT_BELOW // 2)
    )
    assert few.config.train.augment
    assert few.config.loss.mismatched > many.config.loss.mismatched == 0
    assert "with augmentation and mismatched pairs because" in few.why
    assert not many.config.train.augment
    one_class = recommend.recommend(DATA, images(300), ON_CPU)
    assert one_class.config.loss.mismatched == 0  # there is no wrong condition
    assert "with augmentation because" in one_class.why


def test_large_sets_take_wide_networks_subclasses_and_less_noise() -> None:
    few, many = (recommend.recommend(DATA, images(count, count), ON_CPU) for count in (300, recommend.LARGE_SET // 2))
    assert (few.config.model.width, many.config.model.width) == (32, 64)
    assert (few.config.train.noise, many.config.train.noise) == (1.0, recommend.TRAINING_NOISE)
    assert (few.config.optim.decay_from, many.config.optim.decay_from) == (recommend.DECAY_FROM, 1.0)
    assert "64 maps wide" in many.why
    assert (few.config.model.subclasses, many.config.model.subclasses) == (1, recommend.SUBCLASSES)
    assert "8 subclasses" in many.why
    assert "noise of scale 0.87" in many.why
    assert "noise" not in few.why
    assert "subclasses" not in few.why


def test_images_have_no_checkerboard_but_where_many_are_grey() -> None:
    few, many = images(300), images(recommend.LARGE_SET)
    colour = dataclasses.replace(many, images=many.images.repeat(3, axis=1))
    found = [recommend.recommend(DATA, one, ON_CPU).config.model.upsampling for one in (few, many, colour)]
    assert found == ["nearest", "transposed", "nearest"]


def test_a_small_set_fills_its_batch_four_times() -> None:
    assert recommend.recommend(DATA, images(60, 60), ON_CPU).config.train.batch == 16
    assert recommend.recommend(DATA, images(600, 600), ON_CPU).config.train.batch == 64


def test_a_batch_of_256_px_has_as_many_pixels_as_one_of_128_px() -> None:
    large = DATA.model_copy(update={"image_size": 256})
    assert recommend.recommend(large, images(600, 600, size=8), ON_CPU).config.train.batch == 16


def test_too_few_images_are_advised_against_with_what_to_do() -> None:
    advice = recommend.recommend(DATA, images(400, MIN_TRAINING_IMAGES - 1), ON_CPU).advice
    assert f"b ({MIN_TRAINING_IMAGES - 1})" in advice
    assert "classical augmentation" in advice
    assert recommend.recommend(DATA, images(400, MIN_TRAINING_IMAGES), ON_CPU).advice == ""


def test_attributes_have_no_classes_to_balance() -> None:
    image_set = dataclasses.replace(images(100, 10), kind="attributes")
    recommended = recommend.recommend(DATA, image_set, ON_CPU)
    assert not recommended.config.data.balance
    assert not recommended.advice
    many = recommend.recommend(DATA, dataclasses.replace(images(recommend.LARGE_SET), kind="attributes"), ON_CPU)
    assert many.config.model.subclasses == 1


def test_classes_of_few_images_have_no_subclasses() -> None:
    recommended = recommend.recommend(DATA, images(*[90] * (recommend.LARGE_SET // 90 + 1)), ON_CPU)
    assert recommended.config.model.subclasses == 1
    assert "subclasses" not in recommended.why


@pytest.mark.parametrize(
    ("data", "part"),
    [
        ({"name": "digits"}, "of 32 px (the usual size of this set)"),
        ({"name": "medmnist", "medmnist_size": 64}, "of 64 px (the usual size of this set)"),
        ({"name": "digits", "image_size": 64}, "of 64 px (your choice; the usual size of this set is 32 px)"),
    ],
)
def test_the_size_of_a_public_set_has_its_reason(data: dict[str, object], part: str) -> None:
    assert part in recommend.recommend(DataConfig.model_validate(data), images(300, 300), ON_CPU).why


@pytest.mark.parametrize(
    ("side", "part"),
    [
        (70, "it suits images of 70 px"),
        (300, "your choice; their own sides propose 128 px"),
        (30, "your choice; their own sides propose 32 px"),
    ],
)
def test_the_size_of_ones_own_images_has_its_reason(side: int, part: str) -> None:
    assert part in recommend.recommend(DATA, images(300, 300), ON_CPU, Sides(side, side, side)).why


def test_the_largest_proposed_size_says_that_it_is() -> None:
    large = DATA.model_copy(update={"image_size": 128})
    why = recommend.recommend(large, images(300, 300, size=8), ON_CPU, Sides(300, 300, 300)).why
    assert "the largest size that is proposed; 256 px take about four times as long" in why


def test_a_job_of_slurm_gets_what_fits_its_gpu_whatever_this_machine_has(capsys: pytest.CaptureFixture[str]) -> None:
    set_of_600 = images(300, 300)
    here, on_node = (recommend.recommend(DATA, set_of_600, job) for job in (ON_CPU, JobConfig(engine="slurm")))
    assert (here.config.model.width, on_node.config.model.width) == (32, 64)
    assert on_node.config.train.kimg == pytest.approx(4 * here.config.train.kimg, rel=0.02)
    assert "on a GPU" in on_node.why
    without_gpu = recommend.recommend(DATA, set_of_600, JobConfig(engine="slurm", device="cpu"))
    assert without_gpu.config.model_copy(update={"job": ON_CPU}) == here.config
    arguments = ["--data.name", "digits", "--job.engine", "slurm", "--job.gpus", "2", "--job.device", "cuda"]
    assert main(["submit", "--preset", "auto", *arguments, "--dry-run"]) == 0
    assert "64 maps wide" in capsys.readouterr().err


def test_the_command_says_why_and_keeps_the_options_given(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--train.kimg", "0.128", "--model.width", "8", "--job.device", "cpu"]
    assert main(["train", "--preset", "auto", "--data.name", "digits", *arguments]) == 0
    assert "the projection GAN" in capsys.readouterr().err
    config = all_runs()[0].config
    assert (config.model.family, config.model.width, config.train.kimg) == ("projection", 8, 0.128)
    assert (
        config.train.batch
        == recommend.recommend(config.data, registry.load_image_set(config.data), ON_CPU).config.train.batch
    )


@pytest.mark.parametrize("family", ["dcgan", "fastgan"])
def test_another_family_may_be_given_with_the_recipe(family: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--preset", "auto", "--data.name", "digits", "--model.family", family, "--dry-run"]) == 0
    assert "Training images: 1,438" in capsys.readouterr().out


def test_the_command_proposes_a_start_with_its_options_and_takes_none(capsys: pytest.CaptureFixture[str]) -> None:
    finished_run("parent", random_set(recommend.AUGMENT_BELOW, ("1", "2"), held_out=0), width=16)
    arguments = ["--preset", "auto", "--data.name", "digits", "--train.kimg", "0.128", "--job.device", "cpu"]
    assert main(["train", *arguments, "--model.width", "8", "--name", "first"]) == 0
    told = capsys.readouterr().err
    for flag in ("--model.width 16", "--model.upsampling transposed", f"--train.start_from parent@{SEEN}"):
        assert flag in told
    assert find_run("first").config.train.start_from == ""
    assert main(["train", *arguments, "--model.width", "24", "--name", "second"]) == 0
    assert "start_from" not in capsys.readouterr().err
