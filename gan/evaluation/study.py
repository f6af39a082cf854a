"""The augmentation study: does a classifier do better on real patients when synthetic images join its training set?

    python -m gan evaluate RUN --study

Every arm (`arms.py`) trains one classifier a seed, for the same number of steps, and is tested on the real test split,
which nothing reads before a classifier is finished (`study_data.py`). The same again on a quarter and on a tenth of the
real images, with generators that know no others (`study_generators.py`). Each classifier's word on every test image is
kept as soon as it is there, so that a study that was stopped goes on with the next one, and all numbers can be computed
again (`study_numbers.py`). Read next: those, in this order.

Letters: n images, C channels, H = W the set's own side, K classes, S seeds.
"""

import hashlib
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan import __version__, data
from gan.data.imageset import ImageSet
from gan.data.source import Progress, silent
from gan.errors import ConfigError
from gan.evaluation import gain, study_data, study_generators
from gan.evaluation.architectures import builder, classical
from gan.evaluation.arms import KEEP, ArmPlan, Extra, extra, planned
from gan.evaluation.classifier import Classifier, Images, StoppedError, fit, look, plain
from gan.evaluation.reference import as_shown, fingerprint
from gan.evaluation.selection import Selector
from gan.evaluation.study_generators import Generator, GeneratorFor
from gan.evaluation.study_numbers import Said, summarise
from gan.evaluation.study_results import VERSION, Left, Regime, StudyResult, folder
from gan.evaluation.verdict import together, verdict
from gan.files import read_json, replacing, write_json
from gan.jobs.worker import Worker
from gan.runs import Run
from gan.sample import load_generator

SHARES = (1.0, 0.25, 0.1)
BATCH = 32
PASSES, FEWEST, MOST = 20, 4_800, 12_800
"""How often a classifier sees each real image, within these limits of images seen in all: 150 to 400 steps. Enough for
the small network to be right about as often as after ten times as many, and few enough for 255 classifiers."""
FILTER_SEED = 1_000_003
"""Of the classifier that filters: another one than any arm's."""
PHASE = "augmentation study"


@dataclass(frozen=True)
class Plan:
    """What will be run on one share of the real training images, and with how many images of each class (K,)."""

    share: float
    real: NDArray[np.int64]
    steps: int
    arms: list[ArmPlan]


def plan(images: ImageSet, low_data: bool = True) -> tuple[list[Plan], list[Left]]:
    """The regimes and their arms, and what is not run and why. Reads training labels alone.

    Raises UserError for attributes, DataError where there are too few images for any study.
    """
    study_data.check(images)
    return _planned(study_data.open_part(images), low_data)


def _planned(seen: ImageSet, low_data: bool) -> tuple[list[Plan], list[Left]]:
    plans, left = [], []
    for share in SHARES:
        subset = seen if share == 1 else study_data.low_data(seen, share)
        real = subset.conditions[subset.rows("train")].sum(axis=0).astype(np.int64)
        if share < 1 and not low_data:
            left.append(Left(share, "all arms", "Studies of fewer real images were switched off."))
        elif real.min() < study_data.LEAST_OF_CLASS:
            scarce = f"{real.min()} training images of {seen.names[int(real.argmin())]}"
            left.append(
                Left(share, "all arms", f"It would have {scarce}; it takes {study_data.LEAST_OF_CLASS} of each class.")
            )
        else:
            plans.append(Plan(share, real, steps(int(real.sum())), planned(real)))
            if not any(arm.fills for arm in plans[-1].arms):
                left.append(Left(share, "classes filled up", "The classes are about equally common."))
    return plans, left


def steps(count: int) -> int:
    """Optimiser steps of each classifier of a regime with so many real images."""
    return min(max(PASSES * count, FEWEST), MOST) // BATCH


