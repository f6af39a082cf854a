"""What can go wrong in a training, seen in its curves: each rule takes `Observations` and gives a `Finding` or None.

A rule's docstring states what it looks at, the threshold, and why. The thresholds were set on recorded curves of good
and bad runs (`gan/monitoring/curves/`); the tests run every rule on these. A rule gives None where the run lacks what
it needs, for example a loss with a known equilibrium.
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
"""What a finding rests on: an event, a statistical test, or a threshold set on recorded runs."""

MIN_POINTS = 12
"""Points of the curves before they are judged."""
EARLY_IMAGES = 10_000
"""Images seen before the curves are judged: at the start of every healthy run the discriminator is far ahead. Short
runs are judged after a third of their length."""


@dataclass(frozen=True)
class Finding:
    """One conclusion from a run's numbers."""

    key: str
    level: Level
    headline: str
    """A few words, such as "Learning well"."""
    meaning: str
    """What it means for the images, for readers who do not know GANs."""
    do: str
    """What to do about it; may be empty."""
    seen_in: str = "losses"
    """The chart that shows it: a key of `pages/ui/progress/chart_texts.py`."""
    basis: Basis = "rule of thumb"
    advice: Mapping[str, Any] = field(default_factory=dict)
    """Options that a clone of the run should change, by dotted path."""


def not_a_number(observations: Observations) -> Finding | None:
    """The training failed with the cause "nan", or the newest point of a curve is not finite.

    The trainer checks each point, and all weights before a snapshot, and fails at the first value that is not finite.
    """
    if observations.end != "nan" and all(np.isfinite(values[-1:]).all() for values in observations.metrics.values()):
        return None
    return Finding(
        "nan",
        "error",
        "A number is no longer a number",
        "A step was so large that a loss became infinite. The weights since then are lost. The last snapshot and its "
        "images are still good.",
        "Clone the run with half the learning rate, and check the data for blank or broken images.",
        basis="fact",
        advice={"optim.lr": _half_rate(observations), "job.precision": "float32"},
    )


def silent(observations: Observations) -> Finding | None:
    """A running trainer has not reported for two minutes, and for twenty times its usual time between points.

    It reports twice a second. The margin is wide because a snapshot can take long on a slow disk.
    """
    if observations.silent is None or observations.silent < max(120.0, 20 * (observations.usual or 0.0)):
        return None
    return Finding(
        "silent",
        "error",
        "Stalled: running, but making no progress",
        f"The training process has reported nothing for {observations.silent / 60:.0f} minutes. It may be waiting "
        "for the disk, for the network, or for a device that hangs.",
        "Read the log below. Stop the run and resume it: it continues from its last snapshot.",
        seen_in="speed",
        basis="fact",
    )


def nothing_learnt(observations: Observations) -> Finding | None:
    """Loss D was never below 85% of the loss of a guess, and diversity is at most a third of that of real images.

    A guess is the same answer for every image: the equilibrium without mismatched pairs. In every healthy run the
    discriminator first gets far ahead (below 30% of that loss for the binary cross-entropy), because noise is easy to
    tell from images. A balance from the start can also be a good run, so the rule needs the diversity of samples.
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
        "The discriminator has never told real from generated images, so the generator has nothing to learn from. The "
        "samples vary hardly more than noise.",
        "Clone the run with a higher learning rate; 0.0002 is usual.",
        advice={"optim.lr": min(max(2e-4, 10 * observations.config.optim.lr), 0.1)},
    )


def discriminator_wins(observations: Observations) -> Finding | None:
    """Loss D is below a tenth of its equilibrium value at nine of ten late points.

    At equilibrium the discriminator cannot tell real from generated images (`equilibrium.py`). A tenth of that loss
    means, for the binary cross-entropy, about 93% certainty on both. There the generator's gradient has almost vanished
    (Arjovsky and Bottou 2017, theorem 2.4). Healthy runs are there only for their first few thousand images.
    """
    balanced = equilibrium_value(observations, LOSS_D)
    late = observations.tail(LOSS_D)
    if early(observations) or not balanced or not len(late) or np.quantile(late, 0.9) >= 0.1 * balanced:
        return None
    return Finding(
        "discriminator-wins",
        "warning",
        "Discriminator is winning: it tells every generated image at once",
        "It is so certain that the generator learns only that it is wrong, not how to improve. The images usually "
        "hardly improve from here.",
        "Clone the run with half the learning rate. If you have only hundreds of images, more images help most.",
        seen_in="answers",
        advice={"optim.lr": _half_rate(observations)},
    )


def generator_wins(observations: Observations) -> Finding | None:
    """Over the late points, the mean of D(G(z)) exceeds that of D(x) by more than 2% of the larger.

    A discriminator that learns gives D(x) > D(G(z)), whatever the loss and its scale. The margin keeps a tie from being
    called a defeat.
    """
    real, fake = observations.mean(D_X), observations.mean(D_G_Z1)
    if early(observations) or real is None or fake is None or fake - real <= 0.02 * max(abs(real), abs(fake)):
        return None
    return Finding(
        "generator-wins",
        "warning",
        "Generator is winning: the discriminator is fooled",
        "The discriminator takes generated images for real, so the generator learns nothing from it. The images drift, "
        "and may turn into noise or into one pattern that always passes.",
        "Clone the run with wider networks, for a stronger discriminator, and check the labels.",
        seen_in="answers",
        advice={"model.width": min(256, 2 * observations.config.model.width)},
    )


def oscillating(observations: Observations) -> Finding | None:
    """The standard deviation of Loss D about its linear trend, over the late points, exceeds 25% of its equilibrium.

    Healthy runs have 2 to 11%, and up to 20% in the first third of a short run; at fifty times the usual learning rate
    it is 40 to 75%. The trend is removed because a steady improvement is no oscillation.
    """
    balanced, late = equilibrium_value(observations, LOSS_D), observations.tail(LOSS_D)
    if early(observations) or not balanced or len(late) < 3:
        return None
    position = np.arange(len(late))
    residuals = late - np.polyval(np.polyfit(position, late, 1), position)
    if residuals.std() <= 0.25 * abs(balanced):
        return None
    return Finding(
        "oscillating",
        "warning",
        "Oscillating: the two networks chase each other",
        "Each step undoes what the last one learnt. The losses swing widely, and samples turn from good to bad and "
        "back.",
        "Clone the run with half the learning rate. A larger batch helps too.",
        advice={"optim.lr": _half_rate(observations)},
    )


def early(observations: Observations) -> bool:
    """Whether it is too early to judge the curves: see MIN_POINTS and EARLY_IMAGES."""
    enough = min(EARLY_IMAGES, observations.total / 3)
    return len(observations.seen) < MIN_POINTS or observations.last < enough


def equilibrium_value(observations: Observations, metric: str) -> float | None:
    """Equilibrium value of a metric under the run's loss; None where it has none, or 0."""
    value, _ = equilibrium.equilibrium_values(observations.config.loss).get(metric, (0.0, ""))
    return value or None


def _half_rate(observations: Observations) -> float:
    return max(observations.config.optim.lr / 2, 1e-6)
