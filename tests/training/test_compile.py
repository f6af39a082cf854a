"""Compiling the networks: the same maths, a decision that lasts, and a run that goes on where it fails."""

import os
import subprocess
import sys

import torch

from gan import jobs
from gan.bench.throughput import noise_images
from gan.config import options, settings
from gan.io.atomic import write_json
from gan.runs import lifecycle
from gan.runs.run import Run
from gan.training.compilation import MIN_STEPS, _restored, should_compile
from gan.training.start_from import freeze_levels
from gan.training.train import blank_batch, initial_state, step
from tests.conftest import TINY
from tests.support.exactness import rows

CPU = torch.device("cpu")


def run_of(name: str, **more: object) -> Run:
    values = TINY | {"job.device": "cpu", "job.precision": "float32", "train.kimg": 0.064}
    return lifecycle.create_run(
        options.build_config(values | {path.replace("__", "."): value for path, value in more.items()}), name
    )


def trained_apart(run: Run, **environment: str) -> None:
    """Train in a process of its own: the compiler reads its environment once."""
    command = [sys.executable, "-m", "gan", "train", "--run", run.name]
    subprocess.run(command, cwd=settings.ROOT, env=os.environ | environment, check=True, capture_output=True)


def test_the_steps_that_compile_leave_the_state_unchanged() -> None:
    config = run_of("any").config
    image_set = noise_images(32)
    tried, untried = (initial_state(config, image_set.info(), CPU) for _ in range(2))
    batch = torch.from_numpy(image_set.images[:16]), torch.from_numpy(image_set.conditions[:16])
    for _ in range(2):  # before the first step, and when resumed
        with _restored(tried):
            step(tried, *blank_batch(config, image_set.info(), CPU), config)
        for state in (tried, untried):
            step(state, *batch, config)
        assert (tried.sums == untried.sums).all()
        assert (tried.seen, tried.steps) == (untried.seen, untried.steps)
    for one, other in zip(tried.average.parameters(), untried.average.parameters(), strict=True):
        assert (one == other).all()


def test_frozen_levels_stay_frozen_after_the_steps_that_compile() -> None:
    config = run_of("any").config
    state = initial_state(config, noise_images(32).info(), CPU)
    state.frozen = tuple(freeze_levels(state.discriminator, 2))
    with _restored(state):
        step(state, *blank_batch(config, noise_images(32).info(), CPU), config)
    assert state.frozen
    assert not any(weight.requires_grad for weight in state.frozen)


def test_a_run_goes_on_where_there_is_no_compiler() -> None:
    run = run_of("without", job__compile="on")
    trained_apart(run, CXX="/nowhere/no-compiler")
    assert jobs.state(run.path).name == "finished"
    assert not should_compile(run, CPU)
    plain = run_of("plain", job__compile="off")
    trained_apart(plain)
    assert rows(run) == rows(plain)


def test_compiling_is_decided_once_for_a_run() -> None:
    cuda = torch.device("cuda")
    long, short = run_of("long", train__kimg=0.016 * MIN_STEPS), run_of("short")
    assert should_compile(long, cuda)
    assert not should_compile(short, cuda)
    assert not should_compile(run_of("on-a-cpu", train__kimg=0.016 * MIN_STEPS), CPU)
    assert should_compile(long, CPU), "what was decided at the first start holds"


def test_a_run_that_is_not_to_be_compiled_is_not_whatever_its_folder_records() -> None:
    run = run_of("copied", job__compile="off")
    write_json(run.path / "compiled.json", {"compile": True, "reason": "on"})
    assert not should_compile(run, CPU)
