"""The notices of a study: warnings about its numbers, one sentence each."""

from gan.data.image_set import ImageSet
from gan.evaluation.records.study_results import Regime
from gan.evaluation.study.study_options import ENOUGH_SEEDS, StudyOptions
from gan.evaluation.study.study_plan import RegimePlan


def study_notices(
    images: ImageSet, options: StudyOptions, plans: list[RegimePlan], regimes: list[Regime], looks: int
) -> list[str]:
    """The notices of a study that is finished."""
    used, available = plans[0].divisions[0].images, len(images.rows("train"))
    capped = options.folds == 1 and plans[0].share == 1 and used < available
    return [
        *_independence(images, regimes),
        *_seeds(options),
        *_looks(looks),
        *_attributes(images, regimes),
        *([f"{used:,} of the {available:,} training images were used."] if capped else []),
        *_generators(options, plans, regimes),
        *_guard(regimes),
    ]


def _independence(images: ImageSet, regimes: list[Regime]) -> list[str]:
    notices, first = [], regimes[0]
    if images.group is None:
        notices.append(
            "This set does not say which images are of one patient. Every test image counted as independent; the "
            "intervals are too narrow where several images are of one patient."
        )
    if first.test["near_copies"]:
        notices.append(
            f"{first.test['near_copies']:,} test images show the same picture as a training image, by their "
            "thumbnails: on these a classifier need not generalise. Without them: "
            f"{first.without_copies or 'no image is left.'}"
        )
    if first.validation_copies:
        notices.append(
            f"{first.validation_copies:,} validation images show the same picture as a training image: the choice of "
            "what to confirm, and every score on validation images, leans to what learns training images by heart."
        )
    return notices


def _seeds(options: StudyOptions) -> list[str]:
    few = f"{options.seeds} seeds say little about the variation between trainings: use {ENOUGH_SEEDS} or more."
    return [few] if options.seeds < ENOUGH_SEEDS else []


def _looks(looks: int) -> list[str]:
    many = (
        f"This is look {looks} at these test images, by studies and scores of this store. Nothing corrects for the "
        "looks before: the more looks, the likelier it is that one of them finds what is not there."
    )
    return [many] if looks > 1 else []


def _attributes(images: ImageSet, regimes: list[Regime]) -> list[str]:
    """Which attributes are not scored."""
    missing = [(one, [name for name in images.names if name not in one.attributes]) for one in regimes]
    return [
        f"Metrics at {regime.share:.0%} are means over {len(regime.attributes)} of {len(images.names)} attributes. Too "
        f"few images for training, validation or test have, or lack, {', '.join(names)}."
        for regime, names in missing
        if regime.attributes and names
    ]


def _generators(options: StudyOptions, plans: list[RegimePlan], regimes: list[Regime]) -> list[str]:
    pairs = list(zip(regimes, plans, strict=True))
    own = [regime for regime, plan in pairs if not plan.divisions[0].division.is_whole]
    lengths = " and ".join(f"{r.generator['kimg']:,g} thousand images at {r.share:.0%}" for r in own)
    if options.folds > 1:
        return [
            f"Each of the {options.folds} folds trained generators of its own, from scratch, for {lengths}. Training "
            "sets of folds overlap, so that intervals from folds are approximate. What is tested is choosing by "
            "validation images, not one generator."
        ]
    notices = []
    if own:
        many = "one generator" if options.generators == 1 else f"{options.generators} generators"
        notices.append(f"Each regime with fewer real images has {many}, trained on those alone, for {lengths}.")
    if options.generators == 1:
        notices.append(
            "Every interval is for the one generator of its regime: it does not include the variation from another "
            "training of the generator. Folds, or several generators, include it."
        )
    return notices


def _guard(regimes: list[Regime]) -> list[str]:
    images, copies, kept = (sum(r.guard[key] for r in regimes) for key in ("images", "near_copies", "kept"))
    notices = []
    if copies:
        notices.append(
            f"{copies:,} of {images:,} synthetic images were near copies of training images, and were replaced as in "
            "an export."
        )
    if kept:
        notices.append(
            f"{kept:,} synthetic images were near copies however often they were generated again, and were used: an "
            "export leaves such images out, so that this study says little about what it would hold."
        )
    return notices
