"""digits: the 1,797 handwritten digits of 8 x 8 px that come with scikit-learn. The default set: no download."""

from pathlib import Path

import numpy as np

from gan.config.run_config import DataConfig
from gan.data.image_set import ImageSet
from gan.data.preview import pick_preview
from gan.data.sources.source import Preview, Source, nothing_to_fetch
from gan.data.splits import stratified_split
from gan.data.transform import fit_images
from gan.io.progress import Progress, silent

LICENCE = "CC BY 4.0 (Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository)"


def read(config: DataConfig, progress: Progress, folder: Path | None = None) -> ImageSet:
    """The digits, split with a fixed seed into 80% train, 10% val and 10% test."""
    from sklearn.datasets import load_digits  # here: importing it takes a second

    digits = load_digits()
    images = (digits.images * (255 / 16)).round().astype(np.uint8)  # (N, 8, 8), 17 grey levels
    return ImageSet(
        images=fit_images(images, config.image_size),
        conditions=np.eye(10, dtype=np.float32)[digits.target],
        names=tuple("0123456789"),
        kind="class",
        split=stratified_split(digits.target, group=None, parts={"val": 0.1, "test": 0.1}),
        group=None,
        native_size=config.image_size,
        title="Digits",
        source="scikit-learn's copy of the UCI test set, 1,797 digits of 8 x 8 px",
        licence=LICENCE,
    )


def preview(config: DataConfig, count: int) -> Preview:
    """Some digits."""
    return pick_preview(read(config, silent), count)


SOURCE = Source(
    title=lambda config: "Digits",
    about="1,797 small handwritten digits that come with the program. Try the whole workflow in minutes.",
    licence=lambda config: LICENCE,
    local=lambda config: True,
    problem=lambda config: None,
    fetch=nothing_to_fetch,
    fingerprint=lambda config: f"digits-2-{config.image_size}",
    read=read,
    preview=preview,
)
