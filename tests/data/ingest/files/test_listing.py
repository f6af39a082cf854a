"""What a folder holds, by kind."""

import os
from pathlib import Path

import pytest

from gan.data.ingest.files.listing import Listing, list_folder
from gan.errors import DataError
from tests.support.image_files import png_bytes


def write(root: Path, files: dict[str, bytes]) -> Listing:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return list_folder(root)


def test_images_tables_and_other_files_are_told_apart(tmp_path: Path) -> None:
    names = [
        "a/1.PNG",
        "a/2.jfif",
        "b/3.webp",
        "b/4.Jp2",
        "b/5.dcm",
        "meta.csv",
        "x/Labels.XLSX",
        "list.txt",
        "d.parquet",
    ]
    others = [
        "README.txt",
        "LICENSE.txt",
        "data.yaml",
        "v/t1.nii.gz",
        "v/t2.nii",
        "s.svs",
        "a.npy",
        "c.zip",
        "z",
    ]
    listing = write(tmp_path, dict.fromkeys([*names, *others], b"content"))
    assert listing.root == tmp_path
    assert listing.images == ("a/1.PNG", "a/2.jfif", "b/3.webp", "b/4.Jp2", "b/5.dcm")
    assert listing.tables == ("d.parquet", "list.txt", "meta.csv", "x/Labels.XLSX")
    assert listing.others == {
        "archive": ("c.zip",),
        "array": ("a.npy",),
        "code": ("data.yaml",),
        "document": ("LICENSE.txt", "README.txt"),
        "slide": ("s.svs",),
        "unknown": ("z",),
        "volume": ("v/t1.nii.gz", "v/t2.nii"),
    }


def test_leftovers_of_file_managers_are_passed_over(tmp_path: Path) -> None:
    leftovers = [
        *(".DS_Store", "a/._1.png", "__MACOSX/a/1.png", "a/Thumbs.db", "Desktop.ini", "a/Icon\r", "~$labels.xlsx"),
        *("a/.ipynb_checkpoints/1-checkpoint.png", "@eaDir/1.png", "1.png:Zone.Identifier"),
    ]
    listing = write(tmp_path, dict.fromkeys(["a/1.png", *leftovers], b""))
    assert (listing.images, listing.tables, listing.others) == (("a/1.png",), (), {})


def test_files_without_a_known_suffix_are_images_by_their_first_bytes(tmp_path: Path) -> None:
    dicom = bytes(128) + b"DICM" + bytes(20)
    files = {"IM0001": dicom, "1.2.840.10008": dicom, "scan.IMA": dicom, "DICOMDIR": dicom, "picture": png_bytes(1)}
    listing = write(tmp_path, files | {"raw.img": dicom, "empty": b"", "text": b"hello"})
    assert listing.images == ("1.2.840.10008", "IM0001", "picture", "raw.img", "scan.IMA")
    assert listing.others == {"dicomdir": ("DICOMDIR",), "unknown": ("empty", "text")}


def test_only_files_of_unknown_suffix_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "1.png")
    os.mkfifo(tmp_path / "fifo")  # never waited for
    listing = list_folder(tmp_path)
    assert listing.images == ("1.png",)
    assert listing.others == {"unknown": ("fifo",)}


@pytest.mark.parametrize("count", [4, 12])
def test_a_text_for_each_image_is_an_annotation(count: int, tmp_path: Path) -> None:
    files = {f"images/{number}.jpg": b"" for number in range(count)}
    files |= {f"labels/{number}.txt": b"0 0.5 0.5 1 1" for number in range(count)}
    listing = write(tmp_path, files | {"labels/classes.txt": b"cat", "images.txt": b"", "labels.csv": b""})
    assert listing.tables == ("images.txt", "labels.csv", "labels/classes.txt")
    assert len(listing.others["annotation"]) == count


def test_a_table_named_like_one_image_is_a_table(tmp_path: Path) -> None:
    assert write(tmp_path, {"labels.png": b"", "labels.csv": b""}).tables == ("labels.csv",)


def test_empty_folders_and_linked_folders_are_named(tmp_path: Path) -> None:
    (tmp_path / "set/cat").mkdir(parents=True)
    (tmp_path / "set/dog/.ipynb_checkpoints").mkdir(parents=True)
    (tmp_path / "set/bird").symlink_to(tmp_path / "set/cat")
    listing = write(tmp_path / "set", {"cow/1.png": b""})
    assert listing.empty_folders == ("cat", "dog")
    assert listing.others == {"linked folder": ("bird",)}


def test_a_change_is_seen(tmp_path: Path) -> None:
    assert write(tmp_path, {"a/1.png": b""}).images == ("a/1.png",)
    (tmp_path / "b").mkdir()
    assert list_folder(tmp_path).empty_folders == ("b",)
    assert write(tmp_path, {"a/2.png": b""}).images == ("a/1.png", "a/2.png")


def test_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a folder"):
        list_folder(tmp_path / "nothing")
