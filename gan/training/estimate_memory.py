"""The memory that training takes on a device: weights, and what a step keeps of each image. No torch.

Counted from what autograd keeps in the layers of `gan/models`, in float32, at the largest moment of a step. That is for
most families in D's step, at the end of the backward pass, where the generator's maps, those of both passes of D, and
the gradient of the finest maps exist at once; for fastgan in G's, since D's frozen features are only kept there.

Letters: S values of the maps of all levels, M of those of the finest level, I of an image.
"""

import itertools
import math

from gan.config import options
from gan.config.run_config import ModelConfig, RunConfig
from gan.data.info import DatasetInfo
from gan.data.subclasses import condition_width
from gan.jobs.device_list import matching_devices
from gan.models.levels import generator_widths, head_widths, input_side, level_widths, skipped_levels

FROZEN_WEIGHTS = 3_370_000
"""Weights of the frozen features, about, of which there is one copy without gradients."""
FROZEN_MAPS = 290
"""Values that the frozen features keep of an image for a backward pass, for each pixel of their input: counted over
the layers, with ReLU6 and padding as copies."""
HEAP_BLOCK = 2**25
"""Largest tensor, in bytes, that the C library (glibc) keeps for itself when it is freed on a CPU: the next have other
sizes, so that such memory adds up."""
HEAP_SHARE = 0.75
"""What freed tensors hold so, as a share of those that exist: 159 MB beside 227 (projection, 256 px, 32 maps, batches
of 8) and 112 beside 194 (dcgan), by the peak of a process with MALLOC_MMAP_THRESHOLD_, which ends it, and without."""


def step_memory(config: RunConfig, channels: int, conditions: int) -> int:
    """Bytes on a device, about, that weights, optimisers and the training step of a batch take."""
    batch = math.ceil(config.train.batch / config.job.gpus)
    weights = weight_bytes(config, channels, conditions) + _copied_bytes(config)
    return processes_on_device(config) * (weights + kept_bytes(config, channels, batch))


def batch_that_fits(config: RunConfig, info: DatasetInfo, memory: int) -> int:
    """The largest power of two that should train in `memory` bytes, at least 2 and at most half of the config's batch.

    `memory` is that of one device. A tenth of it is left to the framework.
    """
    least = int(2 ** math.ceil(math.log2(max(2, config.job.gpus))))
    batch = max(least, int(2 ** int(math.log2(config.train.batch / 2))))
    while batch > least and _takes(config, batch, info) > 0.9 * memory:
        batch //= 2
    return batch


def _takes(config: RunConfig, batch: int, info: DatasetInfo) -> int:
    return step_memory(options.replace_options(config, {"train.batch": batch}), info.channels, len(info.names))


def processes_on_device(config: RunConfig) -> int:
    """How many processes of the run share a device."""
    return config.job.gpus if config.job.device == "cpu" else 1


def weight_bytes(config: RunConfig, channels: int, conditions: int) -> int:
    """Bytes of both networks with gradients and Adam's two moments, and of the averaged generator, in float32."""
    size = config.data.image_size
    generator, discriminator = parameter_counts(config.model, size, channels, conditions)
    frozen = FROZEN_WEIGHTS if config.model.family == "fastgan" else 0
    return 4 * (4 * (generator + discriminator) + generator + frozen)


def _copied_bytes(config: RunConfig) -> int:
    """Bytes of the largest convolution's weights and gradient: kernels copy them into a layout of their own."""
    size, width = config.data.image_size, config.model.width
    if config.model.family == "fastgan":
        return 2 * 4 * max(18 * coarse * fine for coarse, fine in itertools.pairwise(generator_widths(size, width)))
    *_, fine, coarse = level_widths(size, width)
    return 2 * 4 * 16 * fine * coarse


def kept_bytes(config: RunConfig, channels: int, batch: int) -> int:
    """Bytes that a step on `batch` images keeps of them at its largest moment, and on a CPU freed ones beside them."""
    tensors = [4 * batch * values for values in kept_values(config, channels)]
    on_cpu = matching_devices(config.job.device)[:1] == ["cpu"]
    held = HEAP_SHARE * sum(size for size in tensors if size <= HEAP_BLOCK) if on_cpu else 0.0
    return int(sum(tensors) + held)


