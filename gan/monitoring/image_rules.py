"""What can be wrong with a run's images while its losses look fine: rules as in `curve_rules.py`.

They use the diversity of samples (`sample_diversity.py`), `d_val` (`gan/training/held_out.py`) and evaluations.
"""

from typing import Any

from gan.evaluation.records import interpretation
from gan.evaluation.records.best_snapshot import kernel_distance
from gan.evaluation.records.results import FEATURES
from gan.evaluation.statistics import significantly_lower
from gan.monitoring.curve_rules import Basis, Finding, early, equilibrium_value
from gan.monitoring.observations import Observations
from gan.runs.metrics import D_G_Z1, D_VAL, D_X, LOSS_D
from gan.training.recommend import MISMATCHED_SHARE

MIN_OBEDIENCE = 0.85
"""Least obedience of synthetic images, as a share of what real images reach above chance."""


def one_image_per_condition(observations: Observations) -> Finding | None:
    """Diversity within a condition is below half of that of real images, and no longer grows.

    Measured on the newest sample sheet or, where there is an evaluation, on its many more images. Healthy runs reach 70
    to 97% of the diversity of real images; a run that collapsed within its classes stayed at 16 to 27%, with normal
    losses. Diversity that still grows is that of a young run. With subclasses, the differences between subclasses are
    subtracted, which takes an evaluation: on the few samples of a sheet, a healthy run (81%) and one image per subclass
    (71%) look alike.
    """
    evaluated = observations.evaluated_diversity_ratio
    share = None if observations.subclass_separation else observations.diversity_ratio
    share = share if evaluated is None else observations.within_subclasses(evaluated)
    if early(observations) or share is None or share >= 0.5 or (evaluated is None and _diversity_grows(observations)):
        return None
    return Finding(
        "one-image",
        "warning",
        "One image per class: the samples of a condition are nearly the same",
        f"The images of one condition differ from each other only {share:.0%} as much as real ones do. Each may look "
        "right, but as training data they add one image many times. The losses do not show this.",
        "Do not download images of this snapshot; an earlier one may be more diverse. Clone the run with a larger "
        "batch.",
        seen_in="samples",
        advice={"train.batch": min(4096, 2 * observations.config.train.batch)},
    )


def overdrawn(observations: Observations) -> Finding | None:
    """Diversity within a condition exceeds 115% of that of real images, by an evaluation or else by the samples.

    Runs on blood cells had 117 to 143% during periods of too strong colours (coverage 0.22 to 0.35; one of these runs
    reached 0.93 later), with Loss G about 1 instead of 0.6, which no other rule detects. All other evaluated snapshots
    had at most 110%.
    """
    evaluated = observations.evaluated_diversity_ratio
    share = observations.diversity_ratio if evaluated is None else evaluated
    if early(observations) or share is None or share <= 1.15:
        return None
    return Finding(
        "overdrawn",
        "warning",
        "Overdrawn: the images differ more from each other than real ones do",
        f"The images of one condition differ {share:.0%} as much as real ones do: colours or contrasts are too strong, "
        "or shapes fall apart. This comes and goes, and the losses hardly show it.",
        "Do not download images of this snapshot. Score all snapshots on the page Evaluate and use the best, or train "
        "longer.",
        seen_in="samples",
    )


