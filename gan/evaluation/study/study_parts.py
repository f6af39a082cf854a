"""A study on a cluster: its job gives the training of generators and classifiers to many jobs, in packs.

The job that runs the study gives away what is missing before each stage, the choice on validation images and the test.
It then goes back into the cluster's queue until these jobs have ended, reads what they have left, and goes on. What one
of them has not finished, it trains itself. `parts.json` in the folder of the study's job has the units of each part;
part n works in `parts/<n>`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from gan import jobs
from gan.config.slurm_settings import slurm_settings
from gan.errors import RunError, StoppedError
from gan.evaluation.records.study_results import study_folder
from gan.evaluation.study import arm_generators
from gan.evaluation.study.arm_classifiers import DivisionClassifiers, WorkCounter
from gan.evaluation.study.confirmation_plan import ConfirmationPlan, load_plan
from gan.evaluation.study.estimate import StudyEstimate
from gan.evaluation.study.guarded_generation import export_guard
from gan.evaluation.study.run_study import external_test_of_run, generators_of_run
from gan.evaluation.study.study_options import StudyOptions
from gan.evaluation.study.study_plan import DivisionPlan, RegimePlan, plan_regimes
from gan.evaluation.training_images import load_training_images
from gan.io.atomic import write_json
from gan.io.json_files import read_typed
from gan.io.progress import Progress
from gan.jobs.slurm import arrays, packing
from gan.jobs.slurm.packing import Unit
from gan.jobs.worker import Worker
from gan.runs.run import Run
from gan.sampling.sampler import load_generator

Stage = Literal["selection", "test"]
FILE = "parts.json"


@dataclass(frozen=True)
class StudyUnit:
    """What is trained together: the generators of a division, or its classifiers of one seed for a stage."""

    stage: Literal["generator", "selection", "test"]
    division: int
    seed: int = 0

    @property
    def key(self) -> str:
        return f"{self.stage} {self.division} {self.seed}"


@dataclass(frozen=True)
class Parts:
    """What the start with this `ticket` of the study's job has given away: the stages, and the units of each part."""

    ticket: int
    stages: list[str]
    units: list[list[StudyUnit]]


PARTS: TypeAdapter[Parts] = TypeAdapter(Parts)


@dataclass(frozen=True)
class PartsOnCluster:
    """Gives the work of a study's stages away. Called by a study before each stage; see `run_study.BeforeStage`."""

    run: Run
    job_folder: Path
    folder: Path
    options: StudyOptions
    expected: StudyEstimate
    worker: Worker

    def __call__(self, stage: Stage, plans: list[RegimePlan], plan: ConfirmationPlan | None) -> None:
        """Return where the stage's work is done, or is to be done here.

        Otherwise have the study's job wait for the jobs that do it, and raise StoppedError, by which this process ends.
        """
        parts = self._parts()
        if stage not in parts.stages:
            units = list(self._missing(stage, plans, plan))
            shortest = slurm_settings().pack_seconds
            if len(units) < 2 or sum(unit.seconds for unit in units) < 2 * shortest:
                return
            packed = packing.pack_units(units, shortest)
            by_key = {unit.key: unit for unit in self._units(stage, plans)}
            packs = [[by_key[key] for key in pack.keys] for array in packed for pack in array.packs]
            first = len(parts.units)
            parts = Parts(parts.ticket, [*parts.stages, stage], [*parts.units, *packs])
            write_json(self.job_folder / FILE, asdict(parts))
            arrays.submit_arrays(self.job_folder / "parts", packed, self.run.config.job.device, first=first)
        alive = [arrays.job_id_of(path) for path in part_folders(self.job_folder) if jobs.state(path).alive]
        if alive:
            self.worker.wait_for_jobs([job_id for job_id in alive if job_id])
            raise StoppedError

    def _parts(self) -> Parts:
        """What this start of the job has given away; nothing yet where the file is of an earlier start."""
        parts = read_typed(self.job_folder / FILE, PARTS)
        return parts if parts and parts.ticket == self.worker.ticket else Parts(self.worker.ticket, [], [])

    def _units(self, stage: Stage, plans: list[RegimePlan]) -> Iterator[StudyUnit]:
        for number in range(len(_divisions(plans))):
            if stage == "selection":
                yield StudyUnit("generator", number)
            yield from (StudyUnit(stage, number, seed) for seed in DivisionClassifiers.seeds(self.options, stage))

    def _missing(self, stage: Stage, plans: list[RegimePlan], plan: ConfirmationPlan | None) -> Iterator[Unit]:
        """The units of a stage that are not finished, with estimated seconds."""
        divisions, waits = _divisions(plans), set()
        own = self.options.generators
        trained = sum(own - one.division.is_whole for one in divisions)
        for unit in self._units(stage, plans):
            one = divisions[unit.division]
            if unit.stage == "generator":
                untrained = arm_generators.untrained(one.division, self.folder, own)
                if untrained:
                    waits.add(unit.division)
                    yield Unit(unit.key, len(untrained) * self.expected.generators / trained)
                continue
            classifiers = _classifiers(self.folder, one, self.options)
            count = len(
                classifiers.missing(_arm_names(divisions, unit.division, plan), unit.seed, test=stage == "test")
            )
            if count:
                seconds = (self.expected.seconds - self.expected.generators) / self.expected.classifiers
                after = (StudyUnit("generator", unit.division).key,) if unit.division in waits else ()
                yield Unit(unit.key, count * seconds, after)


