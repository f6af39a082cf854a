"""Training at the smallest and at the largest image size, from reading the images to the sample sheet."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gan.config import options, settings
from gan.data import registry
from gan.evaluation.budget import ClassifierBudget, EvaluationBudget
from gan.evaluation.scores.score_snapshot import evaluate_snapshot
from gan.export.model_export import export_model
from gan.models.build import FAMILIES
from gan.runs import lifecycle
from gan.runs.run import Run
from gan.sampling.sampler import load_generator
from tests.conftest import trained
from tests.support.exactness import final_weights, rows, same, train_until

TWO_TICKS = {"train.batch": 4, "train.kimg": 0.016, "train.snapshot_kimg": 0.008, "train.log_kimg": 0.004}


def folder_options(native: int, size: int, family: str, each: int = 16) -> dict[str, object]:
    """Two ticks of tiny networks on two classes with `each` grey images, of `native` px in the files."""
    generator = np.random.default_rng(0)
    root = settings.store().parent / "own"
    for name in ("a", "b"):
        (root / name).mkdir(parents=True)
        for number in range(each):
            pixels = generator.integers(0, 256, (native, native), dtype=np.uint8)
            Image.fromarray(pixels).save(root / name / f"{number}.png")
    chosen = {"data.name": "folder", "data.path": str(root), "data.image_size": size}
    return TWO_TICKS | chosen | {"model.family": family, "model.width": 8, "job.device": "cpu"}


def train_two_ticks(native: int, size: int, family: str, each: int = 16) -> Run:
    values = folder_options(native, size, family, each)
    return trained(f"at-{size}", **{name.replace(".", "__"): value for name, value in values.items()})


@pytest.mark.parametrize("family", FAMILIES)
def test_28_px_images_are_reduced_and_trained_at_16_px(family: str) -> None:
    run = train_two_ticks(28, 16, family)
    info = run.info()
    assert (info.image_size, info.native_size) == (16, 16)  # reduced, not padded
    assert [row["seen"] for row in rows(run)] == [4, 8, 12, 16]
    assert load_generator(run).generate(np.eye(2, dtype=np.float32), seed=0).shape == (2, 1, 16, 16)
    with Image.open(run.samples()[16]) as sheet:  # 2 columns and 8 rows with 2 px between
        assert sheet.size == (2 * 18 + 2, 8 * 18 + 2)


def test_a_stopped_run_of_256_px_resumes_exactly() -> None:
    whole = train_two_ticks(256, 256, "projection")
    assert [row["seen"] for row in rows(whole)] == [4, 8, 12, 16]
    assert whole.info().native_size == 256
    with Image.open(whole.samples()[16]) as sheet:
        assert sheet.size == (2 * 258 + 2, 8 * 258 + 2)

    run = lifecycle.create_run(whole.config, "stopped")
    train_until(run, 4)
    assert run.snapshots() == [8]
    train_until(run, None)
    assert rows(run) == rows(whole)
    assert same(final_weights(run), final_weights(whole))


@pytest.mark.parametrize("family", ["dcgan", "fastgan"])
def test_a_run_of_256_px_is_trained_and_its_generator_exported(family: str, tmp_path: Path) -> None:
    run = train_two_ticks(256, 256, family)
    assert [row["seen"] for row in rows(run)] == [4, 8, 12, 16]
    assert export_model(run, "onnx", tmp_path / "out").difference <= 1e-5


def test_224_px_images_are_padded_to_256_px() -> None:
    config = options.build_config(folder_options(224, 256, "dcgan")).data
    images = registry.load_image_set(config)
    assert images.images.shape == (32, 1, 256, 256)
    assert images.native_size == 224


def test_a_snapshot_of_16_px_is_evaluated() -> None:
    run = train_two_ticks(16, 16, "dcgan", each=52)
    shortest = ClassifierBudget(shortest=64, longest=64)
    found = evaluate_snapshot(run, budget=EvaluationBudget(shortest, compared=20, checked=4))
    assert found.n["scores"] == 10
    assert 0 <= found.obedience <= 1
    assert found.near_copies["checked"] == 4
