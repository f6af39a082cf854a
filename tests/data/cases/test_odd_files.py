"""Files and pictures that are odd in themselves: formats, depths, damage, links, and names in no common encoding."""

import io
import os
import stat
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from tests.data.cases.expected import Case, Expected, asked, case, each, observed, refused, used
from tests.data.cases.pictures import colour, grey, saved
from tests.data.cases.trees import TWO, Tree, images, table, two_classes, write_tree
from tests.support.dicom_files import write_dicom


def made(suffix: str, make: Callable[[str], bytes], every: int = 1) -> Callable[[], Tree]:
    """Two classes in which each `every`-th image is made in another way, with another suffix."""

    def tree() -> Tree:
        names = [f"{name}/{number:03d}" for name, count in TWO.items() for number in range(count)]
        other = {f"{name}.{suffix}": make(name) for name in names[::every]}
        return {**other, **images("{}.png", [name for name in names if name not in names[::every]])}

    return tree


def tiff(pixels: Callable[[str], NDArray[Any]], **options: Any) -> Callable[[str], bytes]:
    def make(name: str) -> bytes:
        file = io.BytesIO()
        tifffile.imwrite(file, pixels(name), **options)
        return file.getvalue()

    return make


def deep(name: str) -> NDArray[np.uint16]:
    """12 bits in 16."""
    return grey(name).astype(np.uint16) * 16


def png16(name: str) -> bytes:
    return saved(Image.fromarray(deep(name)), "png")


def rgba(name: str) -> bytes:
    """The transparent part hides other colours."""
    alpha = np.where(grey(name) > 120, 255, 0).astype(np.uint8)
    return saved(np.dstack([colour(name), alpha]), "png")


def palette(name: str) -> bytes:
    return saved(Image.fromarray(colour(name)).quantize(32), "png")


def cmyk(name: str) -> bytes:
    return saved(Image.fromarray(colour(name)).convert("CMYK"), "jpg", quality=95)


def animated(name: str) -> bytes:
    second = Image.fromarray(grey(f"second {name}"))
    return saved(grey(name), "gif", save_all=True, append_images=[second])


