"""What can go wrong in a training, as its curves show it: each rule takes `Observations` and gives a `Finding` or None.

A rule's docstring says what it looks at, the threshold, and why; the thresholds were set on recorded curves of real
good and bad runs (`gan/monitoring/curves/`), on which the tests run every rule. A rule that needs what a run does not
have stays silent: a loss may have no ideal. No torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from gan.monitoring import equilibrium
from gan.monitoring.observations import Observations
from gan.runs.metrics import D_G_Z1, D_X, LOSS_D

Level = Literal["good", "neutral", "wait", "warning", "error"]
Basis = Literal["fact", "test", "rule of thumb"]
"""What a finding rests on: what happened, a test that excludes chance, or a threshold set on recorded runs."""

FEWEST_POINTS = 12
"""Points of the curves below which nothing is said of them."""
EARLY_IMAGES = 10_000
"""Images seen below which the discriminator's lead says nothing: it leads at the start of every healthy run. Shorter
runs are judged after a third of their length."""


@dataclass(frozen=True)
class Finding:
    """One thing that a run's numbers say. `seen_in` names the chart that shows it: a key of
    `pages/ui/progress/chart_texts.py`."""

    key: str
    level: Level
    headline: str
    """A few words, such as "Learning well"."""
    meaning: str
    """What it means for the images, for somebody who does not know GANs."""
    do: str
    """What to do about it; "" where there is nothing to do."""
    seen_in: str = "losses"
    basis: Basis = "rule of thumb"
    advice: Mapping[str, Any] = field(default_factory=dict)
    """Options by dotted path that a clone of the run should change."""


def not_a_number(observations: Observations) -> Finding | None:
    """The trainer ended with the cause "nan", or a point of the curves is not finite.

    The trainer looks at each point and at all weights before a snapshot, and ends at the first that is no number.
    """
    if observations.end != "nan" and all(np.isfinite(values[-1:]).all() for values in observations.metrics.values()):
        return None
    return Finding(
        "nan",
        "error",
        "A number is no longer a number",
        "A step was so large that a loss became infinite. The weights after it are lost; the last snapshot, and the "
        "images from it, are still good.",
        "Clone the run with half the learning rate, and look at the data for blank or broken images.",
        basis="fact",
        advice={"optim.lr": _half_rate(observations), "job.precision": "float32"},
    )


def silent(observations: Observations) -> Finding | None:
    """A running trainer that has not reported for two minutes and for twenty times its usual time between points.

    It reports twice a second; one point and one snapshot may take long on a slow disk, hence the wide margin.
    """
    if observations.silent is None or observations.silent < max(120.0, 20 * (observations.usual or 0.0)):
        return None
    return Finding(
        "silent",
        "error",
        "Stalled: it runs, and does not go on",
        f"The training process has reported nothing for {observations.silent / 60:.0f} minutes. It may wait for the "
        "disk, for the network, or for a device that hangs.",
        "Look at the log below. Stop the run and resume it: it goes on from its last snapshot.",
        seen_in="speed",
        basis="fact",
    )


def nothing_learnt(observations: Observations) -> Finding | None:
    """Loss D was never below 85% of that of a guess, and the samples are no more varied than a third of real images.

    A guess is one answer to everything: the ideal without mismatched pairs, and no better with them. In every healthy
    run the discriminator first gets far ahead (below 30% of it for the binary cross-entropy), because noise is easily
    told from images. Where it never did and nothing but noise is drawn, nothing moves. Without a spread (below) the
    rule stays silent: a balance from the start can also be a run that goes well.
    """
    plain = observations.config.loss.model_copy(update={"mismatched": 0.0})
    guess, share = equilibrium.equilibrium_values(plain).get(LOSS_D, (0.0, ""))[0], observations.diversity_ratio
    losses = observations.tail(LOSS_D, share=1.0)
    if early(observations) or not guess or share is None or share > 1 / 3 or not len(losses):
        return None
    if losses.min() < 0.85 * guess:
        return None
    return Finding(
        "nothing-learnt",
        "warning",
        "Stalled: nothing is learnt",
        "The discriminator has never told real from generated images, so the generator has nothing to learn from, and "
        "the samples vary hardly more than noise.",
        "Clone the run with a higher learning rate; 0.0002 is usual.",
        advice={"optim.lr": min(max(2e-4, 10 * observations.config.optim.lr), 0.1)},
    )


def discriminator_wins(observations: Observations) -> Finding | None:
    """Nine of ten late points have a Loss D below a tenth of its ideal.

    The ideal is the loss of a discriminator that cannot tell real from generated (`ideals.py`). A tenth of it means,
    for the binary cross-entropy, about 93% certainty on both; there the generator's gradient has all but vanished
    (Arjovsky and Bottou 2017, theorem 2.4). Healthy runs come down there for their first few thousand images only.
    """
    ideal = ideal_of(observations, LOSS_D)
    late = observations.tail(LOSS_D)
    if early(observations) or not ideal or not len(late) or np.quantile(late, 0.9) >= 0.1 * ideal:
        return None
    return Finding(
        "discriminator-wins",
        "warning",
        "Discriminator is winning: it tells every generated image at once",
        "It is so sure of itself that the generator is told only that it is wrong, and not how to get better. The "
        "images usually hardly improve from here.",
        "Clone the run with half the learning rate. With few images (some hundreds), more images help most.",
        seen_in="answers",
        advice={"optim.lr": _half_rate(observations)},
    )


def generator_wins(observations: Observations) -> Finding | None:
    """Generated images are, on average over the late points, taken for real more often than real ones.

    A discriminator that learns answers D(x) > D(G(z)), whatever the loss and its scale. The margin of 2% of the larger
    keeps a balance between equals from being called a defeat.
    """
    real, fake = observations.mean(D_X), observations.mean(D_G_Z1)
    if early(observations) or real is None or fake is None or fake - real <= 0.02 * max(abs(real), abs(fake)):
        return None
    return Finding(
        "generator-wins",
        "warning",
        "Generator is winning: the discriminator is fooled",
        "The discriminator takes generated images for real, so it no longer teaches the generator anything. The images "
        "drift, and may turn to noise or to one pattern that always passes.",
        "Clone the run with wider networks, so that the discriminator sees more; check that the labels are right.",
        seen_in="answers",
        advice={"model.width": min(256, 2 * observations.config.model.width)},
    )


def oscillating(observations: Observations) -> Finding | None:
    """Loss D swings, about its own trend over the late points, by more than a quarter of its ideal (one deviation).

    In healthy runs that is 2 to 11%, and up to 20% in the first third of a short run; at fifty times the usual
    learning rate 40 to 75%. The trend is taken away so that a run that steadily improves is not called restless.
    """
    ideal, late = ideal_of(observations, LOSS_D), observations.tail(LOSS_D)
    if early(observations) or not ideal or len(late) < 3:
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
        advice={"optim.lr": _half_rate(observations)},
    )


def early(observations: Observations) -> bool:
    """Whether it is too soon for a judgement; see EARLY_IMAGES."""
    enough = min(EARLY_IMAGES, observations.total / 3)
    return len(observations.seen) < FEWEST_POINTS or observations.last < enough


def ideal_of(observations: Observations, metric: str) -> float | None:
    """The ideal value of a metric under the run's loss; None where the loss has none, or one of 0."""
    value, _ = equilibrium.equilibrium_values(observations.config.loss).get(metric, (0.0, ""))
    return value or None


def _half_rate(observations: Observations) -> float:
    return max(observations.config.optim.lr / 2, 1e-6)
