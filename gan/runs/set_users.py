"""The runs that were trained on an added set, and deleting a set that no job uses."""

from collections.abc import Iterable

from gan import jobs
from gan.access.permissions import Action, require
from gan.config import settings
from gan.config.run_config import DataConfig
from gan.data import registry
from gan.data.ingest import accepted_sets
from gan.data.set_access import folder_target
from gan.data.set_notes import added_folder
from gan.errors import RunError
from gan.io.atomic import remove_folder
from gan.jobs import names
from gan.runs.run import Run, all_runs, stored_runs


def runs_on_set(name: str) -> list[Run]:
    """The readable runs that the current person may see and whose data is the added set `name`, newest first."""
    return _on_set(all_runs(), name)


def _on_set(runs: Iterable[Run], name: str) -> list[Run]:
    found = []
    for run in runs:
        try:
            data = run.config.data
        except RunError:  # a broken run folder; the overview shows it
            continue
        if data.name == "folder" and data.path == name:
            found.append(run)
    return found


def delete_set(name: str) -> None:
    """Delete an added set, with all that was decoded of it; images in a folder on the server stay.

    Its runs keep their networks, samples and downloads; what compares them with real images no longer works. Raises
    DataError if there is no such set, AccessError where the current person may not, and RunError while a job that reads
    it waits or works.
    """
    require(Action.REMOVE_SET, folder_target(added_folder(name)))
    tasks = [settings.tasks() / f"{task}-{name}" for task in ("prepare-folder", "suspects")]
    for run in _on_set(stored_runs(), name):
        tasks += [run.path, *run.path.glob("evaluation/*"), *run.path.glob("exports/*")]
    busy = next((task for task in tasks if task.is_dir() and jobs.state(task).may_work), None)
    if busy is not None:
        job = names.describe_job(names.job_name(busy))
        raise RunError(f"The set {name} is in use by {job}: wait for its end, or stop it. Nothing was deleted.")
    accepted_sets.load_report(name)
    registry.remove_cached(DataConfig.model_validate({"name": "folder", "path": name}))
    accepted_sets.remove_set(name)
    for task in tasks[:2]:
        remove_folder(task)