def study(
    run: Run,
    snapshot: int | None = None,
    *,
    seeds: int = 5,
    low_data: bool = True,
    classifier: str = "small",
    device: str = "cpu",
    progress: Progress = silent,
    should_stop: Callable[[], bool] = lambda: False,
    worker: Worker | None = None,
) -> StudyResult | None:
    """The study of a run's snapshot, the newest by default, kept in its `evaluation/`; None where asked to stop.

    What was done before a stop is taken up again. `worker` is the job at work, which also trains the generators of the
    low-data regimes; without one they are trained on the CPU. Raises UserError for a set of attributes, ConfigError for
    a number of seeds or a classifier that cannot be, DataError where there are too few images, RunError where the run
    has no such snapshot.
    """
    sampler, images = load_generator(run, snapshot, device), data.load(run.config.data, progress)
    place = folder(run, sampler.seen)

    def generator_for(share: float, subset: ImageSet) -> Generator:
        if share == 1:
            return study_generators.own(sampler, sampler.seen / 1000)
        inner = place / f"generator-{share:.0%}".removesuffix("%")
        return study_generators.trained_on(run, subset, share, inner, device, worker)

    try:
        found = Study(
            images, generator_for, place, sampler.sha256, seeds, low_data, classifier, device, progress, should_stop
        ).result(run.name, sampler.seen)
    except StoppedError:
        return None
    found.save(run)
    return found


@dataclass(frozen=True)
class Study:
    """A study of any generators: what they are is `generator_for`'s matter, and `made_by` names them in the files."""

    images: ImageSet
    generator_for: GeneratorFor
    place: Path
    made_by: str
    seeds: int = 5
    low_data: bool = True
    classifier: str = "small"
    device: str = "cpu"
    progress: Progress = silent
    should_stop: Callable[[], bool] = lambda: False

    def result(self, name: str = "", snapshot: int = 0) -> StudyResult:
        """All classifiers that are not there yet, then the numbers; raises StoppedError where asked to stop."""
        if self.seeds < 2:
            raise ConfigError(f"seeds is {self.seeds}: a study takes at least 2, and 5 for an interval of any use.")
        began = time.time()
        study_data.check(self.images)
        seen = study_data.open_part(self.images)
        plans, left = _planned(seen, self.low_data)
        self._begin(seen)
        rarest = int(plans[0].real.argmin())
        sealed = study_data.Sealed(self.images, rarest)
        tally = _Tally(self, sum(one.steps * len(one.arms) * self.seeds for one in plans))
        generators, said = [], []
        for one in plans:
            subset = seen if one.share == 1 else study_data.low_data(seen, one.share)
            generators.append(self.generator_for(one.share, subset))
            said.append(_Regime(self, one, subset, generators[-1], sealed, tally).run())
        self._keep_truth(sealed)
        regimes = [self._regime(*parts, sealed) for parts in zip(plans, said, generators, strict=True)]
        kind, sentence = together(regimes)
        truth = sealed.truth
        return StudyResult(
            version=VERSION,
            run=name,
            snapshot=snapshot,
            title=self.images.title,
            classifier=self.classifier,
            seeds=self.seeds,
            classes=list(seen.names),
            rarest=seen.names[rarest],
            test=_tested(sealed),
            regimes=regimes,
            left=left,
            verdict=sentence,
            verdict_kind=kind,
            notices=_notices(self, seen, regimes, truth.group is not None),
            minutes=self._minutes(),
            made_with=self._made_with(began, seen, sealed),
        )

    def kept(self, share: float, arm: str, seed: int) -> Path:
        """The file with what one classifier said of the test images."""
        return self.place / f"{share:.0%}".removesuffix("%") / f"{arm}-seed-{seed}.npz"

    def _begin(self, seen: ImageSet) -> None:
        """Make the study's folder; classifiers of other data, another generator or another recipe are thrown away."""
        recipe = {
            "made_by": self.made_by,
            "data": [fingerprint(seen, "train"), fingerprint(seen, "val")],
            "classifier": self.classifier,
            "recipe": [BATCH, PASSES, FEWEST, MOST, KEEP, VERSION],
        }
        if read_json(self.place / "recipe.json") != recipe:
            for old in self.place.glob("[0-9]*"):
                shutil.rmtree(old)
            self.place.mkdir(parents=True, exist_ok=True)
            write_json(self.place / "recipe.json", recipe)

    def _keep_truth(self, sealed: study_data.Sealed) -> None:
        truth = sealed.truth
        group = np.zeros(0, np.str_) if truth.group is None else truth.group.astype(np.str_)
        with replacing(self.place / "test.npz") as temporary, open(temporary, "wb") as file:
            np.savez_compressed(file, labels=truth.labels, group=group, names=np.array(truth.names))

    def _regime(self, one: Plan, said: list[Said], generator: Generator, sealed: study_data.Sealed) -> Regime:
        truth = sealed.truth
        draws = gain.draw(len(truth.labels), truth.group, self.seeds)
        arms, filtered = summarise(said, truth, draws)
        kind, sentence = verdict(arms, _tested(sealed), truth.groups())
        return Regime(
            share=one.share,
            real=dict(zip(truth.names, one.real.tolist(), strict=True)),
            steps=one.steps,
            batch=BATCH,
            generator=generator.facts,
            arms=arms,
            filter=filtered,
            verdict=sentence,
            verdict_kind=kind,
        )

    def _minutes(self) -> float:
        """Of all sessions: training, generating and testing, as kept beside each classifier and generator."""
        classifiers = sum(float(np.load(path)["seconds"]) for path in self.place.glob("[0-9]*/*.npz"))
        generators = sum(study_generators.seconds_taken(path) for path in self.place.glob("generator-*"))
        return (classifiers + generators) / 60

    def _made_with(self, began: float, seen: ImageSet, sealed: study_data.Sealed) -> dict[str, Any]:
        return {
            "time": began,
            "generator_sha256": self.made_by,
            "data_sha256": {split: fingerprint(seen, split) for split in ("train", "val")} | {"test": sealed.sha256},
            "seeds": list(range(self.seeds)),
            "draws": gain.DRAWS,
            "batch": BATCH,
            "keep": KEEP,
            "device": self.device,
            "threads": torch.get_num_threads(),
            "versions": {"gan": __version__, "torch": str(torch.__version__), "numpy": np.__version__},
        }


