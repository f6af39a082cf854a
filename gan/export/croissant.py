"""Croissant metadata of a download (croissant.json): what Google Dataset Search, Kaggle and mlcroissant read.

The vocabulary is Croissant 1.0 of MLCommons (http://mlcommons.org/croissant/1.0). Paths are relative to the file, so it
describes the unpacked ZIP. Whoever publishes the images adds `url` and `creator`, which nobody knows before.
"""

from typing import Any

from gan.data.info import DatasetInfo
from gan.export.manifests import LIMITS
from gan.io.csv_cells import harmless_cell
from gan.io.terminal import printable

MEDIA_TYPES = {"labels.csv": "text/csv", "images.npz": "application/x-npz"}
PREFIXED = (
    "citeAs column data dataType equivalentProperty examples extract field fileObject fileProperty fileSet format "
    "includes isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated replace samplingRate "
    "separator source subField transform"
)
"""The terms of Croissant's own namespace that may be written without the prefix `cr:`."""
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    **{term: f"cr:{term}" for term in PREFIXED.split()},
    "data": {"@id": "cr:data", "@type": "@json"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
}
"""The standard `@context`, of which validators expect every term."""


def croissant_metadata(manifest: dict[str, Any], info: DatasetInfo, hashes: dict[str, str]) -> dict[str, Any]:
    """The content of croissant.json; `hashes` are the SHA-256 of the files that are no images, by name."""
    title, licence = (printable(text, kept="") for text in (info.title, info.licence))
    count = sum(row["count"] for row in manifest["conditions"])
    files: list[dict[str, Any]] = [
        {"@type": "cr:FileObject", "@id": name, "name": name, "contentUrl": name}
        | {"encodingFormat": MEDIA_TYPES[name], "sha256": sha256}
        for name, sha256 in hashes.items()
    ]
    if manifest["format"] != "npz":
        files.append(_image_files(manifest["format"]))
    snapshot = manifest["snapshot"]
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": ["http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0"],
        "name": f"Synthetic images: {title}",
        "description": f"{count:,} synthetic images of a conditional GAN trained on {title}. None is a photograph, a "
        "scan or a patient.",
        "license": f"Licence of the training data, which may bind these images too: {licence}",
        "keywords": ["synthetic", "conditional GAN"],
        "version": "1.0.0",
        "dateCreated": manifest["made_at"],
        "datePublished": manifest["made_at"],
        "citeAs": f"Synthetic images: {title}. Run {manifest['run']}, snapshot after {snapshot['seen']:,} images, "
        f"generator {snapshot['generator_sha256'][:16]}, {manifest['made_by']}.",
        "rai:dataCollection": "Generated; manifest.json has the generator, the seeds and the filters.",
        "rai:dataLimitations": LIMITS,
        "distribution": files,
        "recordSet": [{"@type": "cr:RecordSet", "@id": "images", "name": "images", "field": _fields(manifest, info)}],
    }


def _image_files(format: str) -> dict[str, Any]:
    names = {"@type": "cr:FileSet", "@id": "image-files", "name": "image-files"}
    media_type, paths = {
        "folder": ("image/png", "images/*/*.png"),
        "flat": ("image/png", "images/*.png"),
        "dicom": ("application/dicom", "images/*/*.dcm"),
    }[format]
    return names | {"encodingFormat": media_type, "includes": paths}


def _fields(manifest: dict[str, Any], info: DatasetInfo) -> list[dict[str, Any]]:
    """The fields of a record: the image by its path in labels.csv, or its row in the array, and its labels."""
    labels = {"class": "sc:Text"} if info.kind == "class" else dict.fromkeys(info.names, "sc:Integer")
    if manifest["format"] == "npz":
        image = [_column("images/row", "row", "sc:Integer")]
    elif manifest["format"] == "dicom":  # which mlcroissant does not read
        image = [_column("images/file", "file", "sc:Text")]
    else:
        # A transform, since mlcroissant gives a path as an object, which equals no text of a table.
        path = {"extract": {"fileProperty": "fullpath"}, "transform": {"regex": "(.+)"}}
        image = [
            _field("images/file", "file", "sc:Text", {"fileSet": {"@id": "image-files"}, **path})
            | {"references": {"fileObject": {"@id": "labels.csv"}, "extract": {"column": "file"}}},
            _field("images/image", "image", "sc:ImageObject", _content()),
        ]
    columns = [
        _column(f"images/label-{number}", name, data_type) | {"dataType": [data_type, "cr:Label"]}
        for number, (name, data_type) in enumerate(labels.items())
    ]
    return [*image, *columns]


def _content() -> dict[str, Any]:
    return {"fileSet": {"@id": "image-files"}, "extract": {"fileProperty": "content"}}


def _column(identifier: str, name: str, data_type: str) -> dict[str, Any]:
    """A field that is a column of labels.csv."""
    column = {"column": harmless_cell(name)}
    return _field(identifier, name, data_type, {"fileObject": {"@id": "labels.csv"}, "extract": column})


def _field(identifier: str, name: str, data_type: str, source: dict[str, Any]) -> dict[str, Any]:
    return {"@type": "cr:Field", "@id": identifier, "name": name, "dataType": data_type, "source": source}
