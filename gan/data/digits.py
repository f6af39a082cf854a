"""digits: the 1,797 real 8x8 digits that scikit-learn carries. Needs no download: it is what the app opens with."""

import numpy as np

from gan.config import DataConfig
from gan.data.fit import fit
from gan.data.imageset import ImageSet
from gan.data.source import Progress, Source
from gan.data.splits import stratified

LICENCE = "CC BY 4.0 (Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository)"


def read(config: DataConfig, progress: Progress) -> ImageSet:
    """The digits, split by a fixed seed into 80 % train, 10 % val and 10 % test."""
    from sklearn.datasets import load_digits  # here: it takes a second, and only the first read needs it

    digits = load_digits()
    images = (digits.images * (255 / 16)).round().astype(np.uint8)  # (N, 8, 8), of 17 grey levels
    return ImageSet(
        images=np.stack([fit(image, config.image_size) for image in images]),
        conditions=np.eye(10, dtype=np.float32)[digits.target],
        names=tuple("0123456789"),
        kind="class",
        split=stratified(digits.target, group=None, parts={"val": 0.1, "test": 0.1}),
        group=None,
        native_size=config.image_size,
        title="Digits",
        source="scikit-learn's copy of the UCI test set, 1,797 digits of 8 x 8 px",
        licence=LICENCE,
    )


SOURCE = Source(
    title=lambda config: "Digits",
    about="1,797 small handwritten digits that come with the program: to see the whole journey in minutes.",
    licence=lambda config: LICENCE,
    problem=lambda config: None,
    fingerprint=lambda config: f"digits-1-{config.image_size}",
    read=read,
)
