"""`runs`, `stop`, `resume`, `release`, `delete`, `logs` and `log`: list and control existing runs."""

import argparse
import contextlib
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gan import jobs
from gan.cli.arguments import AddCommand
from gan.config import settings
from gan.data.sources.scan import scanning_once
from gan.errors import RunError, UserError
from gan.evaluation import job
from gan.evaluation.records.best_snapshot import best_score, score_summary
from gan.io.terminal import printable, show
from gan.io.untrusted_files import skipping_unreadable
from gan.jobs.logs import follow_log
from gan.runs import lifecycle
from gan.runs.run import Run, all_runs, find_run

TRACKERS = ("tensorboard", "wandb", "mlflow")
SHOWN_BY = {
    "tensorboard": "tensorboard --logdir {out}",
    "wandb": "wandb sync {out}/wandb/offline-run-*",
    "mlflow": "MLFLOW_ALLOW_FILE_STORE=true mlflow ui --backend-store-uri {out}",
}
"""What shows the files of each, or uploads them."""


def add_commands(command: AddCommand) -> None:
    """Add `runs`, `stop`, `resume`, `release`, `delete`, `logs` and `log`."""
    listing = command("runs", list_runs, "List the runs, the newest first.")
    listing.add_argument("--json", action="store_true", help="print one JSON list, with the verdict on each run")
    listing.add_argument("--disk", action="store_true", help="show the disk usage of each run")
    listing.add_argument("--archived", action="store_true", help="include archived runs")
    command("stop", stop, "Ask a run to save and stop, or take it out of the queue.").add_argument("run")
    resuming = command("resume", resume, "Continue a run from its last snapshot.")
    resuming.add_argument("run")
    resuming.add_argument("--gpus", type=int, help="continue it on this number of GPUs; changes its job.gpus")
    releasing = command("release", release, "Confirm that nothing works any more on a run of a machine that is gone.")
    releasing.add_argument("job", metavar="RUN", help="a run, or a job of one, such as RUN/evaluation/study")
    releasing.add_argument("--host", required=True, help="the machine that started it")
    deleting = command("delete", delete, "Remove a run with its snapshots, samples and exports; asks first.")
    deleting.add_argument("run")
    deleting.add_argument("--yes", action="store_true", help="do not ask")
    printing = command("logs", logs, "Print the log of a run.")
    printing.add_argument("run")
    printing.add_argument("--follow", action="store_true", help="keep printing until the run ends")
    tracking = command(
        "log", log_to_tracker, "Log a run's curves and scores to TensorBoard, Weights & Biases or MLflow."
    )
    tracking.add_argument("run")
    tracking.add_argument("--to", choices=TRACKERS, required=True)
    tracking.add_argument(
        "--out", type=Path, help="a folder for its files, instead of the server that its own settings name"
    )


def list_runs(parsed: argparse.Namespace) -> int:
    """Print every run, as a table or JSON."""
    jobs.ensure_scheduler()
    every_run = all_runs()
    listed = [run for run in every_run if parsed.archived or not run.about.archived]
    rows = [_row(run, parsed.disk) for run in listed]
    if parsed.json:
        rates = job.measured_rates()
        with scanning_once():
            verdicts = [_verdict(run, rates) for run in listed]
        show(json.dumps([row | verdict for row, verdict in zip(rows, verdicts, strict=True)], indent=2))
        return 0
    for row in rows:
        disk = f"  {row['disk'] / 1e6:8.1f} MB" if parsed.disk else ""
        seen = f"{row['seen']:,} of {round(row['kimg'] * 1000):,}" if row["kimg"] else "-"
        note = row["note"]
        title = f"  {row['title']}" if row["title"] != row["name"] else ""
        line = f"{row['name']:<32} {row['state']:<9} {row['data']:<24} {seen:>24}{disk}  {note}{title}"
        show(printable(line.rstrip(), kept=""))
    if len(rows) < len(every_run):
        show(f"Archived runs that are not listed: {len(every_run) - len(rows):,}. `--archived` lists them too.")
    elif not rows:
        show(f"No runs yet. `{settings.PROGRAM} submit --preset digits-quick` starts one.")
    return 0


