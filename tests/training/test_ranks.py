"""Runs on several processes, on the CPU with gloo: they equal a run on one process, stop together, and fail in words.

Rank 0 is this process where the test says nothing else; the others are real processes.
"""

import itertools
import os
import signal
import subprocess
import sys
from datetime import timedelta

import psutil
import pytest
import torch
from safetensors.torch import load_file

from gan import jobs
from gan.cli.main import main
from gan.config import settings
from gan.config.options import build_config
from gan.data import registry
from gan.errors import TrainingError
from gan.jobs import device_list, kinds, several_gpus
from gan.jobs.worker import working
from gan.runs import lifecycle
from gan.runs.events import read_resumptions
from gan.runs.run import Run, find_run
from gan.training.batches import batches
from gan.training.rank_processes import connected_ranks
from gan.training.ranks import Ranks
from tests.conftest import TINY
from tests.support.exactness import rows, train_until
from tests.support.jobs import PATIENCE, started, store, wait_for_state, wait_until
from tests.support.unlabelled import add_squares, squares_run

__all__ = ["store"]
pytestmark = pytest.mark.usefixtures("store")
STEPS = 25


def new_run(name: str, gpus: int = 2, **options: object) -> Run:
    values = TINY | {"data.image_size": 16, "job.device": "cpu", "job.gpus": gpus, "job.threads": 1}
    return lifecycle.create_run(build_config(values | {k.replace("__", "."): v for k, v in options.items()}), name)


def trained(run: Run, stopped_after: int | None = None) -> Run:
    train_until(run, stopped_after)
    return run


def weights(run: Run) -> torch.Tensor:
    """Both networks with their statistics, and the averaged generator."""
    folder = run.snapshot()
    files = load_file(folder / "networks.safetensors"), load_file(folder / "generator.safetensors")
    return torch.cat([value.double().flatten() for file in files for value in file.values()])


def difference(one: Run, other: Run) -> float:
    """Between all weights, relative to their length."""
    return float((weights(one) - weights(other)).norm() / weights(other).norm())


def row_difference(one: Run, other: Run, first: int) -> float:
    """The largest between the `first` logged rows."""
    pairs = list(zip(rows(one), rows(other), strict=True))[:first]
    return max(abs(row[name] - expected[name]) for row, expected in pairs for name in expected)


@pytest.mark.parametrize(
    ("family", "augment", "size", "tolerance"),
    [
        ("dcgan", False, 32, 1e-4),
        # Here a difference of 1e-7, as between one process with one thread and with two, grows to 3e-4 in 50 steps.
        ("projection", True, 32, 0.01),
        ("fastgan", True, 16, 0.01),
    ],
)
def test_two_ranks_equal_one_process(family: str, augment: bool, size: int, tolerance: float) -> None:
    """Parts of 9 and 8 images, with all that is random for each image."""
    options = {"model__family": family, "train__augment": augment, "loss__mismatched": 0.5, "model__subclasses": 2}
    options |= {"data__image_size": size}
    options |= {"train__batch": 17, "train__kimg": 17 * STEPS / 1000, "train__log_kimg": 0.017, "data__balance": True}
    one, two = (trained(new_run(f"run-{gpus}", gpus, **options)) for gpus in (1, 2))
    assert len(rows(two)) == STEPS
    assert row_difference(two, one, 5) < 1e-5
    assert difference(two, one) < tolerance
    assert {path.name for path in one.path.iterdir()} - {path.name for path in two.path.iterdir()} == {"compiled.json"}


def test_two_ranks_learn_the_same_unlabelled_images_as_one_process() -> None:
    add_squares("own")
    one, two = (trained(squares_run(f"run-{gpus}", **{"job.gpus": gpus, "job.threads": 1})) for gpus in (1, 2))
    assert row_difference(two, one, 5) < 1e-5
    assert difference(two, one) < 1e-4


def test_a_run_goes_on_with_another_number_of_ranks() -> None:
    whole, run = (new_run(f"run-{n}", n, train__log_kimg=0.016, train__snapshot_kimg=0.32) for n in (1, 2))
    trained(whole)
    for gpus, stopped_after in ((2, 96), (1, 208), (2, None)):
        lifecycle.set_gpus(run, gpus)
        run = trained(find_run(run.name), stopped_after)
    assert run.snapshots() == [112, 224, 320]
    assert [row["seen"] for row in rows(run)] == [row["seen"] for row in rows(whole)]
    assert row_difference(run, whole, 5) < 1e-5
    assert difference(run, whole) < 1e-4


def other_ranks(run: Run) -> list[psutil.Process]:
    return psutil.Process(started(run)["pid"]).children()


def until_trained(run: Run, seen: int) -> None:
    wait_until(lambda: run.seen >= seen or (run.path / "end.json").exists(), f"{run.name} has seen {seen} images")
    assert jobs.state(run.path).name == "running", jobs.log_tail(run.path, 30)