class _Tally:
    """How much of all optimiser steps is done; leaves where somebody asked to stop."""

    def __init__(self, study: Study, total: int):
        self._study, self._total, self._done = study, total, 0

    def done(self, steps: int) -> None:
        """A classifier is done with its steps."""
        self._done += steps
        self.within(0, 0.0)

    def within(self, steps: int, share: float) -> None:
        """So much of a classifier's steps is done."""
        self._study.progress(PHASE, (self._done + steps * share) / self._total)
        if self._study.should_stop():
            raise StoppedError


@dataclass(frozen=True)
class _Regime:
    """All classifiers on one share of the real images."""

    study: Study
    plan: Plan
    subset: ImageSet
    generator: Generator
    sealed: study_data.Sealed
    tally: _Tally

    def run(self) -> list[Said]:
        """Train what is not there yet, seed by seed, so that a seed's synthetic images are made once."""
        rows = self.subset.rows("train")
        real, labels = as_shown(self.subset, rows), self.subset.labels()[rows]
        keep: Selector | None = None
        for seed in range(self.study.seeds):
            missing = [arm for arm in self.plan.arms if not self._there(arm, seed)]
            for _ in range(len(self.plan.arms) - len(missing)):
                self.tally.done(self.plan.steps)
            if not missing:
                continue
            keep = keep or self._selector(real, rows)
            began = time.monotonic()
            added = extra(real, labels, self.plan.arms, self.generator.make, self._keeping(keep), seed)
            for arm in missing:
                self._train(arm, seed, added, began)
                began = time.monotonic()
                self.tally.done(self.plan.steps)
        return [self._said(arm) for arm in self.plan.arms]

    def _selector(self, real: Images, rows: NDArray[np.int64]) -> Selector:
        """What filters: a classifier trained on the regime's real images alone, and their features."""
        conditions = self.subset.conditions[rows]
        network = fit(
            real,
            conditions,
            "class",
            images_seen=self.plan.steps * BATCH,
            seed=FILTER_SEED,
            batch=BATCH,
            augment=classical,
            device=self.study.device,
            should_stop=self.study.should_stop,
        )
        return Selector.of(network, real, conditions, "class")

    def _keeping(self, selector: Selector) -> Callable[[Images, NDArray[np.float32]], NDArray[np.int64]]:
        return lambda images, conditions: selector.kept(images, conditions, KEEP)

    def _train(self, arm: ArmPlan, seed: int, added: Extra, began: float) -> None:
        """One classifier, its state chosen on the validation split, and its word on the test images kept."""
        images, labels = added.of(arm)
        everything = np.concatenate([added.real, images])
        conditions = np.eye(len(self.subset.names), dtype=np.float32)[np.concatenate([added.labels, labels])]
        validation: list[float] = []
        held = self.subset.rows("val")
        shown, truth = as_shown(self.subset, held), self.subset.labels()[held]

        def judge(network: Classifier) -> float:
            validation.append(_balanced(look(network, shown)[1], truth))
            return validation[-1]

        network = fit(
            everything,
            conditions,
            "class",
            images_seen=self.plan.steps * BATCH,
            seed=seed,
            batch=BATCH,
            augment=classical if arm.kind == "classical" else plain,
            network=builder(self.study.classifier, everything.shape[2], everything.shape[1], len(self.subset.names)),
            judge=judge,
            device=self.study.device,
            progress=lambda share: self.tally.within(self.plan.steps, share),
            should_stop=self.study.should_stop,
        )
        weights = _sha256(network)
        path = self.study.kept(self.plan.share, arm.name, seed)
        path.parent.mkdir(exist_ok=True)
        with replacing(path) as temporary, open(temporary, "wb") as file:
            np.savez_compressed(
                file,
                logits=self.sealed.logits(network),
                validation=max(validation),
                weights_sha256=weights,
                test_sha256=self.sealed.sha256,
                seconds=time.monotonic() - began,
            )

    def _there(self, arm: ArmPlan, seed: int) -> bool:
        path = self.study.kept(self.plan.share, arm.name, seed)
        return path.exists() and str(np.load(path)["test_sha256"]) == self.sealed.sha256

    def _said(self, arm: ArmPlan) -> Said:
        kept = [np.load(self.study.kept(self.plan.share, arm.name, seed)) for seed in range(self.study.seeds)]
        return Said(arm, np.stack([one["logits"] for one in kept]), [float(one["validation"]) for one in kept])