def _row(run: Run, disk: bool) -> dict[str, Any]:
    state = jobs.state(run.path)
    row: dict[str, Any] = {"name": run.name, "title": run.title, "state": state.name}
    row |= {"tags": list(run.about.tags), "archived": run.about.archived, "sweep": run.about.sweep}
    known = state.blocked_by is None or jobs.may_see_job(state.blocked_by)
    row |= {
        "place": state.position,
        "waits_for": state.blocked_by if known else jobs.describe_job(state.blocked_by or ""),
    }
    row |= {"engine": state.engine, "node": state.node}
    row |= {"note": _note(state) or run.problem or state.cause}
    row |= {"cause": run.problem or state.cause, "data": "", "kimg": 0, "seen": 0}
    with contextlib.suppress(RunError):  # `problem` says it
        row |= {"data": run.config.data.slug, "kimg": run.config.train.kimg}
    with skipping_unreadable(run.path):
        row["seen"] = run.seen
    created = time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(run.created))
    row |= {"device": state.device, "created": created}
    return row | ({"disk": jobs.disk_usage(run.path)} if disk else {})


def _verdict(run: Run, rates: Mapping[str, float]) -> dict[str, Any]:
    """The verdict on a run and its best snapshot's scores; None where its files cannot be read, which is logged."""
    from gan.monitoring.run_verdict import run_verdict  # here: it imports Pillow

    with skipping_unreadable(run.path):
        best, verdict = best_score(run), run_verdict(run, jobs.state(run.path), rates=rates)
        return {"verdict": verdict.as_json(), "best": None if best is None else score_summary(best)}
    return {"verdict": None, "best": None}


def _note(state: jobs.State) -> str:
    """Where a job waits or works, "" where the table says it or nothing is to be said."""
    if state.name == "queued":
        return jobs.describe_wait(state)
    where = f"{jobs.ENGINE_TITLES[state.engine]}, {state.node}" if state.engine != "local" and state.node else ""
    return f"on {where}. {state.cause}".removesuffix(". ") if where and state.alive else ""


def stop(parsed: argparse.Namespace) -> int:
    """Ask a run to stop."""
    show(jobs.stop(find_run(parsed.run).path))
    return 0


def resume(parsed: argparse.Namespace) -> int:
    """Queue a run again."""
    show(lifecycle.resume_run(find_run(parsed.run), parsed.gpus))
    return 0


def release(parsed: argparse.Namespace) -> int:
    """Release a job that another machine holds and nobody can prove dead."""
    name, _, below = parsed.job.partition("/")
    show(jobs.release(find_run(name).path / below, parsed.host))
    return 0


def delete(parsed: argparse.Namespace) -> int:
    """Delete a run, after a confirmation."""
    run = find_run(parsed.run)
    if not parsed.yes:
        size = jobs.disk_usage(run.path) / 1e6
        question = f"Delete {run.name} with its snapshots, samples and exports, {size:,.0f} MB, permanently? [y/N] "
        if not sys.stdin.isatty():
            raise UserError(f"Deleting {run.name} needs a confirmation, and there is no terminal to ask on: add --yes.")
        if input(printable(question)).strip().lower() not in ("y", "yes"):
            show("Nothing was deleted.")
            return 0
    show(lifecycle.delete_run(run))
    return 0


def logs(parsed: argparse.Namespace) -> int:
    """Print a run's log."""
    folder = find_run(parsed.run).path
    if parsed.follow:
        jobs.ensure_scheduler()
        for line in jobs.follow(folder):
            _show_log_line(line)
    else:
        for line in follow_log(folder / "log.txt", lambda: False):
            _show_log_line(line)
    return 0


def _show_log_line(line: str) -> None:
    """Print a line; of one that was redrawn with `\\r` only its last form."""
    show(line.replace("\r\n", "\n").rpartition("\r")[2], end="")


def log_to_tracker(parsed: argparse.Namespace) -> int:
    """Log a run to a tracker of experiments."""
    from gan.monitoring import trackers  # here: it imports Pillow

    points = trackers.TRACKERS[parsed.to](find_run(parsed.run), parsed.out)
    if parsed.out is None:
        show(f"{points:,} points logged.")
    else:
        show(f"{points:,} points in {parsed.out}: `{SHOWN_BY[parsed.to].format(out=parsed.out)}`.")
    return 0
