"""A run is a folder. No torch, so that a page that lists runs opens at once.

    config.json      the RunConfig, with a version               about.json      title, tags, owner (`notes.py`)
    data.json        DatasetInfo the networks were built from    conditions.npz  conditions of the training split
    fingerprint.npz  hashes of its images, labels and splits     subclasses.npz  the subclass of each image, if any
    pseudo_labels.npz  classes inferred for unlabelled images, if it learns them
    queued.json      its place in the queue                      started.json    device, process, time
    alive.lock       held by the trainer while it lives          log.txt         output of the trainer
    stop             empty: a request to stop                    end.json        how it ended, by the trainer
    status.json      phase and progress, replaced whole          metrics.jsonl   the curves (`metrics.py`)
    events.jsonl     resumptions (`events.py`)                   compiled.json   whether its networks are compiled
    samples/         sample sheets, <seen>.png                   snapshots/      <seen>/ (`training/checkpoint.py`)
    exports/         downloads and their ledger (`export/`)      evaluation/     scores and studies (`evaluation/`)

`<seen>` is the number of training images seen, as `format_seen` writes it. Whether a run is queued, running or lost is
computed from these files by `jobs/states.py`, never stored.
"""

import os
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from gan.access.permissions import Action, decide
from gan.config import names, options, settings
from gan.config.run_config import RunConfig
from gan.data.info import DatasetInfo
from gan.errors import ConfigError, DamagedFileError, RunError
from gan.io.atomic import FileVersion, file_version, file_versions
from gan.io.untrusted_files import is_regular, log_damaged, read_bytes
from gan.jobs.kinds import refuse_link
from gan.jobs.status import Status, read_status
from gan.runs import notes
from gan.runs.notes import About

SEEN = re.compile("[0-9]{9}|[1-9][0-9]{9,11}")
"""What `format_seen` writes."""
MAX_CONFIG_BYTES = 2**20


def format_seen(seen: int) -> str:
    """A number of images seen as the name of a file or folder: at least nine digits, so that names sort by it."""
    return f"{seen:09d}"


