"""The batch script of a job: what `sbatch` gets. Made of settings and the job's folder, and of no file in it.

The shell replaces itself by Python (`exec`), so that Slurm's signals to the batch process reach the job itself.
"""

import os
import re
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gan.config import notification_settings, settings
from gan.config.slurm_settings import SlurmSettings
from gan.errors import ConfigError
from gan.jobs import device_list, kinds, names, processes
from gan.jobs.several_gpus import torchrun_command

JOB_PREFIX = "gan-"
SIGNAL_FILE = "batch-signal.txt"
"""In the folder of a run on several nodes: the last signal to its batch script."""
NOT_PASSED = ("CUDA_VISIBLE_DEVICES", "TMPDIR", "PWD", device_list.ALLOWED_VARIABLE, *notification_settings.SECRETS)
"""Variables of this machine that mean something else on a node, that Slurm sets there, or that are secret."""
NOT_PASSED_PREFIXES = ("SLURM_", "SBATCH_", "NVIDIA_")


@dataclass(frozen=True)
class Resources:
    """What a job asks for: so many `ranks`, processes on a GPU each if `on_gpu`.

    `per_node` is how many of them torchrun starts on each of several nodes; 0 for a job on one node, which starts them.
    """

    ranks: int
    on_gpu: bool
    is_task: bool
    per_node: int = 0

    @property
    def nodes(self) -> int:
        return self.ranks // self.per_node if self.per_node else 1


def resources(device: str, gpus: int, gpus_per_node: int = 0) -> Resources:
    """The resources of a job for values of `job.device` and `job.gpus`; a task runs on the CPU.

    Raises ConfigError where several nodes cannot have equally many GPUs.
    """
    if device == device_list.TASKS:
        return Resources(1, on_gpu=False, is_task=True)
    several_nodes = 0 < gpus_per_node < gpus and device != "cpu"
    if several_nodes and gpus % gpus_per_node:
        raise ConfigError(
            f"job.gpus is {gpus}: on several nodes it takes a multiple of {gpus_per_node}, the GPUs of one."
        )
    return Resources(gpus, device != "cpu", False, gpus_per_node if several_nodes else 0)


def batch_script(folder: Path, ticket: int, asked: Resources, slurm: SlurmSettings, after: Sequence[str] = ()) -> str:
    """The script of the job in `folder`, which starts once the jobs `after` have succeeded.

    Raises ConfigError where a path cannot stand in a script, and RunError where no job may run in the folder.
    """
    name = re.sub("[^A-Za-z0-9_-]", ".", names.job_name(folder))
    options = [f"--job-name={JOB_PREFIX}{name}", f"--output={_quoted(folder / 'log.txt')}"]
    body = [_member(folder, ticket), *_environment(slurm)]
    body += _on_nodes(folder, asked, slurm) if asked.per_node else [f"exec {_command(folder, slurm)}"]
    return _joined([*options, *_options(asked, slurm), *_dependency(after)], body)


def array_script(
    folders: Sequence[Path],
    given: Sequence[int],
    asked: Resources,
    slurm: SlurmSettings,
    after: Sequence[str] = (),
    at_once: int = 10,
) -> str:
    """The script of a job array: a job in each of the folders `<parent>/<number>`, with consecutive numbers.

    `given` are their tickets. At most `at_once` of them run at once. Raises what `batch_script` raises.
    """
    parent, numbers = folders[0].parent, [int(folder.name) for folder in folders]
    assert folders == [parent / str(number) for number in range(numbers[0], numbers[-1] + 1)]
    name = re.sub("[^A-Za-z0-9_-]", ".", names.job_name(parent))
    options = [f"--job-name={JOB_PREFIX}{name}", f'--output={_quoted(parent)[:-1]}/%a/log.txt"']
    options += [f"--array={numbers[0]}-{numbers[-1]}%{at_once}"]
    cases = [
        f"{number}) {_member(folder, ticket)}; command=({_command(folder, slurm)}) ;;"
        for number, folder, ticket in zip(numbers, folders, given, strict=True)
    ]
    body = ['case "$SLURM_ARRAY_TASK_ID" in', *cases, "esac", *_environment(slurm), 'exec "${command[@]}"']
    return _joined([*options, *_options(asked, slurm), *_dependency(after)], body)


def _joined(options: Sequence[str], body: Sequence[str]) -> str:
    lines = ["#!/bin/bash", *(f"#SBATCH {option}" for option in options), "", *body, ""]
    text = "\n".join(lines)
    assert text.count("\n") == len(lines) - 1, "a value has a line of its own"
    return text


def _member(folder: Path, ticket: int) -> str:
    value = processes.member_value(names.job_name(folder), ticket)
    return f"export {processes.BATCH_VARIABLE}={shlex.quote(value)}"


