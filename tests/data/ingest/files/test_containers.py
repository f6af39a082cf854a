"""Images in .npz and parquet files become image files with a table of labels."""

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from gan.data.ingest import staging, upload_check
from gan.data.ingest.checks.check import check_images
from gan.data.ingest.files.archive import is_archive, unpack
from gan.data.ingest.files.listing import list_folder
from gan.errors import DataError
from gan.io.progress import silent
from tests.support.image_files import class_files, png_bytes, write_class_folders, zip_of

RANDOM = np.random.default_rng(0)
GREY = RANDOM.integers(0, 256, (6, 8, 9), dtype=np.uint8)
LABELS = np.array([0, 1, 2, 0, 1, 2])


def npz(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


def parquet(path: Path, columns: dict[str, Any], features: dict[str, Any] | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table(columns)
    if features is not None:
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(table, path)
    return path


def images(count: int, start: int = 0, name: str = "") -> list[dict[str, Any]]:
    numbers = range(start, start + count)
    return [{"bytes": png_bytes(n), "path": name.format(n) if name else None} for n in numbers]


def rows(folder: Path) -> list[dict[str, str]]:
    with open(folder / "labels.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def unpacked(path: Path, tmp_path: Path) -> list[dict[str, str]]:
    unpack(path, tmp_path / "unpacked", silent)
    return rows(tmp_path / "unpacked")


def pixels(tmp_path: Path, row: dict[str, str]) -> np.ndarray[Any, Any]:
    with Image.open(tmp_path / "unpacked" / row["file"]) as image:
        return np.asarray(image)


@pytest.mark.parametrize("shape", [(6, 8, 9), (6, 8, 9, 1), (6, 8, 9, 3)])
@pytest.mark.parametrize("columns", [LABELS, LABELS[:, None], LABELS.astype(float), np.eye(3, dtype=int)[LABELS]])
def test_an_npz_like_medmnist_is_read(shape: tuple[int, ...], columns: Any, tmp_path: Path) -> None:
    values = RANDOM.integers(0, 256, shape, dtype=np.uint8)
    names = np.array(["adenoma", "normal", "polyp"])
    file = npz(tmp_path / "my.npz", train_images=values, train_labels=columns, class_names=names)
    table = unpacked(file, tmp_path)
    assert [row["class"] for row in table] == ["adenoma", "normal", "polyp", "adenoma", "normal", "polyp"]
    assert {row["split"] for row in table} == {"train"}
    for row, image in zip(table, values, strict=True):
        assert np.array_equal(pixels(tmp_path, row), image.squeeze())


def test_splits_and_attributes_of_an_npz(tmp_path: Path) -> None:
    labels = np.array([[1, 1], [0, 0], [0, 1], [1, 0], [0, 0], [1, 1]], dtype=np.uint8)
    arrays = {f"{split}_{kind}": values for split in ("train", "val", "test") for kind, values in
              (("images", GREY), ("labels", labels))}  # fmt: skip
    table = unpacked(npz(tmp_path / "my.npz", **arrays), tmp_path)
    assert [row["split"] for row in table] == ["train"] * 6 + ["val"] * 6 + ["test"] * 6
    assert [(row["label 0"], row["label 1"]) for row in table[:3]] == [("1", "1"), ("0", "0"), ("0", "1")]


@pytest.mark.parametrize("dtype", [np.uint16, np.bool_])
def test_other_grey_levels_of_an_npz(dtype: Any, tmp_path: Path) -> None:
    values = (GREY.astype(np.uint16) * 257 if dtype is np.uint16 else GREY > 127).astype(dtype)
    (row, *_) = unpacked(npz(tmp_path / "my.npz", x_train=values, y_train=LABELS), tmp_path)
    assert row["split"] == "train"
    expected = values[0] if dtype is np.uint16 else values[0] * 255
    assert np.array_equal(pixels(tmp_path, row), expected)


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({"a": np.zeros(3)}, r"npz needs arrays such as train_images.*a float64 \(3,\)"),
        ({"images": GREY}, "no array of its labels"),
        ({"images": GREY, "labels": LABELS[:5]}, r"labels must be \(6\)"),
        ({"images": GREY.astype(np.float32), "labels": LABELS}, "must be uint8"),
        ({"images": np.zeros((6, 3, 8, 9), np.uint8), "labels": LABELS}, "moveaxis"),
        ({"images": np.zeros((6, 8, 8, 8), np.uint8), "labels": LABELS}, "Volumes are not read"),
        ({"images": GREY, "labels": LABELS / 2}, "whole numbers"),
        ({"images": GREY, "labels": np.stack([LABELS, LABELS], 1)}, "must be 0 or 1"),
        ({"images": GREY, "labels": np.array([{}] * 6, dtype=object)}, "pickled"),
        ({"images": np.asfortranarray(GREY), "labels": LABELS}, "C order"),
    ],
)
def test_other_npz_files_are_refused(arrays: dict[str, Any], reason: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=reason):
        unpacked(npz(tmp_path / "my.npz", **arrays), tmp_path)


def test_an_npz_that_ends_early_is_refused(tmp_path: Path) -> None:
    file = io.BytesIO()
    np.save(file, GREY)
    labels = io.BytesIO()
    np.save(labels, LABELS)
    with zipfile.ZipFile(tmp_path / "my.npz", "w") as archive:
        archive.writestr("images.npy", file.getvalue()[:-10])
        archive.writestr("labels.npy", labels.getvalue())
    with pytest.raises(DataError, match="damaged"):
        unpacked(tmp_path / "my.npz", tmp_path)


def test_more_than_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_UPLOAD_MB", "1")
    noise = RANDOM.integers(0, 256, (30, 256, 256), dtype=np.uint8)
    with pytest.raises(DataError, match="larger than the 1 MB"):
        unpacked(npz(tmp_path / "my.npz", images=noise, labels=np.zeros(30)), tmp_path)


def test_a_folder_of_parquet_files_is_read(tmp_path: Path) -> None:
    features = {"image": {"_type": "Image"}, "label": {"names": ["benign", "malignant"], "_type": "ClassLabel"}}
    for split, start in (("train", 0), ("test", 40)):
        columns = {
            "image": images(24, start),
            "label": [n % 2 for n in range(24)],
            "patient_id": list(range(start, start + 24)),
        }
        parquet(tmp_path / f"set/data/{split}-00000-of-00001.parquet", columns, features)
    (tmp_path / "set/README.md").write_text("card")
    (tmp_path / "set/notes.csv").write_text("a,b")
    assert is_archive(tmp_path / "set")
    table = unpacked(tmp_path / "set", tmp_path)
    assert [(row["split"], row["class"], row["group"]) for row in table[:2]] == [
        ("test", "benign", "40"),
        ("test", "malignant", "41"),
    ]
    assert (tmp_path / "unpacked" / table[1]["file"]).read_bytes() == png_bytes(41)
    listing = list_folder(tmp_path / "unpacked")
    assert (listing.tables, listing.others) == (("labels.csv", "notes.csv"), {"document": ("README.md",)})
    assert check_images(tmp_path / "set").counts["train"]["malignant"] > 0


def test_names_of_classes_and_files_in_a_parquet(tmp_path: Path) -> None:
    columns = {"img": images(3, name="scans/P{}_left.png"), "diagnosis": ["nevus", "melanoma", None], "age": [1, 2, 3]}
    table = unpacked(parquet(tmp_path / "my.parquet", columns), tmp_path)
    assert [row["class"] for row in table] == ["nevus", "melanoma", ""]
    assert table[0]["file"] == "images/all/P0_left.png"


def test_several_labels_in_a_parquet(tmp_path: Path) -> None:
    columns = {"image": images(3), "labels": [[0, 1], [], [1]]}
    features = {"labels": {"feature": {"names": ["edema", "mass"], "_type": "ClassLabel"}, "_type": "List"}}
    table = unpacked(parquet(tmp_path / "my.parquet", columns, features), tmp_path)
    assert [(row["edema"], row["mass"]) for row in table] == [("1", "1"), ("0", "0"), ("0", "1")]


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"a": [1], "b": ["x"]}, "its columns are a, b"),
        ({"image": images(1), "age": [1], "note": ["x"]}, "unclear which column"),
        ({"image": [{"bytes": None, "path": "1.png"}], "label": [1]}, r"only the path 1\.png"),
    ],
)
def test_other_parquet_files_are_refused(columns: dict[str, Any], reason: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=reason):
        unpacked(parquet(tmp_path / "my.parquet", columns), tmp_path)


