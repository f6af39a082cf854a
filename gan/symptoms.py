"""What can go wrong in a run, as its numbers show it: rules from `Evidence` (evidence.py) to a `Finding` or None.

A rule's docstring says what it looks at, the threshold, and why; the thresholds were set on recorded curves of real
good and bad runs (`gan/curves/`), on which the tests run every rule. A rule that needs what a run does not have stays
silent: an old run has no `d_val`, a loss may have no ideal. No torch. Read next: `ideals.py`, `recordings.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from gan import ideals
from gan.auto import MISMATCHED
from gan.evidence import Evidence

Level = Literal["good", "wait", "warning", "error"]

FEWEST_POINTS = 12
"""Points of the curves below which nothing is said of them."""
EARLY_IMAGES = 10_000
"""Images seen below which the discriminator's lead says nothing: it leads at the start of every healthy run. Shorter
runs are judged after a third of their length."""


@dataclass(frozen=True)
class Finding:
    """One thing that a run's numbers say. `seen_in` names the chart that shows it: a key of `pages/ui/explain.py`."""

    key: str
    level: Level
    headline: str
    """A few words, such as "Learning well"."""
    meaning: str
    """What it means for the images, for somebody who does not know GANs."""
    do: str
    """What to do about it; "" where there is nothing to do."""
    seen_in: str = "losses"
    advice: Mapping[str, Any] = field(default_factory=dict)
    """Options by dotted path that a clone of the run should change."""


def not_a_number(evidence: Evidence) -> Finding | None:
    """The trainer ended with the cause "nan", or a point of the curves is not finite.

    The trainer looks at each point and at all weights before a snapshot, and ends at the first that is no number.
    """
    if evidence.end != "nan" and all(np.isfinite(values[-1:]).all() for values in evidence.metrics.values()):
        return None
    return Finding(
        "nan",
        "error",
        "A number is no longer a number",
        "A step was so large that a loss became infinite. The weights after it are lost; the last snapshot, and the "
        "images from it, are still good.",
        "Clone the run with half the learning rate, and look at the data for blank or broken images.",
        advice={"optim.lr": _half_rate(evidence), "job.precision": "float32"},
    )


def silent(evidence: Evidence) -> Finding | None:
    """A running trainer that has not reported for two minutes and for twenty times its usual time between points.

    It reports twice a second; one point and one snapshot may take long on a slow disk, hence the wide margin.
    """
    if evidence.silent is None or evidence.silent < max(120.0, 20 * (evidence.usual or 0.0)):
        return None
    return Finding(
        "silent",
        "error",
        "Stalled: it runs, and does not go on",
        f"The training process has reported nothing for {evidence.silent / 60:.0f} minutes. It may wait for the disk, "
        "for the network, or for a device that hangs.",
        "Look at the log below. Stop the run and resume it: it goes on from its last snapshot.",
        seen_in="speed",
    )


def nothing_learnt(evidence: Evidence) -> Finding | None:
    """Loss D was never below 85% of that of a guess, and the samples are no more varied than a third of real images.

    A guess is one answer to everything: the ideal without mismatched pairs, and no better with them. In every healthy
    run the discriminator first gets far ahead (below 30% of it for the binary cross-entropy), because noise is easily
    told from images. Where it never did and nothing but noise is drawn, nothing moves. Without a spread (below) the
    rule stays silent: a balance from the start can also be a run that goes well.
    """
    plain = evidence.config.loss.model_copy(update={"mismatched": 0.0})
    guess, share = ideals.lines(plain).get("loss_d", (0.0, ""))[0], evidence.spread_share
    losses = evidence.tail("loss_d", share=1.0)
    if early(evidence) or not guess or share is None or share > 1 / 3 or not len(losses):
        return None
    if losses.min() < 0.85 * guess:
        return None
    return Finding(
        "nothing-learnt",
        "warning",
        "Stalled: nothing is learnt",
        "The discriminator has never told real from generated images, so the generator has nothing to learn from, and "
        "the samples stay noise.",
        "Clone the run with a higher learning rate; 0.0002 is usual.",
        advice={"optim.lr": min(max(2e-4, 10 * evidence.config.optim.lr), 0.1)},
    )


