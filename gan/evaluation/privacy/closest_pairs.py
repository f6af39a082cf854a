"""The synthetic images closest to a training image, as a result keeps them, and both pictures of each made again.

No torch but in the sampler that it is given.

Letters: n images, C channels, H = W the set's own side.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gan.data.image_set import ImageSet
from gan.data.transform import crop_padding
from gan.evaluation.records.results import EvaluationResult
from gan.sampling.conditions import Condition

if TYPE_CHECKING:
    from gan.evaluation.privacy.near_copies import Nearest
    from gan.sampling.sampler import Sampler

KEPT = 12
"""Closest pairs that are kept, to be shown."""


def near_copy_counts(found: "Nearest") -> dict[str, Any]:
    """How many of the images asked about are near copies."""
    count, checked = int(found.copy.sum()), len(found.copy)
    closeness = float(np.median(found.closeness))
    return {"count": count, "checked": checked, "rate": count / checked, "median_closeness": closeness}


def closest_pairs(
    found: "Nearest", images: ImageSet, rows: NDArray[np.int64], every: NDArray[np.int64]
) -> list[dict[str, Any]]:
    """A row for each of the closest pairs, the closest first.

    Image i was made with the condition of the set's row `rows[i]`, at position i of the seed's stream; training image j
    of `found` is the set's row `every[j]`.
    """
    info = images.info()
    return [
        {
            "image": int(i),
            "condition": Condition.from_row(images.conditions[rows[i]], info).text(info),
            "training_image": int(every[found.pixel_index[i]]),
            "closeness": float(found.closeness[i]),
            "distance": float(found.pixel_distance[i]),
            "copy": bool(found.copy[i]),
            "training_image_by_features": int(every[found.feature_index[i]]),
            "distance_in_features": float(found.feature_distance[i]),
        }
        for i in np.argsort(found.closeness, kind="stable")[:KEPT]
    ]


def closest_pair_images(
    result: EvaluationResult, sampler: "Sampler", images: ImageSet
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The closest pairs' synthetic and real images (n, C, H, H) each, made again from seed, position and condition."""
    pairs, info = result.near_copies["pairs"], sampler.info
    made = [
        sampler.generate(
            Condition.from_text(one["condition"], info).row(info)[None], result.made_with["seed"], position
        )
        for one in pairs
        for position in (one["image"],)
    ]
    real = crop_padding(np.asarray(images.images[[one["training_image"] for one in pairs]]), images.native_size)
    return np.concatenate(made), real
