"""The speed of training, measured by some steps, and the lengths that follow from it."""

import pytest

from gan import jobs
from gan.cli.main import main
from gan.config import options
from gan.config.run_config import RunConfig
from gan.data import registry
from gan.errors import DamagedFileError, RunError
from gan.io.atomic import write_json
from gan.jobs.worker import working
from gan.training import measured_speed, recommend
from gan.training.estimate import find_speed
from gan.training.timing import time_training
from tests.conftest import TINY
from tests.support.jobs import wait_until


def tiny(**values: object) -> RunConfig:
    """A config of the digits, which have been read."""
    config = options.build_config(TINY | {"job.device": "cpu", "train.kimg": 3} | values)
    registry.load_image_set(config.data)
    return config


def test_steps_are_timed_and_kept_for_all_lengths_of_such_a_run() -> None:
    config = tiny()
    folder = measured_speed.timing_folder(config)
    assert folder is not None
    assert find_speed(config) is None
    measured_speed.write_timing(folder, config)
    with working(folder) as worker:
        speed = time_training(folder, worker, seconds=0.05)
    assert speed.images_per_second > 0
    assert not speed.shared
    longer = options.replace_options(config, {"train.kimg": 30, "train.seed": 7})
    found = find_speed(longer)
    assert found is not None
    assert (found.images_per_second, found.measured_by) == (speed.images_per_second, "steps")
    assert find_speed(options.replace_options(config, {"model.width": 16})) is None


def test_a_task_measures_the_speed_in_a_process_of_its_own() -> None:
    config = tiny()
    measured_speed.start_timing(config)
    folder = measured_speed.timing_folder(config)
    assert folder is not None
    wait_until(lambda: not jobs.state(folder).alive, "the steps are timed")
    assert jobs.state(folder).name == "finished", jobs.state(folder).cause
    assert measured_speed.load_speed(config) is not None


def test_what_cannot_be_measured_here_has_no_timing() -> None:
    unread = options.build_config(TINY | {"job.device": "cpu"})
    assert measured_speed.timing_folder(unread) is None
    config = tiny()
    for values in ({"job.device": "cuda:9"}, {"job.engine": "slurm"}, {"job.gpus": 2}):
        assert measured_speed.timing_folder(options.replace_options(config, values)) is None


def test_a_forged_timing_is_refused() -> None:
    config = tiny()
    folder = measured_speed.timing_folder(config)
    assert folder is not None
    measured_speed.write_timing(folder, config)
    write_json(folder / "request.json", {"config": "{}", "channels": 1, "names": 10, "run": "rm"})
    with pytest.raises(DamagedFileError, match="run"):
        measured_speed.read_timing(folder)
    assert main(["train", "--timing", "../elsewhere"]) == 2
    with pytest.raises(RunError):
        jobs.start_task(folder.with_name("timing-elsewhere"))


def test_a_dry_run_measures_the_time(capsys: pytest.CaptureFixture[str]) -> None:
    tiny()
    words = [word for name, value in TINY.items() for word in (f"--{name}", str(value))]
    assert main(["train", "--dry-run", "--job.device", "cpu", *words]) == 0
    assert "measured here by some training steps" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("rate", "kimgs"),
    [
        (100.0, {"quick": 18.0, "recommended": 60.0, "night": 600.0}),  # 2,880 in eight hours
        (1000.0, {"quick": 30.0, "recommended": 60.0, "night": 600.0}),
        (1.0, {"quick": 0.18, "recommended": 60.0, "night": 29.0}),  # slower than the recipe expects
    ],
)
def test_lengths_follow_from_the_speed(rate: float, kimgs: dict[str, float]) -> None:
    recommended = options.build_config({"train.kimg": 60})
    lengths = {length.key: length for length in recommend.lengths(recommended, rate)}
    assert {key: length.kimg for key, length in lengths.items()} == kimgs
    for length in lengths.values():
        assert length.seconds == pytest.approx(length.kimg * 1000 / rate, rel=0.02)
        options.replace_options(recommended, {"train.kimg": length.kimg, "train.snapshot_kimg": length.snapshot_kimg})