def discriminator_wins(evidence: Evidence) -> Finding | None:
    """Nine of ten late points have a Loss D below a tenth of its ideal.

    The ideal is the loss of a discriminator that cannot tell real from generated (`ideals.py`). A tenth of it means,
    for the binary cross-entropy, about 93% certainty on both; there the generator's gradient has all but vanished
    (Arjovsky and Bottou 2017, theorem 2.4). Healthy runs come down there for their first few thousand images only.
    """
    ideal = _ideal(evidence, "loss_d")
    late = evidence.tail("loss_d")
    if early(evidence) or not ideal or not len(late) or np.quantile(late, 0.9) >= 0.1 * ideal:
        return None
    return Finding(
        "discriminator-wins",
        "warning",
        "Discriminator is winning: it tells every generated image at once",
        "It is so sure of itself that the generator is told only that it is wrong, and not how to get better. The "
        "images will hardly improve from here.",
        "Clone the run with half the learning rate. With few images (some hundreds), more images help most.",
        seen_in="answers",
        advice={"optim.lr": _half_rate(evidence)},
    )


def generator_wins(evidence: Evidence) -> Finding | None:
    """Generated images are, on average over the late points, taken for real more often than real ones.

    A discriminator that learns answers D(x) > D(G(z)), whatever the loss and its scale. The margin of 2% of the larger
    keeps a balance between equals from being called a defeat.
    """
    real, fake = evidence.mean("d_x"), evidence.mean("d_g_z1")
    if early(evidence) or real is None or fake is None or fake - real <= 0.02 * max(abs(real), abs(fake)):
        return None
    return Finding(
        "generator-wins",
        "warning",
        "Generator is winning: the discriminator is fooled",
        "The discriminator takes generated images for real, so it no longer teaches the generator anything. The images "
        "drift, and may turn to noise or to one pattern that always passes.",
        "Clone the run with wider networks, so that the discriminator sees more; check that the labels are right.",
        seen_in="answers",
        advice={"model.width": min(256, 2 * evidence.config.model.width)},
    )


def oscillating(evidence: Evidence) -> Finding | None:
    """Loss D swings, about its own trend over the late points, by more than a quarter of its ideal (one deviation).

    In healthy runs that is 2 to 11%, and up to 20% in the first third of a short run; at fifty times the usual
    learning rate 40 to 75%. The trend is taken away so that a run that steadily improves is not called restless.
    """
    ideal, late = _ideal(evidence, "loss_d"), evidence.tail("loss_d")
    if early(evidence) or not ideal or len(late) < 3:
        return None
    position = np.arange(len(late))
    around = late - np.polyval(np.polyfit(position, late, 1), position)
    if around.std() <= 0.25 * abs(ideal):
        return None
    return Finding(
        "oscillating",
        "warning",
        "Oscillating: the two networks chase each other",
        "Each step undoes what the last one learnt: the losses swing in wide waves, and samples change from good to "
        "bad and back.",
        "Clone the run with half the learning rate. A larger batch steadies it too.",
        advice={"optim.lr": _half_rate(evidence)},
    )


def one_image_per_condition(evidence: Evidence) -> Finding | None:
    """The samples of one condition differ less than half as much as real images of it do, and hardly more than before.

    By the newest sample pictures (`spread.py`), or by an evaluation, whose diversity is measured on many more images
    and so counts where there is one. Healthy runs reach 70 to 97% of the spread of real images; one that collapsed
    within its classes stayed at 16 to 27%, with all its losses in order. A spread that grows with the images seen is
    that of a young run. Where the networks are told of kinds, what one image of each would show does not count.
    """
    evaluated = evidence.evaluated_share
    share = evidence.spread_share if evaluated is None else evaluated
    if early(evidence) or share is None or share >= 0.5 or (evaluated is None and _spread_grows(evidence)):
        return None
    return Finding(
        "one-image",
        "warning",
        "One image per class: the samples of a condition are nearly alike",
        f"The images of one condition differ from each other only {share:.0%} as much as real ones do. They may each "
        "look right; as training data they add one image many times over. The losses do not show this.",
        "Do not download a batch from here. An earlier snapshot may be more varied; clone the run with a larger batch.",
        seen_in="samples",
        advice={"train.batch": min(4096, 2 * evidence.config.train.batch)},
    )