def test_a_run_whose_rank_dies_fails_in_words_and_frees_its_device() -> None:
    run = new_run("run", train__kimg=100, train__snapshot_kimg=0.16)
    lifecycle.submit_run(run)
    until_trained(run, 176)
    other_ranks(run)[0].kill()
    state = wait_for_state(run, "failed")
    assert state.kind == "rank"
    assert "Rank 1 ended by the signal SIGKILL" in state.cause
    wait_until(lambda: device_list.free_slots("cpu") == 1, "its device is free")

    assert main(["resume", run.name]) == 0
    wait_until(lambda: len(read_resumptions(run)) == 1, "its ranks go on")
    (rank,) = other_ranks(run)
    os.kill(started(run)["pid"], signal.SIGKILL)
    wait_for_state(run, "lost")
    wait_until(lambda: device_list.free_slots("cpu") == 1 and not rank.is_running(), "its device is free")


RANK = """
import os, signal
from gan.runs.run import find_run
from gan.training.rank_processes import joined_ranks
with joined_ranks(find_run("run")) as (ranks, device):
    ranks.agree(False)
    {}
    ranks.agree(False)
"""


@pytest.mark.parametrize(
    ("does", "kind", "text"),
    [
        ("raise MemoryError", "memory", "Rank 1 failed: The computer's memory ran out"),
        ("os.kill(os.getpid(), signal.SIGSTOP)", "rank", "A rank is gone or did not answer"),
    ],
)
def test_a_rank_that_fails_or_hangs_ends_the_run_with_the_cause(
    does: str, kind: str, text: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    run = new_run("run")
    monkeypatch.setattr(kinds, "job_command", lambda folder: ["-c", RANK.format(does)])

    def work() -> None:
        with working(run.path, "cpu") as worker, connected_ranks(run, worker, timedelta(seconds=5)) as (ranks, _):
            for _ in range(2):
                ranks.agree(False)

    with pytest.raises(TrainingError, match=text) as caught:
        work()
    assert caught.value.kind == jobs.state(run.path).kind == kind
    assert not psutil.Process().children()
    assert ("[rank 1] MemoryError" in capfd.readouterr().out) == ("MemoryError" in does)


ENDS = """
import psutil
from gan.runs.run import find_run
from gan.training.rank_processes import joined_ranks
before = psutil.Process().num_threads()
with joined_ranks(find_run("run")) as (ranks, device):
    import torch._dynamo  # as an optimiser does
    ranks.agree(False)
print("threads left:", psutil.Process().num_threads() - before)
"""


def test_a_rank_leaves_no_thread_of_the_exchange_that_could_outlive_python(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    run = new_run("run")
    monkeypatch.setattr(kinds, "job_command", lambda folder: ["-c", ENDS])
    with working(run.path, "cpu") as worker, connected_ranks(run, worker) as (ranks, _):
        ranks.agree(False)
    assert "[rank 1] threads left: 1" in capfd.readouterr().out  # the one that dies with rank 0


def test_ranks_started_by_torchrun_stop_together_and_save() -> None:
    run = new_run("run", train__kimg=100)
    command = several_gpus.torchrun_command(run.path, machines=1, per_machine=2, endpoint="localhost:0", job_id="7")
    process = subprocess.Popen(
        [sys.executable, *command], cwd=settings.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    until_trained(run, 32)
    assert main(["stop", run.name]) == 0
    output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, output
    assert jobs.state(run.path).name == "stopped"
    assert run.snapshots()[-1] > 32


def test_more_ranks_than_gpus_or_images_are_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for options, message in (
        (["--job.gpus", "3"], "job.gpus is 3 and this machine has no GPU"),
        (["--job.gpus", "3", "--train.batch", "2"], "train.batch is 2 and job.gpus 3"),
        (["--job.gpus", "2", "--job.device", "cuda:0"], "job.gpus is 2 and job.device names one device, cuda:0"),
    ):
        assert main(["train", *options]) == 2
        (line,) = [line for line in capsys.readouterr().err.splitlines() if "warning" not in line]
        assert message in line


def test_ranks_take_contiguous_parts_of_a_batch_that_differ_by_one_image_at_most() -> None:
    parts = [Ranks(rank, 3).part(8) for rank in range(3)]
    assert [(part.first, part.count) for part in parts] == [(0, 3), (3, 3), (6, 2)]
    values = torch.arange(16).view(2, 8)
    assert torch.equal(torch.cat([part.of(values, 1) for part in parts], 1), values)


@pytest.mark.parametrize("on_device", [True, False])
def test_each_rank_reads_its_own_images_of_the_same_batches(on_device: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gan.training.batches.fits_on_device", lambda *arguments: on_device)
    config = build_config(TINY)
    images = registry.load_image_set(config.data)

    def first_batches(ranks: Ranks) -> list[tuple[torch.Tensor, torch.Tensor]]:
        return list(itertools.islice(batches(images, config, torch.device("cpu"), 1430, lambda: None, ranks), 3))

    whole, *ranks = (first_batches(Ranks(*numbers)) for numbers in ((0, 1), (0, 3), (1, 3), (2, 3)))
    for (real, condition), *others in zip(whole, *ranks, strict=True):
        assert torch.equal(torch.cat([own for own, _ in others]), real)
        assert all(torch.equal(all_conditions, condition) for _, all_conditions in others)