def kept_values(config: RunConfig, channels: int) -> list[int]:
    """Values of each tensor that a step keeps of one image at its largest moment."""
    size = config.data.image_size
    image = channels * size * size
    augmented = 2 if config.train.augment else 0  # D's input is another tensor than the image
    images = [image] * (2 + augmented) + [image // 4]  # real and synthetic, and the real ones as bytes
    if config.model.family == "fastgan":
        return images + _fastgan_values(config.model, size)
    maps = [count * (size >> (level + 1)) ** 2 for level, count in enumerate(level_widths(size, config.model.width))]
    is_dcgan = config.model.family == "dcgan"
    in_generator = 2 if is_dcgan else 3  # before and after batch norm (ReLU is in place), and modulated
    passes = 2 + (is_dcgan and config.loss.mismatched > 0)  # D sees real, mismatched and synthetic images
    finest, *others = maps
    kept = [finest] * (in_generator + passes + 1)  # D's first layer has no batch norm; and a gradient
    return images + kept + [values for values in others for _ in range(in_generator + 2 * passes)]


def _fastgan_values(model: ModelConfig, size: int) -> list[int]:
    """`kept_values` of the networks of the family fastgan."""
    side, kept = input_side(size), []
    for level, count in enumerate(generator_widths(size, model.width)):
        maps = count * (4 << level) ** 2
        # twice the maps before and after batch norm and modulated; gates, their product, and it scaled by excitation
        kept += [2 * maps] * 3 + [maps] * (2 + (level >= skipped_levels(size)))
    for stride, head in head_widths(size, model.width).items():
        kept += [count * (side // stride >> level) ** 2 for level, count in enumerate(head) for _ in range(2)]
    finest = 96 * (side // 2) ** 2  # of the features' maps
    return [*kept, *[finest] * (side**2 * FROZEN_MAPS // finest)]


def parameter_counts(config: ModelConfig, size: int, channels: int, conditions: int) -> tuple[int, int]:
    """Parameters of the generator and of the discriminator that are trained, from the layers of the family in
    `gan/models`."""
    conditions = condition_width(conditions, config.subclasses)
    if config.family == "fastgan":
        return _fastgan_counts(config, size, channels, conditions)
    features = level_widths(size, config.width)  # fine to coarse
    between = sum(fine * coarse for fine, coarse in itertools.pairwise(features))
    kernel = 9 if config.upsampling == "nearest" else 16
    generator = 16 * (config.latent + conditions) * features[-1] + kernel * (between + features[0] * channels)
    generator += 2 * sum(features)
    discriminator = 16 * (channels * features[0] + between + features[-1]) + 2 * sum(features[1:])
    if config.family == "dcgan":
        return generator, discriminator + 16 * conditions * features[0]
    generator += 2 * conditions * sum(features)
    return generator, discriminator + features[0] + (16 * features[-1] + conditions) * features[-1]


def _fastgan_counts(config: ModelConfig, size: int, channels: int, conditions: int) -> tuple[int, int]:
    """`parameter_counts` of the family fastgan; `conditions` are those of the networks."""
    widths, width = generator_widths(size, config.width), config.width
    generator = 32 * (config.latent + conditions) * widths[0] + 9 * widths[-1] * channels
    generator += sum(18 * coarse * fine for coarse, fine in itertools.pairwise(widths))
    generator += sum(4 * (1 + conditions) * count for count in widths)
    excited = zip(widths, widths[skipped_levels(size) :], strict=False)
    generator += sum(16 * coarse * fine + fine * fine for coarse, fine in excited)
    discriminator = 0
    for head in head_widths(size, width).values():
        discriminator += head[0] ** 2 + 2 * sum(head) + sum(16 * a * b for a, b in itertools.pairwise(head))
        discriminator += 16 * head[-1] * (1 + width) + conditions * width
    return generator, discriminator
