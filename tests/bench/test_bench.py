"""What the bench compares is one thing done in two ways: the same losses, and operations that are counted right."""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from gan.bench import checking_speed, loading_speed, page_speed, reading_speed
from gan.bench.roofline import Ceiling, count_work, measure_ceiling
from gan.bench.textbook_dcgan import Textbook
from gan.bench.throughput import json_document, noise_images
from gan.cli.main import main
from gan.config import options
from gan.runs.run import all_runs
from gan.training.clock import STEP_METRICS
from gan.training.precision import normalise
from gan.training.train import initial_state, step


def test_our_step_equals_the_textbooks_over_twenty_steps() -> None:
    config = options.build_config({"model.width": 8, "job.precision": "float32", "job.device": "cpu"})
    image_set, device = noise_images(32), torch.device("cpu")
    ours = initial_state(config, image_set.info(), device)
    textbook = Textbook.from_state(ours, config)
    noise = torch.Generator().manual_seed(config.train.seed)  # as `start` seeds it
    bce = nn.BCEWithLogitsLoss()
    for i in range(20):
        rows = slice(16 * i, 16 * i + 16)
        real, condition = torch.from_numpy(image_set.images[rows]), torch.from_numpy(image_set.conditions[rows])
        ours.sums.zero_()
        step(ours, real, condition, config)
        z = torch.randn(16, config.model.latent, generator=noise)
        expected = textbook.step(normalise(real), condition, z, bce)
        assert dict(zip(STEP_METRICS, ours.sums.tolist(), strict=True)) == pytest.approx(expected, rel=1e-3), i


def test_bfloat16_gradients_point_the_same_way() -> None:
    """The first step's gradients of D in bfloat16 against float32: 2% in length, 0.995 in direction (cosine)."""
    image_set, device = noise_images(32), torch.device("cpu")
    gradients = []
    for precision in ("float32", "bfloat16"):
        config = options.build_config({"model.width": 16, "job.precision": precision})
        state = initial_state(config, image_set.info(), device)
        step(state, torch.from_numpy(image_set.images[:64]), torch.from_numpy(image_set.conditions[:64]), config)
        gradients.append(torch.cat([p.grad.flatten() for p in state.discriminator.parameters() if p.grad is not None]))
    exact, rough = gradients
    assert rough.norm() / exact.norm() == pytest.approx(1, abs=0.02)
    assert torch.cosine_similarity(exact, rough, dim=0) > 0.995


def test_operations_are_those_worked_out_by_hand() -> None:
    """D's first convolution at 32 px: 16 x 16 outputs of 8 maps from 4 x 4 x 3 inputs, two operations each.

    The ten planes beside the image cost a product of ten values by 3 x 3 x 8 for each image.
    """
    config = options.build_config({"model.width": 8})
    image_set = noise_images(32)
    first = 2 * 16 * 16 * 8 * 4 * 4 * 3
    conditions = 2 * 10 * 3 * 3 * 8
    second = 2 * 8 * 8 * 16 * 4 * 4 * 8
    third = 2 * 4 * 4 * 32 * 4 * 4 * 16
    last = 2 * 4 * 4 * 32
    D = first + conditions + second + third + last
    G = 2 * 4 * 4 * 110 * 32 + third + second + 2 * 16 * 16 * 8 * 4 * 4 * 3
    # D: forward three times, by weights twice (its own step), by inputs three times but for the images of that step.
    # G: forward once, by weights once, by inputs once but for z.
    D_operations = 3 * D + 2 * D + 2 * (D - first - conditions) + D - conditions
    G_operations = G + G + (G - 2 * 4 * 4 * 110 * 32)
    state = initial_state(config, image_set.info(), torch.device("cpu"))
    real, condition = torch.from_numpy(image_set.images[:16]), torch.from_numpy(image_set.conditions[:16])
    operations, _ = count_work(lambda: step(state, real, condition, config))
    assert operations / 16 == pytest.approx(D_operations + G_operations, rel=0.02)


