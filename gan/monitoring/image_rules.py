"""What can be wrong with a run's images, whatever its losses say: rules as in `symptoms.py`.

By the spread of its samples (`spread.py`), by `d_val` (`overfitting.py`) and by evaluations. A rule that needs what a
run does not have stays silent. No torch.
"""

from typing import Any

from gan.evaluation.records import interpretation
from gan.evaluation.statistics import significantly_lower
from gan.monitoring.curve_rules import Basis, Finding, early, ideal_of
from gan.monitoring.observations import Observations
from gan.runs.metrics import D_G_Z1, D_VAL, D_X, LOSS_D
from gan.training.recommend import MISMATCHED_SHARE

OBEYED = 0.85
"""Share of what real images reach above guessing below which synthetic ones stray from their condition."""


def one_image_per_condition(observations: Observations) -> Finding | None:
    """The samples of one condition differ less than half as much as real images of it do, and hardly more than before.

    By the newest sample pictures (`spread.py`), or by an evaluation, whose diversity is measured on many more images
    and so counts where there is one. Healthy runs reach 70 to 97% of the spread of real images; one that collapsed
    within its classes stayed at 16 to 27%, with all its losses in order. A spread that grows with the images seen is
    that of a young run. Where the networks are told of kinds, what one image of each would show does not count: the
    few samples of a picture cannot tell the two apart (81% of the spread in a healthy run, 71% in one image of each
    kind), and only an evaluation says it.
    """
    evaluated = observations.evaluated_diversity_ratio
    share = None if observations.subclass_separation else observations.diversity_ratio
    share = share if evaluated is None else observations.within_subclasses(evaluated)
    if early(observations) or share is None or share >= 0.5 or (evaluated is None and _spread_grows(observations)):
        return None
    return Finding(
        "one-image",
        "warning",
        "One image per class: the samples of a condition are nearly alike",
        f"The images of one condition differ from each other only {share:.0%} as much as real ones do. They may each "
        "look right; as training data they add one image many times over. The losses do not show this.",
        "Do not download a batch from here. An earlier snapshot may be more varied; clone the run with a larger batch.",
        seen_in="samples",
        advice={"train.batch": min(4096, 2 * observations.config.train.batch)},
    )


def overdrawn(observations: Observations) -> Finding | None:
    """The images of one condition differ by more than 115% of what real ones do, by an evaluation or else the samples.

    Blood cells came to 117 to 143% in stretches in which their colours were too strong (coverage 0.22 to 0.35, where
    one of these runs came to 0.93 later), with Loss G about 1 instead of 0.6, which no other rule finds; all other
    evaluated snapshots came to 110% at most.
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
        "or shapes fall apart. Such stretches come and go, and the losses hardly show them.",
        "Do not download a batch from here. Score all snapshots (on the page Evaluate) and take the best, or train on.",
        seen_in="samples",
    )


def memorising(observations: Observations) -> Finding | None:
    """The discriminator takes unseen real images for generated ones, or the samples are copies.

    The first by the heuristic of Karras et al. 2020 (arXiv:2006.06676, equation 1, r_v): how far validation images lie
    from training images towards generated ones in D's answers, `d_val / (d_x - d_g_z1)`: 0 without overfitting, 1 where
    unseen real images look generated to it; that paper holds it at 0.6. It counts while Loss D is below half its ideal:
    where generated and training images look nearly the same to D, the share is one small difference over another (0.7
    in a good run on 546 ultrasound images, with no near copy). The second by an evaluation: more synthetic images are
    near copies of training images than held-out real ones are (Fisher's exact test), and more than one in fifty.
    """
    share, result = _overfitting(observations), observations.evaluation
    basis: Basis = "rule of thumb"
    if result is not None and (observations.copies or 0.0) > 0.02 and interpretation.near_copies_exceed_real(result):
        copies, held, basis = result.near_copies, result.near_copies["held_out"], "test"
        text = (
            f"{copies['count']:,} of {copies['checked']:,} synthetic images are near copies of single training images; "
            f"of new real images, {held['count']:,} of {held['checked']:,} are."
        )
    elif not early(observations) and share is not None and share > 0.6:
        text = (
            "It knows the training images one by one: real images that it has not seen it takes for generated ones. "
            "What it teaches the generator now is to repeat the training images."
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
        "Use an earlier snapshot; evaluate it, which counts near copies of training images. More images help most. A "
        f"clone {remedy} memorises less, and so does one that stops earlier.",
        seen_in="held-out",
        basis=basis,
        advice=advice,
    )


def condition_ignored(observations: Observations) -> Finding | None:
    """A classifier agrees with the asked condition less than 85% as often as on real images, beyond chance.

    Both accuracies weigh conditions alike, and what guessing reaches is taken from both; the difference is tested by
    their intervals. Where the classifier is no better than guessing on real images, it accuses nobody.
    Three runs on 546 ultrasound images without mismatched pairs came to 76 to 85%, and taught a classifier 80% of what
    real images teach; three with them to more than 100%, and 91% (medians; docs/results.md).
    """
    result = observations.evaluation
    if result is None or not result.per_condition:
        return None
    intervals, chance = result.intervals, result.chance
    low, high = (OBEYED * (end - chance) + chance for end in intervals["real_accuracy_balanced"])
    enough = OBEYED * (result.real_accuracy_balanced - chance) + chance
    if not interpretation.real_accuracy_beats_chance(result) or not significantly_lower(
        result.obedience_balanced, intervals["obedience_balanced"], enough, (low, high)
    ):
        return None
    advice: dict[str, Any] = {"loss.mismatched": MISMATCHED_SHARE}
    remedy = "Clone the run with mismatched pairs, by which the discriminator looks at the condition too."
    if observations.config.loss.mismatched:
        advice = {"train.kimg": min(1_000_000.0, 2 * observations.config.train.kimg)}
        remedy = "Train longer where it still improves."
    return Finding(
        "condition-ignored",
        "warning",
        "Images stray from the condition that was asked for",
        f"A classifier that was trained on real images finds the asked condition in {result.obedience_balanced:.0%} of "
        f"the synthetic images, and in {result.real_accuracy_balanced:.0%} of real ones; guessing "
        f"reaches {chance:.0%}. The others would teach a "
        "classifier wrong labels.",
        f"Look at the samples under each name, and at the labels of the data. {remedy}",
        seen_in="samples",
        basis="test",
        advice=advice,
    )


def _spread_grows(observations: Observations) -> bool:
    """Whether the newest samples are 1.6 times as varied as those of half as many images; steady growth gives 2."""
    newest = max(observations.diversity)
    before = [seen for seen in observations.diversity if seen <= newest / 2]
    return bool(before) and observations.diversity[newest] > 1.6 * observations.diversity[max(before)]


def _overfitting(observations: Observations) -> float | None:
    """Karras's r_v over the late points; None without validation images, or where D hardly tells anything apart."""
    held_out, real, fake = observations.mean(D_VAL), observations.mean(D_X), observations.mean(D_G_Z1)
    if held_out is None or real is None or fake is None or real - fake <= 0:
        return None
    ideal, loss = ideal_of(observations, LOSS_D), observations.mean(LOSS_D)
    if ideal is not None and loss is not None and loss > ideal / 2:
        return None
    return held_out / (real - fake)
