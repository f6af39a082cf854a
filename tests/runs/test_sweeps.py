"""Sweeps: what they plan, and real runs that are started, stopped and resumed together."""

import pytest

from gan import jobs
from gan.cli.main import main
from gan.config.options import build_config
from gan.errors import ConfigError, RunError
from gan.runs import lifecycle, sweeps
from gan.runs.run import all_runs, find_run
from tests.conftest import TINY
from tests.support.jobs import store, wait_until

__all__ = ["store"]
pytestmark = pytest.mark.usefixtures("store")
QUICK = [part for path, value in (TINY | {"job.device": "cpu"}).items() for part in (f"--{path}", str(value))]


def planned(*grid: str) -> list[str]:
    return [run.name for run in sweeps.plan_sweep("s", build_config({}), sweeps.read_grid(grid))]


def test_a_grid_has_every_combination_with_short_names() -> None:
    variations = sweeps.read_grid(["lr=1e-4,2e-4", "train.seed=0,1,1"])
    assert variations == [{"optim.lr": lr, "train.seed": seed} for lr in ("1e-4", "2e-4") for seed in ("0", "1")]
    assert planned("lr=1e-4,2e-4", "seed=0,1") == [
        "s-lr1e-4-seed0",
        "s-lr1e-4-seed1",
        "s-lr2e-4-seed0",
        "s-lr2e-4-seed1",
    ]
    assert planned("family=dcgan,projection", "width=8") == ["s-family-dcgan", "s-family-projection"]
    assert planned("mismatched=0.25,0.5") == ["s-mismatched0_25", "s-mismatched0_5"]
    assert planned("seed=3") == ["s"]


def test_names_that_are_too_long_or_equal_are_numbered() -> None:
    sweep = "a" * 60
    runs = sweeps.plan_sweep(sweep, build_config({}), sweeps.read_grid(["seed=100000,200000"]))
    assert [run.name for run in runs] == [f"{sweep}-1", f"{sweep}-2"]
    runs = sweeps.plan_sweep("a" * 64, build_config({}), sweeps.read_grid(["seed=1,2"]))
    assert [run.name for run in runs] == [f"{'a' * 62}-1", f"{'a' * 62}-2"]


def test_a_sweep_without_a_name_gets_one_that_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "dated_name", lambda config: "digits")
    assert sweeps.free_name(build_config({})) == "digits"
    lifecycle.create_run(build_config({}), "digits")
    lifecycle.create_run(build_config({}), "other", "digits-2")
    assert sweeps.free_name(build_config({})) == "digits-3"


def test_a_list_and_a_grid_are_combined() -> None:
    lines = sweeps.read_list("# two recipes\noptim.lr=1e-4 train.batch=32\n\nmodel.family=projection # the better\n")
    assert lines == [{"optim.lr": "1e-4", "train.batch": "32"}, {"model.family": "projection"}]
    variations = sweeps.combine(sweeps.read_grid(["seed=0,1"]), lines)
    assert variations == [line | {"train.seed": seed} for line in lines for seed in ("0", "1")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["s"], "A sweep takes --grid OPTION=A,B or --list FILE"),
        (["s", "--grid", "optim.lr"], "'optim.lr' sets no option"),
        (["s", "--grid", "optim.lrr=1"], "There is no option optim.lrr. Did you mean optim.lr?"),
        (["s", "--grid", "name=a,b"], "name is the end of data.name and of loss.name"),
        (["s", "--grid", "lr=1e-4", "--grid", "optim.lr=2e-4"], "The grid names optim.lr twice"),
        (["s", "--grid", "lr=1e-4,5"], "optim.lr is 5: it takes a number"),
        (["s", "--grid", "lr=1e-4,0.0001"], "Two runs of the sweep are equal"),
        (["status", "s"], "There is no sweep s: there is none yet"),
        (["stop", "--grid", "seed=1"], "stop cannot name a sweep"),
        (["S!", "--grid", "seed=1"], "'S!' cannot name a run"),
        (["s", "--grid", f"seed={','.join(map(str, range(101)))}"], "has 101 runs: add --yes"),
        (["s", "--list", "nowhere.txt"], "The list nowhere.txt cannot be read"),
    ],
)
def test_a_mistake_is_one_line_and_creates_nothing(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sweep", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert all_runs() == []


def test_a_taken_name_is_refused() -> None:
    lifecycle.create_run(build_config({}), "s-seed1")
    with pytest.raises(RunError, match="There is a run s-seed1 already"):
        planned("seed=0,1")
    lifecycle.create_run(build_config({}), "other", "s")
    with pytest.raises(RunError, match="There is a sweep s already"):
        planned("seed=0")
    with pytest.raises(ConfigError, match=r"no value of train\.seed"):
        sweeps.read_grid(["seed= ,"])


def test_a_dry_run_shows_the_runs_and_starts_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", "s", *QUICK, "--grid", "lr=1e-4,2e-4", "--grid", "seed=0,1", "--dry-run"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["s-lr1e-4-seed0", "optim.lr=1e-4", "train.seed=0", "-"]
    assert lines[-1].startswith("4 runs")
    assert all_runs() == []


def test_four_runs_wait_are_stopped_resumed_and_finish(capsys: pytest.CaptureFixture[str]) -> None:
    grid = ["--grid", "lr=1e-4,2e-4", "--grid", "seed=0,1"]
    assert main(["sweep", "s", *QUICK, *grid]) == 0
    names = ["s-lr1e-4-seed0", "s-lr1e-4-seed1", "s-lr2e-4-seed0", "s-lr2e-4-seed1"]
    assert capsys.readouterr().out.splitlines()[-4:] == names
    runs = [find_run(name) for name in names]
    assert {run.about.sweep for run in runs} == {"s"}
    assert [(run.config.optim.lr, run.config.train.seed) for run in runs] == [
        (1e-4, 0),
        (1e-4, 1),
        (2e-4, 0),
        (2e-4, 1),
    ]

    assert main(["sweep", "stop", "s"]) == 0
    wait_until(lambda: not any(jobs.state(run.path).alive for run in runs), "all runs ended", patience=600)
    assert "stopped" in {jobs.state(run.path).name for run in runs}
    assert main(["sweep", "resume", "s"]) == 0
    wait_until(lambda: {jobs.state(run.path).name for run in runs} == {"finished"}, "all runs finished", patience=600)
    assert [run.snapshots()[-1] for run in runs] == [320] * 4
    capsys.readouterr()
    assert main(["sweep", "status", "s"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[1:] == [
        [name, *values, "finished", "100%"]
        for name, values in zip(
            names, (["0.0001", "0"], ["0.0001", "1"], ["0.0002", "0"], ["0.0002", "1"]), strict=True
        )
    ]
    assert main(["sweep", "resume", "s"]) == 0
    assert "can be resumed" in capsys.readouterr().out
