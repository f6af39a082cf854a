"""The augmentation study: does a classifier do better on real patients when synthetic images join its training set?

    python -m gan evaluate RUN --study

Every arm (`arms.py`) trains one classifier a seed, for the same number of steps, and is tested on the real test split,
which nothing reads before a classifier is finished (`study_data.py`). The same again on a quarter and on a tenth of the
real images, with generators that know no others (`study_generators.py`). What each classifier says of each test image
is kept as soon as it is there (`study_classifiers.py`), so that a study that was stopped goes on with the next one, and
all numbers can be computed again (`study_numbers.py`) and shown (`study_shown.py`).

Letters: n images, K classes, S seeds.
"""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gan import __version__
from gan.data.image_set import ImageSet
from gan.errors import StoppedError
from gan.evaluation.classifiers.architectures import classifier_builder
from gan.evaluation.classifiers.reference import split_sha256
from gan.evaluation.records.study_results import VERSION, Regime, StudyResult, study_folder
from gan.evaluation.study import arm_generators, comparisons, sealed_data
from gan.evaluation.study.analysis import Said, Truth, summarise
from gan.evaluation.study.arm_classifiers import Classifiers, Tally
from gan.evaluation.study.arm_generators import Generator, GeneratorFor
from gan.evaluation.study.arms import KEEP_OF_FILLED
from gan.evaluation.study.sealed_data import Sealed
from gan.evaluation.study.study_options import DEFAULT, StudyOptions
from gan.evaluation.study.study_plan import BATCH, FEWEST, MOST, PASSES, Plan, plan
from gan.evaluation.study.verdict import filtering, together, verdict
from gan.evaluation.training_images import load_training_images
from gan.io.atomic import replacing, write_json
from gan.io.json_files import read_json
from gan.io.progress import Progress, silent
from gan.io.untrusted_files import read_arrays
from gan.jobs.worker import Worker
from gan.runs.run import Run
from gan.sampling.sampler import load_generator

RECIPE = 2
"""Change it when arms or classifiers are made differently: those that a stopped study left are then made anew."""


def study(
    run: Run,
    snapshot: int | None = None,
    options: StudyOptions = DEFAULT,
    *,
    progress: Progress = silent,
    should_stop: Callable[[], bool] = lambda: False,
    worker: Worker | None = None,
) -> StudyResult | None:
    """The study of a run's snapshot, the newest by default, kept in its `evaluation/`; None where asked to stop.

    What was done before a stop is taken up again. `worker` is the job at work, which also trains the generators of the
    low-data regimes; without one they are trained on the CPU. Raises UserError for a set of attributes, ConfigError for
    a classifier that cannot be, DataError where there are too few images, RunError where the run has no such snapshot.
    """
    sampler, images = load_generator(run, snapshot, options.device), load_training_images(run, progress)
    place = study_folder(run, sampler.seen)

    def generator_for(share: float, subset: ImageSet) -> Generator:
        if share == 1:
            return arm_generators.own(sampler, sampler.seen / 1000)
        inner = place / f"generator-{round(100 * share)}"
        return arm_generators.trained_on(run, subset, share, inner, options.device, worker)

    asked = Study(images, generator_for, place, sampler.sha256, options, progress, should_stop)
    try:
        found = asked.result(run.name, sampler.seen)
    except StoppedError:
        return None
    found.save(run)
    return found


