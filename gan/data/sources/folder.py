"""folder: the user's own images, an added set (`ingest/staging.py`) or a folder on this machine.

An added set has the import plan of its check; a folder is checked when it is read.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from gan.config import settings
from gan.config.run_config import DataConfig
from gan.data import label_edits
from gan.data.decode import decode_images, error_line
from gan.data.image_set import ImageSet
from gan.data.ingest.checks.check import check_images
from gan.data.ingest.checks.report import first_few
from gan.data.ingest.import_plan import ImportPlan
from gan.data.ingest.labels.inventory import Inventory
from gan.data.ingest.labels.proposals import sure_inventory
from gan.data.ingest.pixels.decoded_image import DecodedImage
from gan.data.ingest.pixels.image_file import read_image_file
from gan.data.preview import condition_label, round_robin
from gan.data.set_access import visible_sets
from gan.data.set_notes import SetNotes, load_set_notes, set_title
from gan.data.sources.local_paths import added_set_folder, local_folder
from gan.data.sources.scan import scan
from gan.data.sources.source import Preview, Source, nothing_to_fetch
from gan.data.training_size import Sides, sides_of
from gan.data.transform import fit_image, native_size
from gan.errors import DataError
from gan.io.image_errors import UNREADABLE
from gan.io.progress import Progress, silent

LICENCE = "Your own images: you are responsible for their licence and for the consent of the persons they come from."
SAMPLED = 100
"""Images of a folder that are opened to find its images' sides."""
Image = TypeVar("Image")


def added_sets() -> list[str]:
    """Names of the added sets that the current person may see, sorted."""
    return visible_sets(stored_sets())


def stored_sets() -> list[str]:
    """Names of all added sets, sorted, whoever may see them."""
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
            label_edits.load_edits(folder)
            missing = f"The images of the set {config.path} are missing: there is no folder {root}."
            return None if root.is_dir() else settings.below_store(missing)
        if not local_folder(config).is_dir():
            names = ", ".join(added_sets()) or "none yet"
            return f"There is no added set and no folder {config.path}. Added sets: {names}."
        sure_inventory(local_folder(config))
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
    return read_plan(_plan(config, progress), config, folder, progress)


def read_plan(plan: ImportPlan, config: DataConfig, folder: Path, progress: Progress = silent) -> ImageSet:
    """The images of a plan at the size of `config`, decoded into `folder`; raises DataError where files changed."""

    def read_image(row: int) -> NDArray[np.uint8]:
        return _read_fitted(plan, row, config.image_size)

    decoded = decode_images(read_image, plan.files, plan.channels, config.image_size, folder, progress)
    if decoded.failures:
        lines = [f"{file} ({cause})" for file, cause in decoded.failures.items()]
        raise DataError(f"{len(lines):,} images changed since the check: {first_few(lines)}. Add the set again.")
    return ImageSet(
        images=decoded.images,
        digests=decoded.digests,
        conditions=plan.conditions.astype(np.float32),
        names=plan.names,
        kind=plan.kind,
        split=plan.split,
        group=None if plan.group is None else np.where(plan.group == "", np.array(plan.files), plan.group),
        native_size=native_size(plan.sides.common or config.image_size, config.image_size),
        title=title(config),
        source=source_text(config),
        licence=licence(config),
        notices=plan.notices,
        subgroups=plan.subgroups,
    )


def _read_fitted(plan: ImportPlan, row: int, size: int) -> NDArray[np.uint8]:
    """One image of a plan as the networks see it: uint8 (C, size, size)."""
    return plan.fit(plan.read(row), size)


def narrow(config: DataConfig, images: ImageSet) -> ImageSet:
    """The set after the decisions on its labels (`label_edits.py`), which an added set may have, with its notes."""
    folder = added_set_folder(config)
    if folder is None:
        return images
    images = replace(images, title=title(config), source=source_text(config), licence=licence(config))
    return label_edits.edit_image_set(images, folder)


def selection(config: DataConfig) -> str:
    """The version of the decisions on the set's labels."""
    folder = added_set_folder(config)
    return "" if folder is None else label_edits.edits_version(folder)


def _plan(config: DataConfig, progress: Progress) -> ImportPlan:
    folder = added_set_folder(config)
    if folder is not None:
        return ImportPlan.load(folder)
    report = check_images(local_folder(config), progress, keep_splits=True)
    if report.plan is None:
        more = (
            f" (and {len(report.errors) - 1} more: `{settings.PROGRAM} data check {config.path}`)"
            if report.errors[1:]
            else ""
        )
        raise DataError(f"{config.path} cannot be used. {report.errors[0].command_line}{more}")
    return report.plan