def memorising(observations: Observations) -> Finding | None:
    """The discriminator overfits (r_v above 0.6), or more synthetic images are near copies than held-out real ones.

    r_v of Karras et al. 2020 (arXiv:2006.06676, equation 1) is `d_val / (d_x - d_g_z1)`: 0 without overfitting, 1 where
    D takes unseen real images for generated ones; the paper keeps it at 0.6. It is used only while Loss D is below half
    its equilibrium: above, it is a ratio of two small differences (0.7 in a good run on 546 ultrasound images without a
    near copy). Near copies are counted by an evaluation: more than in held-out real images (Fisher's exact test), and
    more than 2%.
    """
    share, result = _overfitting(observations), observations.evaluation
    basis: Basis = "rule of thumb"
    if (
        result is not None
        and (observations.near_copy_share or 0.0) > 0.02
        and interpretation.near_copies_exceed_real(result)
    ):
        copies, held_out, basis = result.near_copies, result.near_copies["held_out"], "test"
        text = (
            f"{copies['count']:,} of {copies['checked']:,} synthetic images are near copies of single training images; "
            f"of new real images, {held_out['count']:,} of {held_out['checked']:,} are."
        )
    elif not early(observations) and share is not None and share > 0.6:
        text = (
            "It recognises single training images, and takes unseen real images for generated ones. It now teaches the "
            "generator to repeat the training images."
        )
    else:
        return None
    advice: dict[str, Any] = {"train.augment": True}
    remedy = "whose discriminator sees its images augmented"
    if observations.config.train.augment:
        remedy, advice = "with narrower networks", {"model.width": max(8, observations.config.model.width // 2)}
    return Finding(
        "memorising",
        "warning",
        "Memorising: the discriminator knows the training images by heart",
        text,
        "Use an earlier snapshot, and evaluate it to count near copies of training images. More images help most. A "
        f"clone {remedy} memorises less, and so does one that stops earlier.",
        seen_in="held-out",
        basis=basis,
        advice=advice,
    )


def past_best(observations: Observations) -> Finding | None:
    """The best snapshot's kernel distance is below the newest scored one's, by a one-sided test, and two or more
    snapshots were scored after it.

    The test uses the 95% intervals of both as if they were independent. They are of the same real images, so that it
    errs on the side of silence; that the best is the lowest of several errs on the other.
    """
    scores = observations.scores
    best = min(scores, key=kernel_distance, default=None)
    if best is None or sum(score.snapshot > best.snapshot for score in scores) < 2:
        return None
    newest = scores[-1]
    interval, newest_interval = best.intervals["kid"], newest.intervals["kid"]
    if not significantly_lower(best.kid, interval, newest.kid, newest_interval):
        return None
    ago = newest.snapshot - best.snapshot
    when = f"{ago / 1000:,.0f} thousand" if ago >= 10_000 else f"{ago:,}"
    (low, high), (newest_low, newest_high) = interval, newest_interval
    return Finding(
        "past-best",
        "warning",
        f"Best {when} images ago: stop here",
        f"The snapshot after {best.snapshot:,} images is the closest to real ones: kernel distance {best.kid:.3g} "
        f"({low:.3g} to {high:.3g}). That after {newest.snapshot:,} has {newest.kid:.3g} ({newest_low:.3g} to "
        f"{newest_high:.3g}), in {FEATURES[best.features]}.",
        "Use the best snapshot: commands take it by default, and so do the pages unless another has a study. Stop a "
        "run that goes on; with Patience, a clone ends by itself.",
        seen_in="scores",
        basis="test",
    )


def condition_ignored(observations: Observations) -> Finding | None:
    """Obedience is below 85% of accuracy on real images, both balanced and above chance, by a one-sided test.

    The test uses the 95% intervals of both. The rule does not apply where the classifier is no better than guessing on
    real images. Three runs on 546 ultrasound images without mismatched pairs had 76 to 85%, and their images taught a
    classifier 80% of what real images teach; three with mismatched pairs had more than 100%, and 91% (medians;
    docs/results.md).
    """
    result = observations.evaluation
    if result is None or not result.per_condition:
        return None
    intervals, chance = result.intervals, result.chance
    low, high = (MIN_OBEDIENCE * (end - chance) + chance for end in intervals["real_accuracy_balanced"])
    enough = MIN_OBEDIENCE * (result.real_accuracy_balanced - chance) + chance
    if not interpretation.real_accuracy_beats_chance(result) or not significantly_lower(
        result.obedience_balanced, intervals["obedience_balanced"], enough, (low, high)
    ):
        return None
    advice: dict[str, Any] = {"loss.mismatched": MISMATCHED_SHARE}
    remedy = "Clone the run with mismatched pairs, which make the discriminator check the condition too."
    if observations.config.loss.mismatched:
        advice = {"train.kimg": min(1_000_000.0, 2 * observations.config.train.kimg)}
        remedy = "Train longer where it still improves."
    return Finding(
        "condition-ignored",
        "warning",
        "Images stray from the requested condition",
        f"A classifier trained on real images recognises the requested condition in {result.obedience_balanced:.0%} of "
        f"the synthetic images, and in {result.real_accuracy_balanced:.0%} of real ones; guessing "
        f"reaches {chance:.0%}. The others "
        "would teach a classifier wrong labels.",
        f"Look at the samples under each name, and at the labels of the data. {remedy}",
        seen_in="samples",
        basis="test",
        advice=advice,
    )


def _diversity_grows(observations: Observations) -> bool:
    """Whether the newest samples are 1.6 times as diverse as those at half as many images; steady growth gives 2."""
    newest = max(observations.diversity)
    before = [seen for seen in observations.diversity if seen <= newest / 2]
    return bool(before) and observations.diversity[newest] > 1.6 * observations.diversity[max(before)]


def _overfitting(observations: Observations) -> float | None:
    """r_v of Karras et al. over the late points; None without validation images, or with Loss D near equilibrium."""
    held_out, real, fake = observations.mean(D_VAL), observations.mean(D_X), observations.mean(D_G_Z1)
    if held_out is None or real is None or fake is None or real - fake <= 0:
        return None
    balanced, loss = equilibrium_value(observations, LOSS_D), observations.mean(LOSS_D)
    if balanced is not None and loss is not None and loss > balanced / 2:
        return None
    return held_out / (real - fake)
