"""`evaluate`: scores, membership test and augmentation study, in this process or in the background.

torch is imported only when the work begins.
"""

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gan import jobs
from gan.cli.arguments import AddCommand
from gan.cli.chosen_snapshot import chosen_snapshot
from gan.cli.progress import show_progress
from gan.config import glossary
from gan.errors import StoppedError, UserError
from gan.evaluation import job, tasks
from gan.evaluation.feature_choice import AUTO, CHOICES
from gan.evaluation.job import Request
from gan.evaluation.records import results
from gan.evaluation.records.best_snapshot import SnapshotScore, best_snapshot
from gan.evaluation.records.membership_results import MembershipResult
from gan.evaluation.records.study_results import StudyResult
from gan.evaluation.records.study_text import study_text
from gan.evaluation.study.study_options import PRIMARY_METRICS, SHARES, StudyOptions
from gan.io.atomic import replacing
from gan.io.terminal import show
from gan.jobs.processes import lower_priority
from gan.monitoring.run_verdict import run_verdict
from gan.runs.run import Run, find_run


def add_commands(command: AddCommand) -> None:
    """Add `evaluate`."""
    parser = command("evaluate", evaluate, "Score snapshots against real images that were not used in training.")
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = f"terms:\n{glossary.help_text('Scores', 'Study')}"
    parser.add_argument("run")
    parser.add_argument("--snapshot", type=int, help="by images seen (default: the best by scores, else the newest)")
    parser.add_argument("--all-snapshots", action="store_true", help="every snapshot that has no scores yet")
    parser.add_argument(
        "--light",
        action="store_true",
        help="light scores, on fewer images and without training a classifier on synthetic ones: seconds a snapshot",
    )
    parser.add_argument(
        "--split", choices=results.SPLITS, default="val", help="val for choosing (default), test for the final result"
    )
    parser.add_argument(
        "--features",
        choices=CHOICES,
        default=AUTO,
        help="compare images in ImageNet features, or in own ones, those of a classifier trained on the set (default "
        "auto: ImageNet's where the extra `features` is installed)",
    )
    parser.add_argument(
        "--membership",
        action="store_true",
        help="also test whether training images can be identified",
    )
    parser.add_argument("--study", action="store_true", help="also study whether the images help a classifier")
    parser.add_argument(
        "--small",
        action="store_true",
        help="with --study, its smaller design: all real images, one synthetic image for each, much faster",
    )
    parser.add_argument("--seeds", type=int, default=5, help="classifiers per arm that the study tests (default 5)")
    parser.add_argument(
        "--folds",
        type=int,
        default=1,
        help="test the study on every image once, in so many folds, each with a generator of its own (default: on the "
        "set's own test split)",
    )
    parser.add_argument(
        "--generators",
        type=int,
        default=1,
        help="without folds, train so many generators for the study, to include their variation (default 1)",
    )
    parser.add_argument("--no-low-data", action="store_true", help="study with all real training images only")
    parser.add_argument(
        "--classifier",
        default="small",
        help="the study's classifier (default small; or efficientnet-lite0, resnet18, ...)",
    )
    parser.add_argument(
        "--no-pretrained",
        action="store_true",
        help="study without a pretrained network on real images, which takes long on a CPU",
    )
    parser.add_argument(
        "--primary",
        choices=tuple(PRIMARY_METRICS),
        default="auroc",
        help="the metric that decides the study (default auroc)",
    )
    parser.add_argument(
        "--specificity", type=float, default=0.9, help="the study states sensitivity at this one (default 0.9)"
    )
    parser.add_argument(
        "--test-set",
        default="",
        metavar="NAME",
        help="another set of the store, on whose images the study tests too; NAME:test is its test split alone",
    )
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="OURS=THEIRS",
        help="a class or attribute of --test-set that is called otherwise; may be repeated",
    )
    parser.add_argument("--report", type=Path, help="write all results into one HTML file")
    parser.add_argument("--background", action="store_true", help="start it and return; the Evaluate page shows it")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    tasks_of_a_run = (*job.KINDS, job.BESIDE_TRAINING, *job.PREPARATIONS, "study-part")
    parser.add_argument("--task", choices=tasks_of_a_run, help=argparse.SUPPRESS)
    parser.add_argument("--part", type=int, default=0, help=argparse.SUPPRESS)


