"""The life of a run: create, submit, resume, delete."""

import contextlib
import itertools
import re
import time
from pathlib import Path

from gan import jobs
from gan.access import limits
from gan.access.permissions import Action, require
from gan.config import names, options, settings
from gan.config.run_config import RunConfig
from gan.config.slurm_settings import slurm_settings
from gan.data.set_access import check_set_use
from gan.errors import RunError, UserError
from gan.io.atomic import remove_folder, replacing
from gan.jobs.slurm import script
from gan.runs import notes
from gan.runs.data_paths import record_data_path
from gan.runs.parents import fitting_parent, keep_parent
from gan.runs.run import Run

PREVIEW_NAME = "new-run"
STOPPING_SECONDS = 10.0  # that deleting a run waits for the scoring of its snapshots to end
MAX_DATA_NAME = 40  # characters of the data set's name in a generated run name, before the time and a number


def create_run(config: RunConfig, name: str | None = None, sweep: str = "", title: str = "") -> Run:
    """Create the folder of a new run, as one of a `sweep` if given.

    Without a `name` it is made from the `title`, which may be any words, or else from the data and the time. Raises
    RunError if the name is taken, the title too long, or there is no run that `train.start_from` names, and AccessError
    where the current person may not start runs, or not use this data.
    """
    require(Action.START_RUN, detail=name or title)
    limits.check_kimg(config.train.kimg)
    limits.check_disk(jobs.disk_usage)
    check_set_use(config.data)
    title = notes.checked_title(title)
    if name is None and names.NAME.fullmatch(title):
        name = title
    if name is not None:
        names.check_name(name)
    if config.train.start_from:
        fitting_parent(config)
    store = settings.store()
    store.mkdir(parents=True, exist_ok=True)
    now = time.time()
    path = _claim(store, name) if name else _claim_free(store, names.name_from_title(title) or dated_name(config, now))
    for folder in ("samples", "snapshots", "exports"):
        (path / folder).mkdir()
    notes.begin_about(path, now, sweep, "" if title == path.name else title)
    record_data_path(config.data)
    if config.train.start_from:
        with contextlib.ExitStack() as if_impossible:
            if_impossible.callback(remove_folder, path)
            keep_parent(path, config.train.start_from)
            if_impossible.pop_all()
    (path / "config.json").write_text(options.config_to_json(config))
    return Run(path)


def start_run(config: RunConfig, name: str | None = None, title: str = "") -> Run:
    """Create a run and put it into the queue of its engine.

    Raises as `create_run` does, AccessError also where the current person has as many jobs in the queue as they may,
    and UserError where the run cannot be queued, such as by an engine that refuses it; the run is kept then.
    """
    jobs.check_submission(config.job.device)
    run = create_run(config, name, title=title)
    try:
        submit_run(run)
    except UserError as error:
        error.args = (f"{error} The run {run.name} is kept and was not started: resume it, or delete it.",)
        raise
    return run


def submit_run(run: Run) -> None:
    """Put a run at the end of the queue for its device; raises RunError if it is queued or running already."""
    job = run.config.job
    jobs.submit(run.path, job.device, gpus=job.gpus, engine=job.engine)


def resume_run(run: Run, gpus: int | None = None) -> str:
    """Put a stopped, failed or lost run back into the queue, on another number of GPUs if given.

    Returns one sentence on what happened. Raises UserError where it cannot be queued, and where `gpus` is given and
    `set_gpus` refuses; the number of GPUs stays as it was then.
    """
    job = run.config.job
    if gpus is None or gpus == job.gpus:
        return jobs.resume(run.path, job.device, job.gpus, job.engine)
    set_gpus(run, gpus)
    try:
        return jobs.resume(run.path, job.device, gpus, job.engine)
    except UserError:
        if not jobs.state(run.path).may_work:
            set_gpus(run, job.gpus)
        raise


def set_gpus(run: Run, gpus: int) -> Run:
    """Change `job.gpus` of a run that can be resumed; gives the changed run.

    It computes the same on any number of GPUs, up to rounding. Raises RunError unless the run has stopped, failed or
    was lost, ConfigError for a number that the config does not take, and AccessError where the current person may not.
    """
    require(Action.CHANGE_RUN, run)
    config = options.replace_options(run.config, {"job.gpus": gpus})
    state = jobs.state(run.path)
    if state.name == "finished":
        raise RunError(f"The run {run.name} has finished: there is nothing to resume. Clone it to train longer.")
    if state.may_work:
        raise RunError(f"The run {run.name} is {state.name}: job.gpus can be changed when it has ended.")
    with replacing(run.path / "config.json") as temporary:
        temporary.write_text(options.config_to_json(config))
    return Run(run.path)


def delete_run(run: Run) -> str:
    """Remove a run's folder; raises RunError while the run or any job in it is queued or running.

    The scoring of all its snapshots, which nobody may have asked for, is stopped.
    """
    scoring, until = run.path / "evaluation" / "snapshot-scores", time.monotonic() + STOPPING_SECONDS
    if jobs.state(run.path).may_work or not jobs.state(scoring).alive:
        return jobs.delete(run.path)
    jobs.stop(scoring)
    while True:
        try:
            return jobs.delete(run.path)
        except RunError:  # its process has not ended yet
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def preview_script(config: RunConfig, name: str | None = None) -> str:
    """The batch script that would be sent for a run of this config; raises ConfigError for an invalid setting.

    Its number in GAN_BATCH_JOB is given when it is sent, and so is the run's name where `name` is None.
    """
    folder = settings.store() / (name or PREVIEW_NAME)
    slurm = slurm_settings()
    asked = script.resources(config.job.device, config.job.gpus, slurm.gpus_per_node)
    return script.batch_script(folder, 0, asked, slurm)


def dated_name(config: RunConfig, now: float | None = None) -> str:
    """A name from the data (my-cells, breastmnist) and the time in seconds since 1970, by default now."""
    data = config.data.slug.partition("-")[2] or config.data.slug
    plain = re.sub("[^a-z0-9_-]+", "-", data.lower()).strip("-_")[:MAX_DATA_NAME] or config.data.name
    return f"{plain}-{time.strftime('%m%d-%H%M', time.localtime(now))}"


def _claim(store: Path, name: str) -> Path:
    try:
        (store / name).mkdir()
    except FileExistsError:
        raise RunError(f"There is a run {name} already: choose another name.") from None
    return store / name


def _claim_free(store: Path, name: str) -> Path:
    """A folder of that name, with a number appended if that is taken."""
    for number in itertools.count(1):
        path = store / names.numbered(name, number)
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return path
    raise AssertionError("the numbers do not end")
