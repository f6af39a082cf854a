"""The scores against closed forms, cases done by hand, torchmetrics, and plain re-derivations in numpy."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import poly_mmd

from gan.evaluation.scores import compare, jackknife, metrics
from gan.evaluation.statistics import bootstrap_interval, wilson_interval


def drawn(n: int, width: int, seed: int) -> Tensor:
    return torch.randn(n, width, generator=torch.Generator().manual_seed(seed))


def standard(n: int, width: int) -> Tensor:
    """Features (n, F) whose mean is exactly 0 and whose covariance is exactly the identity."""
    x = drawn(n, width, 0).double()
    x = x - x.mean(dim=0)
    return x @ torch.linalg.inv(torch.linalg.cholesky(torch.cov(x.T))).T


class Pixels(nn.Module):
    """The pixels themselves as features, as torchmetrics wants a network of one's own."""

    num_features = 16

    def forward(self, images: Tensor) -> Tensor:
        return images.flatten(1).float() / 255


def pictures(n: int, brightest: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, brightest, (n, 1, 4, 4), generator=generator, dtype=torch.uint8)


def test_frechet_distance_of_two_gaussians_has_its_closed_form() -> None:
    x = standard(500, 8)
    move, stretch = torch.arange(8.0).double(), torch.linspace(0.5, 3, 8).double()
    expected = move.square().sum() + (stretch - 1).square().sum()  # commuting covariances: |m|^2 + sum (s - 1)^2
    assert metrics.frechet_distance(x, x * stretch + move) == pytest.approx(float(expected), rel=1e-9)
    assert metrics.frechet_distance(x, x) == pytest.approx(0, abs=1e-6)


def test_frechet_distance_is_that_of_torchmetrics() -> None:
    real, synthetic = pictures(200, 256, 1), pictures(200, 200, 2)
    theirs = FrechetInceptionDistance(feature=Pixels(), input_img_size=(1, 4, 4))
    theirs.update(real, real=True)
    theirs.update(synthetic, real=False)
    ours = metrics.frechet_distance(Pixels()(real), Pixels()(synthetic))
    assert ours == pytest.approx(float(theirs.compute()), rel=1e-4)


def test_kernel_distance_is_that_of_torchmetrics() -> None:
    real, synthetic = pictures(150, 256, 1), pictures(150, 200, 2)
    real, synthetic = Pixels()(real), Pixels()(synthetic)
    ours = metrics.kernel_distance(real, synthetic)
    assert ours.value == pytest.approx(float(poly_mmd(real.double(), synthetic.double())), rel=1e-6)
    assert (ours.subset, ours.subsets) == (150, 1)


def test_kernel_distance_without_a_block_is_that_of_the_other_images() -> None:
    real, synthetic, blocks = drawn(60, 4, 0), drawn(60, 4, 1) + 0.5, np.arange(60) % 3
    left_out = metrics.kernel_distance(real, synthetic, blocks=blocks).left_out
    keep = torch.from_numpy(blocks != 1)
    assert left_out[1] == pytest.approx(float(poly_mmd(real[keep].double(), synthetic[keep].double())), rel=1e-6)


def test_kernel_distance_takes_large_sets_in_parts_of_a_thousand() -> None:
    found = metrics.kernel_distance(drawn(2500, 4, 0), drawn(2500, 4, 1), blocks=np.arange(2500) % 20)
    assert (found.subset, found.subsets) == (1000, 2)
    low, high = jackknife.jackknife_interval(found.value, found.left_out)
    assert low < 0 < high


