"""Image sets: import your own, and read any."""

from pathlib import Path

from gan.config.run_config import RunConfig
from gan.data import registry
from gan.data.image_set import ImageSet
from gan.data.ingest import accepted_sets, staging, upload_check
from gan.data.ingest.checks.report import CheckReport
from gan.data.ingest.labels.proposals import Choose, sure_reading
from gan.errors import DataError
from gan.io.atomic import remove_folder
from gan.io.progress import Progress, silent


def import_images(
    name: str,
    path: str | Path,
    *,
    choose: Choose = sure_reading,
    names_encoding: str = "",
    progress: Progress = silent,
) -> CheckReport:
    """Check a folder, ZIP or tar of images and keep it as the set `name`, for `data.name` folder and `data.path` name.

    `choose` is given the plausible readings, best first, and picks one; by default only a reading that is sure is
    taken. Gives the report of the check. Raises DataError where the images cannot be used, or can be read in several
    ways; nothing is kept then.
    """
    folder = staging.stage_path(name, Path(path), names_encoding)
    try:
        report = upload_check.check_upload(folder, progress, choose)
        if not report.ok:
            ways = [f"{number}. {proposal.title}" for number, proposal in enumerate(report.proposals, 1)]
            raise DataError(" ".join([f"The set {name} was not added: {report.errors[0].line}", *ways]))
        accepted_sets.accept(report)
        return report
    finally:
        remove_folder(folder)


def load_image_set(config: RunConfig, progress: Progress = silent) -> ImageSet:
    """The images, conditions and splits that a config trains on; downloaded and read if that was not done yet.

    Raises DataError that names what is missing or damaged and what to do.
    """
    return registry.load_image_set(config.data, progress)
