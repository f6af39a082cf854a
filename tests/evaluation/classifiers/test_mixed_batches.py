"""Batches with a fixed share of added images."""

import itertools

import numpy as np
import pytest

from gan.evaluation.classifiers.mixed_batches import mixed_batches


@pytest.mark.parametrize(("share", "count"), [(0.25, 2), (0.5, 4), (0.01, 1), (0.99, 7)])
def test_each_batch_has_its_share_of_added_images(share: float, count: int) -> None:
    for positions in itertools.islice(mixed_batches(12, 5, share, 0, 8), 20):
        assert positions.shape == (8,)
        assert int((positions >= 12).sum()) == count
        assert 0 <= positions.min() <= positions.max() < 17


def test_real_images_are_seen_as_often_however_many_are_added() -> None:
    few, many = (np.concatenate(list(itertools.islice(mixed_batches(12, added, 0.5, 3, 8), 9))) for added in (3, 1_000))
    assert np.bincount(few[few < 12]).tolist() == [3] * 12
    assert few[few < 12].tolist() == many[many < 12].tolist()
    assert np.bincount(few[few >= 12] - 12).tolist() == [12] * 3