def test_kernel_distance_is_centred_on_0_also_for_sets_with_as_many_of_each_class() -> None:
    labels = np.repeat(np.arange(10), 9)
    places = 3 * torch.eye(10)[labels].repeat(1, 2)  # ten far clusters of nine images each, in 20 dimensions
    pairs = [(places + 0.3 * drawn(90, 20, seed), places + 0.3 * drawn(90, 20, seed + 500)) for seed in range(40)]
    told = np.array([metrics.kernel_distance(a, b, (labels, labels)).value for a, b in pairs])
    assert abs(told.mean()) < 3 * told.std() / 40**0.5
    untold = np.array([metrics.kernel_distance(a, b).value for a, b in pairs])
    assert untold.mean() < -10 * abs(told.mean())  # what strata are for


def test_neighbours_of_a_case_done_by_hand() -> None:
    real, synthetic = torch.tensor([[0.0], [1.0], [2.0], [3.0]]), torch.tensor([[0.4], [10.0], [11.0], [12.0]])
    found = metrics.neighbours(real, synthetic)
    assert found.k == 2  # reaches of the real: 2, 1, 1, 2; of the synthetic: 10.6, 2, 1, 2
    assert found.precision.tolist() == [1, 0, 0, 0]
    assert found.density.tolist() == [1, 0, 0, 0]  # 0.4 lies in the reach of 0 and of 1: 2 / k
    assert found.coverage.tolist() == [1, 1, 0, 0]
    assert found.recall.tolist() == [1, 1, 1, 1]  # all within 10.6 of 0.4


def test_neighbours_are_those_of_a_plain_derivation() -> None:
    real, synthetic = drawn(1300, 6, 3), 0.8 * drawn(1300, 6, 4) + 0.3  # more rows than are held at a time
    found = metrics.neighbours(real, synthetic)
    x, y = real.double().numpy(), synthetic.double().numpy()

    def distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.sqrt(((a[:, None] - b[None]) ** 2).sum(axis=2))

    reach_x, reach_y = (np.sort(distances(one, one), axis=1)[:, 5] for one in (x, y))
    across = distances(x, y)
    inside = across <= reach_x[:, None]
    assert found.k == 5
    for name, expected in {
        "precision": inside.any(axis=0).mean(),
        "density": inside.sum() / 5 / 1300,
        "coverage": inside.any(axis=1).mean(),
        "recall": (across <= reach_y[None]).any(axis=1).mean(),
    }.items():
        assert getattr(found, name).mean() == pytest.approx(expected, abs=2e-3), name


def test_identical_sets_agree_and_disjoint_ones_do_not() -> None:
    x = drawn(60, 5, 0)
    same, apart = metrics.neighbours(x, x), metrics.neighbours(x, x + 1000)
    for name in ("precision", "recall", "coverage"):
        assert getattr(same, name).mean() == 1, name
        assert getattr(apart, name).mean() == 0, name
    assert same.density.mean() > 1 - 1e-9
    assert apart.density.mean() == 0
    assert metrics.kernel_distance(x, x).value < 0.02 < metrics.kernel_distance(x, x + 1000).value
    assert metrics.frechet_distance(x, x + 1000) == pytest.approx(5e6, rel=1e-6)


def test_diversity_is_0_where_a_condition_has_one_image_for_all() -> None:
    conditions = np.eye(3, dtype=np.float32)[[0, 0, 1, 1, 2]]
    values = torch.tensor([[0.5, 0.5], [0.5, 0.5], [0.0, 1.0], [1.0, 0.0], [0.2, 0.2]])
    collapsed, varied, alone = metrics.diversity(values, conditions)
    assert collapsed == 0
    assert varied == pytest.approx(0.5**0.5)  # the variance of 0 and 1 is 1/2
    assert alone is None


def test_accuracy_of_classes_by_hand() -> None:
    conditions = np.eye(2, dtype=np.float32)[[0, 0, 0, 1]]
    found = metrics.accuracy(torch.tensor([[1.0, 0], [1.0, 0], [0, 1.0], [0, 1.0]]), conditions, "class")
    assert found.overall == 0.75
    assert found.balanced == pytest.approx((2 / 3 + 1) / 2)
    assert found.per_condition == pytest.approx([2 / 3, 1])
    assert found.support == [3, 1]


