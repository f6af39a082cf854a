"""What the file system of a store does: locks, exclusive names, times, replacing an open file. `gan doctor` shows it.

Each check works in a folder of its own, with a second process where two matter, and takes well below a second on a
local disk.
"""

import contextlib
import errno
import itertools
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from gan.io import fault_injection
from gan.io.atomic import remove_folder
from gan.io.file_lock import NO_FLOCK

RACES = 200
TOUCHES = 40
LOW_SPACE = 5_000_000_000
"""Bytes below which the disk counts as nearly full: some snapshots and a download."""
CLOCK_SECONDS = 30.0
NETWORK = ("nfs", "nfs4", "lustre", "gpfs", "beegfs", "ceph", "cifs", "smb3", "fuse.sshfs", "fuse.glusterfs", "9p")

Level = Literal["ok", "warning", "problem"]


@dataclass(frozen=True)
class Check:
    """One line of the doctor: what was found, and what to do ("" where nothing is)."""

    name: str
    level: Level
    found: str
    advice: str = ""


def check_store(store: Path) -> list[Check]:
    """All checks of the file system of a store; an absent store is created."""
    try:
        store.mkdir(parents=True, exist_ok=True)
        with _folder_in(store) as folder:
            checks = [_file_system(store)]
            for name, check in _CHECKS.items():
                try:
                    checks.append(check(name, folder))
                except OSError as error:
                    advice = "Check the disk or the network file system, then run this again."
                    checks.append(Check(name, "problem", f"it failed: {error}", advice))
    except OSError as error:
        advice = "Set GAN_STORE to a folder that the user of the server may write."
        return [Check("store", "problem", f"{store} cannot be written: {error.strerror}", advice)]
    return [*checks, _space(store)]


@contextlib.contextmanager
def _folder_in(store: Path) -> Iterator[Path]:
    folder = store / ".jobs" / f"doctor-{secrets.token_hex(4)}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        remove_folder(folder)


def _file_system(store: Path) -> Check:
    mounts = sorted(psutil.disk_partitions(all=True), key=lambda mount: len(mount.mountpoint))
    path = os.path.realpath(store)
    kind = next((m.fstype for m in reversed(mounts) if Path(path).is_relative_to(m.mountpoint)), "unknown")
    where = "a network file system" if kind in NETWORK or kind.startswith("fuse.") else "a local disk"
    return Check("store", "ok", f"{store}, on {where} ({kind})" if kind != "unknown" else str(store))


LOCK = """
import fcntl, os, sys
descriptor = os.open(sys.argv[1], os.O_RDWR)
try:
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    print("free")
except BlockingIOError:
    print("held")
"""


def _locks(name: str, folder: Path) -> Check:
    """Whether a lock that one process holds excludes another, and is kept by a child that inherits it."""
    import fcntl

    path = folder / "lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fault_injection.raise_flock_error(path)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        held = _python(LOCK, str(path)) == "held"
        child = subprocess.Popen(
            [sys.executable, "-I", "-c", "input()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[descriptor],
        )
    except OSError as error:
        if error.errno not in NO_FLOCK:
            raise
        advice = "Mount it with locks if you can. Otherwise keep to one user for each machine (docs/cluster.md)."
        return Check(name, "warning", f"none ({error.strerror}): each machine keeps them in its own memory", advice)
    finally:
        os.close(descriptor)
    inherited = _python(LOCK, str(path)) == "held"
    child.communicate()
    if held and inherited and _python(LOCK, str(path)) == "free":
        return Check(name, "ok", "they exclude other processes of this machine, and are inherited")
    found = "they do not exclude other processes" if not held else "they are not inherited by child processes"
    return Check(name, "problem", found, "Keep the store on another file system: two jobs could take one device.")


RACE = """
import os, sys, time
from pathlib import Path
folder, own, other, how = Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
won = 0
for number in range(int(sys.argv[5])):
    source = folder / f"{how}-{own}-{number}"
    if how == "link":
        source.touch()
    else:
        source.mkdir()
        (source / "holder").touch()
    ready = folder / f"{how}-{number}-ready-"
    Path(f"{ready}{own}").touch()
    while not os.path.exists(f"{ready}{other}"):
        time.sleep(0)
    try:
        (os.link if how == "link" else os.rename)(source, folder / f"{how}-{number}")
        won += 1
    except OSError:
        pass
print(won)
"""


def _exclusive_names(name: str, folder: Path) -> Check:
    """Whether of two processes that give one name at once exactly one succeeds: by link, and by rename of a folder."""
    found = []
    for how in ("link", "rename"):
        arguments = (str(folder), "a", "b", how, str(RACES)), (str(folder), "b", "a", how, str(RACES))
        racers = [_start(RACE, *words) for words in arguments]
        won = sum(int(racer.communicate()[0] or 0) for racer in racers)
        if won > RACES:
            advice = "Keep the store on another file system: two machines could train one run at once."
            return Check(name, "problem", f"{won} of {RACES} names were given twice by {how}", advice)
        found.append(f"{how}: {won} of {RACES}" + (", not supported" if not won and how == "link" else ""))
    if "rename: 0" in found[1]:
        return Check(name, "problem", "a folder cannot be renamed", "Keep the store on another file system.")
    return Check(name, "ok", f"one of two processes wins ({'; '.join(found)})")


def _times(name: str, folder: Path) -> Check:
    path, times = folder / "time", set()
    for number in range(TOUCHES):
        path.write_text(str(number))
        times.add(path.stat().st_mtime_ns)
        time.sleep(0.002)
    ordered = sorted(times)
    steps = [after - before for before, after in itertools.pairwise(ordered)]
    step = min(steps, default=10**9)
    skew = path.stat().st_mtime - time.time()
    if abs(skew) > CLOCK_SECONDS:
        found = f"the file server's clock differs from this machine's by {skew:.0f} s"
        advice = (
            "Let both follow a time server (NTP): runs of other machines may read unknown until they are looked at."
        )
        return Check(name, "warning", found, advice)
    return Check(name, "ok", f"they differ after {step / 1e6:.3g} ms" if steps else "they count in whole seconds")


def _replaced_while_open(name: str, folder: Path) -> Check:
    path, other = folder / "open", folder / "new"
    path.write_text("old")
    other.write_text("new")
    with open(path) as file:
        other.replace(path)
        try:
            content = file.read()
        except OSError as error:
            if error.errno != errno.ESTALE:
                raise
            return Check(name, "ok", "a reader has to open the new file, which ours do")
    if (content, path.read_text()) != ("old", "new"):
        return Check(name, "problem", "a reader saw a mixture", "Keep the store on another file system.")
    return Check(name, "ok", "a reader goes on with the old file, the next one sees the new")


def _space(store: Path) -> Check:
    free = shutil.disk_usage(store).free
    found = f"{free / 1e9:,.1f} GB free"
    if free < LOW_SPACE:
        return Check("disk", "problem", found, "Delete runs or exports that you no longer need: a full disk ends runs.")
    return Check("disk", "ok", found)


_CHECKS: dict[str, Callable[[str, Path], Check]] = {
    "locks": _locks,
    "exclusive names": _exclusive_names,
    "file times": _times,
    "replaced files": _replaced_while_open,
}


def _start(code: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-I", "-c", code, *arguments], stdout=subprocess.PIPE, text=True)


def _python(code: str, *arguments: str) -> str:
    return _start(code, *arguments).communicate()[0].strip()
