"""`doctor`: what this installation can do, and what to mend."""

import argparse
import json
from dataclasses import asdict

from gan.cli.arguments import AddCommand
from gan.config import settings
from gan.io.terminal import printable, show

MARKS = {"ok": "ok", "warning": "note", "problem": "WRONG"}


def add_commands(command: AddCommand) -> None:
    """Add `doctor`."""
    examining = command("doctor", run_doctor, "Check the store's file system, devices, engines, versions and sign-in.")
    examining.add_argument("--json", action="store_true", help="print one JSON list")
    examining.add_argument("--task", action="store_true", help="as the page System does: keep the lines in the store")


def run_doctor(parsed: argparse.Namespace) -> int:
    """Print one line per check; exit code 1 where something is wrong."""
    from gan.jobs import doctor

    if parsed.task:
        return _run_task()
    checks = doctor.examine()
    if parsed.json:
        show(json.dumps([asdict(check) for check in checks], indent=2))
    else:
        for check in checks:
            advice = f". {check.advice}" if check.advice else ""
            show(printable(f"{MARKS[check.level]:<5} {check.name:<16} {check.found}{advice}"))
    return 0 if doctor.is_well(checks) else 1


def _run_task() -> int:
    from gan.jobs import doctor
    from gan.jobs.worker import working

    folder = settings.tasks() / doctor.TASK
    with working(folder) as worker:
        worker.progress("checking", 0.0)
        doctor.save_checks(folder, doctor.examine())
    return 0
