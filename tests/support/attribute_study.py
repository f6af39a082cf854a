"""A small set of attributes whose studies have a known outcome: three findings, each in its own quarter of the image.

A finding that is there, or is not, shows as one of a few motifs. 16 images show few of them together, and a classifier
must guess the rest; a hundred more images show all. Classical augmentation shows no new motif.
"""

import numpy as np
from numpy.typing import NDArray

from gan.data.image_set import ImageSet
from gan.evaluation.study.arms import Generate

SIDE, MOTIFS = 16, 6
FINDINGS = ("Nodule", "Effusion", "Hernia")
SHARES = (0.5, 0.4, 0.25)


def findings(targets: NDArray[np.generic], seed: int) -> NDArray[np.uint8]:
    """Slightly noisy images (n, 1, 16, 16) that show the findings of targets (n, 3)."""
    all_motifs = np.random.default_rng(12345).normal(128, 50, (3, 2, MOTIFS, 4, 4)).repeat(2, 3).repeat(2, 4)
    generator = np.random.default_rng(seed)
    images = generator.normal(128, 15, (len(targets), SIDE, SIDE))
    for k, (row, column) in enumerate([(0, 0), (0, 8), (8, 0)]):
        motif = generator.integers(0, MOTIFS, len(targets))
        images[:, row : row + 8, column : column + 8] += all_motifs[k, targets[:, k].astype(int), motif] - 128
    return images.clip(0, 255).astype(np.uint8)[:, None]


def finding_set(
    train: int,
    *,
    val: int = 60,
    test: int = 200,
    shares: tuple[float, ...] = SHARES,
    grouped: bool = False,
) -> ImageSet:
    """Images with three findings, each as often as its share in every split; with `grouped`, two are of one patient."""
    generator, sizes = np.random.default_rng(0), [train, val, test]
    columns = [
        np.concatenate([generator.permutation(np.arange(size) < round(share * size)) for size in sizes])
        for share in shares
    ]
    targets = np.stack(columns, axis=1).astype(np.float32)
    return ImageSet(
        images=findings(targets, 0),
        conditions=targets,
        names=FINDINGS,
        kind="attributes",
        split=np.repeat(np.array(["train", "val", "test"]), sizes),
        group=np.array([f"patient {number // 2}" for number in range(sum(sizes))]) if grouped else None,
        native_size=SIDE,
        title="Findings",
        source="generated for a test",
        licence="none",
    )


def held_out_like(conditions: NDArray[np.float32], seed: int) -> NDArray[np.uint8]:
    """A perfect generator: new images with the requested findings."""
    return findings(conditions, 1000 + seed)


def shuffled(conditions: NDArray[np.float32], seed: int) -> NDArray[np.uint8]:
    """Good images that show the findings of others."""
    return findings(np.random.default_rng(seed).permutation(conditions), 1000 + seed)


def repeated(images: ImageSet) -> Generate:
    """A generator that repeats training images, those whose findings are nearest to the requested ones."""
    rows = images.rows("train")

    def generate(conditions: NDArray[np.float32], seed: int) -> NDArray[np.uint8]:
        generator = np.random.default_rng(seed)
        apart = (conditions[:, None] != images.conditions[rows][None]).sum(axis=2)  # (m, n)
        return images.images[rows[(apart + generator.random(apart.shape) / 2).argmin(axis=1)]]

    return generate