def test_a_damaged_parquet_is_refused(tmp_path: Path) -> None:
    whole = parquet(tmp_path / "whole.parquet", {"image": images(4), "label": [0, 1, 0, 1]}).read_bytes()
    (tmp_path / "my.parquet").write_bytes(whole[:-100])
    with pytest.raises(DataError, match="parquet"):
        unpacked(tmp_path / "my.parquet", tmp_path)


def test_an_npz_in_a_zip_or_among_files_is_read(tmp_path: Path) -> None:
    values = RANDOM.integers(0, 256, (60, 16, 16), dtype=np.uint8)
    content = npz(tmp_path / "my.npz", images=values, labels=np.arange(60) % 2).read_bytes()
    in_zip = upload_check.check_upload(staging.stage_archive("zipped", zip_of({"set/my.npz": content})))
    single = upload_check.check_upload(staging.stage_files("single", [("my.npz", io.BytesIO(content))]))
    itself = upload_check.check_upload(staging.stage_archive("itself", io.BytesIO(content)))
    for report in (in_zip, single, itself):
        assert (report.ok, report.images) == (True, 60)
        assert report.staged is not None
        assert not list(report.staged.rglob("*.npz"))


def test_a_folder_of_npz_on_the_server_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_PATHS", str(tmp_path))
    (tmp_path / "set").mkdir()
    values = RANDOM.integers(0, 256, (60, 16, 16), dtype=np.uint8)
    npz(tmp_path / "set/my.npz", images=values, labels=np.arange(60) % 2)
    report = upload_check.check_upload(staging.stage_folder("cells", tmp_path / "set"))
    assert report.ok
    assert [path.name for path in (tmp_path / "set").iterdir()] == ["my.npz"]


def test_a_table_beside_images_is_not_converted(tmp_path: Path) -> None:
    write_class_folders(tmp_path / "set", {"a": 22, "b": 22})
    npz(tmp_path / "set/features.npz", x=np.zeros(3))
    assert not is_archive(tmp_path / "set")
    assert check_images(tmp_path / "set").images == 44
    zipped = zip_of(class_files() | {"features.npz": (tmp_path / "set/features.npz").read_bytes()})
    assert upload_check.check_upload(staging.stage_archive("cells", zipped)).images == 44
