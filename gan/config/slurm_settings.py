"""`GAN_SLURM_*`: what an installation asks of its Slurm cluster. Read at each call, like `settings`.

Each value is part of a batch script, so that only what its option of `sbatch` takes is let in: no value can add a line.
"""

import os
import re
import shlex
from dataclasses import dataclass

from gan.errors import ConfigError

WORD = r"[A-Za-z0-9_][A-Za-z0-9_.+-]*"
"""A name of Slurm's, such as that of a partition."""
OWN_OPTIONS = frozenset(
    [
        "account",
        "array",
        "chdir",
        "cpus-per-task",
        "dependency",
        "error",
        "export",
        "gres",
        "hold",
        "job-name",
        "mem",
        "no-requeue",
        "nodes",
        "ntasks",
        "ntasks-per-node",
        "open-mode",
        "output",
        "parsable",
        "partition",
        "qos",
        "requeue",
        "signal",
        "test-only",
        "time",
        "wait",
        "wrap",
    ]
)
"""Options of `sbatch` that `GAN_SLURM_EXTRA` may not set: they have a setting, or a job depends on them."""


@dataclass(frozen=True)
class SlurmSettings:
    """The settings; "" and () leave a choice to the cluster."""

    partition: str
    task_partition: str
    account: str
    qos: str
    gres: str
    """Of one process on a GPU, such as `gpu:1` or `gpu:a100:1`; "" on a cluster without GPUs."""
    time: str
    memory: str
    gpus_per_node: int
    """A run on more GPUs than this takes several nodes with so many each; 0: always one node."""
    cpus: int
    """CPU cores of a process; 0 leaves it to the cluster."""
    signal_seconds: int
    """How long before the time limit Slurm signals a job, which then saves and goes back into the queue."""
    pack_seconds: int
    """The shortest job, by estimate, into which the classifiers of a study are packed."""
    extra: tuple[str, ...]
    modules: tuple[str, ...]
    prelude: str
    """A shell script that each job sources first; "" for none."""
    python: str
    """The interpreter on the nodes; "" for this one."""


def slurm_settings() -> SlurmSettings:
    """All settings; raises ConfigError, which names the variable, its value and what it takes."""
    comma_list = rf"{WORD}(,{WORD})*"
    gres = _matched("GRES", r"[A-Za-z0-9_]+(:[A-Za-z0-9_.-]+)?(:[0-9]+)?", "such as gpu:a100:1, or none") or "gpu:1"
    return SlurmSettings(
        partition=_matched("PARTITION", comma_list, "a partition, or several separated by commas"),
        task_partition=_matched("TASK_PARTITION", comma_list, "a partition, or several separated by commas"),
        account=_matched("ACCOUNT", WORD, "an account"),
        qos=_matched("QOS", WORD, "a quality of service"),
        gres="" if gres == "none" else gres,
        time=_matched(
            "TIME", r"[0-9]{1,6}|[0-9]{1,3}(:[0-9]{2}){1,2}|[0-9]{1,4}-[0-9]{1,2}(:[0-9]{2}){0,2}", TIME_TAKES
        ),
        memory=_matched("MEMORY", r"[1-9][0-9]{0,8}[KMGT]?", "a size such as 16G"),
        gpus_per_node=int(_matched("GPUS_PER_NODE", r"[0-9]{1,2}", "a number of GPUs") or 0),
        cpus=int(_matched("CPUS", r"[0-9]{1,4}", "a number of cores") or 0),
        signal_seconds=int(_matched("SIGNAL_SECONDS", r"[1-9][0-9]{0,3}|[1-5][0-9]{4}", "10 to 59999 seconds") or 120),
        pack_seconds=int(_matched("PACK_SECONDS", r"[1-9][0-9]{0,5}", "a number of seconds") or 600),
        extra=_extra_options(),
        modules=tuple(_matched("MODULES", r"[\w.+/-]+( +[\w.+/-]+)*", "names of modules, separated by spaces").split()),
        prelude=_path("PRELUDE"),
        python=_path("PYTHON"),
    )


TIME_TAKES = "minutes, hours:minutes:seconds or days-hours, as `sbatch --time` does"


def _text(name: str) -> str:
    return os.environ.get(f"GAN_SLURM_{name}", "").strip(" ")


def _matched(name: str, pattern: str, takes: str) -> str:
    """The value of `GAN_SLURM_<name>`, which matches the pattern; "" where it is not set."""
    text = _text(name)
    if text and not re.fullmatch(pattern, text, re.ASCII):
        raise _error(name, text, takes)
    return text


def _extra_options() -> tuple[str, ...]:
    text = _text("EXTRA")
    takes = "options of sbatch with two dashes, such as --constraint=a100 --exclude=node7"
    try:
        options = tuple(shlex.split(text))
    except ValueError:
        raise _error("EXTRA", text, takes) from None
    for option in options:
        if not re.fullmatch(r"--[a-z][a-z-]*(=[ -~]+)?", option, re.ASCII):
            raise _error("EXTRA", text, takes)
        if option[2:].partition("=")[0] in OWN_OPTIONS:
            raise _error("EXTRA", text, f"no {option.partition('=')[0]}: this program sets it itself")
    return options


def _path(name: str) -> str:
    text = _text(name)
    if text and not (text.startswith("/") and text.isprintable() and '"' not in text):
        raise _error(name, text, "an absolute path without quotation marks")
    return text


def _error(name: str, text: str, takes: str) -> ConfigError:
    return ConfigError(f"The environment variable GAN_SLURM_{name} is {text!r}: it takes {takes}.")
