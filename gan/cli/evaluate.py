"""`evaluate`: score snapshots, test membership, study the gain; here or in the background.

torch is imported only where the work begins.
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from gan.cli.arguments import AddCommand
from gan.cli.progress import show
from gan.errors import UserError
from gan.evaluation import job, tasks
from gan.evaluation.job import Request
from gan.evaluation.records import results
from gan.evaluation.records.membership_results import MembershipResult
from gan.evaluation.records.study_results import StudyResult
from gan.evaluation.study.study_options import SHARES, StudyOptions
from gan.io.atomic import replacing
from gan.runs.run import Run, find_run


def add_commands(command: AddCommand) -> None:
    """Add `evaluate`."""
    made = command("evaluate", evaluate, "Score snapshots against real images that they have not seen.")
    made.add_argument("run")
    made.add_argument("--snapshot", type=int, help="by images seen (default: the newest)")
    made.add_argument("--all-snapshots", action="store_true", help="every snapshot that has no scores yet")
    made.add_argument(
        "--split", choices=results.SPLITS, default="val", help="val for choosing (default), test for the last word"
    )
    made.add_argument(
        "--features",
        choices=tuple(results.FEATURES),
        default="own",
        help="compare in our own classifier's features (default), or in ImageNet's",
    )
    made.add_argument("--membership", action="store_true", help="test too whether training images can be told")
    made.add_argument("--study", action="store_true", help="find out too whether its images help a classifier")
    made.add_argument("--seeds", type=int, default=5, help="classifiers for each arm of a study (default 5)")
    made.add_argument("--no-low-data", action="store_true", help="a study on all real training images only")
    made.add_argument("--classifier", default="small", help="what a study trains (default small; or resnet18, ...)")
    made.add_argument("--report", type=Path, help="write all that was found into one HTML file")
    made.add_argument("--background", action="store_true", help="start it and return; the Evaluate page shows it")
    made.add_argument("--json", action="store_true", help="print one JSON document")
    made.add_argument("--task", choices=(*job.KINDS, *job.PREPARATIONS), help=argparse.SUPPRESS)


def evaluate(parsed: argparse.Namespace) -> int:
    """Do what was asked for, here or in the background; gives the exit code."""
    run = find_run(parsed.run)
    if parsed.task is not None:
        return 0 if tasks.TASKS[parsed.task](run, job.load_request(run, parsed.task), show) is not None else 1
    request = request_of(parsed)
    # The study first: it may take a GPU, which the others hide from torch.
    kinds = [kind for kind in ("study", "scores", "membership") if kind == "scores" or vars(parsed)[kind]]
    if parsed.background:
        for kind in kinds:
            job.start_evaluation(run, replace(request, kind=kind))
        print(f"It waits its turn in the background. The Evaluate page of {run.name} shows how far it is.")
        return 0
    found: dict[str, list[Any]] = {}
    for kind in kinds:
        made = tasks.TASKS[kind](run, replace(request, kind=kind), show)
        if made is None:
            print("gan: stopped. What was finished is kept: the same command goes on.", file=sys.stderr)
            return 1
        found[kind] = made
    if parsed.report is not None:
        _write_report(run, found["scores"][-1], parsed.report)
    if parsed.json:
        print(json.dumps(_document(run, request, found), indent=2))
    else:
        print("\n\n".join(_text(one) for kind in job.KINDS for one in found.get(kind, [])))
    return 0


def _write_report(run: Run, result: results.EvaluationResult, file: Path) -> None:
    from gan.evaluation.report import html  # here: it imports torch

    with replacing(file) as temporary:
        temporary.write_text(html.build(run, result.snapshot, result.split))
    print(f"Report: {file}", file=sys.stderr)


def _document(run: Run, request: Request, found: dict[str, list[Any]]) -> dict[str, Any]:
    """One JSON document: the scores, and with a study its arms and verdict beside them."""
    scores = [result.as_json() for result in found["scores"]]
    every = {"run": run.name, "best_snapshot": results.best_snapshot(run), "snapshots": scores}
    document: dict[str, Any] = every if request.every else scores[0]
    for study in found.get("study", []):
        told = study.as_json()
        document |= {"arms": told["arms"], "verdict": told["verdict"], "study": told}
    for membership in found.get("membership", []):
        document["membership"] = membership.as_json()
    return document


def _text(found: results.EvaluationResult | StudyResult | MembershipResult) -> str:
    """What was found, for a terminal."""
    return found.verdict if isinstance(found, MembershipResult) else found.as_text()


def request_of(parsed: argparse.Namespace) -> Request:
    """The request in the arguments; raises UserError where they contradict each other."""
    if parsed.all_snapshots and parsed.snapshot is not None:
        raise UserError("--snapshot and --all-snapshots exclude each other: leave one of them out.")
    return Request(
        "scores",
        parsed.snapshot,
        parsed.all_snapshots,
        parsed.split,
        parsed.features,
        StudyOptions(parsed.seeds, SHARES[:1] if parsed.no_low_data else SHARES, classifier=parsed.classifier),
    )
