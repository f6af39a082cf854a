"""How much an evaluation looks at and how long its classifiers train. No torch.

The defaults are what commands and pages use; a smaller budget is faster and less precise.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class ClassifierBudget:
    """Training length in images seen: `passes` over the set, clipped to `shortest` and then to `longest`.

    A larger training set than `images`, or one whose pixels take more than `pixel_bytes`, is subsampled at random.
    """

    passes: int = 20
    shortest: int = 20_000
    longest: int = 150_000
    images: int = 60_000
    pixel_bytes: int = 3_000_000_000

    def images_seen(self, count: int) -> int:
        """Images a classifier sees in training on `count` different ones."""
        return min(max(self.passes * count, self.shortest), self.longest)

    def largest_set(self, image_bytes: int) -> int:
        """The most images of that many bytes in a training set."""
        return min(self.images, self.pixel_bytes // image_bytes)


@dataclass(frozen=True)
class EarlyStopping:
    """When a training of open length ends, in optimiser steps: the same rule for every arm of a study.

    The learning rate is constant after its warm-up. The network is validated every `check_every` steps, and the state
    with the highest score goes into the cooldown once `patience` checks in a row were not higher, after `min_steps` at
    the earliest and `max_steps` at the latest. The cooldown takes `cooldown` times the steps of that state, and lowers
    the learning rate to 0 as 1 - sqrt (Hägele et al. 2024, arXiv:2405.18392): unlike a cosine or one cycle it needs no
    length that is known before.

    The defaults cost about three times a training of 300 steps. PneumoniaMNIST, small network, batches of 32,
    classical augmentation, AUROC on test images and CPU seconds (AMD EPYC), two seeds: 300 steps in one cycle 0.966
    and 0.970, 10 s; the defaults 0.987 and 0.979 after 1,025 and 1,040 steps, 35 s; 2,000 steps checked every 100,
    patience 4, 0.982 and 0.972, 57 s. Without augmentation, one seed: 0.951, 0.954 after 900 steps, 0.956.
    """

    check_every: int = 50
    patience: int = 5
    min_steps: int = 300
    max_steps: int = 800
    cooldown: float = 0.3

    def extended(self, factor: float) -> "EarlyStopping":
        """The rule with `factor` times the most steps.

        For a training set in which 1 image of `factor` is real: each real image can be seen as often as without the
        others. Patience stays: a plateau is one after as many checks.
        """
        return replace(self, max_steps=round(self.max_steps * factor))

    @property
    def most_steps(self) -> int:
        """The most steps of a training, cooldown included."""
        return self.max_steps + self.cooldown_steps(self.max_steps)

    def cooldown_steps(self, steps: int) -> int:
        """Steps of the cooldown of a state after `steps`."""
        return max(1, round(self.cooldown * steps))


@dataclass(frozen=True)
class SuspectBudget:
    """How much a search for wrong labels does: a classifier for each of `folds`.

    Images larger than `side` px are shrunk by a whole number. The `labels` most suspect labels and the first `outliers`
    are listed, at most.
    """

    folds: int = 5
    classifier: ClassifierBudget = ClassifierBudget(passes=6, shortest=6_000, longest=24_000, images=20_000)
    side: int = 64
    labels: int = 1_000
    outliers: int = 48

    def shrink_factor(self, side: int) -> int:
        """The whole number by which images of that side are shrunk."""
        return -(-side // self.side)

    def work(self, images_seen: int, side: int) -> int:
        """Cost of training on so many images of that side, in pixels: each takes the time of 1,000 more, measured."""
        return images_seen * ((side // self.shrink_factor(side)) ** 2 + 1_000)


@dataclass(frozen=True)
class EvaluationBudget:
    """The largest numbers of images in the scores of one snapshot.

    `compared` real and as many synthetic images enter the scores, `compared_imagenet` where ImageNet features are used
    (EfficientNet-Lite0 takes 14 ms of one core, AMD EPYC, for an image of 64 px). `checked` synthetic, and as many
    held-out, images are tested for near copies. `per_combination` images are generated for each unseen combination of
    attributes.
    """

    classifier: ClassifierBudget = ClassifierBudget()
    compared: int = 10_000
    compared_imagenet: int = 2_000
    checked: int = 1_000
    per_combination: int = 64


@dataclass(frozen=True)
class LightBudget:
    """The largest numbers of images in the light scores of a snapshot, which cost little enough to be computed beside
    the training: `compared` real and as many synthetic images, `checked` of these for near copies."""

    classifier: ClassifierBudget = ClassifierBudget()
    compared: int = 500
    checked: int = 100


@dataclass(frozen=True)
class MembershipBudget:
    """`images` members and as many held-out images at most; as many samples as training images, within `samples`."""

    images: int = 1_000
    samples: tuple[int, int] = (2_000, 8_000)
