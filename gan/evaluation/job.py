"""Evaluations as background jobs: what to do as a command line, where it works, and whether it is at work. No torch.

Each kind has a folder of its own in the run's `evaluation/`, with the files of a job (`gan/jobs`). Scores and the
membership test begin at once on the CPU, beside whatever trains; a study waits for the run's device like a training.
What is finished is kept as it comes, so that the same request goes on where it was stopped. Read next: `tasks.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gan import jobs, runs
from gan.errors import GanError, RunError
from gan.evaluation import results
from gan.evaluation.study_options import DEFAULT, StudyOptions
from gan.files import read_json
from gan.runs import Run

KINDS = ("scores", "membership", "study")
PREPARATIONS = ("selector", "calibration", "study-estimate")
"""What a page needs measured first (`preparing.py`): tasks like the others, with nothing to report."""


@dataclass(frozen=True)
class Request:
    """What to evaluate. `snapshot` is by images seen, None for the newest.

    Of scores are `every` (each snapshot that has none yet), `split` and `features`. Of `study` the seeds, the
    classifier and whether there are low-data regimes are carried to the job; it takes its device itself.
    """

    kind: str
    snapshot: int | None = None
    every: bool = False
    split: str = "val"
    features: str = "own"
    study: StudyOptions = DEFAULT

    def arguments(self, run: Run) -> list[str]:
        """The request as `python -m gan` takes it."""
        words = ["evaluate", run.name, "--task", self.kind]
        words += ["--snapshot", str(self.snapshot)] if self.snapshot is not None else []
        if self.kind in ("study", "study-estimate"):
            low_data = [] if len(self.study.shares) > 1 else ["--no-low-data"]
            return [*words, "--seeds", str(self.study.seeds), "--classifier", self.study.classifier, *low_data]
        if self.kind != "scores":
            return words
        words += ["--all-snapshots"] if self.every else []
        return [*words, "--split", self.split, "--features", self.features]


def folder(run: Run, kind: str) -> Path:
    """Where evaluations of that kind work."""
    return run.path / "evaluation" / kind


def state(run: Run, kind: str) -> jobs.State | None:
    """What became of the last evaluation of that kind; None where there was none."""
    there = folder(run, kind)
    return jobs.state(there) if any((there / name).exists() for name in ("queued.json", "started.json")) else None


def begin(run: Run, request: Request) -> None:
    """Start it in the background, or put it into the queue; raises RunError where one of its kind is at work."""
    run.snapshot(request.snapshot)
    there = folder(run, request.kind)
    there.mkdir(parents=True, exist_ok=True)
    if request.kind == "study":
        jobs.submit_beside(there, run.config.job.device, ["-m", "gan", *request.arguments(run)])
    else:
        jobs.start_task(there, request.arguments(run))


def outstanding(run: Run, request: Request) -> Sequence[int]:
    """The snapshots that a request for scores is about, ascending: with `every` those without a result as asked for."""
    if not request.every:
        return [int(run.snapshot(request.snapshot).name)]
    return [seen for seen in run.snapshots() if not _scored(run, seen, request)]


def _scored(run: Run, seen: int, request: Request) -> bool:
    """Whether there are scores of this very generator, by its hash: a snapshot can be trained anew."""
    try:
        made_with = results.load(run, seen, request.split, request.features).made_with
    except RunError:
        return False
    ready = read_json(run.snapshot(seen) / "ready.json") or {}
    return bool(made_with["generator_sha256"] == ready.get("sha256"))


def seconds(run: Run, snapshots: int = 1) -> float | None:
    """How long the scores of so many snapshots take, by what was measured here last; None before anything was.

    By this run's own scores where there are some, else by another's, set in proportion to the pixels.
    """
    own = _measured(run)
    if own:
        return snapshots * own[-1]
    pixels = _pixels(run)
    for other in runs.all_runs():
        try:
            there = _measured(other)
            if there:
                return snapshots * there[-1] * pixels / _pixels(other)
        except GanError:  # a broken run folder measures nothing; the overview shows it
            continue
    return None


def _measured(run: Run) -> list[float]:
    """The seconds that each snapshot's scores took; the demo run, made on another machine, does not tell."""
    made_with = (result.made_with for result in results.listing(run))
    return [float(made["seconds"]) for made in made_with if "seconds" in made]


def _pixels(run: Run) -> float:
    facts = run.facts()
    return float(facts.channels * facts.native_size**2)
