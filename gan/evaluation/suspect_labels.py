"""Look for wrong labels and outliers among a set's training images, before a GAN is trained on them.

Confident learning (Northcutt, Jiang and Chuang 2021, doi:10.1613/jair.1.12125) by cleanlab: our own classifier is
cross-validated on the training split, so that each image is judged by a classifier that was not trained on it, nor on
another image of its group. Validation and test images are never read.

Letters: n training images, K classes, F features.
"""

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gan.data import catalogue, registry
from gan.data.image_set import ImageSet
from gan.data.ingest.import_plan import ImportPlan
from gan.data.set_notes import added_folder
from gan.data.splits import stratified_split
from gan.errors import DataError
from gan.evaluation.budget import SuspectBudget
from gan.evaluation.classifiers.reference import native_images
from gan.evaluation.classifiers.small_resnet import Images, predict
from gan.evaluation.classifiers.training import train_classifier
from gan.evaluation.records.suspects import Outlier, SuspectLabel, Suspects, save_suspects
from gan.io.atomic import file_version
from gan.io.progress import Progress, silent

SEED = 0
NEIGHBOURS = 10
"""Nearest images that an outlier is compared with; cleanlab's default."""


@dataclass(frozen=True)
class _Judgement:
    """Of all training images: class probabilities (n, K) and typicality (n,), by classifiers not trained on them.

    `work` is what training them cost (`SuspectBudget.work`).
    """

    probabilities: NDArray[np.float64]
    typicality: NDArray[np.float64]
    work: int


def search_added_set(
    name: str, progress: Progress = silent, budget: SuspectBudget = SuspectBudget(), device: str = "cpu"
) -> Suspects:
    """Look for wrong labels in an added set and keep the result in its folder.

    Raises DataError where there is no such set, where it has attributes instead of classes, and where it is removed
    meanwhile.
    """
    folder = added_folder(name)
    version = file_version(folder / "plan.json")
    plan = ImportPlan.load(folder)
    if plan.kind != "class":
        raise _no_classes(name)
    image_set = registry.load_image_set(catalogue.find_entry(f"folder-{name}").config, progress)
    suspects = find_suspects(image_set, plan.files, progress=progress, budget=budget, device=device)
    if file_version(folder / "plan.json") != version:
        raise DataError(f"The set {name} was removed while its labels were looked through.")
    save_suspects(folder, suspects)
    return suspects


def find_suspects(
    image_set: ImageSet,
    files: tuple[str, ...],
    *,
    seed: int = SEED,
    progress: Progress = silent,
    budget: SuspectBudget = SuspectBudget(),
    device: str = "cpu",
) -> Suspects:
    """The most suspect labels and the outliers of the training split; `files` (N,) are the names of all images.

    Reproducible on one machine for the same seed and images. A class with fewer groups (images, where no groups are
    known) than folds is not judged. Raises DataError for attributes, and where fewer than two classes can be judged.
    """
    if image_set.kind != "class":
        raise _no_classes(image_set.title)
    began = time.monotonic()
    rows = image_set.rows("train")
    labels = image_set.labels()[rows]
    group = None if image_set.group is None else image_set.group[rows]
    judged = _judged(labels, group, len(image_set.names), budget.folds)
    checked = np.flatnonzero(judged[labels])
    if judged.sum() < 2:
        raise DataError(
            f"{image_set.title} has fewer than two classes with {budget.folds} training images (or patients) each: "
            "too few to look for wrong labels."
        )
    judgement = _cross_validate(image_set, rows, seed, budget, device, progress)
    order, wrong = _label_issues(labels[checked], judgement.probabilities[checked])
    outliers = checked[np.argsort(judgement.typicality[checked], kind="stable")[: budget.outliers]]
    names = image_set.names
    progress("looking for wrong labels", 1.0)
    return Suspects(
        labels=tuple(
            _suspect_label(files[rows[n]], labels[n], judgement.probabilities[n], names)
            for n in checked[order][: budget.labels].tolist()
        ),
        outliers=tuple(
            Outlier(files[rows[n]], names[labels[n]], float(judgement.typicality[n])) for n in outliers.tolist()
        ),
        wrong=wrong,
        checked=len(checked),
        unchecked={
            name: int((labels == k).sum()) for k, name in enumerate(names) if not judged[k] and (labels == k).any()
        },
        folds=budget.folds,
        seed=seed,
        work=judgement.work,
        seconds=time.monotonic() - began,
    )


def _no_classes(title: str) -> DataError:
    return DataError(
        f"{title} has attributes: wrong labels are looked for in sets with classes, where each image has one."
    )


def _judged(labels: NDArray[np.int64], group: NDArray[np.str_] | None, classes: int, folds: int) -> NDArray[np.bool_]:
    """Whether each class (K,) has images of at least `folds` groups, so that each fold can have one."""
    if group is None:
        return np.asarray(np.bincount(labels, minlength=classes) >= folds)
    return np.array([len(np.unique(group[labels == k])) >= folds for k in range(classes)])