def lying(name: str) -> bytes:
    """A PNG whose header says 60,000 x 60,000 pixels."""
    content = saved(grey(name), "png")
    header = struct.pack(">LLBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    return content[:16] + header + struct.pack(">L", zlib.crc32(b"IHDR" + header)) + content[33:]


def half(name: str) -> bytes:
    content = saved(colour(name, 64, 64), "jpg", quality=95)
    return content[: len(content) // 2]


def pillow(suffix: str, **options: Any) -> Callable[[str], bytes]:
    return lambda name: saved(colour(name), suffix, **options)


FEWER = {"benign": 9, "malignant": 10}
"""TWO without each fourth image."""
KINDS = [
    *(
        case(suffix, made(suffix, pillow(suffix)), used(TWO))
        for suffix in ("bmp", "gif", "webp", "jp2", "ppm", "tif", "jfif", "JPG")
    ),
    case("pgm", made("pgm", lambda name: saved(grey(name), "pgm")), used(TWO)),
    case("PNG called jpg", made("jpg", lambda name: saved(colour(name), "png")), used(TWO)),
    case("webp among png", made("webp", pillow("webp"), every=2), used(TWO, says=("mixed-colour",))),
    case("16 bits", made("png", png16), used(TWO, says=("grey-levels-scaled",))),
    case("16 bits among 8", made("tif", tiff(deep), every=2), used(TWO, says=("grey-levels-scaled", "mixed-depth"))),
    case(
        "16 bits of colour",
        made("tif", tiff(lambda name: colour(name).astype(np.uint16) * 16, photometric="rgb")),
        used(TWO, says=("grey-levels-scaled",)),
    ),
    case(
        "signed 16 bits",
        made("tif", tiff(lambda name: deep(name).astype(np.int16) - 1024)),
        used(TWO, says=("grey-levels-scaled",)),
    ),
    case(
        "floats",
        made("tif", tiff(lambda name: (grey(name) / 255).astype(np.float32))),
        used(TWO, says=("grey-levels-scaled",)),
    ),
    case("bilevel", made("png", lambda name: saved(Image.fromarray(grey(name) > 120), "png")), used(TWO)),
    case("palette", made("png", palette), used(TWO)),
    case("CMYK among grey", made("jpg", cmyk, every=3), used(TWO, says=("mixed-colour",))),
    case("hidden colours", made("png", rgba), used(TWO, says=("alpha-hides-colours",))),
    case(
        "opaque alpha",
        made("png", lambda name: saved(Image.fromarray(colour(name)).convert("RGBA"), "png")),
        used(TWO, says=("alpha-dropped",)),
    ),
    case("animations", made("gif", animated), used(TWO, says=("several-pages",))),
    case(
        "several pages",
        made("tif", tiff(lambda name: np.stack([grey(name), grey(f"second {name}")]), photometric="minisblack")),
        used(TWO, says=("several-pages",)),
    ),
    case(
        "four channels that are no colours",
        made(
            "tif",
            tiff(
                lambda name: np.dstack([grey(f"{k} {name}") for k in range(4)]),
                photometric="minisblack",
                planarconfig="contig",
            ),
        ),
        refused("no-readable-image"),
    ),
    case(
        "very wide", made("png", lambda name: saved(grey(name, 16, 1200), "png")), used(TWO, says=("images-cropped",))
    ),
    case("tiny", made("png", lambda name: saved(grey(name, 5, 5), "png")), used(TWO, says=("images-enlarged",))),
    case(
        "grey stored as colour",
        made("png", lambda name: saved(np.dstack([grey(name)] * 3), "png")),
        used(TWO, says=("grey-stored-as-colour",)),
    ),
    case("false sizes in each fourth", made("png", lying, every=4), used(FEWER, says=("unreadable-files",))),
    case("each fourth cut short", made("jpg", half, every=4), used(FEWER, says=("unreadable-files",))),
    case("each fourth empty", made("jpg", lambda name: b"", every=4), used(FEWER, says=("unreadable-files",))),
    case(
        "all are web pages",
        made("jpg", lambda name: b"<!DOCTYPE html><html>please log in</html>"),
        refused("no-readable-image"),
    ),
    case(
        "the same image twice",
        lambda: {**two_classes(), "benign/again.png": two_classes()["benign/img000.png"]},
        used(TWO, says=("duplicates",)),
    ),
    case(
        "the same image in both classes",
        lambda: {**two_classes(), "malignant/again.png": two_classes()["benign/img000.png"]},
        used({"benign": 11, "malignant": 14}, says=("contradicting-labels",)),
    ),
    case(
        "each fourth constant",
        made("png", lambda name: saved(np.full((16, 16), zlib.crc32(name.encode()) % 256, np.uint8), "png"), every=4),
        used(TWO, says=("constant-images",)),
    ),
    case(
        "one class in colour",
        lambda: {**images("benign/{}.png", 12, pillow("png")), **images("malignant/{}.png", 14)},
        used(TWO, says=("classes-differ-in-colour",)),
    ),
    case(
        "one class larger",
        lambda: {
            **images("benign/{}.png", 12, lambda name: saved(grey(name, 96, 96), "png")),
            **images("malignant/{}.png", 14),
        },
        used(TWO, says=("classes-differ-in-size",)),
    ),
]


def dicoms(folder: Path, name: Callable[[int], str], **elements: Callable[[int], Any]) -> Path:
    """26 DICOM files, 12 and 14 in two classes."""
    for number in range(26):
        path = folder / "set" / name(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_dicom(path, deep(str(number)), **{key: value(number) for key, value in elements.items()})
    return folder / "set"


def of_class(number: int) -> str:
    return ("benign", "malignant")[number > 11]


def dicom_case(
    title: str, expected: Expected, name: Callable[[int], str], files: Tree | None = None, **elements: Any
) -> Case:
    return Case(title, lambda folder: write_tree(dicoms(folder, name, **elements), files or {}), expected)


BY_PATIENT = table(("PatientID", "diagnosis"), [(f"pat-{n}", of_class(2 * n)) for n in range(13)])
BY_UID = table(("SOPInstanceUID", "diagnosis"), [(f"1.2.3.{n + 1}", of_class(n)) for n in range(26)])
DICOM = [
    dicom_case(
        "class folders",
        used(TWO, groups=13, says=("groups-from-headers",)),
        lambda n: f"{of_class(n)}/{n}.dcm",
        PatientID=lambda n: f"pat-{n // 2}",
    ),
    dicom_case(
        "without suffix",
        used(TWO, groups=13),
        lambda n: f"{of_class(n)}/IM{n:06d}",
        PatientID=lambda n: f"pat-{n // 2}",
    ),
    dicom_case(
        "without patients",
        used(TWO, groups=26, says=("dicom-without-patient",)),
        lambda n: f"{of_class(n)}/{n}.dcm",
        StudyInstanceUID=lambda n: f"1.2.3.{n + 1}",
    ),
    dicom_case(
        "a table by patient",
        used(TWO, groups=13),
        lambda n: f"DICOM/PA{n:06d}",
        {"labels.csv": BY_PATIENT},
        PatientID=lambda n: f"pat-{n // 2}",
    ),
    dicom_case(
        "a table by UID",
        used(TWO, groups=13),
        lambda n: f"DICOM/PA{n:06d}",
        {"labels.csv": BY_UID},
        PatientID=lambda n: f"pat-{n // 2}",
        SOPInstanceUID=lambda n: f"1.2.3.{n + 1}",
    ),
    dicom_case(
        "a CD without labels",
        asked({f"PA{n:06d}": 2 for n in range(13)}),
        lambda n: f"DICOM/PA{n // 2:06d}/ST000000/SE000000/IM{n:06d}",
        {"DICOMDIR": b"\0" * 128 + b"DICM"},
    ),
]


def with_files(make: Callable[[Path], None], tree: Callable[[], Tree] = two_classes) -> Callable[[Path], Path]:
    """A set of two classes, to whose folder something is added that is no plain file."""

    def build(folder: Path) -> Path:
        make(write_tree(folder / "set", tree()))
        return folder / "set"

    return build


def add_fifo(folder: Path) -> None:
    os.mkfifo(folder / "benign" / "pipe.png")


def add_socket(folder: Path) -> None:
    os.mknod(folder / "benign" / "socket.png", stat.S_IFSOCK | 0o600)


def add_bytes_name(folder: Path) -> None:
    path = os.fsencode(folder / "benign") + b"/gutartig_\xe4.png"
    with open(path, "wb") as file:
        file.write(images("{}", ["latin.png"])["latin.png"])


def link_class(folder: Path) -> None:
    (folder.parent / "elsewhere").mkdir()
    (folder / "normal").symlink_to(folder.parent / "elsewhere", target_is_directory=True)


ON_DISK = [
    Case("a pipe", with_files(add_fifo), used(TWO, says=("unreadable-files",))),
    Case("a socket", with_files(add_socket), used(TWO, says=("unreadable-files",))),
    Case("a name that is not UTF-8", with_files(add_bytes_name), used({"benign": 13, "malignant": 14})),
    Case("a link to a class folder", with_files(link_class), used(TWO, says=("unread-images",))),
    Case(
        "links to images of the set",
        with_files(lambda folder: (folder / "benign/link.png").symlink_to(folder / "benign/img000.png")),
        used(TWO, says=("duplicates",)),
    ),
    Case(
        "a link that leads nowhere",
        with_files(lambda folder: (folder / "benign/link.png").symlink_to("gone.png")),
        used(TWO, says=("unreadable-files",)),
    ),
    Case(
        "a loop of links",
        with_files(lambda folder: (folder / "benign/link.png").symlink_to("link.png")),
        used(TWO, says=("unreadable-files",)),
    ),
    Case(
        "a folder that links to the set",
        with_files(lambda folder: (folder / "again").symlink_to(folder, target_is_directory=True)),
        used(TWO, says=("unread-images",)),
    ),
]


@pytest.mark.parametrize("case", each(*KINDS))
def test_pictures_of_every_kind_are_read_or_named(case: Case, tmp_path: Path) -> None:
    assert observed(case, tmp_path) == case.expected


@pytest.mark.parametrize("case", each(*DICOM))
def test_dicom_files_are_grouped_by_patient(case: Case, tmp_path: Path) -> None:
    assert observed(case, tmp_path) == case.expected


@pytest.mark.parametrize("case", each(*ON_DISK))
def test_what_is_no_plain_file_stops_nothing(case: Case, tmp_path: Path) -> None:
    assert observed(case, tmp_path) == case.expected


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    def forbid(folder: Path) -> None:
        (folder / "malignant").chmod(0)

    assert observed(Case("forbidden", with_files(forbid), asked({"benign": 12})), tmp_path) == asked({"benign": 12})
    (tmp_path / "set" / "malignant").chmod(0o700)