def _command(folder: Path, slurm: SlurmSettings) -> str:
    return shlex.join([slurm.python or sys.executable, *kinds.job_command(folder)])


def _environment(slurm: SlurmSettings) -> list[str]:
    """The lines that prepare a job: variables, the site's own script, modules, the working folder."""
    lines = [f"export GAN_STORE={shlex.quote(str(settings.store()))}"]
    lines += [f"export GAN_DATA={shlex.quote(str(settings.public_data()))}", "export PYTHONUNBUFFERED=1"]
    lines += [f"source {shlex.quote(slurm.prelude)}"] if slurm.prelude else []
    lines += [shlex.join(["module", "load", *slurm.modules])] if slurm.modules else []
    return [*lines, "trap '' USR1  # ignored until the job can save", f"cd {shlex.quote(str(settings.ROOT))}"]


def _on_nodes(folder: Path, asked: Resources, slurm: SlurmSettings) -> list[str]:
    """The lines that start a run on several nodes: srun one torchrun on each, which starts the ranks there.

    The shell stays, as torchrun would be ended by the signal before the time limit. It writes the signal into a file,
    for which rank 0 looks.
    """
    signal = shlex.quote(str(folder / SIGNAL_FILE))
    arguments = torchrun_command(
        folder, machines=asked.nodes, per_machine=asked.per_node, endpoint="ENDPOINT", job_id="START"
    )
    command = shlex.join([slurm.python or sys.executable, *arguments])
    command = command.replace("ENDPOINT", '"$endpoint"').replace("START", '"$start"')
    return [
        f"rm -f {signal}",
        *(f"trap {shlex.quote(f'echo {name} > {signal}')} {name}" for name in ("USR1", "TERM")),
        'endpoint="$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1):$((20000 + SLURM_JOB_ID % 20000))"',
        'start="$SLURM_JOB_ID.${SLURM_RESTART_COUNT:-0}"',
        f"srun --export=ALL --ntasks-per-node=1 --kill-on-bad-exit=1 {command} &",
        "ranks=$!",
        "# A signal interrupts wait.",
        'while true; do wait "$ranks"; code=$?; kill -0 "$ranks" 2>/dev/null || break; done',
        'exit "$code"',
    ]


def _dependency(after: Sequence[str]) -> list[str]:
    return [f"--dependency=afterok:{':'.join(after)}", "--kill-on-invalid-dep=yes"] if after else []


def passed_variables(environment: dict[str, str]) -> list[str]:
    """The names of the variables that a job gets from the process that submits it; no secret is among them."""
    passed = processes.job_environment(environment)
    return sorted(
        name
        for name in passed
        if name not in (*NOT_PASSED, "GAN_STORE", "GAN_DATA", "PYTHONUNBUFFERED")
        and not name.startswith(NOT_PASSED_PREFIXES)
        and re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", name)
    )


def _options(asked: Resources, slurm: SlurmSettings) -> list[str]:
    """The options that all jobs have."""
    options = [
        "--open-mode=append",
        "--requeue",
        f"--signal=B:USR1@{slurm.signal_seconds}",
        f"--export={','.join(passed_variables(dict(os.environ))) or 'NONE'}",
        f"--nodes={asked.nodes}",
        "--ntasks-per-node=1",
    ]
    partition = (slurm.task_partition if asked.is_task else "") or slurm.partition
    per_node = asked.per_node or asked.ranks
    gres = ""
    if slurm.gres and asked.on_gpu:
        gres = f"{re.sub(':[0-9]+$', '', slurm.gres)}:{per_node * _count(slurm.gres)}"
    cpus = slurm.cpus * per_node
    chosen = {"partition": partition, "account": slurm.account, "qos": slurm.qos, "gres": gres, "time": slurm.time}
    chosen |= {"mem": slurm.memory, "cpus-per-task": str(cpus) if cpus else ""}
    options += [f"--{name}={value}" for name, value in chosen.items() if value]
    return options + [_quoted_option(option) for option in slurm.extra]


def _count(gres: str) -> int:
    match = re.search(":([0-9]+)$", gres)
    return int(match[1]) if match else 1


def _quoted_option(option: str) -> str:
    name, equals, value = option.partition("=")
    return f"{name}{equals}{value if re.fullmatch('[A-Za-z0-9_.,:@/+%-]*', value) else _text(value)}"


def _quoted(path: Path) -> str:
    """A path for an `#SBATCH` line, in which % starts a pattern."""
    return _text(str(path).replace("%", "%%"))


def _text(value: str) -> str:
    if not value.isprintable() or '"' in value or "\\" in value:
        raise ConfigError(f"{value!r} cannot stand in a batch script: it has quotation marks or control characters.")
    return f'"{value}"'