def _cross_validate(
    image_set: ImageSet, rows: NDArray[np.int64], seed: int, budget: SuspectBudget, device: str, progress: Progress
) -> _Judgement:
    """Judge each of these images (n,) by a classifier trained on the other folds."""
    conditions = image_set.conditions[rows]
    group = None if image_set.group is None else image_set.group[rows]
    fold = stratified_split(conditions, group, {str(number): 1 / budget.folds for number in range(1, budget.folds)})
    probabilities = np.zeros(conditions.shape, dtype=np.float64)
    typicality = np.ones(len(rows), dtype=np.float64)
    images_seen = 0
    for number, name in enumerate(sorted(set(fold.tolist()))):
        held = np.flatnonzero(fold == name)
        rest = np.random.default_rng([seed, number]).permutation(np.flatnonzero(fold != name))
        report = _FoldProgress(progress, number, budget.folds)
        train = rest[: budget.classifier.images]
        length = budget.classifier.images_seen(len(train))
        network = train_classifier(
            _ShrunkImages(image_set, rows[train], budget)[:],
            conditions[train],
            image_set.kind,
            images_seen=length,
            seed=seed + number,
            device=device,
            progress=report,
        )
        images_seen += length
        network_features, _ = predict(network, _ShrunkImages(image_set, rows[train], budget))
        features, logits = predict(network, _ShrunkImages(image_set, rows[held], budget))
        probabilities[held] = logits.double().softmax(dim=1).numpy()
        typicality[held] = _typicality(network_features.numpy(), features.numpy())
    return _Judgement(probabilities, typicality, budget.work(images_seen, image_set.native_size))


@dataclass(frozen=True)
class _FoldProgress:
    """A PhaseProgress of one fold, reported as a share of all."""

    progress: Progress
    number: int
    folds: int

    def __call__(self, done: float) -> None:
        self.progress("looking for wrong labels", (self.number + done) / self.folds)


class _ShrunkImages:
    """Native images shrunk to the budget's side on access, by means of blocks of pixels: a large set stays on disk."""

    def __init__(self, images: ImageSet, rows: NDArray[np.int64], budget: SuspectBudget):
        self._images, self._rows = images, rows
        self._factor = budget.shrink_factor(images.native_size)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, positions: slice | NDArray[np.int64]) -> Images:
        rows, factor = self._rows[positions], self._factor
        chunks = [native_images(self._images, rows[first : first + 1024]) for first in range(0, len(rows), 1024)]
        return np.concatenate([_block_means(chunk, factor) for chunk in chunks])


def _block_means(images: Images, factor: int) -> Images:
    """Means of blocks of `factor` x `factor` pixels: (n, C, H, H) to (n, C, H // factor, H // factor)."""
    if factor == 1:
        return images
    n, channels, height, _ = images.shape
    side = height // factor
    blocks = images[..., : side * factor, : side * factor].reshape(n, channels, side, factor, side, factor)
    means: NDArray[np.float32] = blocks.mean(axis=(3, 5), dtype=np.float32)
    return np.rint(means).astype(np.uint8)


def _label_issues(labels: NDArray[np.int64], probabilities: NDArray[np.float64]) -> tuple[NDArray[np.int64], int]:
    """Positions of the labels that the classifier contradicts, the least self-confident first; how many are wrong.

    The number is estimated by the calibrated confident joint. The list is longer, for people who look at each: cut at
    that number it missed up to a fifth of the labels that we flipped in trials; whole, up to a twentieth.
    """
    from cleanlab.count import num_label_issues  # here: they take a second to import
    from cleanlab.filter import find_label_issues

    ranked = find_label_issues(
        labels,
        probabilities,
        return_indices_ranked_by="self_confidence",
        filter_by="predicted_neq_given",
        n_jobs=1,
    )
    wrong = num_label_issues(labels, probabilities, estimation_method="off_diagonal_calibrated")
    return np.asarray(ranked, dtype=np.int64), int(wrong)


def _typicality(known: NDArray[np.float32], features: NDArray[np.float32]) -> NDArray[np.float64]:
    """exp(-d / median d) of features (n, F), d their mean cosine distance to the nearest `known` features (m, F)."""
    from cleanlab.outlier import OutOfDistribution  # here: it takes a second to import

    scorer = OutOfDistribution({"k": min(NEIGHBOURS, len(known) - 1)})
    scorer.fit(features=known, verbose=False)
    return np.asarray(scorer.score(features=features), dtype=np.float64)


def _suspect_label(file: str, label: int, probabilities: NDArray[np.float64], names: tuple[str, ...]) -> SuspectLabel:
    others = probabilities.copy()
    others[label] = -1.0
    likely = int(others.argmax())
    return SuspectLabel(file, names[label], names[likely], float(probabilities[label]), float(probabilities[likely]))
