"""The synthetic images closest to a training image: as rows of a result, and regenerated for display.

No torch, except in the sampler passed in.

Letters: n images, C channels, H = W the native side.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gan.data.image_set import ImageSet
from gan.data.transform import crop_padding
from gan.errors import RunError
from gan.evaluation.records.results import EvaluationResult
from gan.sampling.conditions import Condition

if TYPE_CHECKING:
    from gan.evaluation.privacy.near_copies import Nearest
    from gan.sampling.sampler import Sampler

KEPT = 12
"""Closest pairs in a result."""


def near_copy_counts(nearest: "Nearest") -> dict[str, Any]:
    """How many of the tested images are near copies."""
    count, checked = int(nearest.copy.sum()), len(nearest.copy)
    closeness = float(np.median(nearest.closeness))
    return {"count": count, "checked": checked, "rate": count / checked, "median_closeness": closeness}


def closest_pairs(
    nearest: "Nearest", images: ImageSet, rows: NDArray[np.int64], training_rows: NDArray[np.int64]
) -> list[dict[str, Any]]:
    """One row for each of the closest pairs, closest first.

    Image i was generated with the condition of the set's row `rows[i]`, at position i of the seed's stream; index j in
    `nearest` is the set's row `training_rows[j]`.
    """
    info = images.info()
    return [
        {
            "image": int(i),
            "condition": Condition.from_row(images.conditions[rows[i]], info).text(info),
            "training_image": int(training_rows[nearest.pixel_index[i]]),
            "closeness": float(nearest.closeness[i]),
            "distance": float(nearest.pixel_distance[i]),
            "copy": bool(nearest.copy[i]),
        }
        for i in np.argsort(nearest.closeness, kind="stable")[:KEPT]
    ]


def closest_pair_images(
    result: EvaluationResult, sampler: "Sampler", images: ImageSet
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Synthetic and real images (n, C, H, H) of the closest pairs; the synthetic ones are generated again.

    Raises RunError where the pairs are of another set.
    """
    pairs, info = result.near_copies["pairs"], sampler.info
    if any(pair["training_image"] >= len(images) for pair in pairs):
        raise RunError(
            f"The closest pairs after {result.snapshot:,} images are of a larger set than {images.title}: score the "
            "snapshot again."
        )
    synthetic = [
        sampler.generate(
            Condition.from_text(pair["condition"], info).row(info)[None], result.made_with["seed"], pair["image"]
        )
        for pair in pairs
    ]
    real = crop_padding(np.asarray(images.images[[pair["training_image"] for pair in pairs]]), images.native_size)
    return np.concatenate(synthetic), real
