"""Conv2d and ConvTranspose2d with faster paths: torch's parameters, state dict and mathematics, other rounding.

- A ConvTranspose2d of one pixel, and a Conv2d whose kernel covers the whole map, are matrix products.
- Kernel 4, stride 2, on small maps in bfloat16 on a CPU: oneDNN's convolutions leave most of the matrix unit (AMX) idle
  where a map's row has 4 or 8 pixels. One matrix product over the whole batch (im2col, Chellapilla et al. 2006) takes a
  third of the time, and a fifth for the weight's gradient. In float32, as on a CPU without AMX, torch's convolutions
  run.
- `ConditionalConv2d` takes constant planes as their values.

`_Down`, `_Up` and `_Outer` are linear in both arguments, and the gradients of each are the other two, so that second
derivatives exist.

Letters: N images, C channels and H = W the side of the large map, F channels and o = H / 2 the side of the small one,
K conditions.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import grad

KERNEL, STRIDE, PADDING = 4, 2, 1
SHAPES = ((KERNEL, STRIDE, PADDING), (KERNEL, 1, 0))
"""Kernel, stride and padding of the layers: halving or doubling a map, and from or to one pixel."""
DOWN_UP_SIDE, OUTER_SIDE = 4, 8
"""Largest sides o at which the products were measured to be faster than the convolutions."""


class Conv2d(nn.Conv2d):
    """`nn.Conv2d`, by default without bias; the family's `init_weights` initialises it."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, padding: int, bias: bool = False):
        assert (kernel, stride, padding) in SHAPES
        assert stride > 1 or not bias
        super().__init__(inputs, outputs, kernel, stride, padding, bias=bias)

    def reset_parameters(self) -> None:
        """Nothing: `init_weights` initialises all weights of a network, in one order."""

    def forward(self, image: Tensor) -> Tensor:
        if self.stride == (1, 1):  # the kernel covers the whole map
            values = image.permute(0, 2, 3, 1).flatten(1) @ self.weight.permute(0, 2, 3, 1).flatten(1).t()  # (N, F)
            return values[:, :, None, None]
        return down(image, self.weight, self.bias)