def test_bytes_are_those_read_and_written() -> None:
    a, b = torch.ones(8, 4), torch.ones(4, 2)
    assert count_work(lambda: a.t().t() @ b) == (2 * 8 * 4 * 2, 4 * (8 * 4 + 4 * 2 + 8 * 2))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_ceiling_is_measured_in_the_format_of_the_training(dtype: torch.dtype) -> None:
    class Products(TorchDispatchMode):  # type: ignore[no-untyped-call]
        def __torch_dispatch__(self, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if operation == torch.ops.aten.mm.default:
                dtypes.update(tensor.dtype for tensor in args)
            return operation(*args, **(kwargs or {}))

    dtypes: set[torch.dtype] = set()
    with Products():
        ceiling = measure_ceiling(torch.device("cpu"), dtype, side=64, seconds=0.01)
    assert dtypes == {dtype}
    assert ceiling.operations > 0 < ceiling.bytes


def test_the_slower_of_operations_and_bytes_is_the_floor() -> None:
    ceiling = Ceiling(operations=100.0, bytes=10.0)
    assert ceiling.seconds(200, 10) == 2.0
    assert ceiling.seconds(200, 50) == 5.0


def test_loading_is_measured_from_a_file() -> None:
    found = loading_speed.measure_loading(lambda line: None, count=500, size=32, seconds=0.2)
    assert (found.images, found.bytes) == (500, 500 * 3 * 32 * 32)
    assert found.loading > 0 < found.training
    assert found.ratio == found.loading / found.training


def test_checking_and_reading_are_measured_from_files() -> None:
    speed = reading_speed.measure_reading(lambda line: None, count=100, size=32, seconds=0.1)
    assert (speed.images, speed.bytes) == (100, 100 * 3 * 32 * 32)
    assert min(speed.checking, speed.reading, speed.loading) > 0


def test_checking_is_measured_beside_reading_the_same_files() -> None:
    lines: list[str] = []
    speeds = checking_speed.measure_checking(lines.append, small=60, large=4, large_side=300)
    assert (speeds.small.files, speeds.large.files) == (60, 4)
    assert speeds.large.bytes / 4 > speeds.small.bytes / 60
    assert len(lines) == 2
    for speed in (speeds.small, speeds.large):
        assert speed.bytes_per_second == pytest.approx(speed.files_per_second * speed.bytes / speed.files)
        assert speed.core_seconds_per_file > 0
        assert speed.reading_bytes_per_second > 0
    assert json.loads(json.dumps(json_document([], checking=speeds)))["checking"]["small"]["files"] == 60


def test_memory_of_the_process_is_measured_without_pages_of_files(tmp_path: Path) -> None:
    np.save(tmp_path / "pages.npy", np.ones(50_000_000, dtype=np.uint8))
    with reading_speed.peak_memory() as mapped:
        assert np.load(tmp_path / "pages.npy", mmap_mode="r").sum() == 50_000_000
        time.sleep(5 * reading_speed.SAMPLING_SECONDS)
    with reading_speed.peak_memory() as own:
        kept = np.ones(50_000_000, dtype=np.uint8)
        time.sleep(5 * reading_speed.SAMPLING_SECONDS)
    assert own.growth >= kept.nbytes * 0.9
    assert mapped.growth < kept.nbytes / 2


@pytest.mark.parametrize("with_sign_in", [False, True])
def test_pages_are_measured_over_a_store_of_live_and_finished_runs(with_sign_in: bool) -> None:
    found = page_speed.measure_pages(lambda line: None, count=3, points=3000, with_sign_in=with_sign_in)
    for page in ("overview", "progress"):
        assert found[page].keys() >= {"first_s", "warm_s", "warm_computed_s", "refresh_s", "refresh_bytes_read"}
        assert all(value > 0 for value in found[page].values())
    for page in ("train", "compare"):
        assert found[page].keys() >= {"first_s", "warm_s", "warm_computed_s"}
        assert found[page]["first_s"] > 0
    assert found["gallery"].keys() >= {"first_s", "warm_s", "changed_s", "changed_computed_s"}
    assert found["gallery"]["changed_s"] > 0
    assert all_runs() == []


def test_simulated_studies_are_printed_as_one_json_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--study-power", "--studies", "1", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["study_power"]
    assert rows[0].keys() >= {"n", "gain", "folds", "seeds", "groups", "false_helps", "power", "coverage"}
    assert {row["folds"] for row in rows} == {1, 5}
    assert {row["groups"] for row in rows} == {100, 400, 1000, 2000}
    assert main(["bench", "--study-power", "--studies", "0"]) == 2