def test_accuracy_of_attributes_by_hand() -> None:
    conditions = np.array([[1, 0], [1, 0], [0, 0], [0, 0]], dtype=np.float32)
    logits = torch.tensor([[2.0, -1], [-2.0, -1], [-2.0, -1], [-2.0, 1]])
    found = metrics.accuracy(logits, conditions, "attributes")
    assert found.overall == 0.75
    assert found.per_condition == [0.75, 0.75]
    assert found.support == [2, 0]
    assert found.balanced == pytest.approx((0.5 + (1 + 0.75) / 2) / 2)  # with it on: 1/2; off: 1 and 3/4


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    generator = np.random.default_rng(0)
    covered = 0
    for seed in range(200):
        low, high = bootstrap_interval((generator.random(80) < 0.7).astype(np.float64), seed=seed)
        covered += low <= 0.7 <= high
    assert 0.88 <= covered / 200 <= 0.99


def test_patients_with_many_images_widen_an_interval() -> None:
    right = np.repeat(np.arange(10) % 2, 20).astype(np.float64)  # ten patients, each all right or all wrong
    group = np.repeat([f"patient-{i}" for i in range(10)], 20)
    alone, grouped = bootstrap_interval(right), bootstrap_interval(right, group)
    assert grouped[1] - grouped[0] > 3 * (alone[1] - alone[0])


@pytest.mark.parametrize("patients", [80, 20])
def test_intervals_of_scores_between_two_sets_hold_the_expected_score(patients: int) -> None:
    values, intervals = [], []
    for seed in range(60):
        generator = np.random.default_rng(seed)
        patient = np.repeat(np.arange(patients), 80 // patients)
        real = 0.8 * generator.normal(size=(patients, 6))[patient] + 0.6 * generator.normal(size=(80, 6))
        synthetic = 0.3 + 0.8 * generator.normal(size=(80, 6))
        found = compare.compare_features(
            torch.from_numpy(real).float(), torch.from_numpy(synthetic).float(), None, patient.astype(str), seed
        )
        values.append(found.values)
        intervals.append(found.intervals)
    for name in (*compare.SHARES, "kid"):
        expected = np.mean([value[name] for value in values])
        assert np.mean([spans[name][0] <= expected <= spans[name][1] for spans in intervals]) >= 0.88, name  # 53 of 60


def test_a_score_that_no_block_changes_has_the_wilson_interval_of_all_images() -> None:
    low, high = jackknife.jackknife_share_interval(1.0, np.ones(20), 100)
    assert (low, high) == (pytest.approx(100 / (100 + 2.093**2), abs=1e-4), 1.0)  # t of 19 degrees of freedom
    # Values -1, 0 and 1 without each of three blocks: variance 2/3, times 2, is (1.155)^2; t of 2 degrees is 4.303.
    assert jackknife.jackknife_interval(0.0, np.array([-1.0, 0, 1]))[1] == pytest.approx(
        4.3027 * (4 / 3) ** 0.5, abs=1e-3
    )


def test_patients_stay_whole_in_blocks_of_about_equal_size() -> None:
    group = np.repeat([f"patient {i}" for i in range(30)], np.arange(1, 31))
    blocks = jackknife.deal_blocks(len(group), group, 0)
    assert all(len(np.unique(blocks[group == name])) == 1 for name in np.unique(group))
    assert len(np.unique(blocks)) == 20
    assert np.bincount(blocks).max() <= 30
    assert len(np.unique(jackknife.deal_blocks(40, np.full(40, "one"), 0))) == 20  # a single patient: images


def test_the_interval_of_a_share_is_wilsons() -> None:
    assert wilson_interval(0, 100) == pytest.approx((0, 0.03699), abs=1e-4)
    assert wilson_interval(50, 100) == pytest.approx((0.4038, 0.5962), abs=1e-4)
