"""Problems of a config and the estimate of what it takes, before a start."""

import json

import numpy as np
import pytest
from PIL import Image

from gan.config import options, settings
from gan.config.run_config import RunConfig
from gan.data import registry
from gan.data.ingest import accepted_sets, staging, upload_check
from gan.data.ingest.labels.reading import Reading
from gan.io.atomic import write_json
from gan.training import measured_speed
from gan.training.estimate import estimate
from gan.training.measured_speed import MeasuredSpeed
from gan.training.preflight import find_problems
from tests.conftest import TINY, trained


def folder_config(images: dict[str, int], **values: object) -> RunConfig:
    """A config of a folder with that many images of each class, already read."""
    root = settings.store().parent / "own"
    generator = np.random.default_rng(0)
    for name, count in images.items():
        (root / name).mkdir(parents=True)
        for number in range(count):
            Image.fromarray(generator.integers(0, 255, (32, 32), dtype=np.uint8)).save(root / name / f"{number}.png")
    config = options.build_config({"data.name": "folder", "data.path": str(root), "data.image_size": 32} | values)
    registry.load_image_set(config.data)
    return config


def texts(config: RunConfig, level: str) -> dict[str, str]:
    """The texts of the problems of this level, by key."""
    return {problem.key: problem.text for problem in find_problems(config, estimate(config)) if problem.level == level}


def test_the_digits_have_no_problems() -> None:
    config = options.build_config(TINY)
    registry.load_image_set(config.data)
    assert find_problems(config, estimate(config)) == []


def test_small_classes_and_a_batch_larger_than_the_set_are_warnings() -> None:
    config = folder_config({"common": 90, "rare": 12}, **{"train.batch": 128})
    warnings = texts(config, "warning")
    assert warnings.keys() == {"batch-larger-than-set", "too-few-per-class"}
    assert "128 is larger than the 72 training images: lower train.batch" in warnings["batch-larger-than-set"]
    assert "rare (9)" in warnings["too-few-per-class"]


def test_a_class_is_warned_of_once_and_at_every_image_size() -> None:
    config = folder_config({"common": 90, "rare": 40}, **{"train.batch": 8})
    warnings = texts(config, "warning")
    assert warnings.keys() == {"few-images-per-class"}
    assert "50 training images of rare (28)" in warnings["few-images-per-class"]
    larger = options.replace_options(config, {"data.image_size": 64})  # at which it was not read
    assert texts(larger, "warning") == warnings
    assert estimate(larger).per_condition == estimate(config).per_condition
    assert (estimate(larger).memory or 0) > (estimate(config).memory or 0)


def test_of_many_small_classes_the_rarest_are_named() -> None:
    counts = {f"class-{number:02d}": 40 + number for number in range(12)}
    text = texts(folder_config(counts, **{"train.batch": 8}), "warning")["few-images-per-class"]
    assert "class-00 (" in text
    assert "class-08" not in text
    assert " and 4 more: expect near copies" in text


def test_mismatched_pairs_have_no_effect_with_one_class() -> None:
    folder_config({"only": 90, "other": 3})
    staged = staging.stage_path("own", settings.store().parent / "own")
    accepted_sets.accept(
        upload_check.check_upload(staged, choose=lambda proposals: Reading(levels=("class",), drop=("other",)))
    )
    config = options.build_config({"data.name": "folder", "data.path": "own", "loss.mismatched": 0.5})
    registry.load_image_set(config.data)
    assert "mismatched-without-effect" in texts(config, "note")


def test_subclasses_have_no_effect_where_every_class_is_small() -> None:
    config = folder_config({"common": 120, "rare": 60}, **{"model.subclasses": 4})
    note = texts(config, "note")["subclasses-without-effect"]
    assert "takes 100 training images, the largest has 84" in note


def test_an_absent_device_and_absent_data_are_errors_together() -> None:
    config = options.build_config({"data.name": "folder", "data.path": "nowhere", "job.device": "cuda:9"})
    errors = texts(config, "error")
    assert errors.keys() == {"no-such-device", "data-unavailable"}
    assert "cuda:9" in errors["no-such-device"]
    assert "nowhere" in errors["data-unavailable"]


def test_more_disk_than_there_is_is_an_error() -> None:
    config = options.build_config(TINY | {"model.width": 256, "train.kimg": 1e6, "train.keep_snapshots": 10_000})
    registry.load_image_set(config.data)
    assert texts(config, "error").keys() == {"disk-space"}


def test_a_run_that_takes_more_memory_than_the_device_has_is_warned_of() -> None:
    huge = {"data.image_size": 256, "model.width": 256, "train.batch": 4096, "job.device": "cpu"}
    config = options.build_config(TINY | huge | {"train.kimg": 5})
    registry.load_image_set(config.data)
    assert "lower train.batch" in texts(config, "warning")["more-memory-than-device"]
    small = options.replace_options(config, {"model.width": 8, "train.batch": 4})
    assert texts(small, "warning") == {}


def test_a_run_of_days_is_warned_of_with_its_time_here() -> None:
    config = options.build_config(TINY | {"job.device": "cpu", "train.kimg": 1000})
    registry.load_image_set(config.data)
    folder = measured_speed.timing_folder(config)
    assert folder is not None
    measured_speed.write_timing(folder, config)
    measured_speed.save_speed(folder, MeasuredSpeed(4.0, shared=False))  # 250,000 seconds
    assert "about 3 days here" in texts(config, "warning")["takes-days"]
    assert texts(options.replace_options(config, {"train.kimg": 10}), "warning") == {}


def test_time_is_estimated_from_an_earlier_run_of_the_same_speed() -> None:
    config = options.build_config(TINY | {"train.kimg": 32})
    assert estimate(config).seconds is None
    run = trained("measured")
    rate = run.status()["images_per_second"]
    assert estimate(config).seconds == pytest.approx(32_000 / rate)
    assert estimate(options.replace_options(config, {"model.width": 16})).seconds is None


@pytest.mark.parametrize("moved", [{"host": "node17"}, {"engine": "slurm"}, {"device": "cuda:0"}])
def test_the_speed_of_another_machine_is_no_estimate_for_this_one(moved: dict[str, str]) -> None:
    run = trained("elsewhere")
    started = json.loads((run.path / "started.json").read_text())
    write_json(run.path / "started.json", started | moved)
    assert estimate(run.config).seconds is None
    on_cluster = options.replace_options(run.config, {"job.engine": "slurm"})
    assert estimate(on_cluster).seconds is None


def test_the_disk_estimate_is_what_a_run_takes() -> None:
    run = trained("takes", train__kimg=0.64)
    expected = estimate(run.config).disk
    assert expected is not None
    weights = sum(path.stat().st_size for path in (run.path / "snapshots").rglob("*") if path.suffix != ".json")
    assert expected == pytest.approx(weights, rel=0.15)
