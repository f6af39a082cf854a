"""A study on Slurm gives its classifiers to packed jobs, and ends with the numbers of one that worked alone."""

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from gan import jobs
from gan.config import options
from gan.errors import StoppedError
from gan.evaluation import job
from gan.evaluation.job import Request
from gan.evaluation.records.stored_studies import load_study
from gan.evaluation.records.study_results import study_folder
from gan.evaluation.study import arm_classifiers
from gan.evaluation.study.estimate import estimate_study
from gan.evaluation.study.run_study import run_study
from gan.evaluation.study.study_options import StudyOptions
from gan.evaluation.study.study_parts import PartsOnCluster
from gan.io.atomic import write_json
from gan.runs.run import Run
from tests.conftest import trained
from tests.support.jobs import wait_until
from tests.support.slurm import PATIENT, cluster
from tests.support.study import BRIEF, TWO_STEPS

__all__ = ["cluster"]
pytestmark = PATIENT
STUDY = StudyOptions(2, (1.0,), (1.0,), (0.5,), budget=TWO_STEPS, selection_seeds=2, uses=("added",), selector=BRIEF)


@dataclass
class StudyJob:
    """The job of a study on a node: it notes what it waits for."""

    ticket: int = 1
    waits_for: list[str] = field(default_factory=list)

    def wait_for_jobs(self, job_ids: list[str]) -> None:
        self.waits_for += job_ids


def test_the_classifiers_of_a_study_are_trained_in_packs(cluster: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_SLURM_PACK_SECONDS", "1")
    monkeypatch.setenv("GAN_SLURM_MEMORY", "2G")
    run = on_slurm(trained("run"))
    folder, worker, seen = job.job_folder(run, "study"), StudyJob(), run.snapshots()[-1]
    folder.mkdir(parents=True)
    write_json(folder / "request.json", asdict(Request("study", study=STUDY)))
    expected = replace(estimate_study(run, None, STUDY), seconds=1000.0)
    parts: Any = PartsOnCluster(run, folder, study_folder(run, seen), STUDY, expected, worker)  # type: ignore[arg-type]

    def selection_only(stage: str, *others: Any) -> None:
        if stage == "selection":
            parts(stage, *others)

    for _ in range(2):  # as the job does when it begins anew while its parts still work
        with pytest.raises(StoppedError):
            run_study(run, options=STUDY, before_stage=selection_only)
    array = worker.waits_for[0].partition("_")[0]
    assert worker.waits_for == [f"{array}_0", f"{array}_1"] * 2  # a seed each
    wait_until(lambda: not any(jobs.state(folder / "parts" / name).alive for name in "01"), "the parts end", 200)
    assert [jobs.state(folder / "parts" / name).name for name in "01"] == ["finished"] * 2, jobs.log_tail(folder)

    trained_here: list[bool] = []
    train = arm_classifiers.DivisionClassifiers._train

    def counted(*arguments: Any, test: bool) -> None:
        trained_here.append(test)
        train(*arguments, test=test)

    monkeypatch.setattr(arm_classifiers.DivisionClassifiers, "_train", counted)
    run_study(run, options=STUDY, before_stage=selection_only)
    assert trained_here
    assert all(trained_here)  # for the test alone: nothing was left to choose on
    run_study(trained("alone"), options=STUDY)
    packed, alone = (load_study(Run(run.path.parent / name), seen) for name in ("run", "alone"))
    assert [replace(one, generator={}) for one in packed.regimes] == [
        replace(one, generator={}) for one in alone.regimes
    ]


def on_slurm(run: Run) -> Run:
    """The run with the engine slurm."""
    config = options.replace_options(run.config, {"job.engine": "slurm", "job.device": "cpu"})
    (run.path / "config.json").write_text(options.config_to_json(config))
    return Run(run.path)
