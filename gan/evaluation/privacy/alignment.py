"""Aligned distances of images: over mirror images, turns, shifts and zooms.

One image is mirrored, turned by right angles and shifted on a grid; from the best of these, its shift, a small turn and
a zoom are fitted to the other image by a few Gauss-Newton steps (Lucas and Kanade 1981), together with brightness and
contrast. The distance is the Euclidean distance of normalised pixels at a reduced resolution: brightness, contrast and
JPEG hardly change it. The outer eighth of the side is not compared, because a shift brings in other pixels there.

Letters: n query images, c candidates, C channels, H = W the side, V variants (orientation and shift), G points of a
grid, D descriptor size.
"""

import itertools
import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

LARGEST_SIDE = 64
"""Larger images are reduced to between this side and twice it."""
COARSE = 6
"""Side of the grid on which candidates and starts are chosen."""
SHIFTS = 5
"""Shifts along each axis from which an alignment may start; odd."""
MAX_TURN, MAX_ZOOM = math.radians(7), 0.07
"""Limits of the fitted turn and zoom, a little beyond the 5 degrees and 5% that are planted."""
STEPS = 4
"""Gauss-Newton steps."""
LONGEST_STEP = 1.5
"""Longest step in points of the grid: the linear approximation holds no further."""
FLAT = 2.0
"""Contrast in grey levels below which an image counts as flat, so that noise is not taken for content."""


def _orientations() -> Tensor:
    """The eight signed permutations (8, 2, 2): turns by right angles and their mirror images, the identity first."""
    quarter, mirror = torch.tensor([[0.0, -1.0], [1.0, 0.0]]), torch.tensor([[1.0, 0.0], [0.0, -1.0]])
    turns = [torch.linalg.matrix_power(quarter, k) for k in range(4)]
    return torch.stack([turn @ reflected for reflected in (torch.eye(2), mirror) for turn in turns])


