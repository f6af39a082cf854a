"""The charts of a run: their curves, what they show, and how good and bad runs look in them."""

from dataclasses import dataclass

from gan.runs.metrics import D_G_Z1, D_G_Z2, D_VAL, D_X, IMAGES_PER_SECOND, LOSS_D, LOSS_G, METRICS
from pages.ui.components.live_chart import Line


@dataclass(frozen=True)
class Group:
    """One chart: its curves, what they mean, a good run, the ways of going wrong, and a formula for who wants it."""

    key: str
    title: str
    unit: str
    lines: tuple[Line, ...]
    what: str
    good: str
    bad: tuple[str, ...]
    limits: tuple[float, float] | None = None
    may_be_logarithmic: bool = False
    formula: str = ""


def _line(key: str, colour: str) -> Line:
    return Line(key, METRICS[key].label, colour)


GROUPS = (
    Group(
        key="losses",
        title="Losses",
        unit="",
        lines=(_line(LOSS_D, "blue"), _line(LOSS_G, "orange")),
        what=(
            "How wrong each network is: the discriminator (D) in telling real images from generated ones, the "
            "generator (G) in passing for real. The dashed lines are where they would be if nobody could tell."
        ),
        good=(
            "Both move for a while, then stay level and noisy, with Loss D below its line (the upper one) and Loss G "
            "above its own: the discriminator stays a little ahead. A falling curve is not the aim; better pictures "
            "are. With mismatched pairs and conditions that look alike, Loss D may stay above its line."
        ),
        bad=(
            "Loss D near 0 and Loss G climbing: the discriminator wins and the generator learns nothing more.",
            "Loss G near 0: the generator has found a picture that always passes.",
            "Both swing in wide waves: the learning rate is too high or the batch too small.",
            "A curve ends: a loss became infinite, and the run has stopped with the cause above.",
        ),
        may_be_logarithmic=True,
        formula=(
            "Binary cross-entropy: −[log D(x) + log(1 − D(G(z)))] for the discriminator, −log D(G(z)) for the "
            "generator. Some papers plot both without the minus sign. With mismatched pairs, real images under a wrong "
            "condition take their share of the second term."
        ),
    ),
    Group(
        key="answers",
        title="What the discriminator answers",
        unit="",
        lines=(
            _line(D_X, "green"),
            _line(D_G_Z1, "orange"),
            _line(D_G_Z2, "purple"),
        ),
        what=(
            "How sure the discriminator is that an image is real, from 0 to 1: for real images, and for generated ones "
            "before and after its own update in the same step."
        ),
        good=(
            "D(x) comes down from about 1 and D(G(z)) rises from about 0; they draw near each other around 0.5, or, "
            "with mismatched pairs, between 0.5 and the dashed line. D(G(z)) after the step lies a little below the "
            "one before."
        ),
        bad=(
            "D(x) at 1 and D(G(z)) at 0: it tells them apart with ease, and gives the generator nothing to learn from.",
            "All three at the dashed line from the start, with poor pictures: the discriminator has learnt nothing.",
            "A wide gap between before and after: each step overshoots; lower the learning rate.",
        ),
        limits=(0.0, 1.0),
    ),
    Group(
        key="held-out",
        title="Learning by heart",
        unit="",
        lines=(_line(D_VAL, "yellow"),),
        what=(
            "How much surer the discriminator is of the real images that it learns from than of real images that it "
            "never saw."
        ),
        good="Near 0: it judges what all real images have in common.",
        bad=(
            "It climbs, and Loss D falls: the discriminator knows its training images one by one, and teaches the "
            "generator to copy them. Expect it with fewer than a thousand images; stop early, or add images.",
        ),
    ),
    Group(
        key="speed",
        title="Speed",
        unit=METRICS[IMAGES_PER_SECOND].unit,
        lines=(_line(IMAGES_PER_SECOND, "sky"),),
        what="Training images seen each second, averaged since the last point.",
        good="Level. The first point is lower: the networks are being prepared.",
        bad=(
            "It falls and stays low: something else is using this device.",
            "It jumps up and down: images arrive too slowly; raise Loading workers.",
        ),
    ),
)

SAMPLES = (
    "The same noise at every snapshot, so that only learning changes the picture. Compare the images with "
    "the name above them, and with each other: near-identical images under one name mean that the generator has "
    "collapsed to one answer for that condition, which no curve shows. Colours or contrasts that are stronger than in "
    "real images come and go in some runs: another snapshot is better then."
)