def memorising(evidence: Evidence) -> Finding | None:
    """The discriminator takes unseen real images for generated ones, or the samples are copies.

    The first by the heuristic of Karras et al. 2020 (arXiv:2006.06676, equation 1, r_v): how far validation images lie
    from training images towards generated ones in D's answers, `d_val / (d_x - d_g_z1)`: 0 without overfitting, 1 where
    unseen real images look generated to it; that paper holds it at 0.6. It counts while Loss D is below half its ideal:
    where generated and training images look nearly the same to D, the share is one small difference over another (0.7
    in a good run on 546 ultrasound images, with no near copy). The second by an evaluation: near copies of training
    images among more than one in fifty synthetic images, where new real ones would give one in a hundred.
    """
    share, copies = _overfitting(evidence), evidence.copies
    if copies is not None and copies > 0.02:
        text = f"{copies:.1%} of the synthetic images are near copies of single training images."
    elif not early(evidence) and share is not None and share > 0.6:
        text = (
            "It knows the training images one by one: real images that it has not seen it takes for generated ones. "
            "What it teaches the generator now is to repeat the training images."
        )
    else:
        return None
    advice: dict[str, Any] = {"train.augment": True}
    remedy = "whose discriminator sees its images augmented"
    if evidence.config.train.augment:
        remedy, advice = "with narrower networks", {"model.width": max(8, evidence.config.model.width // 2)}
    return Finding(
        "memorising",
        "warning",
        "Memorising: the discriminator knows the training images by heart",
        text,
        "Use an earlier snapshot; evaluate it, which counts near copies of training images. More images help most. A "
        f"clone {remedy} memorises less, and so does one that stops earlier.",
        seen_in="held-out",
        advice=advice,
    )


def condition_ignored(evidence: Evidence) -> Finding | None:
    """An evaluation found that a classifier agrees with the asked condition less than 85% as often as on real images.

    Both accuracies weigh conditions alike, and what guessing would reach is taken from both. Three runs on 546
    ultrasound images without mismatched pairs came to 76 to 85%, and taught a classifier 80% of what real images teach;
    three with them to more than 100%, and 91% (medians; docs/results.md).
    """
    result = evidence.evaluation
    if result is None or not result.per_condition:
        return None
    chance = 1 / max(2, len(result.per_condition))
    real, synthetic = result.real_accuracy_balanced - chance, result.obedience_balanced - chance
    if real <= 0.1 or synthetic >= 0.85 * real:  # a classifier that cannot tell real images apart accuses nobody
        return None
    advice: dict[str, Any] = {"loss.mismatched": MISMATCHED}
    remedy = "Clone the run with mismatched pairs, by which the discriminator looks at the condition too."
    if evidence.config.loss.mismatched:
        advice = {"train.kimg": min(1_000_000.0, 2 * evidence.config.train.kimg)}
        remedy = "Train longer where it still improves."
    return Finding(
        "condition-ignored",
        "warning",
        "Images stray from the condition that was asked for",
        f"A classifier that was trained on real images finds the asked condition in {result.obedience_balanced:.0%} of "
        f"the synthetic images, and in {result.real_accuracy_balanced:.0%} of real ones. The others would teach a "
        "classifier wrong labels.",
        f"Look at the samples under each name, and at the labels of the data. {remedy}",
        seen_in="samples",
        advice=advice,
    )


RULES: tuple[Callable[[Evidence], Finding | None], ...] = (
    not_a_number,
    silent,
    nothing_learnt,
    memorising,
    discriminator_wins,
    generator_wins,
    one_image_per_condition,
    oscillating,
    condition_ignored,
)
"""In the order in which findings of one level are told: what spoils the images first, then what spoils the training."""


def early(evidence: Evidence) -> bool:
    """Whether it is too soon for a judgement; see EARLY_IMAGES."""
    enough = min(EARLY_IMAGES, evidence.total / 3)
    return len(evidence.seen) < FEWEST_POINTS or evidence.last < enough


def _ideal(evidence: Evidence, metric: str) -> float | None:
    """The ideal value of a metric under the run's loss; None where the loss has none, or one of 0."""
    value, _ = ideals.lines(evidence.config.loss).get(metric, (0.0, ""))
    return value or None


def _spread_grows(evidence: Evidence) -> bool:
    """Whether the newest samples are 1.6 times as varied as those of half as many images; steady growth gives 2."""
    newest = max(evidence.spread)
    before = [seen for seen in evidence.spread if seen <= newest / 2]
    return bool(before) and evidence.spread[newest] > 1.6 * evidence.spread[max(before)]


def _overfitting(evidence: Evidence) -> float | None:
    """Karras's r_v over the late points; None without validation images, or where D hardly tells anything apart."""
    held_out, real, fake = evidence.mean("d_val"), evidence.mean("d_x"), evidence.mean("d_g_z1")
    if held_out is None or real is None or fake is None or real - fake <= 0:
        return None
    ideal, loss = _ideal(evidence, "loss_d"), evidence.mean("loss_d")
    if ideal is not None and loss is not None and loss > ideal / 2:
        return None
    return held_out / (real - fake)


def _half_rate(evidence: Evidence) -> float:
    return max(evidence.config.optim.lr / 2, 1e-6)