@dataclass(frozen=True)
class Geometry:
    """Grids and variants for images of side H. Points are (row, column) relative to the centre, in pixels."""

    side: int

    @property
    def margin(self) -> int:
        """Largest shift in pixels: an eighth of the side."""
        return self.side // 8

    @property
    def fine(self) -> tuple[Tensor, float]:
        """The grid (G, 2) on which distances are measured, and its spacing in pixels."""
        return self._inner_grid(max(2, self.side // 32))

    @property
    def fitted(self) -> tuple[Tensor, float]:
        """The grid (G', 2) on which alignments are fitted, and its spacing in pixels."""
        return self._inner_grid(max(2, self.side // 16))

    def _inner_grid(self, spacing: int) -> tuple[Tensor, float]:
        return _grid((self.side - 2 * self.margin) // spacing, spacing), spacing

    @property
    def coarse(self) -> Tensor:
        """The coarse grid (36, 2)."""
        return _grid(COARSE, self.coarse_spacing)

    @property
    def coarse_spacing(self) -> float:
        """Pixels between points of the coarse grid."""
        return (self.side - 2 * self.margin) / COARSE

    def variants(self, every: bool = True) -> tuple[Tensor, Tensor]:
        """Orientation (V, 2, 2) and shift (V, 2) of every variant, or of one half, as the squares of a chessboard."""
        steps = torch.linspace(-self.margin, self.margin, SHIFTS).tolist()
        grid = torch.tensor(list(itertools.product(steps, steps)))  # (SHIFTS^2, 2)
        grid = grid if every else grid[::2]  # SHIFTS is odd
        eight = _orientations()
        return eight.repeat_interleave(len(grid), dim=0), grid.repeat(len(eight), 1)


def _grid(count: int, spacing: float) -> Tensor:
    axis = (torch.arange(count) - (count - 1) / 2) * spacing
    return torch.cartesian_prod(axis, axis)


def reduced(images: Tensor) -> Tensor:
    """Images (n, C, H, H) averaged to a side below 2 x LARGEST_SIDE."""
    factor = images.shape[-1] // LARGEST_SIDE
    return functional.avg_pool2d(images, factor) if factor > 1 else images


def coarse_descriptors(images: Tensor, geometry: Geometry) -> Tensor:
    """Descriptors (n, D) of images (n, C, H, H) on the coarse grid."""
    smooth = _smoothed(images, geometry.coarse_spacing)
    return _unit_vectors(_sample(smooth, geometry.coarse.expand(len(images), -1, -1)))


def coarse_variants(images: Tensor, geometry: Geometry, variants: tuple[Tensor, Tensor]) -> Tensor:
    """Descriptors (n, V, D) of every variant of images (n, C, H, H) on the coarse grid."""
    orientation, shift = variants
    points = torch.einsum("vij,vgj->vgi", orientation, geometry.coarse[None] + shift[:, None])  # (V, 36, 2)
    smooth = _smoothed(images, geometry.coarse_spacing)
    values = _sample(smooth, points.reshape(1, -1, 2).expand(len(images), -1, -1))  # (n, C, V * 36)
    n, channels, _ = values.shape
    return _unit_vectors(values.view(n, channels, len(shift), -1).transpose(1, 2))


def fine_values(images: Tensor, geometry: Geometry) -> tuple[Tensor, Tensor]:
    """Pixels of images (n, C, H, H) on the grids of `aligned_distances`: (n, C, G) to compare, (n, C, G') to fit."""
    values = [
        _sample(_smoothed(images, spacing), grid.expand(len(images), -1, -1))
        for grid, spacing in (geometry.fine, geometry.fitted)
    ]
    return values[0], values[1]


def aligned_distances(
    images: Tensor, candidates: tuple[Tensor, Tensor], orientation: Tensor, shift: Tensor, geometry: Geometry
) -> Tensor:
    """Distance (n, c), float64, of images (n, C, H, H) from candidates after alignment.

    `candidates` are their `fine_values`, (n, c, C, G) and (n, c, C, G'). The alignment starts from an `orientation`
    (n, c, 2, 2) and a `shift` (n, c, 2) of each pair.
    """
    shift, turn, zoom = _fitted(images, candidates[1], orientation, shift, geometry)
    grid, spacing = geometry.fine
    points = _transformed(grid, orientation, shift, turn, zoom)[0]
    warped = _sample_pairs(_smoothed(images, spacing), points)
    return distance_from_correlation((_unit_vectors(warped) * _unit_vectors(candidates[0])).sum(dim=2))


def _fitted(
    images: Tensor, candidates: Tensor, orientation: Tensor, shift: Tensor, geometry: Geometry
) -> tuple[Tensor, Tensor, Tensor]:
    """Shift (n, c, 2), turn and zoom (n, c) under which images correlate best with candidates (n, c, C, G')."""
    grid, spacing = geometry.fitted
    channels = _with_derivatives(_smoothed(images, spacing))  # (n, 3 C, S, S)
    wanted = _unit_vectors(candidates)  # (n, c, D)
    target = (candidates - candidates.mean(dim=-1, keepdim=True)).flatten(2)  # (n, c, C G')
    radius, reach = geometry.side / 4, geometry.margin + 0.5
    limits = torch.tensor([reach, reach, MAX_TURN * radius, MAX_ZOOM * radius])
    now = torch.cat([shift, torch.zeros_like(shift)], dim=2)  # (n, c, 4): down, right, turn and zoom in pixels
    best, highest = now, torch.full(shift.shape[:2], -2.0)
    for step in range(STEPS + 1):
        points, turned, zoomed = _transformed(
            grid, orientation, now[..., :2], now[..., 2] / radius, now[..., 3] / radius
        )
        warped, down, right = _sample_pairs(channels, points).chunk(3, dim=2)  # (n, c, C, G')
        correlation = (_unit_vectors(warped) * wanted).sum(dim=2)
        best = torch.where((correlation > highest)[..., None], now, best)
        highest = torch.maximum(correlation, highest)
        if step == STEPS:
            break
        axes = [*orientation.unbind(dim=-1), turned / radius, zoomed / radius]  # (n, c, 2) or (n, c, G', 2)
        axes = [axis[:, :, None] if axis.ndim == 3 else axis for axis in axes]
        derivatives = [down * axis[..., None, :, 0] + right * axis[..., None, :, 1] for axis in axes]
        factors = torch.stack([warped, *derivatives], dim=2)  # (n, c, 5, C, G')
        factors = (factors - factors.mean(dim=-1, keepdim=True)).flatten(3)  # (n, c, 5, C G')
        fit = _least_squares(factors, target)
        change = torch.where(fit[..., :1] > 0, fit[..., 1:] / fit[..., :1].clamp(min=1e-3), 0.0)  # (n, c, 4)
        now = (now + change.clamp(-LONGEST_STEP * spacing, LONGEST_STEP * spacing)).clamp(-limits, limits)
    return best[..., :2], best[..., 2] / radius, best[..., 3] / radius


def distance_from_correlation(correlation: Tensor) -> Tensor:
    """Euclidean distance, float64, between unit vectors with this dot product."""
    return (2 - 2 * correlation.double()).clamp(min=0).sqrt()


def _transformed(
    grid: Tensor, orientation: Tensor, shift: Tensor, turn: Tensor, zoom: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Where a grid (G, 2) lies in the query (n, c, G, 2), and the derivatives of that by turn and zoom."""
    cos, sin = turn.cos(), turn.sin()
    rotation = torch.stack([torch.stack([cos, -sin], dim=-1), torch.stack([sin, cos], dim=-1)], dim=-2)
    sideways = torch.stack([torch.stack([-sin, -cos], dim=-1), torch.stack([cos, -sin], dim=-1)], dim=-2)
    scale = (1 + zoom)[..., None, None]
    zoomed = grid @ (orientation @ rotation).mT  # (n, c, G, 2)
    turned = grid @ (orientation @ sideways * scale).mT
    return zoomed * scale + (orientation @ shift[..., None]).mT, turned, zoomed


def _least_squares(factors: Tensor, target: Tensor) -> Tensor:
    """Coefficients (n, c, K) of factors (n, c, K, D) that fit a target (n, c, D) best."""
    squares = factors @ factors.mT
    ridge = 1e-3 * squares.diagonal(dim1=-2, dim2=-1) + 1e-3
    solution: Tensor = torch.linalg.solve(squares + torch.diag_embed(ridge), (factors @ target[..., None])[..., 0])
    return solution


def _smoothed(images: Tensor, spacing: float) -> Tensor:
    """Averages over squares as wide as the points of a grid are apart, at every pixel."""
    width = max(1, round(spacing))
    for axis in (2, 3):  # sums of slices: avg_pool2d takes ten times as long
        length = images.shape[axis] - width + 1
        images = torch.stack([images.narrow(axis, first, length) for first in range(width)]).mean(dim=0)
    return images


def _with_derivatives(images: Tensor) -> Tensor:
    """Images (n, C, S, S) and their derivatives by row and column (n, 3 C, S, S)."""
    padded = functional.pad(images, (1, 1, 1, 1), mode="replicate")
    down = (padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1]) / 2
    right = (padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2]) / 2
    return torch.cat([images, down, right], dim=1)


def _sample(images: Tensor, points: Tensor) -> Tensor:
    """Bilinear values (n, C, G) of images (n, C, S, S) at points (n, G, 2) relative to their centre."""
    reach = max(1, images.shape[-1] - 1) / 2
    grid = (points / reach).flip(-1)[:, None]  # grid_sample takes (column, row) from -1 to 1
    return functional.grid_sample(images, grid, padding_mode="border", align_corners=True)[:, :, 0]


def _sample_pairs(images: Tensor, points: Tensor) -> Tensor:
    """Bilinear values (n, c, C, G) of images (n, C, S, S) at points (n, c, G, 2) relative to their centre."""
    n, c, size, _ = points.shape
    return _sample(images, points.view(n, c * size, 2)).view(n, -1, c, size).transpose(1, 2)


def _unit_vectors(values: Tensor) -> Tensor:
    """Unit vectors (..., D) whose dot product is the correlation of pixels (..., C, G); flat images all agree."""
    contrast = (values - values.mean(dim=-1, keepdim=True)).flatten(-2)
    flat = torch.full((*contrast.shape[:-1], 1), FLAT * contrast.shape[-1] ** 0.5)
    return functional.normalize(torch.cat([contrast, flat], dim=-1), dim=-1)
