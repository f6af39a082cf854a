"""Settings of the installation, by environment variable; read at each call, so that a test or a job can change them.

Options of one run are in `config.py`, not here.
"""

import os
from pathlib import Path

from gan.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]


def store() -> Path:
    """`GAN_STORE`: the folder of all runs; caches, added sets and splits are in its `.data`. Default `checkpoints/`."""
    return Path(os.environ.get("GAN_STORE") or ROOT / "checkpoints").expanduser().resolve()


def public_data() -> Path:
    """`GAN_DATA`: where distributed sets lie or are downloaded to; may be read-only. Default `~/.cache/gan/data`."""
    return Path(os.environ.get("GAN_DATA") or "~/.cache/gan/data").expanduser().resolve()


def cache() -> Path:
    """Where decoded sets are kept, ready to be memory-mapped."""
    return store() / ".data" / "cache"


def tasks() -> Path:
    """Where background work that belongs to no run keeps its files, such as the reading of a data set."""
    return store() / ".data" / "tasks"


def added_sets() -> Path:
    """Where sets that users add in the browser are kept, one folder each."""
    return store() / ".data" / "sets"


def browsable_paths() -> list[Path]:
    """`GAN_PATHS`: folders on the server, separated by `:`, from which the browser may add images. Default: none."""
    return [Path(part).expanduser().resolve() for part in os.environ.get("GAN_PATHS", "").split(":") if part]


def upload_limit() -> int:
    """`GAN_UPLOAD_MB`: megabytes that an uploaded ZIP may unpack to, in bytes. Default 4096 MB."""
    return _whole_number("GAN_UPLOAD_MB", 4096) * 1_000_000


def jobs_per_device() -> int:
    """`GAN_JOBS_PER_DEVICE`: trainings that may share one device at a time. Default 1."""
    return _whole_number("GAN_JOBS_PER_DEVICE", 1)


def tasks_at_once() -> int:
    """`GAN_TASKS_AT_ONCE`: exports, evaluations and readings of data that may work at a time; more wait. Default 2."""
    return _whole_number("GAN_TASKS_AT_ONCE", 2)


def stop_grace() -> int:
    """`GAN_STOP_GRACE`: seconds a stopped job has to save before it is killed. Default 60."""
    return _whole_number("GAN_STOP_GRACE", 60)


def _whole_number(name: str, default: int) -> int:
    text = os.environ.get(name) or str(default)
    if not text.isdigit() or int(text) < 1:
        raise ConfigError(f"The environment variable {name} is {text!r}: it takes a whole number of at least 1.")
    return int(text)