def _balanced(logits: Tensor, labels: NDArray[np.int64]) -> float:
    """Balanced accuracy of logits (n, K), over the classes that there are."""
    right = logits.argmax(dim=1).numpy() == labels
    return float(np.mean([right[labels == k].mean() for k in np.unique(labels)]))


def _sha256(network: Classifier) -> str:
    digest = hashlib.sha256()
    for value in network.state_dict().values():
        digest.update(value.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _tested(sealed: study_data.Sealed) -> dict[str, Any]:
    truth = sealed.truth
    per_class = {name: int((truth.labels == k).sum()) for k, name in enumerate(truth.names)}
    groups = len(truth.labels) if truth.group is None else len(np.unique(truth.group))
    return {
        "images": len(truth.labels),
        "groups": groups,
        "grouped": truth.group is not None,
        "per_class": per_class,
        "groups_per_class": truth.groups(),
    }


def _notices(study: Study, seen: ImageSet, regimes: list[Regime], grouped: bool) -> list[str]:
    """What a reader must know before believing the numbers, one sentence each."""
    notices = []
    if not grouped:
        notices.append(
            "This set does not say which images are of one patient: every test image counted as independent, and the "
            "intervals are too narrow where several are of one."
        )
    if study.seeds < 5:
        notices.append(f"{study.seeds} seeds tell little about the luck of training: take 5 or more.")
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
