"""What a job does, decided by its folder's path in the store and never by a file in the folder.

    <run>                           train
    <run>/evaluation/study          study         queued for the run's device, like training
    <run>/evaluation/study/parts/<n>  study-part  likewise; many at once, on a cluster
    <run>/evaluation/scores         scores        this and the rest are tasks: on the CPU, a few at a time
    <run>/evaluation/snapshot-scores  of every snapshot, beside the training
    <run>/evaluation/membership     membership; likewise selector, calibration and study-estimate
    <run>/exports/<id>              export
    .data/tasks/prepare-<set>       prepare
    .data/tasks/suspects-<set>      suspects
    .data/tasks/timing-<key>        timing        of training steps on the CPU
    .data/tasks/timing-gpu-<key>    timing-gpu    likewise on a GPU, queued for it like training
    .data/tasks/doctor              doctor
    .data/incoming/<id>             check

A run folder may be a copy from anywhere, so no file in it decides what is executed: the command is built here from the
path, and the process that it starts reads its request (`request.json`) as data.
"""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from gan.config import names, settings
from gan.errors import RunError

RUN = f"(?P<run>{names.NAME.pattern})"


@dataclass(frozen=True)
class JobKind:
    """A kind of job: a regular expression for its folder's path below the store, and the arguments of `python -m gan`.

    Arguments in braces are named groups of `path`. A job that is not `on_device` is a task.
    """

    name: str
    path: str
    arguments: tuple[str, ...]
    on_device: bool = False


KINDS = (
    JobKind("train", RUN, ("train", "--run", "{run}"), on_device=True),
    JobKind("study", f"{RUN}/evaluation/study", ("evaluate", "{run}", "--task", "study"), on_device=True),
    JobKind(
        "study-part",
        f"{RUN}/evaluation/study/parts/(?P<part>[0-9]{{1,4}})",
        ("evaluate", "{run}", "--task", "study-part", "--part", "{part}"),
        on_device=True,
    ),
    *(
        JobKind(name, f"{RUN}/evaluation/{name}", ("evaluate", "{run}", "--task", name))
        for name in ("scores", "snapshot-scores", "membership", "selector", "calibration", "study-estimate")
    ),
    JobKind("export", RUN + "/exports/(?P<id>[0-9]{8}-[0-9]{6}(-[0-9]+)?)", ("export", "{run}", "--task", "{id}")),
    JobKind(
        "generator",
        RUN + "/exports/generator-(?P<format>torch|onnx|safetensors)",
        ("export-model", "{run}", "--task", "{format}"),
    ),
    JobKind("prepare", r"\.data/tasks/(?P<task>prepare-[^/\n]+)", ("data", "prepare", "--task", "{task}")),
    JobKind("suspects", r"\.data/tasks/(?P<task>suspects-[^/\n]+)", ("data", "suspects", "--task", "{task}")),
    JobKind("timing", r"\.data/tasks/(?P<task>timing-[0-9a-f]{16})", ("train", "--timing", "{task}")),
    JobKind(
        "timing-gpu",
        r"\.data/tasks/(?P<task>timing-gpu-[0-9a-f]{16})",
        ("train", "--timing", "{task}"),
        on_device=True,
    ),
    JobKind("doctor", r"\.data/tasks/doctor", ("doctor", "--task")),
    JobKind("check", r"\.data/incoming/(?P<id>[0-9a-f]{12})", ("data", "check", "--task", "{id}")),
)


def job_kind(folder: Path) -> JobKind | None:
    """The kind of the job in a folder; None if no job may run there."""
    path = _path_in_store(folder)
    return next((kind for kind in KINDS if re.fullmatch(kind.path, path, re.ASCII)), None)


def job_command(folder: Path) -> list[str]:
    """The interpreter's arguments for the job in `folder`; raises RunError if no job may run there."""
    kind = job_kind(folder)
    if kind is None:
        raise RunError(f"{folder} is not the folder of a job in {settings.store()}: nothing is started in it.")
    match = re.fullmatch(kind.path, _path_in_store(folder), re.ASCII)
    assert match is not None
    return ["-m", "gan", *(argument.format_map(match.groupdict()) for argument in kind.arguments)]


def check_folder(folder: Path) -> None:
    """Raise RunError unless a job may be started in `folder`: a job's path, and no symbolic link out of its run."""
    job_command(folder)
    check_links(folder)


def check_links(folder: Path) -> None:
    """Raise RunError if a job's folder or its run's folder is a symbolic link, or holds one that leads out of it.

    Through such a link, our files would be written wherever the author of a copied run wanted. So it is with a file
    that has a second name (a hard link), and a FIFO or device would make the job wait.
    """
    store = settings.store()
    below = folder.relative_to(store).parts if folder.is_relative_to(store) else ()
    whole = store / below[0] if below and not below[0].startswith(".") else folder
    for path in {whole, folder}:
        refuse_link(path)
    for parent, folders, files in os.walk(whole):
        for name in (*folders, *files):
            refuse_link(Path(parent, name), whole)
        for name in files:
            _refuse_special(Path(parent, name))


def refuse_link(path: Path, inside: Path | None = None) -> None:
    """Raise RunError if `path` is a symbolic link, unless its target lies in the folder `inside`."""
    if not path.is_symlink():
        return
    if inside is None or not os.path.realpath(path).startswith(os.path.realpath(inside) + os.sep):
        raise RunError(
            f"{path} is a symbolic link that leads out of its folder: no job runs there. "
            "Replace it by the file or folder it leads to, or remove it."
        )


def _refuse_special(path: Path) -> None:
    """Raise RunError for a file with two names, and for what is neither a file nor a symbolic link."""
    try:
        file = path.lstat()
    except FileNotFoundError:  # removed in the meantime
        return
    if stat.S_ISLNK(file.st_mode) or (stat.S_ISREG(file.st_mode) and file.st_nlink <= 1):
        return
    raise RunError(
        f"{path} is not a file of its own (a hard link, FIFO or device): no job runs there. "
        "Copy the folder without hard links (cp -r), or remove it."
    )


def _path_in_store(folder: Path) -> str:
    """The folder's path relative to the store; "" if it lies elsewhere or is reached through a symbolic link."""
    store = settings.store()
    if not folder.is_relative_to(store) or os.path.realpath(folder) != str(folder):
        return ""
    return folder.relative_to(store).as_posix()
