"""Training: the files of a run, that a resumed run equals an uninterrupted one, and that images vary.

Real runs of 20 steps on the CPU; a process that is killed is a real process.
"""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from gan import jobs
from gan.config import options, settings
from gan.data import registry
from gan.data.order import shuffled_batches
from gan.errors import RunError, TrainingError
from gan.jobs.worker import working
from gan.runs import lifecycle
from gan.runs.metrics_table import MetricsReader
from gan.runs.run import Run, find_run
from gan.sampling.sampler import load_generator
from gan.training import checkpoint, sample_sheets
from gan.training.estimate_memory import batch_that_fits
from gan.training.failures import explain_memory_errors
from gan.training.snapshot_hooks import SnapshotHooks
from gan.training.train import initial_state, step, train
from tests.conftest import TINY, trained
from tests.support.exactness import final_weights, rows, same, train_until


def train_run(run: Run) -> None:
    with working(run.path, "cpu") as worker:
        train(run, worker)


def test_a_run_writes_metrics_sample_sheets_and_snapshots() -> None:
    run = trained("whole")
    logged = MetricsReader(run.path / "metrics.jsonl").read()
    assert [row["seen"] for row in logged] == [64, 128, 192, 256, 320]
    assert set(logged[0]) == {
        *("seen", "seconds", "images_per_second", "loss_d", "loss_g", "d_x", "d_g_z1", "d_g_z2", "d_val"),
    }
    assert run.snapshots() == [160, 320]
    assert list(run.samples()) == [0, 160, 320]
    with Image.open(run.samples()[320]) as picture:  # 10 columns and 8 rows of 32 px with 2 px between
        assert picture.size == (10 * 34 + 2, 8 * 34 + 2)
    assert jobs.state(run.path).name == "finished"
    assert run.seen == run.total == 320
    assert run.info().names == tuple("0123456789")


def test_early_samples_come_without_a_snapshot_and_change_no_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"train__kimg": 2.016, "train__snapshot_kimg": 1.6, "data__image_size": 16, "train__batch": 32}
    early = trained("early", **options)
    assert list(early.samples()) == [0, 1024, 1600, 2016]  # of steps of 32 images
    assert early.snapshots() == [1600, 2016]
    monkeypatch.setattr(sample_sheets, "EARLY", ())
    late = trained("late", **options | {"train__log_kimg": 0.065})  # another config: `trained` trains it anew
    assert list(late.samples()) == [0, 1600, 2016]
    assert same(final_weights(early), final_weights(late))


def test_a_logged_row_is_the_mean_since_the_last() -> None:
    """Five rows of four steps each against twenty rows of one step, of the same run."""
    coarse, fine = trained("coarse"), trained("fine", train__log_kimg=0.016)
    per_step = rows(fine)
    assert len(per_step) == 20
    for i, row in enumerate(rows(coarse)):
        four = per_step[4 * i : 4 * i + 4]
        for name in ("loss_d", "loss_g", "d_x", "d_g_z1", "d_g_z2"):
            assert row[name] == pytest.approx(sum(step[name] for step in four) / 4, rel=1e-5)


def test_noise_in_training_has_the_configured_scale() -> None:
    """Of 64 x 100 numbers the spread is known to 1.3%; the same noise but for its spread."""
    seen: list[torch.Tensor] = []
    for spread in (1.0, 0.6):
        config = options.build_config({"model.width": 8, "train.noise": spread})
        state = initial_state(config, registry.load_image_set(config.data).info(), torch.device("cpu"))
        state.generator.register_forward_pre_hook(lambda network, given: seen.append(given[0]))
        step(state, torch.zeros(64, 1, 32, 32, dtype=torch.uint8), torch.eye(10).repeat(7, 1)[:64], config)
    assert float(seen[0].std()) == pytest.approx(1.0, abs=0.05)
    torch.testing.assert_close(seen[1], 0.6 * seen[0])


def test_a_stopped_run_resumes_exactly() -> None:
    """Stopped in the middle of a logged point: its half-filled sums go on too."""
    whole = trained("whole", train__log_kimg=0.048)

    run = lifecycle.create_run(whole.config, "stopped")
    train_until(run, 80)
    assert jobs.state(run.path).name == "stopped"
    assert 80 <= run.snapshots()[-1] < 320
    train_run(Run(run.path))
    assert rows(run) == rows(whole)
    assert same(final_weights(run), final_weights(whole))


