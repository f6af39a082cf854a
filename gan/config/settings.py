"""Settings of an installation: environment variables, read at each call. Options of a run are in `run_config`."""

import functools
import os
import re
from pathlib import Path

import platformdirs

from gan.errors import ConfigError

PACKAGE = Path(__file__).resolve().parents[1]
INSTALLED = (PACKAGE / "app").is_dir()
"""Whether this is a wheel, which has the app in `gan/app/`, and not a checkout."""
ROOT = PACKAGE / "app" if INSTALLED else PACKAGE.parent
"""The folder of `streamlit_app.py`, `pages/`, `.streamlit/` and the demo runs in `checkpoints/`. Processes start in it:
in a checkout that lets them import `gan`, and in a wheel it is theirs alone."""
PROGRAM = "gan" if INSTALLED else "python -m gan"
"""How a user calls the commands: `pip install -r requirements.txt` in a checkout installs no `gan`."""


def store() -> Path:
    """`GAN_STORE`: the folder of all runs; its `.data` has caches, added sets and splits.

    Default: `checkpoints/` of a checkout, else `runs` in the user's data folder, such as `~/.local/share/gan/runs`.
    """
    path = os.environ.get("GAN_STORE") or _default_store()
    return _resolved(path if path.startswith(os.sep) else str(Path(path).expanduser().absolute()))


@functools.cache
def _default_store() -> str:
    return str(platformdirs.user_data_path("gan", appauthor=False) / "runs" if INSTALLED else ROOT / "checkpoints")


@functools.lru_cache(maxsize=16)
def _resolved(path: str) -> Path:
    """An absolute path without links, which a process follows once: a page asks for the store thousands of times."""
    return Path(path).resolve()


def below_store(text: str) -> str:
    """A message with paths in the store as they are below it, `digits/marks.json`, and the store's own as "the store":
    its reader may sit elsewhere."""
    whole = re.escape(str(store()))
    return re.sub(rf"{whole}(?![\w-])", "the store", re.sub(rf"{whole}{re.escape(os.sep)}(?=[\w.])", "", text))


def public_data() -> Path:
    """`GAN_DATA`: the folder of downloaded public data sets; may be read-only. Default `~/.cache/gan/data`."""
    return Path(os.environ.get("GAN_DATA") or "~/.cache/gan/data").expanduser().resolve()


def cache() -> Path:
    """The folder of decoded data sets, which are memory-mapped."""
    return store() / ".data" / "cache"


def tasks() -> Path:
    """The folder of background tasks that belong to no run, such as reading a data set."""
    return store() / ".data" / "tasks"


def added_sets() -> Path:
    """The folder of the data sets that users add in the browser, one folder each."""
    return store() / ".data" / "sets"


def browsable_paths() -> list[Path]:
    """`GAN_PATHS`: server folders, separated by `:`, from which users may add images in the browser. Default: none."""
    return [Path(part).expanduser().resolve() for part in os.environ.get("GAN_PATHS", "").split(":") if part]


def is_browsable(path: Path) -> bool:
    """Whether a resolved path lies in GAN_PATHS, and neither in the store, which holds sets of others, nor above it."""
    inside, own = any(path.is_relative_to(folder) for folder in browsable_paths()), store()
    return inside and not path.is_relative_to(own) and not own.is_relative_to(path)


def upload_limit() -> int:
    """`GAN_UPLOAD_MB`: largest unpacked size of an uploaded ZIP, here in bytes. Default 4096 MB."""
    return _whole_number("GAN_UPLOAD_MB", 4096) * 1_000_000


def jobs_per_device() -> int:
    """`GAN_JOBS_PER_DEVICE`: jobs that may share a device at a time. Default 1."""
    return _whole_number("GAN_JOBS_PER_DEVICE", 1)


def tasks_at_once() -> int:
    """`GAN_TASKS_AT_ONCE`: tasks (exports, evaluations, reading data) that may run at a time. Default 2."""
    return _whole_number("GAN_TASKS_AT_ONCE", 2)


def stop_grace() -> int:
    """`GAN_STOP_GRACE`: seconds that a stopped job has to save before it is killed. Default 60."""
    return _whole_number("GAN_STOP_GRACE", 60)


def _whole_number(name: str, default: int) -> int:
    text = os.environ.get(name) or str(default)
    if not text.isdigit() or int(text) < 1:
        raise ConfigError(f"The environment variable {name} is {text!r}: it takes a whole number of at least 1.")
    return int(text)