def preview(config: DataConfig, count: int) -> Preview:
    """Some training images, those of an added set as its plan reads them; unreadable ones are skipped.

    The channels, side and window of a folder that was not checked yet are those of the previewed images.
    """
    folder = added_set_folder(config)
    if folder is None:
        return _preview_unchecked(config, count)
    plan = ImportPlan.load(folder)
    conditions, split = label_edits.edited_labels(plan, label_edits.load_edits(folder))
    train = np.flatnonzero(split == "train")
    rows = train[round_robin(conditions[train], count)].tolist()
    fitted = _read_all(lambda row: _read_fitted(plan, row, config.image_size), rows, plan.files, config)
    return np.stack(list(fitted.values())), [condition_label(conditions[row], plan.names) for row in fitted]


def _preview_unchecked(config: DataConfig, count: int) -> Preview:
    inventory = sure_inventory(local_folder(config))
    train = np.array([row for row, split in enumerate(inventory.split) if split in ("", "train")], dtype=np.int64)
    rows = train[round_robin(inventory.conditions[train], count)].tolist()
    decoded = _decode(inventory, rows, config)
    images = list(decoded.values())
    channels = max(3 if image.colour else 1 for image in images)
    levels = [image.levels() for image in images if image.needs_window]
    window = (min(low for low, _ in levels), max(high for _, high in levels)) if levels else None
    pad = _sides(images).common is not None
    fitted = [fit_image(image.to_uint8(channels, window), config.image_size, pad=pad) for image in images]
    return np.stack(fitted), [condition_label(inventory.conditions[row], inventory.names) for row in decoded]


def _read_all(
    read_row: Callable[[int], Image], rows: Sequence[int], files: Sequence[str], config: DataConfig
) -> dict[int, Image]:
    """`read_row(row)` of each row whose file can be read; raises DataError where none can."""
    images, failures = {}, []
    for row in rows:
        try:
            images[row] = read_row(row)
        except UNREADABLE as error:
            failures.append(f"{files[row]}: {error_line(error)}")
    if not images:
        raise DataError(f"No image of {config.path} can be read: {first_few(failures)}.")
    return images


def _decode(inventory: Inventory, rows: Sequence[int], config: DataConfig) -> dict[int, DecodedImage]:
    """The images of these rows that can be read, as `_read_all`."""
    return _read_all(lambda row: read_image_file(inventory.root / inventory.files[row]), rows, inventory.files, config)


def image_sides(config: DataConfig) -> Sides:
    """The sides of the images: of all images of an added set, of up to 100 of a folder on this machine.

    Raises DataError where the images cannot be listed, or none of them can be read.
    """
    text = problem(config)
    if text is not None:
        raise DataError(text)
    folder = added_set_folder(config)
    if folder is not None:
        return ImportPlan.load(folder).sides
    inventory = sure_inventory(local_folder(config))
    rows = np.unique(np.linspace(0, len(inventory.files) - 1, SAMPLED).round().astype(int)).tolist()
    decoded = _decode(inventory, rows, config)
    return _sides(decoded.values())


def _sides(images: Iterable[DecodedImage]) -> Sides:
    return sides_of((image.pixels.shape[1], image.pixels.shape[0]) for image in images)


def title(config: DataConfig) -> str:
    """The title that users gave an added set, or its folder's name."""
    folder = added_set_folder(config)
    return set_title(folder) if folder else Path(config.path).name or "Own images"


def source_text(config: DataConfig) -> str:
    """Where the images come from, as far as users said so."""
    folder = added_set_folder(config)
    return (load_set_notes(folder).source if folder else "") or f"Own images, {title(config)}"


def licence(config: DataConfig) -> str:
    """The licence and the consent that users noted for an added set, or whose duty they are."""
    folder = added_set_folder(config)
    notes = load_set_notes(folder) if folder else SetNotes()
    consent = f"Consent: {notes.consent}" if notes.consent else ""
    return f"{notes.licence.rstrip('.')}. {consent}".strip() if notes.licence else consent or LICENCE


SOURCE = Source(
    title=title,
    about="Your own labelled images: class folders, or any images with a labels.csv.",
    licence=licence,
    local=lambda config: True,
    problem=problem,
    fetch=nothing_to_fetch,
    fingerprint=fingerprint,
    read=read,
    preview=preview,
    narrow=narrow,
    selection=selection,
)