class ConvTranspose2d(nn.ConvTranspose2d):
    """`nn.ConvTranspose2d` without bias; the family's `init_weights` initialises it."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, padding: int):
        assert (kernel, stride, padding) in SHAPES
        super().__init__(inputs, outputs, kernel, stride, padding, bias=False)

    def reset_parameters(self) -> None:
        """Nothing: `init_weights` initialises all weights of a network, in one order."""

    def forward(self, maps: Tensor, output_size: list[int] | None = None) -> Tensor:
        if self.stride == (1, 1):  # of one pixel
            pixels = maps.flatten(1) @ self.weight.permute(0, 2, 3, 1).flatten(1)  # (N, 4 * 4 * C)
            return pixels.view(maps.shape[0], KERNEL, KERNEL, -1).permute(0, 3, 1, 2)  # (N, C, 4, 4)
        return up(maps, self.weight)


class UpsamplingConv2d(nn.Conv2d):
    """Maps (N, F, o, o) upsampled by nearest neighbours and convolved with 3 x 3 pixels: (N, C, H, H), no bias.

    Its images have no checkerboard (Odena et al. 2016, https://distill.pub/2016/deconv-checkerboard). Computed as the
    transposed convolution that is equal to both: its kernel is the 3 x 3 one summed over 2 x 2 shifts, and it takes 4
    products a pixel instead of 9.
    """

    def __init__(self, inputs: int, outputs: int):
        super().__init__(inputs, outputs, 3, 1, 1, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        turned = self.weight.flip(2, 3).transpose(0, 1)  # (F, C, 3, 3)
        shifts = [nn.functional.pad(turned, (right, 1 - right, low, 1 - low)) for right in (0, 1) for low in (0, 1)]
        return up(maps, shifts[0] + shifts[1] + shifts[2] + shifts[3])


class ConditionalConv2d(Conv2d):
    """The convolution of an image (N, C, H, H) and K constant planes that hold the conditions (N, K)."""

    def __init__(self, channels: int, conditions: int, outputs: int):
        super().__init__(channels + conditions, outputs, KERNEL, STRIDE, PADDING)
        self.channels = channels

    def forward(self, image: Tensor, conditions: Tensor) -> Tensor:  # type: ignore[override]
        image_weight, plane_weight = self.weight[:, : self.channels], self.weight[:, self.channels :]
        return down(image, image_weight) + planes(conditions, plane_weight, image.shape[2] // STRIDE)  # (N, F, o, o)


def down(image: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """The convolution of image (N, C, H, H) with weight (F, C, 4, 4), and bias (F,): (N, F, o, o)."""
    if not _by_product(image, image.shape[2] // STRIDE):
        return torch.conv2d(image, weight, bias, STRIDE, PADDING)
    maps: Tensor = _Down.apply(image.bfloat16(), weight.bfloat16())
    return maps if bias is None else maps + bias.bfloat16()[:, None, None]


def up(maps: Tensor, weight: Tensor) -> Tensor:
    """The transposed convolution of maps (N, F, o, o) with weight (F, C, 4, 4): (N, C, H, H)."""
    if not _by_product(maps, maps.shape[2]):
        return torch.conv_transpose2d(maps, weight, None, STRIDE, PADDING)
    return _Up.apply(maps.bfloat16(), weight.bfloat16())  # type: ignore[no-any-return]


def planes(values: Tensor, weight: Tensor, side: int) -> Tensor:
    """The convolution (N, F, o, o) of constant planes (N, K, H, H) that hold `values` (N, K).

    Inner pixels of the result see the whole kernel; the first row misses the kernel's first row, which lies on the
    padding, and the last row its last. So each image and channel has 3 x 3 distinct values.

    Args:
        values: the value of each plane (N, K).
        weight: the kernel for the planes (F, K, 4, 4).
        side: o, at least 2.
    """
    rows = [weight[:, :, 1:].sum(2), weight.sum(2), weight[:, :, :-1].sum(2)]  # top, middle, bottom: (F, K, 4) each
    kernel = torch.stack(rows, 2)  # (F, K, 3, 4)
    columns = [kernel[..., 1:].sum(3), kernel.sum(3), kernel[..., :-1].sum(3)]  # left, middle, right: (F, K, 3) each
    kernel = torch.stack(columns, 3)  # (F, K, 3, 3)
    maps = (values @ kernel.permute(1, 2, 3, 0).flatten(1)).view(len(values), 3, 3, -1)  # (N, 3, 3, F)
    maps = torch.cat([maps[:, :1], maps[:, 1:2].expand(-1, side - 2, -1, -1), maps[:, 2:]], 1)  # (N, o, 3, F)
    maps = torch.cat([maps[:, :, :1], maps[:, :, 1:2].expand(-1, -1, side - 2, -1), maps[:, :, 2:]], 2)
    return maps.permute(0, 3, 1, 2)  # (N, F, o, o)


def _by_product(values: Tensor, side: int) -> bool:
    """Whether a layer with small maps of that side computes in bfloat16 on a CPU, where the products are faster."""
    if side > OUTER_SIDE or values.device.type != "cpu":
        return False
    dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else values.dtype
    return dtype == torch.bfloat16


class _Down(torch.autograd.Function):
    """Image (N, C, H, H) and weight (F, C, 4, 4) to maps (N, F, o, o)."""

    @staticmethod
    def forward(context: Any, image: Tensor, weight: Tensor) -> Tensor:
        context.save_for_backward(image, weight)
        side = image.shape[2] // STRIDE
        if side > DOWN_UP_SIDE:
            return torch.conv2d(image, weight, None, STRIDE, PADDING)
        return (_columns(image) @ _flat(weight).t()).view(len(image), side, side, -1).permute(0, 3, 1, 2)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None]:
        image, weight = context.saved_tensors
        for_image, for_weight = context.needs_input_grad
        return (
            _Up.apply(gradients[0], weight) if for_image else None,
            _Outer.apply(image, gradients[0]) if for_weight else None,
        )


class _Up(torch.autograd.Function):
    """Maps (N, F, o, o) and weight (F, C, 4, 4) to an image (N, C, H, H): the transpose of `_Down`."""

    @staticmethod
    def forward(context: Any, maps: Tensor, weight: Tensor) -> Tensor:
        context.save_for_backward(maps, weight)
        n, side, channels = len(maps), maps.shape[2], weight.shape[1]
        if side > DOWN_UP_SIDE:
            return torch.conv_transpose2d(maps, weight, None, STRIDE, PADDING)
        parts = (_pixels(maps) @ _flat(weight)).view(
            n, side, side, 2, 2, 2, 2 * channels
        )  # kernel 4 x 4 as 2 x 2 twice
        image = parts.new_zeros(n, side + 1, 2, side + 1, 2 * channels)  # (N, H + 2, H + 2, C) in blocks of 2 x 2
        for row in range(2):
            for column in range(2):
                shifted = image[:, row : row + side, :, column : column + side]  # (N, o, 2, o, 2 C)
                shifted += parts[:, :, :, row, :, column].permute(0, 1, 3, 2, 4)
        return image.view(n, 2 * side + 2, 2 * side + 2, channels)[:, 1:-1, 1:-1].permute(0, 3, 1, 2)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None]:
        maps, weight = context.saved_tensors
        for_maps, for_weight = context.needs_input_grad
        return (
            _Down.apply(gradients[0], weight) if for_maps else None,
            _Outer.apply(gradients[0], maps) if for_weight else None,
        )


class _Outer(torch.autograd.Function):
    """Image (N, C, H, H) and maps (N, F, o, o) to the gradient of a weight (F, C, 4, 4)."""

    @staticmethod
    def forward(context: Any, image: Tensor, maps: Tensor) -> Tensor:
        context.save_for_backward(image, maps)
        channels, features = image.shape[1], maps.shape[1]
        if maps.shape[2] > OUTER_SIDE:
            shape = (features, channels, KERNEL, KERNEL)
            gradient: Tensor = grad.conv2d_weight(image, shape, maps, STRIDE, PADDING)  # type: ignore[no-untyped-call]
            return gradient
        weight = _pixels(maps).t() @ _columns(image)  # (F, 16 C)
        return weight.view(features, KERNEL, KERNEL, channels).permute(0, 3, 1, 2)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None]:
        image, maps = context.saved_tensors
        for_image, for_maps = context.needs_input_grad
        return (
            _Up.apply(maps, gradients[0]) if for_image else None,
            _Down.apply(image, gradients[0]) if for_maps else None,
        )


def _columns(image: Tensor) -> Tensor:
    """The 4 x 4 pixels under each position of the kernel: (N, C, H, H) to (N o o, 16 C), rows of 4 C at a time."""
    pixels = nn.functional.pad(image.permute(0, 2, 3, 1), (0, 0, PADDING, PADDING, PADDING, PADDING)).contiguous()
    n, side, channels = len(image), image.shape[2] // STRIDE, image.shape[1]
    whole, row, pixel, _ = pixels.stride()
    under = pixels.as_strided((n, side, side, KERNEL, KERNEL * channels), (whole, STRIDE * row, STRIDE * pixel, row, 1))
    return under.reshape(n * side * side, KERNEL * KERNEL * channels)


def _pixels(maps: Tensor) -> Tensor:
    """(N, F, o, o) to (N o o, F)."""
    return maps.permute(0, 2, 3, 1).flatten(0, 2)


def _flat(weight: Tensor) -> Tensor:
    """(F, C, 4, 4) to (F, 16 C), in the order of `_columns`; a view of weights that lie channels last."""
    return weight.permute(0, 2, 3, 1).flatten(1)