def train_part(
    run: Run,
    snapshot: int | None,
    options: StudyOptions,
    job_folder: Path,
    number: int,
    progress: Progress,
    worker: Worker,
) -> None:
    """Train the units of a part. Raises RunError where there is no such part, and StoppedError where it was stopped;
    what it has finished is kept."""
    parts = read_typed(job_folder / FILE, PARTS)
    if parts is None or number >= len(parts.units):
        raise RunError(f"The study of {run.name} has no part {number}.")
    sampler, images = load_generator(run, snapshot, options.device), load_training_images(run, progress)
    folder = study_folder(run, sampler.seen)
    divisions, plan = _divisions(plan_regimes(images, options)[0]), load_plan(folder)
    external = external_test_of_run(run, options, images, progress)
    generator_for = generators_of_run(run, sampler, images, folder, options, worker)
    units = parts.units[number]
    names = [
        []
        if unit.stage == "generator"
        else _arm_names(divisions, unit.division, plan if unit.stage == "test" else None)
        for unit in units
    ]
    work = sum(
        options.work(arm)
        for unit, own in zip(units, names, strict=True)
        for arm in divisions[unit.division].arms
        if arm.name in own
    )
    counter = WorkCounter(progress, 1 + work)
    for unit, own in zip(units, names, strict=True):
        one = divisions[unit.division]
        generators = [generator_for(one.division, number) for number in range(options.generators)]
        if unit.stage != "generator":
            generates, learned = [made.generate for made in generators], arm_generators.learned_unlabelled(generators)
            classifiers = DivisionClassifiers(folder, one, generates, export_guard, options, counter, external, learned)
            classifiers.train_seed(own, unit.seed, test=unit.stage == "test")


def part_folders(job_folder: Path) -> list[Path]:
    """The folders of the parts of a study's job."""
    return [path for path in (job_folder / "parts").glob("[0-9]*") if path.name.isdigit()]


def _divisions(plans: Sequence[RegimePlan]) -> list[DivisionPlan]:
    return [one for plan in plans for one in plan.divisions]


def _arm_names(divisions: list[DivisionPlan], number: int, plan: ConfirmationPlan | None) -> list[str]:
    """The arms that a stage trains in a division: all, or those that the plan tests."""
    if plan is None:
        return [arm.name for arm in divisions[number].arms]
    return [choice for regime in plan.choices for choice in regime.divisions][number].tested


def _classifiers(folder: Path, one: DivisionPlan, options: StudyOptions) -> DivisionClassifiers:
    """The classifiers of a division, to be counted only."""

    def generate(*_: object) -> object:
        raise AssertionError("counting trains nothing")

    counter = WorkCounter(lambda phase, done: None, 1)
    return DivisionClassifiers(folder, one, [generate], export_guard, options, counter)  # type: ignore[list-item]