def test_a_killed_run_resumes_exactly_with_its_history_whole() -> None:
    options_ = {"train__kimg": 1.6, "train__snapshot_kimg": 0.32}
    whole = trained("whole", **options_)

    run = lifecycle.create_run(whole.config, "killed")
    process = subprocess.Popen([sys.executable, "-m", "gan", "train", "--run", run.name], cwd=settings.ROOT)
    wait_for(lambda: len(run.snapshots()) >= 1 and rows(run)[-1]["seen"] > run.snapshots()[-1], process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert jobs.state(run.path).name == "lost"
    with open(run.path / "metrics.jsonl", "ab") as file:
        file.write(b'{"seen": 9')  # what a kill in the middle of a write leaves
    train_run(Run(run.path))
    assert rows(run) == rows(whole)
    assert same(final_weights(run), final_weights(whole))


def wait_for(condition: object, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while not condition():  # type: ignore[operator]
        assert process.poll() is None, "the trainer ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_damaged_newest_snapshot_falls_back_to_the_one_before() -> None:
    whole = trained("whole")
    run = trained("damaged")
    weights = run.snapshot() / "networks.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    train_run(Run(run.path))
    assert rows(run) == rows(whole)
    assert same(final_weights(run), final_weights(whole))


def test_a_damaged_snapshot_is_set_aside(capsys: pytest.CaptureFixture[str]) -> None:
    run = trained("damaged")
    change_training(run, FORGERIES["infinite steps"])
    generator = (run.snapshot() / "generator.safetensors").read_bytes()
    aside = run.snapshot().with_name(f".damaged-{run.snapshot().name}")
    train_run(Run(run.path))
    assert (aside / "generator.safetensors").read_bytes() == generator
    assert f"it is kept as {aside.name}" in capsys.readouterr().out
    assert run.snapshots() == [160, 320]


def test_a_run_goes_on_on_another_kind_of_device(capsys: pytest.CaptureFixture[str]) -> None:
    run = lifecycle.create_run(options.build_config(TINY), "moved")
    train_until(run, 160)
    before = run.snapshots()
    change_training(run, lambda training: training.update(noise=torch.zeros(16, dtype=torch.uint8)))  # as on CUDA
    train_run(Run(run.path))
    assert run.snapshots() == [*before, 320]
    assert "goes on here with other random numbers" in capsys.readouterr().out
    assert [row["seen"] for row in rows(run)] == [64, 128, 192, 256, 320]


def test_no_snapshot_is_lost_where_memory_runs_out_or_the_disk_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    run = lifecycle.create_run(options.build_config(TINY), "full")
    train_until(run, 160)
    before = run.snapshots()
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda number: SimpleNamespace(total_memory=10**9))
    failures = [(torch.OutOfMemoryError("CUDA out of memory"), TrainingError), (OSError(5, "I/O error"), OSError)]
    for failure, told in failures:
        with monkeypatch.context() as patch:
            patch.setattr(checkpoint, "load_file", raising(failure))
            with pytest.raises(told):
                train_run(Run(run.path))
        assert run.snapshots() == before
    train_run(Run(run.path))
    assert run.snapshots() == [*before, 320]


def raising(error: Exception) -> Callable[..., Any]:
    def fail(*arguments: object) -> None:
        raise error

    return fail


def test_a_run_whose_snapshots_cannot_be_resumed_does_not_begin_anew() -> None:
    run = lifecycle.create_run(options.build_config(TINY), "copied")
    train_until(run, 160)
    curves, before = rows(run), run.snapshots()
    for seen in before:
        (run.snapshot_folder(seen) / "training.pt").unlink()
    with pytest.raises(RunError, match=r"have no networks\.safetensors and training\.pt, so none can be resumed"):
        train_run(Run(run.path))
    assert rows(run) == curves
    assert run.snapshots() == before


def forged_moment(change: Callable[[torch.Tensor], Any], name: str = "exp_avg_sq") -> Callable[[dict[str, Any]], None]:
    """A change of one value in the saved state of the generator's optimiser."""

    def forge(training: dict[str, Any]) -> None:
        values = training["optimiser_g"]["state"][1]
        values[name] = change(values[name])

    return forge


FORGERIES: dict[str, Callable[[dict[str, Any]], None]] = {
    "a moment too short": forged_moment(lambda moment: torch.zeros(1)),
    "a moment that is sparse": forged_moment(lambda moment: moment.to_sparse()),
    "a moment of integers": forged_moment(lambda moment: moment.long()),
    "a moment without memory": forged_moment(lambda moment: moment.to("meta")),
    "a step for each weight": forged_moment(lambda step: step.repeat(4), "step"),
    "a step that is no number": forged_moment(lambda step: step * torch.nan, "step"),
    "a step that is no tensor": forged_moment(lambda step: 1.0, "step"),
    "a moment missing": lambda training: training["optimiser_d"]["state"][0].pop("exp_avg"),
    "a parameter that is none": lambda training: training["optimiser_d"]["state"].update({9999: {}}),
    "sums that are one": lambda training: training.update(sums=torch.zeros(1)),
    "noise that is short": lambda training: training.update(noise=training["noise"][:8]),
    "infinite steps": lambda training: training.update(steps=float("inf")),
    "infinite seconds": lambda training: training.update(seconds=float("inf")),
}


def change_training(run: Run, change: Callable[[dict[str, Any]], None]) -> None:
    file = run.snapshot() / "training.pt"
    training = torch.load(file, weights_only=True)
    change(training)
    torch.save(training, file)


@pytest.mark.filterwarnings("ignore:Validating sparse tensor invariants")
@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_state_is_refused_and_the_snapshot_before_is_used(forge: Callable[[dict[str, Any]], None]) -> None:
    run = trained("forged")
    before, _ = run.snapshots()
    change_training(run, forge)
    state = initial_state(run.config, run.info(), torch.device("cpu"))
    checkpoint.restore(Run(run.path), state)
    assert state.seen == before
    assert Run(run.path).snapshots() == [before]


def test_moments_have_memory_of_their_own_and_settings_are_those_of_the_config() -> None:
    """A moment whose values share one address has the right shape: fused Adam would write past its end."""
    run = trained("forged")

    def forge(training: dict[str, Any]) -> None:
        values = training["optimiser_g"]["state"][0]
        values["exp_avg"] = torch.tensor(0.5).expand(values["exp_avg"].shape)
        training["optimiser_g"]["param_groups"][0] |= {"lr": 1e9, "fused": False, "maximize": True}

    change_training(run, forge)
    state = initial_state(run.config, run.info(), torch.device("cpu"))
    settings_before = state.optimiser_g.state_dict()["param_groups"]
    checkpoint.restore(run, state)
    first = state.optimiser_g.param_groups[0]["params"][0]
    moment = state.optimiser_g.state[first]["exp_avg"]
    assert moment.stride() == first.stride()
    assert (moment == 0.5).all()
    assert state.optimiser_g.state_dict()["param_groups"] == settings_before


def test_losses_that_are_no_numbers_end_the_run_and_keep_the_last_good_snapshot() -> None:
    run = trained("diverges", train__kimg=0.16)
    longer = options.replace_options(run.config, {"train.kimg": 0.32})
    (run.path / "config.json").write_text(options.config_to_json(longer))
    weights = load_file(run.snapshot() / "networks.safetensors")
    first = next(name for name in weights if name.startswith("discriminator.") and name.endswith(".weight"))
    weights[first][0] = float("nan")
    save_file(weights, run.snapshot() / "networks.safetensors")
    with pytest.raises(TrainingError, match="half the learning rate"):
        train_run(Run(run.path))
    state = jobs.state(run.path)
    assert state.name == "failed"
    assert "loss_d became nan after 192 images" in state.cause
    assert run.snapshots() == [160]
    assert all(np.isfinite(value) for row in rows(run) for value in row.values())


def test_the_order_has_every_image_once_a_pass_and_continues_from_any_image() -> None:
    stream = shuffled_batches(10, None, seed=3, start=0, batch=4)
    seen = np.concatenate([next(stream) for _ in range(10)])
    for i in range(4):
        assert sorted(seen[10 * i : 10 * i + 10]) == list(range(10))
    assert (next(shuffled_batches(10, None, seed=3, start=24, batch=4)) == seen[24:28]).all()
    assert not (next(shuffled_batches(10, None, seed=4, start=0, batch=10)) == seen[:10]).all()


def test_a_balanced_order_has_classes_equally_often() -> None:
    labels = np.array([0] * 95 + [1] * 5)
    chosen = np.concatenate([next(s) for s in [shuffled_batches(100, labels, 0, 0, 50)] for _ in range(20)])
    assert np.bincount(labels[chosen]).tolist() == [500, 500]
    assert set(chosen[labels[chosen] == 1]) == set(range(95, 100))


@pytest.mark.parametrize("workers", [0, 2])
def test_sets_too_large_for_the_device_train_the_same(workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fetched batch by batch, by threads or by two processes, a run is exactly that whose images lie on the device."""
    here = trained("here")
    monkeypatch.setattr("gan.training.batches.fits_on_device", lambda *arguments: False)
    fetched = trained("fetched", data__workers=workers)
    assert rows(fetched) == rows(here)
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("loading")]


def test_images_of_one_class_differ() -> None:
    """The collapse that losses do not show: a trained generator must not give one image a class.

    Measured here after 4,000 images: 0.8 of the real spread; a generator that ignores z has 0.
    """
    run = trained("varied", train__kimg=4, train__batch=32, train__snapshot_kimg=4, optim__lr=1e-3)
    image_set = registry.load_image_set(run.config.data)
    sampler = load_generator(run)
    for label in range(10):
        made = sampler.generate(np.eye(10, dtype=np.float32)[[label] * 32], seed=0)
        real = image_set.images[image_set.labels() == label]
        assert spread(made) > 0.3 * spread(real), label


def spread(images: np.ndarray) -> float:
    """Mean standard deviation of a pixel over images (n, C, H, W)."""
    return float(images.std(axis=0).mean())


def test_a_moved_run_folder_still_makes_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = trained("moves")
    before = load_generator(run).generate(np.eye(10, dtype=np.float32), seed=1)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    run.path.rename(elsewhere / "moves")
    monkeypatch.setenv("GAN_STORE", str(elsewhere))
    assert (load_generator(find_run("moves")).generate(np.eye(10, dtype=np.float32), seed=1) == before).all()


def test_attributes_train_by_the_same_path() -> None:
    from tests.support.celeba import write_celeba

    write_celeba(settings.public_data(), 60)
    run = trained("faces", data__name="celeba", data__image_size=32)
    assert len(run.info().names) == 40
    labels = json.loads((run.path / "samples" / "columns.json").read_text())["labels"]
    assert len(set(labels)) == len(labels) > 1
    assert options.build_config(run.config.flat()) == run.config
    assert TINY["train.batch"] == run.config.train.batch


def test_a_long_run_keeps_few_snapshots_spread_over_it_and_can_always_be_resumed() -> None:
    run = trained("long", train__kimg=0.64, train__snapshot_kimg=0.032, train__keep_snapshots=6)
    assert run.snapshots() == [128, 256, 384, 512, 608, 640]
    assert len(run.samples()) == 21
    resumable = [seen for seen in run.snapshots() if (run.snapshot(seen) / "training.pt").exists()]
    assert resumable == [608, 640]
    for seen in run.snapshots():
        load_generator(run, seen)


def test_pruning_keeps_the_best_snapshot() -> None:
    run = trained("scored", train__kimg=0.64, train__snapshot_kimg=0.064)
    fewer = options.replace_options(run.config, {"train.keep_snapshots": 2})
    (run.path / "config.json").write_text(options.config_to_json(fewer))
    checkpoint.prune(Run(run.path), best=192)
    assert run.snapshots() == [192, 576, 640]
    load_generator(run, 192)


def test_training_keeps_the_protected_snapshot() -> None:
    run = lifecycle.create_run(
        options.build_config(TINY | {"train.kimg": 0.64, "train.snapshot_kimg": 0.064, "train.keep_snapshots": 2}),
        "kept",
    )
    with working(run.path, run.config.job.device) as worker:
        train(run, worker, hooks=SnapshotHooks(best=lambda run: 192))
    assert run.snapshots() == [192, 576, 640]


def test_memory_that_runs_out_is_told_with_a_batch_that_fits() -> None:
    """The real allocator of the CPU refuses what no machine has; a GPU's error takes the same way."""
    run = trained("needy")
    with pytest.raises(TrainingError) as caught, explain_memory_errors(run, run.info()):
        torch.empty(2**50)
    assert caught.value.kind == "memory"
    assert caught.value.advice == {"train.batch": 8}
    assert "memory ran out with train.batch 16: clone the run with 8" in str(caught.value)
    info, config = run.info(), options.build_config({"train.batch": 1024, "model.width": 64, "data.image_size": 64})
    assert batch_that_fits(config, info, 2**28) < batch_that_fits(config, info, 2**29) < 512
    assert batch_that_fits(config, info, 2**40) == 512  # never the batch that did not fit
    assert batch_that_fits(config, info, 0) == 2
