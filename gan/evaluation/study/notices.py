"""The notices of a study: warnings about its numbers, one sentence each."""

from gan.data.image_set import ImageSet
from gan.evaluation.records.study_results import Regime
from gan.evaluation.study.study_options import StudyOptions
from gan.evaluation.study.study_plan import RegimePlan


def study_notices(
    images: ImageSet, options: StudyOptions, plans: list[RegimePlan], regimes: list[Regime], looks: int, copied: int
) -> list[str]:
    """The notices of a study that is finished; `copied` test images are near copies of training images."""
    notices = []
    if images.group is None:
        notices.append(
            "This set does not say which images are of one patient. Every test image counted as independent; the "
            "intervals are too narrow where several images are of one patient."
        )
    if options.seeds < 5:
        notices.append(f"{options.seeds} seeds say little about the variation between trainings: use 5 or more.")
    if copied:
        notices.append(
            f"{copied:,} test images show the same picture as a training image, by their thumbnails: on these a "
            f"classifier need not generalise. Without them: {regimes[0].without_copies or 'no image is left.'}"
        )
    if looks > 1:
        notices.append(
            f"This is look {looks} at these test images, by studies and scores of this store. Nothing corrects for the "
            "looks before: the more looks, the likelier it is that one of them finds what is not there."
        )
    for regime in regimes:
        missing = [name for name in images.names if name not in regime.attributes]
        if regime.attributes and missing:
            notices.append(
                f"Metrics at {regime.share:.0%} are means over {len(regime.attributes)} of {len(images.names)} "
                f"attributes. Too few images for training, validation or test have, or lack, {', '.join(missing)}."
            )
    used, available = plans[0].divisions[0].images, len(images.rows("train"))
    if plans[0].share == 1 and used < available:
        notices.append(f"{used:,} of the {available:,} training images were used.")
    own = [regime for regime, plan in zip(regimes, plans, strict=True) if not plan.divisions[0].division.is_whole]
    if own:
        lengths = " and ".join(f"{r.generator['kimg']:g} thousand images at {r.share:.0%}" for r in own)
        notices.append(
            f"Each regime with fewer real images has one generator, trained on those alone, for {lengths}. The "
            "intervals do not include the variation from another subset or another training of the generator."
        )
    return notices
