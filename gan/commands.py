"""What each command of `cli.py` does with its parsed arguments; each gives the exit code.

torch is imported only by the commands that need it, and by a trainer only once its device is chosen.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from gan import auto, export_command, jobs, options, presets, runs
from gan.config import RunConfig
from gan.data.folder import added
from gan.errors import RunError, UserError
from gan.evaluation import command as evaluation
from gan.evaluation.results import best_snapshot
from gan.runs import Run


def _config(parsed: argparse.Namespace) -> RunConfig:
    """The config that the arguments ask for: a preset, or the defaults, with single options changed."""
    given = {path: value for path, value in vars(parsed).items() if "." in path and value is not None}
    own = given.get("data.path")
    if own and own not in added() and Path(own).expanduser().is_dir():
        given["data.path"] = str(Path(own).expanduser().resolve())  # a job runs in another folder
    if "preset" in parsed and parsed.preset == auto.NAME:
        return _recommended(given)
    if "preset" in parsed and parsed.preset is not None:
        return options.changed(presets.preset(parsed.preset).config, given)
    return options.build(given)


def _recommended(given: dict[str, Any]) -> RunConfig:
    """The recipe for the data set that is asked for, with single options changed; says why, on stderr."""
    from gan.data import load

    asked = options.build(given)
    found = auto.recommend(asked.data, load(asked.data), asked.job.device)
    for text in (found.why, found.advice):
        if text:
            print(text, file=sys.stderr)
    return options.changed(found.config, given)


def train_run(parsed: argparse.Namespace) -> int:
    """Train a new run in this process, or the one that the queue names."""
    if parsed.run is not None:
        return _work(runs.find(parsed.run))
    config = _config(parsed)
    if not _fit_to_start(config, parsed.dry_run):
        return 2
    if parsed.dry_run:
        return 0
    run = runs.create(config, parsed.name)
    print(f"Run {run.name}: {run.path}", flush=True)
    return _work(run)


def _work(run: Run) -> int:
    """Be the trainer of a run; its cause of failure is in its folder, for pages, and on stderr, for whoever watches."""
    from gan.jobs.worker import working

    config, began = run.config, False
    try:
        with working(run.path, config.job.device) as worker:
            began = True
            from gan.train import train  # after the device was chosen: torch must not see another

            train(run, worker, protected=best_snapshot)
    except Exception as error:
        if not began:
            raise  # it never became the trainer: what the folder tells is of an earlier start
        cause = jobs.state(run.path).cause or str(
            error
        )  # `working` has told it, with a traceback where it is our fault
        print(f"gan: {run.name} failed: {cause}", file=sys.stderr, flush=True)
        return 1
    print(f"{run.name} {jobs.state(run.path).name} after {run.seen:,} of {run.total:,} images.", flush=True)
    return 0


def submit(parsed: argparse.Namespace) -> int:
    """Put a new run into the queue."""
    config = _config(parsed)
    if not _fit_to_start(config, parsed.dry_run):
        return 2
    if not parsed.dry_run:
        run = runs.create(config, parsed.name)
        jobs.submit(run)
        print(run.name)
    return 0


def _fit_to_start(config: RunConfig, in_full: bool) -> bool:
    """Print what stands against starting, on stderr, and in a dry run the estimate; False where it cannot start."""
    from gan.estimate import estimate
    from gan.problems import problems

    expected = estimate(config)
    found = problems(config, expected)
    errors = [problem for problem in found if problem.level == "error"]
    for problem in found if in_full else errors or found:
        if in_full or problem.level != "note":
            print(f"{problem.level}: {problem.text}", file=sys.stderr)
    if in_full:
        print("\n".join(expected.lines()))
    return not errors


def list_runs(parsed: argparse.Namespace) -> int:
    """Print every run, as a table or JSON."""
    found = runs.all_runs()
    rows = [_row(run, parsed.disk) for run in found if parsed.archived or not run.about.archived]
    if parsed.json:
        print(json.dumps(rows, indent=2))
        return 0
    for row in rows:
        disk = f"  {row['disk'] / 1e6:8.1f} MB" if parsed.disk else ""
        seen = f"{row['seen']:,} of {round(row['kimg'] * 1000):,}" if row["kimg"] else "-"
        behind = f", behind {row['waits_for']}" if row["waits_for"] else ""
        why = f"number {row['place']} in the queue{behind}" if row["place"] else row["cause"]
        title = f"  {row['title']}" if row["title"] != row["name"] else ""
        print(f"{row['name']:<32} {row['state']:<9} {row['data']:<24} {seen:>24}{disk}  {why}{title}".rstrip())
    if len(rows) < len(found):
        print(f"Archived runs that are not listed: {len(found) - len(rows):,}. `--archived` lists them too.")
    elif not rows:
        print("No runs yet. `python -m gan submit --preset digits-quick` starts one.")
    return 0


def _row(run: Run, disk: bool) -> dict[str, Any]:
    state = jobs.state(run.path)
    row: dict[str, Any] = {"name": run.name, "title": run.title, "state": state.name, "cause": state.cause}
    row |= {"tags": list(run.about.tags), "archived": run.about.archived}
    row |= {"place": state.place, "waits_for": state.waits_for}
    try:
        row |= {"data": run.config.data.slug, "kimg": run.config.train.kimg}
    except RunError as error:
        row |= {"data": "", "kimg": 0, "cause": str(error)}
    created = time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(run.created))
    row |= {"seen": run.seen, "device": state.device, "created": created}
    return row | ({"disk": jobs.disk_usage(run.path)} if disk else {})


def stop(parsed: argparse.Namespace) -> int:
    """Ask a run to stop."""
    print(jobs.stop(runs.find(parsed.run).path))
    return 0


def resume(parsed: argparse.Namespace) -> int:
    """Put a run back into the queue."""
    print(jobs.resume(runs.find(parsed.run)))
    return 0


def delete(parsed: argparse.Namespace) -> int:
    """Remove a run, after asking."""
    run = runs.find(parsed.run)
    if not parsed.yes:
        size = jobs.disk_usage(run.path) / 1e6
        question = f"Delete {run.name} with its snapshots, samples and exports, {size:,.0f} MB, for good? [y/N] "
        if not sys.stdin.isatty():
            raise UserError(f"Nobody is there to ask whether {run.name} may be deleted: add --yes.")
        if input(question).strip().lower() not in ("y", "yes"):
            print("Nothing was deleted.")
            return 0
    print(jobs.delete(run))
    return 0


def logs(parsed: argparse.Namespace) -> int:
    """Print a run's log."""
    folder = runs.find(parsed.run).path
    if parsed.follow:
        for line in jobs.follow(folder):
            print(line, end="", flush=True)
    elif (folder / "log.txt").exists():
        print((folder / "log.txt").read_text(errors="replace"), end="")
    return 0


