"""What a job does: told by where its folder lies in the store, never by what is written in it.

    <run>                           train
    <run>/evaluation/study          study         waits for the run's device, as a training does
    <run>/evaluation/scores         scores        this one and the rest are tasks: on the CPU, a few at a time
    <run>/evaluation/membership     membership; likewise selector, calibration and study-estimate
    <run>/exports/<id>              export
    .data/tasks/prepare-<set>       prepare
    .data/incoming/<id>             check

A run folder may be copied from anywhere, so that no file of it may decide what is executed: the command is made here
from the folder's place, and the process that it starts reads its request (`request.json`) as data.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from gan.config import settings
from gan.errors import RunError

RUN = r"(?P<run>[a-z0-9][a-z0-9_-]{0,63})"


@dataclass(frozen=True)
class Kind:
    """One kind of job: where its folders lie below the store, and what follows `python -m gan`.

    The words in braces are the named parts of `place`. `on_device` says that it waits for a device; else it is a task.
    """

    name: str
    place: str
    arguments: tuple[str, ...]
    on_device: bool = False


KINDS = (
    Kind("train", RUN, ("train", "--run", "{run}"), on_device=True),
    Kind("study", f"{RUN}/evaluation/study", ("evaluate", "{run}", "--task", "study"), on_device=True),
    *(
        Kind(name, f"{RUN}/evaluation/{name}", ("evaluate", "{run}", "--task", name))
        for name in ("scores", "membership", "selector", "calibration", "study-estimate")
    ),
    Kind("export", RUN + "/exports/(?P<id>[0-9]{8}-[0-9]{6}(-[0-9]+)?)", ("export", "{run}", "--task", "{id}")),
    Kind("prepare", r"\.data/tasks/(?P<task>prepare-[^/\n]+)", ("data", "prepare", "--task", "{task}")),
    Kind("check", r"\.data/incoming/(?P<id>[0-9a-f]{12})", ("data", "check", "--task", "{id}")),
)


def job_kind(folder: Path) -> Kind | None:
    """The kind of job that a folder's place says; None where no job may lie."""
    name = _place(folder)
    return next((kind for kind in KINDS if re.fullmatch(kind.place, name, re.ASCII)), None)


def job_command(folder: Path) -> list[str]:
    """What follows the interpreter on the command line of the job in `folder`; raises RunError where none may lie."""
    kind = job_kind(folder)
    if kind is None:
        raise RunError(f"{folder} is not the folder of a job in {settings.store()}: nothing is started in it.")
    found = re.fullmatch(kind.place, _place(folder), re.ASCII)
    assert found is not None
    return ["-m", "gan", *(word.format_map(found.groupdict()) for word in kind.arguments)]


def check_folder(folder: Path) -> None:
    """Raise RunError unless a job may be started in `folder`: a real folder, at a job's place, no link out of it."""
    job_command(folder)
    check_links(folder)


def check_links(folder: Path) -> None:
    """Raise RunError where the folder of a job, or of the run that it works for, is or holds a link that leads out.

    Such a link would have our files written wherever the maker of a copied run wanted.
    """
    store = settings.store()
    below = folder.relative_to(store).parts if folder.is_relative_to(store) else ()
    whole = store / below[0] if below and not below[0].startswith(".") else folder
    for path in {whole, folder}:
        refuse_link(path)
    for parent, folders, files in os.walk(whole):
        for name in (*folders, *files):
            refuse_link(Path(parent, name), whole)


def refuse_link(path: Path, inside: Path | None = None) -> None:
    """Raise RunError where a path is a symbolic link, to wherever, or to what is not `inside` a folder."""
    if not path.is_symlink():
        return
    if inside is None or not os.path.realpath(path).startswith(os.path.realpath(inside) + os.sep):
        raise RunError(
            f"{path} is a symbolic link that leads out of its folder: nothing works there. "
            "Put what it names in its place, or remove it."
        )


def _place(folder: Path) -> str:
    """The folder's path below the store; "" elsewhere, and where a symbolic link stands on the way to it."""
    store = settings.store()
    if not folder.is_relative_to(store) or os.path.realpath(folder) != str(folder):
        return ""
    return folder.relative_to(store).as_posix()
