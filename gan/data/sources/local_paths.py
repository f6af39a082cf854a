"""Where on this machine the images lie that a config names: in an added set, or in any other folder."""

from pathlib import Path

from gan.config import names, settings
from gan.config.run_config import DataConfig


def added_set_folder(config: DataConfig) -> Path | None:
    """The folder of the added set that a config names, or None if it names none."""
    folder = settings.added_sets() / config.path
    return folder if names.NAME.fullmatch(config.path) and (folder / "plan.json").is_file() else None


def local_folder(config: DataConfig) -> Path:
    """The folder on this machine that a config names, if it names no added set."""
    return Path(config.path).expanduser().resolve()
