"""folder: the user's own images, an added set (`ingest/staging.py`) or a folder on this machine.

An added set has the import plan of its check; a folder is checked when it is read.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gan.config import settings
from gan.config.run_config import DataConfig
from gan.data.decode import decode_images, error_line
from gan.data.image_set import ImageSet
from gan.data.ingest.checks.check import check_images
from gan.data.ingest.checks.report import first_few
from gan.data.ingest.import_plan import ImportPlan
from gan.data.ingest.labels.inventory import list_images
from gan.data.ingest.pixels.image_file import read_image_file
from gan.data.preview import condition_label, round_robin
from gan.data.sources.local_paths import added_set_folder, local_folder
from gan.data.sources.scan import scan
from gan.data.sources.source import Preview, Source, nothing_to_fetch
from gan.data.transform import fit_image, native_size
from gan.errors import DataError
from gan.io.image_errors import UNREADABLE
from gan.io.progress import Progress

LICENCE = "Your own images: you are responsible for their licence and for the consent of the persons they come from."


def added_sets() -> list[str]:
    """Names of the added sets, sorted."""
    sets = settings.added_sets()
    return sorted(path.parent.name for path in sets.glob("*/plan.json")) if sets.is_dir() else []


def problem(config: DataConfig) -> str | None:
    """Why the images cannot be read, as far as is visible without opening them, or None."""
    if not config.path:
        return "data.path is empty. Use the name of an added set, or a folder on this machine."
    try:
        folder = added_set_folder(config)
        if folder is not None:
            root = ImportPlan.load(folder).root
            return (
                None
                if root.is_dir()
                else f"The images of the set {config.path} are missing: there is no folder {root}."
            )
        if not local_folder(config).is_dir():
            names = ", ".join(added_sets()) or "none yet"
            return f"There is no added set and no folder {config.path}. Added sets: {names}."
        list_images(local_folder(config))
    except DataError as error:
        return str(error)
    return None


def fingerprint(config: DataConfig) -> str:
    """Image size, and the stamp of an added set's plan or of all files in a folder."""
    folder = added_set_folder(config)
    if folder is not None:
        stat = (folder / "plan.json").stat()
        return f"folder-2-{config.image_size}-{folder}-{stat.st_size}-{stat.st_mtime_ns}"
    root = local_folder(config)
    files = ";".join(f"{name}:{size}:{mtime_ns}" for name, size, mtime_ns in scan(root))
    return f"folder-2-{config.image_size}-{root}-{files}"


def read(config: DataConfig, progress: Progress, folder: Path) -> ImageSet:
    """The images of the import plan, decoded into `folder`."""
    plan = _plan(config, progress)

    def read_image(file: str) -> NDArray[np.uint8]:
        pixels = read_image_file(plan.path(file)).to_uint8(plan.channels, plan.window)
        return fit_image(pixels, config.image_size, pad=plan.side is not None)

    images, failures = decode_images(read_image, plan.files, plan.channels, config.image_size, folder, progress)
    if failures:
        lines = [f"{file} ({cause})" for file, cause in failures.items()]
        raise DataError(f"{len(lines):,} images changed since the check: {first_few(lines)}. Add the set again.")
    return ImageSet(
        images=images,
        conditions=plan.conditions.astype(np.float32),
        names=plan.names,
        kind=plan.kind,
        split=plan.split,
        group=None if plan.group is None else np.where(plan.group == "", np.array(plan.files), plan.group),
        native_size=native_size(plan.side, config.image_size) if plan.side else config.image_size,
        title=title(config),
        source=f"Own images, {title(config)}",
        licence=LICENCE,
        notices=plan.notices,
    )


def _plan(config: DataConfig, progress: Progress) -> ImportPlan:
    folder = added_set_folder(config)
    if folder is not None:
        return ImportPlan.load(folder)
    report = check_images(local_folder(config), progress, keep_splits=True)
    if report.plan is None:
        more = (
            f" (and {len(report.errors) - 1} more: `python -m gan data check {config.path}`)"
            if report.errors[1:]
            else ""
        )
        raise DataError(f"{config.path} cannot be used. {report.errors[0].line}{more}")
    return report.plan


def preview(config: DataConfig, count: int) -> Preview:
    """Some training images; unreadable ones are skipped. The window for 16-bit images is that of the previewed ones."""
    folder = added_set_folder(config)
    path_of: Callable[[str], Path]
    if folder is not None:
        plan = ImportPlan.load(folder)
        path_of, files, names, conditions = plan.path, plan.files, plan.names, plan.conditions
        train = np.flatnonzero(plan.split == "train")
    else:
        inventory = list_images(local_folder(config))
        path_of, files = inventory.root.joinpath, tuple(inventory.files)
        names, conditions = inventory.names, inventory.conditions
        train = np.array([row for row, split in enumerate(inventory.split) if split in ("", "train")], dtype=np.int64)
    images, labels, failures = [], [], []
    for row in train[round_robin(conditions[train], count)]:
        try:
            images.append(read_image_file(path_of(files[row])))
            labels.append(condition_label(conditions[row], names))
        except UNREADABLE as error:
            failures.append(f"{files[row]}: {error_line(error)}")
    if not images:
        raise DataError(f"No image of {config.path} can be read: {first_few(failures)}.")
    channels = max(3 if image.colour else 1 for image in images)
    levels = [image.levels() for image in images if image.needs_window]
    window = (min(low for low, _ in levels), max(high for _, high in levels)) if levels else None
    return np.stack([fit_image(image.to_uint8(channels, window), config.image_size) for image in images]), labels


def title(config: DataConfig) -> str:
    """The added set's name, or the folder's."""
    return config.path if added_set_folder(config) else Path(config.path).name or "Own images"


SOURCE = Source(
    title=title,
    about="Your own labelled images: class folders, or any images with a labels.csv.",
    licence=lambda config: LICENCE,
    local=lambda config: True,
    problem=problem,
    fetch=nothing_to_fetch,
    fingerprint=fingerprint,
    read=read,
    preview=preview,
)
