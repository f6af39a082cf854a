"""The folders of this machine that runs may read images from.

A run folder may be a copy from anywhere, and its config.json may name any folder as `data.path`. Its images are read
only from an added set, a folder below `GAN_PATHS`, or a folder for which somebody created a run in this store. The
store keeps a record of those outside all run folders.
"""

import hashlib
from pathlib import Path

from gan.config import names, settings
from gan.config.run_config import DataConfig
from gan.data.sources.local_paths import added_set_folder, local_folder
from gan.errors import RunError
from gan.io.atomic import replacing
from gan.runs.run import Run


def record_data_path(config: DataConfig) -> None:
    """Allow this store's runs to read the folder that a config names."""
    if config.name == "folder" and config.path:
        record = _record(local_folder(config))
        record.parent.mkdir(parents=True, exist_ok=True)
        with replacing(record) as temporary:
            temporary.write_text(str(local_folder(config)))


def readable_data(run: Run) -> DataConfig:
    """The run's data config; raises RunError if it names a folder that nobody on this machine chose."""
    config = run.config.data
    if config.name != "folder" or not config.path or added_set_folder(config) is not None:
        return config
    folder = local_folder(config)
    if settings.is_browsable(folder) or _record(folder).is_file():
        return config
    if names.NAME.fullmatch(config.path):
        raise RunError(
            f"The images of the run {run.name}, the set {config.path}, are not here. To use them, add a set of that "
            "name under Data."
        )
    raise RunError(
        f"The run {run.name} names the folder {folder}, which nobody on this machine chose: the run was copied. "
        "To use the images there, clone the run with that data.path, or add the folder to GAN_PATHS."
    )


def _record(folder: Path) -> Path:
    return settings.store() / ".data" / "paths" / hashlib.sha256(str(folder).encode()).hexdigest()[:32]