@dataclass(frozen=True)
class Run:
    """One run folder; its files are read on access."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @cached_property
    def config(self) -> RunConfig:
        """Its options; raises RunError where config.json is absent, unreadable, damaged or of a newer program."""
        file = self.path / "config.json"
        try:
            config = _config(file, file_version(file))
        except FileNotFoundError:
            raise RunError(f"The run {self.name} cannot be read: its folder has no config.json.") from None
        except OSError as error:
            raise RunError(f"The run {self.name} cannot be read: {file}: {error.strerror}.") from None
        if not isinstance(config, RunConfig):
            raise RunError(f"The run {self.name} cannot be read: {config}")
        return config

    @property
    def config_problem(self) -> str:
        """Why config.json cannot be read; "" where it can."""
        try:
            self.config  # noqa: B018
        except RunError as error:
            return str(error)
        return ""

    @property
    def about(self) -> About:
        """Title, tags and notes, as they are now; empty where about.json cannot be read, which is logged."""
        try:
            return _about(self.path, file_versions(self.path, (notes.FILE, "config.json")))
        except OSError as error:
            log_damaged(self.path / notes.FILE, error)
        return About(created=notes.config_time(self.path))

    @property
    def problem(self) -> str:
        """Why config.json or about.json cannot be read; "" where both can."""
        if self.config_problem:
            return self.config_problem
        try:
            notes.read_about(self.path)
        except OSError as error:
            return f"The title and notes of {self.name} cannot be read: {self.path / notes.FILE}: {error.strerror}."
        return ""

    @cached_property
    def created(self) -> float:
        """When the run was created, in seconds since 1970."""
        return self.about.created

    @property
    def title(self) -> str:
        """The title that users gave it, or its name."""
        return self.about.title or self.name

    @property
    def subject(self) -> str:
        """The run within a sentence."""
        return f"run {self.name}"

    @property
    def owner(self) -> str:
        """The person to whom it belongs; "" for nobody."""
        return self.about.owner

    @property
    def visibility(self) -> str:
        """Who else may see it (`gan/access/ownership.py`)."""
        return self.about.visibility

    @property
    def total(self) -> int:
        """Images the finished run will have seen."""
        return round(self.config.train.kimg * 1000)

    @property
    def seen(self) -> int:
        """Images seen so far: from the last training report, or else from the newest snapshot."""
        report = self.status()
        if report.get("phase") == "training" and "done" in report:
            return int(report["done"])
        return self.newest_snapshot() or 0

    def info(self) -> DatasetInfo:
        """The data the networks were built from; raises RunError before the trainer has read its data."""
        try:
            info = DatasetInfo.load(self.path)
        except DamagedFileError as error:
            raise RunError(f"The run {self.name} cannot be read: {error}") from None
        if info is None:
            raise RunError(f"The run {self.name} has not read its data yet: wait for its first snapshot.")
        return info

    def status(self) -> Status:
        """The trainer's last progress report; empty before the first."""
        return read_status(self.path)

    def snapshots(self) -> list[int]:
        """Images seen at each complete snapshot, ascending."""
        return [seen for seen in sorted(self._snapshot_folders()) if self._is_complete(seen)]

    def newest_snapshot(self) -> int | None:
        """Images seen at the newest complete snapshot; None without one. Looks at no older one."""
        newest_first = sorted(self._snapshot_folders(), reverse=True)
        return next((seen for seen in newest_first if self._is_complete(seen)), None)

    def _snapshot_folders(self) -> list[int]:
        """Images seen by the names of the folders of snapshots, complete or not."""
        folder = self.path / "snapshots"
        try:
            return [int(name) for name in os.listdir(folder) if SEEN.fullmatch(name)]  # noqa: PTH208  (many runs)
        except (FileNotFoundError, NotADirectoryError, PermissionError):  # the state of the run says what is wrong
            return []

    def _is_complete(self, seen: int) -> bool:
        return is_regular(self.snapshot_folder(seen) / "ready.json")

    def snapshot(self, seen: int | None = None) -> Path:
        """The folder of an existing snapshot, by default the newest; raises RunError that lists the existing ones."""
        snapshots = self.snapshots()
        if not snapshots:
            raise RunError(f"The run {self.name} has no snapshot yet: wait for its first.")
        if seen is not None and seen not in snapshots:
            raise RunError(f"The run {self.name} has no snapshot {seen}: it has {', '.join(map(str, snapshots))}.")
        return self.snapshot_folder(snapshots[-1] if seen is None else seen)

    def snapshot_folder(self, seen: int) -> Path:
        """Where the snapshot after `seen` images lies or will lie."""
        return self.path / "snapshots" / format_seen(seen)

    def samples(self) -> dict[int, Path]:
        """The sample sheets by images seen, ascending."""
        sheets = (self.path / "samples").glob("*.png")
        return {int(path.stem): path for path in sorted(sheets) if SEEN.fullmatch(path.stem) and is_regular(path)}

    def sample_sheet(self, seen: int) -> Path:
        """Where the sample sheet after `seen` images lies or will lie."""
        return self.path / "samples" / f"{format_seen(seen)}.png"


@lru_cache(maxsize=4000)
def _about(folder: Path, versions: tuple[FileVersion, ...]) -> About:
    """The about.json of a folder, read again when it or the config, whose time it may need, changes."""
    return notes.read_about(folder)


@lru_cache(maxsize=4000)
def _config(file: Path, version: FileVersion) -> RunConfig | ConfigError | DamagedFileError:
    """The config in a file, or the error that says what is wrong with it; parsed again when the file changes."""
    try:
        return options.config_from_json(read_bytes(file, MAX_CONFIG_BYTES))
    except (ConfigError, DamagedFileError) as error:
        return error


def find_run(name: str) -> Run:
    """The run of that name; raises RunError for an invalid name, a missing run, or a link that leads out of it.

    A run that the current person may not see is as good as missing.
    """
    names.check_name(name)
    path = settings.store() / name
    if not path.is_dir() or not decide(Action.SEE, Run(path)):
        raise RunError(f"There is no run {name} in {settings.store()}. `{settings.PROGRAM} runs` lists them.")
    refuse_link(path)
    for inside in path.iterdir():
        refuse_link(inside, path)
    return Run(path)


def all_runs() -> list[Run]:
    """The runs that the current person may see, newest first: broken ones included, symbolic links not."""
    return [run for run in stored_runs() if decide(Action.SEE, run)]


def stored_runs() -> list[Run]:
    """Every run folder of the store, whoever may see it, in the order of `all_runs`; for checks, not for lists."""
    store = settings.store()
    if not store.is_dir():
        return []
    with os.scandir(store) as entries:  # knows what is a folder without asking for each
        runs = [Run(store / entry.name) for entry in entries if names.NAME.fullmatch(entry.name) and _is_folder(entry)]
    return sorted(runs, key=lambda run: (run.created, run.name), reverse=True)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:  # listed, so that its card says what is wrong
        return True
