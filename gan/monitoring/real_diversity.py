"""The diversity of a run's real training images, which that of its samples is compared with. No torch."""

import functools

from gan.config.run_config import DataConfig
from gan.data import diversity, registry
from gan.errors import GanError
from gan.runs import sample_sheets
from gan.runs.data_paths import readable_data
from gan.runs.run import Run


def real_diversity(run: Run) -> float | None:
    """How much real training images of one condition differ, over the conditions of the run's sample sheets.

    None before the first sheet, and where this machine has not read the images or may not read them. Computed once for
    a set.
    """
    shown = sample_sheets.read_layout(run).labels
    if not shown:
        return None
    try:
        config = readable_data(run)
        return (
            None
            if registry.cached_image_set(config) is None
            else _of_set(registry.image_set_key(config), config, len(shown))
        )
    except GanError:  # a copied run names a folder that nobody here chose; Evaluate and Gallery say so
        return None


@functools.lru_cache(maxsize=256)
def _of_set(key: str, config: DataConfig, conditions: int) -> float | None:
    images = registry.cached_image_set(config)
    return None if images is None else diversity.real_diversity(images, conditions)
