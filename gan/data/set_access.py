"""Who may use, see and change the images that a config names: a public set, an added set, or a folder on the server.

Public sets and the folders of `GAN_PATHS` are there for every member. An added set has an owner and a visibility. Any
other folder is for the command line alone.
"""

from collections.abc import Iterable
from pathlib import Path

from gan.access.identity import SYSTEM, current
from gan.access.ownership import ALL, StoredTarget, Target
from gan.access.permissions import Action, Owned, decide, require
from gan.config import settings
from gan.config.run_config import DataConfig
from gan.data.sources.local_paths import added_set_folder, local_folder
from gan.errors import DataError


def set_target(config: DataConfig) -> Owned:
    """The images of a config as a target of `permissions.decide`."""
    if config.name != "folder":
        return Target(f"set {config.slug}", visibility=ALL)
    folder = added_set_folder(config)
    if folder is not None:
        return folder_target(folder)
    real = local_folder(config)
    return Target(f"folder {real}", visibility=ALL) if settings.is_browsable(real) else Target(f"folder {real}")


def folder_target(folder: Path) -> Owned:
    """The added set, or the upload, in a folder as a target."""
    what = "set" if folder.parent == settings.added_sets() else "upload"
    return StoredTarget(f"{what} {folder.name}", folder)


def check_set_use(config: DataConfig) -> None:
    """Raise AccessError unless the current person may use sets, and DataError where this one is not for them.

    A set that they may not see is as good as missing.
    """
    who = current()
    if who is SYSTEM:
        return
    require(Action.USE_SET)
    if config.name != "folder" or not config.path:
        return
    folder = added_set_folder(config)
    if folder is None and not settings.is_browsable(local_folder(config)):
        allowed = ", ".join(map(str, settings.browsable_paths()))
        allowed = allowed or "none; the administrator of this server can set GAN_PATHS"
        raise DataError(f"There is no set {config.path}, and no folder that may be used. Allowed folders: {allowed}.")
    if folder is not None and not decide(Action.SEE, folder_target(folder)):
        raise DataError(f"There is no added set and no folder {config.path}.")


def visible_sets(names: Iterable[str]) -> list[str]:
    """Those of these added sets that the current person may see, in this order."""
    return [name for name in names if decide(Action.SEE, folder_target(settings.added_sets() / name))]
