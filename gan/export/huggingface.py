"""What Hugging Face's `datasets` needs of a download: the metadata of its dataset card, and metadata.csv.

`load_dataset("imagefolder", ...)` takes the folders below `images` for classes, unless there is a metadata.csv, whose
columns replace them. So only what has no folder for each class gets one: attributes, and the format "flat".
"""

from typing import Any

from gan.data.info import DatasetInfo
from gan.io.terminal import printable

METADATA = "metadata.csv"
SIZES = {1_000: "n<1K", 10_000: "1K<n<10K", 100_000: "10K<n<100K"}
"""The names of Hugging Face for numbers of images below each key."""
LARGEST = "100K<n<1M"


def has_metadata_table(format: str, info: DatasetInfo) -> bool:
    """Whether a download has a metadata.csv."""
    return format == "flat" or (format == "folder" and info.kind != "class")


def card_metadata(manifest: dict[str, Any], info: DatasetInfo) -> dict[str, Any]:
    """The fields at the head of a dataset card, in the order of its documentation.

    `configs` makes `load_dataset` read every image, whatever its class is called: without it a class "test" would be a
    test split. `drop_labels` makes it give a label where there is only one class.
    """
    count = sum(row["count"] for row in manifest["conditions"])
    metadata: dict[str, Any] = {
        "pretty_name": printable(f"Synthetic images: {info.title}", kept=""),
        "license": "other",
        "annotations_creators": ["machine-generated"],
        "task_categories": ["image-classification"],
        "size_categories": [next((size for limit, size in SIZES.items() if count < limit), LARGEST)],
        "tags": ["synthetic", "conditional-gan"],
    }
    if manifest["format"] not in ("folder", "flat"):
        return metadata
    paths = ["images/**", *([METADATA] if has_metadata_table(manifest["format"], info) else [])]
    config = {"config_name": "default", "data_files": [{"split": "train", "path": paths}], "drop_labels": False}
    return metadata | {"configs": [config]}
