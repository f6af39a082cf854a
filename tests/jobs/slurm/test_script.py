"""The batch script: what it holds, and that no setting or path can add a line or an option to it."""

import subprocess
from pathlib import Path

import pytest

from gan.config import settings
from gan.config.slurm_settings import slurm_settings
from gan.errors import ConfigError, RunError
from gan.jobs import device_list
from gan.jobs.slurm import commands, script
from gan.jobs.slurm.queue_cache import Entry, _merged
from gan.jobs.slurm.reasons import waiting_reason


def batch_script(device: str = "auto", gpus: int = 1, name: str = "breast") -> str:
    slurm = slurm_settings()
    asked = script.resources(device, gpus, slurm.gpus_per_node)
    return script.batch_script(settings.store() / name, 7, asked, slurm)


def options(text: str) -> dict[str, str]:
    """The `#SBATCH` options of a script by name."""
    lines = [line.removeprefix("#SBATCH --") for line in text.splitlines() if line.startswith("#SBATCH")]
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def test_the_settings_become_options(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"PARTITION": "gpu", "ACCOUNT": "lab", "QOS": "long", "GRES": "gpu:a100:1", "TIME": "1-12", "CPUS": "4"}
    values |= {"MEMORY": "16G", "EXTRA": "--constraint='a100|h100' --exclude=n1", "MODULES": "cuda/12.4 python"}
    values |= {"PRELUDE": "/home/lab/start it.sh", "PYTHON": "/env/bin/python", "SIGNAL_SECONDS": "300"}
    for name, value in values.items():
        monkeypatch.setenv(f"GAN_SLURM_{name}", value)
    text = batch_script(gpus=2)
    found = options(text)
    assert (found["partition"], found["account"], found["qos"], found["time"]) == ("gpu", "lab", "long", "1-12")
    assert (found["gres"], found["cpus-per-task"], found["mem"]) == ("gpu:a100:2", "8", "16G")
    assert (found["constraint"], found["exclude"]) == ('"a100|h100"', "n1")
    assert (found["signal"], found["open-mode"]) == ("B:USR1@300", "append")
    assert "requeue" in found
    assert "source '/home/lab/start it.sh'\nmodule load cuda/12.4 python\n" in text
    assert text.endswith("exec /env/bin/python -m gan train --run breast\n")
    assert subprocess.run(["bash", "-n"], input=text, text=True, check=False).returncode == 0


def test_a_run_on_more_gpus_than_a_node_has_takes_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_SLURM_GPUS_PER_NODE", "4")
    one_node, two_nodes = batch_script(gpus=4), batch_script(gpus=8)
    assert (options(one_node)["nodes"], options(one_node)["gres"]) == ("1", "gpu:4")
    assert (options(two_nodes)["nodes"], options(two_nodes)["gres"]) == ("2", "gpu:4")
    assert "torch.distributed" not in one_node
    assert "--nnodes=2 --nproc-per-node=4 --rdzv-backend=c10d" in two_nodes
    assert subprocess.run(["bash", "-n"], input=two_nodes, text=True, check=False).returncode == 0
    with pytest.raises(ConfigError, match="a multiple of 4"):
        batch_script(gpus=6)


@pytest.mark.parametrize(("device", "gres"), [("cpu", None), (device_list.TASKS, None), ("cuda:3", "gpu:1")])
def test_only_work_on_a_gpu_asks_for_one(device: str, gres: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_SLURM_PARTITION", "gpu")
    monkeypatch.setenv("GAN_SLURM_TASK_PARTITION", "cpu")
    found = options(batch_script(device))
    assert found.get("gres") == gres
    assert found["partition"] == ("cpu" if device == device_list.TASKS else "gpu")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PARTITION", "main\n#SBATCH --uid=0"),
        ("ACCOUNT", "lab --uid=0"),
        ("QOS", "a;b"),
        ("GRES", "gpu:1 --wrap=x"),
        ("TIME", "1:00\nrm -rf /"),
        ("MEMORY", "lots"),
        ("CPUS", "-1"),
        ("SIGNAL_SECONDS", "soon"),
        ("EXTRA", "--comment=a\nb"),
        ("EXTRA", "evil.sh"),
        ("EXTRA", "--wrap=evil"),
        ("EXTRA", "--output=/etc/passwd"),
        ("EXTRA", "--comment='open"),
        ("MODULES", "cuda; rm -rf /"),
        ("MODULES", "cuda\nrm"),
        ("PRELUDE", "relative.sh"),
        ("PRELUDE", "/a\nrm -rf /"),
        ("PYTHON", '/a"b'),
    ],
)
def test_a_setting_that_is_no_plain_value_is_refused(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"GAN_SLURM_{name}", value)
    with pytest.raises(ConfigError, match=f"GAN_SLURM_{name}"):
        batch_script()


def test_paths_are_quoted_and_those_that_cannot_be_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_STORE", str(tmp_path / "100 % $(touch x)"))
    text = batch_script()
    assert options(text)["output"] == f'"{tmp_path}/100 %% $(touch x)/breast/log.txt"'
    assert f"export GAN_STORE='{tmp_path}/100 % $(touch x)'" in text
    for name in ('a"b', "a\nb"):
        monkeypatch.setenv("GAN_STORE", str(tmp_path / name))
        with pytest.raises(ConfigError, match="cannot stand in a batch script"):
            batch_script()


def test_no_script_is_made_outside_the_store() -> None:
    with pytest.raises(RunError):
        batch_script(name="../elsewhere")


def test_no_secret_and_nothing_of_this_machine_is_passed_on() -> None:
    own = {"PATH": "/bin", "AWS_SECRET": "x", "SBATCH_QOS": "q", "SLURM_JOB_ID": "1", "CUDA_VISIBLE_DEVICES": "3"}
    passed = script.passed_variables(
        own | {"TMPDIR": "/scratch/1", "GAN_STOP_GRACE": "9", "BASH_FUNC_x%%": "() { x; }"}
    )
    assert passed == ["GAN_STOP_GRACE", "PATH"]


@pytest.mark.parametrize(
    ("code", "part"),
    [
        ("Resources", "free resources"),
        ("(Priority)", "before it"),
        ("QOSMaxJobsPerUserLimit", "quality of service is reached, and it waits until other jobs have ended. (QOSMax"),
        ("ReqNodeNotAvail, UnavailableNodes:n1", "down, drained or reserved"),
        ("JobHeldUser", "scontrol release"),
        ("NewReason", "NewReason"),
    ],
)
def test_reasons_are_sentences(code: str, part: str) -> None:
    assert part in waiting_reason(code)
    assert waiting_reason(code).endswith((".", ")"))


def job(job_id: str, state: str) -> commands.SlurmJob:
    return commands.SlurmJob(job_id, state, "", "", 0, "", "")


def test_an_answer_keeps_later_submissions_and_earlier_ends() -> None:
    before = {
        "1": Entry(job("1", "RUNNING"), 10.0, 90.0),  # listed no longer
        "2": Entry(job("2", "PENDING"), 101.0, 101.0),  # submitted while squeue was asked
        "3": Entry(job("3", "FAILED"), 20.0, 30.0),  # Slurm has forgotten it
        "4": Entry(job("4", "PENDING"), 50.0, 90.0),
    }
    merged = _merged(before, [job("4", "PENDING"), job("5", "RUNNING")], asked=100.0)
    states = {job_id: entry.job.state for job_id, entry in merged.items()}
    assert states == {"1": "VANISHED", "2": "PENDING", "3": "FAILED", "4": "PENDING", "5": "RUNNING"}
    assert merged["4"].changed == 50.0