def evaluate(parsed: argparse.Namespace) -> int:
    """Evaluate a run, in this process or in the background."""
    run = find_run(parsed.run)
    if parsed.task is not None:
        return _task(run, parsed.task, parsed.part)
    if not parsed.all_snapshots:
        parsed.snapshot = chosen_snapshot(run, parsed.snapshot)
    request = _request(parsed)
    # The study first: it may use a GPU, which the others hide from torch.
    scores = job.BESIDE_TRAINING if request.light else "scores"
    kinds = [kind for kind in ("study", scores, "membership") if kind == scores or vars(parsed)[kind]]
    if parsed.background:
        for kind in kinds:
            job.start_evaluation(run, replace(request, kind=kind))
        show(f"Queued in the background. The Evaluate page of {run.name} shows the progress.")
        return 0
    results_by_kind: dict[str, list[Any]] = {}
    try:
        for kind in kinds:
            results_by_kind[kind] = tasks.TASKS[kind](run, replace(request, kind=kind), show_progress)
    except StoppedError:
        show("gan: stopped. Finished results are kept; the same command continues.", error=True)
        return 1
    if parsed.report is not None:
        _write_report(run, results_by_kind[scores][-1], parsed.report)
    if parsed.json:
        show(json.dumps(_document(run, request, results_by_kind), indent=2))
    else:
        order = (scores, "membership", "study")
        show("\n\n".join(_text(result) for kind in order for result in results_by_kind.get(kind, [])))
    return 0


def _task(run: Run, kind: str, part: int) -> int:
    """Run a background job; one that was stopped has recorded it."""
    try:
        if kind == job.BESIDE_TRAINING:
            lower_priority()
            os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported: threads would wait for each other
        if kind == "study-part":
            tasks.run_study_part(run, part, show_progress)
        else:
            tasks.TASKS[kind](run, job.load_request(run, kind), show_progress)
    except StoppedError:
        return 1
    return 0


def _write_report(run: Run, result: results.EvaluationResult, file: Path) -> None:
    from gan.evaluation.report import document  # here: it imports torch

    verdict = run_verdict(run, jobs.state(run.path), result.snapshot)
    with replacing(file) as temporary:
        temporary.write_text(document.build_report(run, result.snapshot, verdict, result.split))
    show(f"Report: {file}", error=True)


def _document(run: Run, request: Request, results_by_kind: dict[str, list[Any]]) -> dict[str, Any]:
    """The JSON document: the scores; with a study its arms and verdict; with a membership test its result."""
    kind = job.BESIDE_TRAINING if request.light else "scores"
    scores = [result.as_json() for result in results_by_kind[kind]]
    all_scores = {"run": run.name, "best_snapshot": best_snapshot(run), "snapshots": scores}
    document: dict[str, Any] = all_scores if request.every else scores[0]
    for result in results_by_kind.get("study", []):
        study = result.as_json()
        document |= {"arms": study["arms"], "verdict": study["verdict"], "study": study}
    for membership in results_by_kind.get("membership", []):
        document["membership"] = membership.as_json()
    return document


def _text(result: SnapshotScore | StudyResult | MembershipResult) -> str:
    """A result for the terminal."""
    if isinstance(result, MembershipResult):
        return result.verdict
    return study_text(result) if isinstance(result, StudyResult) else result.as_text()


def _request(parsed: argparse.Namespace) -> Request:
    """The request in the arguments; raises UserError where they contradict each other."""
    if parsed.all_snapshots and parsed.snapshot is not None:
        raise UserError("--snapshot and --all-snapshots exclude each other: leave one of them out.")
    if parsed.small and not parsed.study:
        raise UserError("--small is a design of the study: add --study, or leave it out.")
    if parsed.light and (parsed.split != "val" or parsed.features != AUTO or parsed.report is not None):
        raise UserError("--light is for choosing a snapshot: leave --split, --features and --report out.")
    study = StudyOptions(
        parsed.seeds,
        SHARES[:1] if parsed.no_low_data else SHARES,
        classifier=parsed.classifier,
        pretrained=not parsed.no_pretrained,
        primary=parsed.primary,
        specificity=parsed.specificity,
        test_set=parsed.test_set,
        class_map=_class_map(parsed.map),
        folds=parsed.folds,
        generators=parsed.generators,
    )
    return Request(
        "scores",
        parsed.snapshot,
        parsed.all_snapshots,
        parsed.split,
        parsed.features,
        study.small() if parsed.small else study,
        parsed.light,
    )


def _class_map(texts: Sequence[str]) -> dict[str, str]:
    """Our classes by theirs, of OURS=THEIRS texts; raises UserError for another text, and for a class given twice."""
    class_map: dict[str, str] = {}
    for text in texts:
        ours, _, theirs = text.partition("=")
        if not ours or not theirs:
            raise UserError(f"{text!r} is no --map OURS=THEIRS, such as pneumonia=bacterial.")
        if theirs in class_map:
            raise UserError(f"--map names {theirs} twice: a class or attribute of the test set is one of the run.")
        class_map[theirs] = ours
    return class_map