@dataclass(frozen=True)
class Study:
    """A study of any generators: `generator_for` gives that of a share, `made_by` names them in the files.

    `place` is the folder for what is kept.
    """

    images: ImageSet
    generator_for: GeneratorFor
    place: Path
    made_by: str
    options: StudyOptions = DEFAULT
    progress: Progress = silent
    should_stop: Callable[[], bool] = lambda: False

    def result(self, name: str, snapshot: int) -> StudyResult:
        """All classifiers that are not there yet, then the numbers; raises StoppedError where asked to stop."""
        options = self.options
        classifier_builder(options.classifier, 32, 1, 2)  # raises where there is no such classifier
        sealed_data.check(self.images)
        began, seen = time.time(), sealed_data.open_part(self.images)
        plans, left = plan(seen, options)
        self._begin(seen)
        rarest = int(plans[0].real.argmin())
        sealed = Sealed(self.images, rarest)
        regimes = self._regimes(plans, seen, sealed)
        kind, sentence = together(regimes)
        self._keep(sealed.truth)
        return StudyResult(
            version=VERSION,
            run=name,
            snapshot=snapshot,
            title=self.images.title,
            classifier=options.classifier,
            seeds=options.seeds,
            classes=list(seen.names),
            rarest=seen.names[rarest],
            test=_tested(sealed.truth),
            regimes=regimes,
            left=left,
            verdict=sentence,
            verdict_kind=kind,
            notices=_notices(self, seen, regimes),
            minutes=self._minutes(),
            made_with=self._made_with(began, seen, sealed),
        )

    def _regimes(self, plans: list[Plan], seen: ImageSet, sealed: Sealed) -> list[Regime]:
        """All classifiers first, and then, when none is left to be trained, their numbers."""
        options = self.options
        total = sum(one.steps * len(one.arms) * options.seeds for one in plans)
        tally = Tally(self.progress, self.should_stop, total)
        done: list[tuple[Plan, list[Said], Generator]] = []
        for one in plans:
            subset = seen if one.share == 1 else sealed_data.low_data(seen, one.share)
            generator = self.generator_for(one.share, subset)
            classifiers = Classifiers(self.place, one, subset, generator.make, sealed, options, tally)
            done.append((one, classifiers.said(), generator))
        truth = sealed.truth
        draws = comparisons.draw(len(truth.labels), truth.group, options.seeds)
        return [_regime(one, said, generator, truth, draws) for one, said, generator in done]

    def _begin(self, seen: ImageSet) -> None:
        """Make the study's folder; classifiers of other data, another generator or another recipe are thrown away.

        So are generators that were trained on other data: what is a test image now may have been among it.
        """
        recipe = {
            "made_by": self.made_by,
            "data": [split_sha256(seen, "train"), split_sha256(seen, "val")],
            "classifier": self.options.classifier,
            "ratios": list(self.options.ratios),
            "keep_rates": list(self.options.keep_rates),
            "recipe": [RECIPE, BATCH, PASSES, FEWEST, MOST, KEEP_OF_FILLED],
        }
        before = read_json(self.place / "recipe.json") or {}
        if before != recipe:
            of_classifiers, of_generators = self.place.glob("[0-9]*"), self.place.glob("generator-*")
            for old in [*of_classifiers, *(of_generators if before.get("data") != recipe["data"] else ())]:
                shutil.rmtree(old)
            self.place.mkdir(parents=True, exist_ok=True)
            write_json(self.place / "recipe.json", recipe)

    def _keep(self, truth: Truth) -> None:
        """What the test images show, beside what the classifiers said of them."""
        group = np.zeros(0, np.str_) if truth.group is None else truth.group.astype(np.str_)
        with replacing(self.place / "test.npz") as temporary, open(temporary, "wb") as file:
            np.savez_compressed(file, labels=truth.labels, group=group, names=np.array(truth.names))

    def _minutes(self) -> float:
        """Of training, generating and testing, before and after every stop, as kept beside what was trained."""
        classifiers = sum(float(read_arrays(path)["seconds"]) for path in self.place.glob("[0-9]*/*.npz"))
        generators = sum(arm_generators.seconds_taken(path) for path in self.place.glob("generator-*"))
        return (classifiers + generators) / 60

    def _made_with(self, began: float, seen: ImageSet, sealed: Sealed) -> dict[str, Any]:
        return {
            "time": began,
            "generator_sha256": self.made_by,
            "data_sha256": {split: split_sha256(seen, split) for split in ("train", "val")} | {"test": sealed.sha256},
            "seeds": list(range(self.options.seeds)),
            "ratios": list(self.options.ratios),
            "draws": comparisons.DRAWS,
            "batch": BATCH,
            "keep_rates": list(self.options.keep_rates),
            "device": self.options.device,
            "threads": torch.get_num_threads(),
            "versions": {"gan": __version__, "torch": str(torch.__version__), "numpy": np.__version__},
        }


def _regime(one: Plan, said: list[Said], generator: Generator, truth: Truth, draws: comparisons.Draws) -> Regime:
    arms, rates = summarise(said, truth, draws)
    tested = _tested(truth)
    kind, sentence = verdict(arms, tested)
    ratio = next(arm.ratio for arm in one.arms if arm.keep is not None and not arm.fills)
    assert ratio is not None
    return Regime(
        share=one.share,
        real=dict(zip(truth.names, one.real.tolist(), strict=True)),
        steps=one.steps,
        batch=BATCH,
        generator=generator.facts,
        arms=arms,
        filtering=filtering(ratio, rates, tested),
        verdict=sentence,
        verdict_kind=kind,
    )


def _tested(truth: Truth) -> dict[str, Any]:
    """The test images as `StudyResult.test` has them."""
    per_class = {name: int((truth.labels == k).sum()) for k, name in enumerate(truth.names)}
    groups = len(truth.labels) if truth.group is None else len(np.unique(truth.group))
    return {
        "images": len(truth.labels),
        "groups": groups,
        "grouped": truth.group is not None,
        "per_class": per_class,
        "groups_per_class": truth.groups(),
    }


def _notices(study: Study, seen: ImageSet, regimes: list[Regime]) -> list[str]:
    """What a reader must know before believing the numbers, one sentence each."""
    notices = []
    if study.images.group is None:
        notices.append(
            "This set does not say which images are of one patient: every test image counted as independent, and the "
            "intervals are too narrow where several are of one."
        )
    if study.options.seeds < 5:
        notices.append(f"{study.options.seeds} seeds tell little about the luck of training: take 5 or more.")
    if len(seen.rows("train")) < len(study.images.rows("train")):
        notices.append(
            f"{len(seen.rows('train')):,} of the {len(study.images.rows('train')):,} training images took part."
        )
    short = [one for one in regimes if one.share < 1]
    if short:
        told = " and ".join(f"{one.generator['kimg']:g} thousand images at {one.share:.0%}" for one in short)
        notices.append(
            f"The regimes with fewer real images have one generator each, trained on those alone, for {told}: the luck "
            "of another subset, or of training it again, is not in their intervals."
        )
    return notices
