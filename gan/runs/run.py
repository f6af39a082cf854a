"""A run is a folder. What lies in it, by name; no torch, so that a page that lists runs opens at once.

    config.json    what was asked, with a version               about.json      title, tags, notes (`about.py`)
    data.json      what the networks were built from            conditions.npz  the training split's conditions
    fingerprint.npz  which images it is trained on, their labels and splits (`data/fingerprint.py`)
    subclasses.npz      which kind within its class each image is, where the networks are told of kinds
    queued.json    its place in the queue                       started.json    device, process, time
    alive.lock     held by the trainer while it lives           log.txt         what the trainer printed
    stop           an empty file: please stop                   end.json        the trainer's own last word
    status.json    phase and progress, replaced whole           metrics.jsonl   the curves (`metrics.py`)
    events.jsonl   where it was resumed (`events.py`)           compiled.json   whether its networks are compiled
    samples/       fixed-noise pictures, <seen>.png             snapshots/      <seen>/ (`checkpoint.py`)
    exports/       downloads and their ledger (`export.py`)

Whether a run is queued, running or lost is computed from these by `jobs/states.py`, never stored.
"""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from gan.config import names, options, settings
from gan.config.run_config import RunConfig
from gan.data.info import DatasetInfo
from gan.errors import ConfigError, DamagedFileError, RunError
from gan.io.untrusted_files import is_regular, read_bytes
from gan.jobs.kinds import refuse_link
from gan.jobs.status import Status, read_status
from gan.runs import notes
from gan.runs.notes import About

SEEN = re.compile("[0-9]{9}|[1-9][0-9]{9,11}")
"""How a file or a folder is named by the images seen."""
LARGEST_CONFIG = 2**20  # bytes


@dataclass(frozen=True)
class Run:
    """One run folder. Paths always; contents when they are asked for."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @cached_property
    def config(self) -> RunConfig:
        """What was asked for; raises RunError where config.json is absent, damaged or newer than this program."""
        file = self.path / "config.json"
        try:
            stat = file.stat()
        except FileNotFoundError:
            raise RunError(f"The run {self.name} cannot be read: its folder has no config.json.") from None
        read = _config(file, stat.st_mtime_ns, stat.st_size)
        if not isinstance(read, RunConfig):
            raise RunError(f"The run {self.name} cannot be read: {read}")
        return read

    @property
    def about(self) -> About:
        """Title, tags and notes, as they are now."""
        return notes.read_about(self.path)

    @cached_property
    def created(self) -> float:
        """Seconds since 1970 when the run was made."""
        return self.about.created

    @property
    def title(self) -> str:
        """What people call the run; its name until somebody changes it."""
        return self.about.title or self.name

    @property
    def total(self) -> int:
        """Images the finished run will have seen."""
        return round(self.config.train.kimg * 1000)

    @property
    def seen(self) -> int:
        """Images seen so far, by the trainer's last report; before it trains, those of its newest snapshot."""
        report = self.status()
        if report.get("phase") == "training" and "done" in report:
            return int(report["done"])
        return max(self.snapshots(), default=0)

    def info(self) -> DatasetInfo:
        """What the networks were built from; raises RunError before the trainer has read its data."""
        try:
            info = DatasetInfo.load(self.path)
        except DamagedFileError as error:
            raise RunError(f"The run {self.name} cannot be read: {error}") from None
        if info is None:
            raise RunError(f"The run {self.name} has not read its data yet: wait for its first snapshot.")
        return info

    def status(self) -> Status:
        """The trainer's last report; empty before any."""
        return read_status(self.path)

    def snapshots(self) -> list[int]:
        """Images seen at each snapshot that is whole, ascending."""
        found = (self.path / "snapshots").glob("*/ready.json")
        return sorted(int(path.parent.name) for path in found if SEEN.fullmatch(path.parent.name) and is_regular(path))

    def snapshot(self, seen: int | None = None) -> Path:
        """The folder of one snapshot, the newest by default; raises RunError that lists those there are."""
        there = self.snapshots()
        if not there:
            raise RunError(f"The run {self.name} has no snapshot yet: wait for its first.")
        if seen is not None and seen not in there:
            raise RunError(f"The run {self.name} has no snapshot {seen}: it has {', '.join(map(str, there))}.")
        return self.path / "snapshots" / f"{there[-1] if seen is None else seen:09d}"

    def samples(self) -> dict[int, Path]:
        """The fixed-noise pictures by images seen, ascending."""
        found = (self.path / "samples").glob("*.png")
        return {int(path.stem): path for path in sorted(found) if SEEN.fullmatch(path.stem) and is_regular(path)}


@lru_cache(maxsize=2000)
def _config(file: Path, mtime_ns: int, size: int) -> RunConfig | ConfigError | DamagedFileError:
    """The config in a file, or what is wrong with it: parsed again only where the file changed."""
    try:
        return options.config_from_json(read_bytes(file, LARGEST_CONFIG))
    except (ConfigError, DamagedFileError) as error:
        return error


def find_run(name: str) -> Run:
    """The run of that name; raises RunError where the name is not one, there is none, or a link leads out of it."""
    names.check_name(name)
    path = settings.store() / name
    if not path.is_dir():
        raise RunError(f"There is no run {name} in {settings.store()}. `python -m gan runs` lists them.")
    refuse_link(path)
    for inside in path.iterdir():
        refuse_link(inside, path)
    return Run(path)


def all_runs() -> list[Run]:
    """Every folder of the store that can be a run, broken ones included, the newest first; no symbolic link."""
    store = settings.store()
    if not store.is_dir():
        return []
    found = [Run(path) for path in store.iterdir() if names.NAME.fullmatch(path.name) and _is_folder(path)]
    return sorted(found, key=lambda run: (run.created, run.name), reverse=True)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
