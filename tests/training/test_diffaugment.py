"""What D is shown in place of an image: moved and cut out, the same way for both sides, differentiable, by hand."""

import torch

from gan.training.diffaugment import cutout, diffaugment, translate
from gan.training.ranks import Part
from tests.conftest import trained
from tests.support.exactness import rows


def noise(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_an_image_is_translated_by_at_most_an_eighth_with_grey_at_the_edge() -> None:
    images = torch.zeros(200, 1, 32, 32)
    images[:, :, 16, 16] = 1.0  # one white point
    moved = translate(images, noise(), Part(0, 200, 200))
    assert (moved.sum(dim=(1, 2, 3)) == 1).all(), "the point is neither lost nor doubled"
    found = moved[:, 0].nonzero()[:, 1:] - 16  # (N, 2)
    assert sorted(set(found.flatten().tolist())) == list(range(-4, 5))
    assert (translate(torch.ones(50, 1, 32, 32), noise(), Part(0, 50, 50)).unique() == torch.tensor([0.0, 1.0])).all()


def test_a_square_of_half_the_side_is_cut_out() -> None:
    cut = cutout(torch.ones(400, 3, 32, 32), noise(), Part(0, 400, 400)) == 0
    assert (cut[:, 0] == cut[:, 1]).all()
    widths, heights = cut[:, 0].any(dim=1).sum(dim=1), cut[:, 0].any(dim=2).sum(dim=1)
    assert widths.max() == heights.max() == 16
    assert widths.min() == 8, "centred on the edge, half of it lies outside"
    assert (cut[:, 0].sum(dim=(1, 2)) == widths * heights).all()


def test_the_gradient_passes_where_the_image_is_visible() -> None:
    images = torch.ones(4, 1, 32, 32, requires_grad=True)
    torch.autograd.backward(diffaugment(images, noise()).sum())
    assert images.grad is not None
    kept = diffaugment(torch.ones(4, 1, 32, 32), noise()).sum(dim=(1, 2, 3))
    torch.testing.assert_close(images.grad.sum(dim=(1, 2, 3)), kept)
    assert set(images.grad.unique().tolist()) == {0.0, 1.0}


def test_a_run_with_augmentation_differs_from_one_without() -> None:
    plain, shown = rows(trained("plain")), rows(trained("shown", train__augment=True))
    assert [row["seen"] for row in plain] == [row["seen"] for row in shown]
    assert plain[-1]["loss_d"] != shown[-1]["loss_d"]