def tensorboard(parsed: argparse.Namespace) -> int:
    """Write a run's event files."""
    from gan import tensorboard

    points = tensorboard.write(runs.find(parsed.run), parsed.out)
    print(f"{points:,} points in {parsed.out}: `tensorboard --logdir {parsed.out}` shows them.")
    return 0


def list_data(parsed: argparse.Namespace) -> int:
    """Print every data set."""
    from gan.data import catalogue

    for entry in catalogue.entries():
        where = "read" if entry.ready else "here" if entry.local else "to download"
        print(f"{entry.slug:<28} {'problem' if entry.problem else where:<12} {entry.problem or entry.title}")
    return 0


def check_data(parsed: argparse.Namespace) -> int:
    """Print the report on a folder or ZIP."""
    from gan.data.check import check

    report = check(parsed.path, lambda phase, done: _show(phase, done, 1.0))
    if report.errors and not report.images and not parsed.json:
        raise UserError(report.errors[0].line)
    print(json.dumps(report.as_json(), indent=2) if parsed.json else report.as_text())
    return 0 if all(finding.level == "note" for finding in report.problems) else 2


def prepare_data(parsed: argparse.Namespace) -> int:
    """Read a data set into the cache, here or as a background task."""
    from gan import data
    from gan.jobs.worker import working

    config = _config(parsed).data
    if parsed.task is None:
        image_set = data.load(config, lambda phase, done: _show(phase, done, 1.0))
        print(f"{image_set.title}: {len(image_set):,} images are ready.")
        return 0
    with working(parsed.task) as worker:

        def report(phase: str, done: float) -> None:
            worker.report(phase, done, 1.0)
            worker.leave_if_asked()

        data.load(config, report)
    return 0


def bench(parsed: argparse.Namespace) -> int:
    """Measure training and, where asked for, export, pages and loading; the table on stderr where stdout gets JSON."""
    from gan import bench as measure
    from gan import bench_loading, bench_pages

    def show(line: str) -> None:
        print(line, file=sys.stderr if parsed.json else sys.stdout, flush=True)

    show(measure.HEADER)
    trainings = measure.training(tuple(parsed.size or (32, 64, 128)), show)
    exported = measure.exporting(show) if parsed.export else None
    pages = bench_pages.measure(show) if parsed.pages else None
    loading = bench_loading.measure(show) if parsed.loading else None
    if parsed.json:
        print(json.dumps(measure.document(trainings, export=exported, pages=pages, loading=loading), indent=2))
    return 0


def soak(parsed: argparse.Namespace) -> int:
    """Soak, and print one line of figures; 1 where something did not hold."""
    from gan import soak as long

    figures = long.soak(parsed.minutes, parsed.fault, lambda line: print(line, flush=True), parsed.seed)
    print(figures.line())
    return 1 if figures.violations else 0


def evaluate(parsed: argparse.Namespace) -> int:
    """Score snapshots, here or in the background; the results stay in the run's folder."""
    return evaluation.evaluate(parsed, _show)


def make_sample(parsed: argparse.Namespace) -> int:
    """Make images of some conditions."""
    return export_command.make_sample(parsed, _show)


def make_export(parsed: argparse.Namespace) -> int:
    """Make a documented download."""
    return export_command.make_export(parsed, _show)


def _show(phase: str, done: float, total: float) -> None:
    """A progress bar on a terminal; nothing where stderr goes to a file."""
    if sys.stderr.isatty():
        share = done / total if total else 1.0
        bar = "#" * round(30 * share)
        print(f"\r{phase:<24} [{bar:<30}] {share:4.0%}", end="\n" if done >= total else "", file=sys.stderr, flush=True)
