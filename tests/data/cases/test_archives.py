"""Sets in archives, as Windows, macOS, Linux and export programs pack them."""

import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.data.cases.expected import Case, case, each, file_case, observed, refused, used
from tests.data.cases.trees import TWO, images, table, tar_of, two_classes, zip_of

STORED, DEFLATED = 0, 8
ENCRYPTED, UTF8 = 1, 0x800


def raw_zip(files: Mapping[bytes, bytes], flag: int = 0, method: int = DEFLATED, sizes: int | None = None) -> bytes:
    """A ZIP whose names are bytes in any code page; `sizes` are what the directory says of every unpacked size."""
    body, directory = b"", b""
    for name, content in files.items():
        deflate = zlib.compressobj(6, zlib.DEFLATED, -15)
        packed = deflate.compress(content) + deflate.flush() if method == DEFLATED else content
        size = len(content) if sizes is None else sizes
        common = struct.pack(
            "<3H2HLLLHH", 20, flag, method, 0, 33, zlib.crc32(content), len(packed), size, len(name), 0
        )
        directory += b"PK\1\2" + struct.pack("<H", 20) + common + struct.pack("<HHHLL", 0, 0, 0, 0, len(body)) + name
        body += b"PK\3\4" + common + name + packed
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, len(files), len(files), len(directory), len(body), 0)
    return body + directory + end


def in_code_page(names: tuple[str, str], code: str) -> bytes:
    """12 and 14 images in two folders, whose names are in a code page that the ZIP does not mention."""
    tree = {**images(names[0] + "/{}.png", 12), **images(names[1] + "/{}.png", 14)}
    return raw_zip({name.encode(code): content for name, content in tree.items()})


def named(first: str, second: str) -> dict[str, int]:
    return {first: 12, second: 14}


def zip_with_link(target: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in two_classes().items():
            archive.writestr(name, content)
        link = zipfile.ZipInfo("benign/link.png")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, target)
    return file.getvalue()


def tar_with_device() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        member = tarfile.TarInfo("benign/device.png")
        member.type = tarfile.CHRTYPE
        archive.addfile(member)
    return file.getvalue()


def zip64() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in two_classes().items():
            with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as member:
                member.write(content)
    return file.getvalue()


def damaged_member() -> bytes:
    """A ZIP in which the bytes of one image of each class are wrong."""
    tree = two_classes()
    content = zip_of(tree)
    for name in ("benign/img003.png", "malignant/img003.png"):
        start = content.index(tree[name])
        content = content[: start + 30] + bytes(30) + content[start + 60 :]
    return content


def many_files() -> dict[bytes, bytes]:
    return {f"{n % 2}/{n}.png".encode(): b"" for n in range(5)}


LONG = "患者影像资料" * 13
ZIPS = [
    file_case("plain set.zip", lambda: zip_of(two_classes()), used(TWO)),
    file_case("deflated set.zip", lambda: zip_of(two_classes(), compression=zipfile.ZIP_DEFLATED), used(TWO)),
    file_case("bzip2 inside set.zip", lambda: zip_of(two_classes(), compression=zipfile.ZIP_BZIP2), used(TWO)),
    file_case("LZMA inside set.zip", lambda: zip_of(two_classes(), compression=zipfile.ZIP_LZMA), used(TWO)),
    file_case("upper case SET.ZIP", lambda: zip_of(two_classes()), used(TWO)),
    file_case("ZIP64 set.zip", zip64, used(TWO)),
    file_case("below two folders set.zip", lambda: zip_of(two_classes("my data/export/{}/{}.png")), used(TWO)),
    file_case("self-extracting set.zip", lambda: b"MZ" + bytes(500) + zip_of(two_classes()), used(TWO)),
    file_case(
        "backslashes set.zip",
        lambda: raw_zip({name.replace("/", "\\").encode(): content for name, content in two_classes().items()}, UTF8),
        used(TWO),
    ),
    file_case(
        "macOS set.zip",
        lambda: zip_of(
            {**two_classes(), "__MACOSX/benign/._img000.png": b"\0\5\x16\7", ".DS_Store": b"x", "Icon\r": b""}
        ),
        used(TWO),
    ),
    file_case("class folders with a trailing space set.zip", lambda: zip_of(two_classes("set /{}/{}.png")), used(TWO)),
    file_case(
        "a colon in names set.zip",
        lambda: zip_of({**images("Grade: 1/{}.png", 12), **images("Grade: 2/{}.png", 14)}),
        used(named("Grade: 1", "Grade: 2")),
    ),
    file_case(
        "no-break and full-width spaces set.zip",
        lambda: zip_of({**images("benign/Bild\u00a0{}.png", 12), **images("malignant/患者\u3000{}.png", 14)}),
        used(TWO),
    ),
    file_case(
        "joiners and marks set.zip",
        lambda: zip_of({**images("healthy \U0001f468\u200d⚕️/{}.png", 12), **images("حميد\u200f/{}.png", 14)}),
        used(named("healthy \U0001f468\u200d⚕️", "حميد\u200f")),
    ),
    file_case(
        "long names set.zip",
        lambda: zip_of({**images(f"benign/{LONG}{{:03d}}.png", 12), **images(f"malignant/{LONG}{{:03d}}.png", 14)}),
        used(TWO),
    ),
    file_case(
        "case twins set.zip",
        lambda: zip_of({**two_classes(), **images("Benign/x{}.png", 5)}),
        used({"benign": 17, "malignant": 14}, says=("classes-renamed",)),
    ),
    file_case(
        "cp850 set.zip",
        lambda: in_code_page(("gutartig", "bösartig"), "cp850"),
        used(named("gutartig", "bösartig"), says=("names-decoded",)),
    ),
    file_case(
        "cp1252 set.zip",
        lambda: in_code_page(("gutartig", "bösartig"), "cp1252"),
        used(named("gutartig", "bösartig"), says=("names-decoded",)),
    ),
    file_case(
        "GBK set.zip",
        lambda: in_code_page(("良性", "恶性"), "gbk"),
        used(named("良性", "恶性"), says=("names-decoded",)),
    ),
    file_case(
        "Big5 set.zip",
        lambda: in_code_page(("良性腫瘤", "惡性腫瘤"), "big5hkscs"),
        used(named("良性腫瘤", "惡性腫瘤"), says=("names-decoded",)),
    ),
    file_case(
        "Shift-JIS set.zip",
        lambda: in_code_page(("良性", "悪性"), "cp932"),
        used(named("良性", "悪性"), says=("names-decoded",)),
    ),
    file_case(
        "Shift-JIS with backslashes as second bytes set.zip",
        lambda: in_code_page(("良性の可能性", "悪性の表面"), "cp932"),
        used(named("良性の可能性", "悪性の表面"), says=("names-decoded",)),
    ),
    file_case(
        "EUC-KR set.zip",
        lambda: in_code_page(("양성종양", "악성종양"), "cp949"),
        used(named("양성종양", "악성종양"), says=("names-decoded",)),
    ),
    file_case(
        "cp866 set.zip",
        lambda: in_code_page(("норма", "опухоль"), "cp866"),
        used(named("норма", "опухоль"), says=("names-decoded",)),
    ),
    file_case(
        "a table inside set.zip",
        lambda: zip_of(
            {
                **images("{}.png", 26),
                "labels.csv": table(
                    ("file", "class"), [(f"{n}.png", ("benign", "malignant")[n > 11]) for n in range(26)]
                ),
            }
        ),
        used(TWO),
    ),
    file_case(
        "documents inside set.zip",
        lambda: zip_of({**two_classes(), "readme.txt": b"x", "metadata.csv": b"file_name,label\n"}),
        used(TWO, says=("other-files", "table-without-labels")),
    ),
    file_case(
        "an empty class folder set.zip",
        lambda: zip_of({**two_classes(), "normal/": b""}),
        used(TWO, says=("empty-folders",)),
    ),
    file_case(
        "slides beside images set.zip",
        lambda: zip_of({**two_classes(), **{f"slides/{n}.svs": b"II*\0" for n in range(3)}}),
        used(TWO, says=("unread-images",)),
    ),
    file_case(
        "a damaged image of each class set.zip",
        damaged_member,
        used({"benign": 11, "malignant": 13}, says=("unread-images",)),
    ),
    file_case("a ZIP inside set.zip", lambda: zip_of({"all.zip": zip_of(two_classes())}), refused()),
    file_case("a tar inside set.zip", lambda: zip_of({"all.tar.gz": tar_of(two_classes())}), refused()),
    file_case(
        "a ZIP beside images inside set.zip",
        lambda: zip_of({**two_classes(), "more.zip": zip_of(two_classes())}),
        used(TWO, says=("unread-images",)),
    ),
    file_case("no images set.zip", lambda: zip_of({"notes.txt": b"x"}), refused()),
    file_case("empty set.zip", lambda: zip_of({}), refused()),
    file_case("cut off set.zip", lambda: zip_of(two_classes())[:-3000], refused()),
    file_case("a link set.zip", lambda: zip_with_link("img000.png"), refused()),
    file_case("a link out of the set set.zip", lambda: zip_with_link("/etc/passwd"), refused()),
    file_case("a path out of the set set.zip", lambda: zip_of({**two_classes(), "../../x.png": b"x"}), refused()),
    file_case("an absolute path set.zip", lambda: zip_of({**two_classes(), "/etc/x.png": b"x"}), refused()),
    file_case("a control character set.zip", lambda: zip_of({**two_classes(), "benign/a\x07.png": b"x"}), refused()),
    file_case(
        "a password set.zip",
        lambda: raw_zip({name.encode(): content for name, content in two_classes().items()}, ENCRYPTED),
        refused(),
    ),
    file_case(
        "Deflate64 set.zip",
        lambda: raw_zip({name.encode(): content for name, content in two_classes().items()}, method=9),
        refused(),
    ),
    file_case("a bomb set.zip", lambda: raw_zip({b"benign/a.png": bytes(150_000_000)}), refused()),
    file_case(
        "huge sizes announced set.zip",
        lambda: raw_zip({name.encode(): content for name, content in two_classes().items()}, sizes=2**32 - 2),
        refused(),
    ),
    file_case(
        "sizes announced too small set.zip",
        lambda: raw_zip({name.encode(): content for name, content in two_classes().items()}, sizes=10),
        refused(),
    ),
    file_case("no ZIP set.zip", lambda: b"<!DOCTYPE html><html>please log in</html>", refused()),
    file_case("zero bytes set.zip", lambda: b"", refused()),
]

OTHERS = [
    file_case("gzip set.tar.gz", lambda: tar_of(two_classes()), used(TWO)),
    file_case("short suffix set.tgz", lambda: tar_of(two_classes()), used(TWO)),
    file_case("plain set.tar", lambda: tar_of(two_classes(), ""), used(TWO)),
    file_case("bzip2 set.tar.bz2", lambda: tar_of(two_classes(), "bz2"), used(TWO)),
    file_case("xz set.tar.xz", lambda: tar_of(two_classes(), "xz"), used(TWO)),
    file_case("a tar called set.zip", lambda: tar_of(two_classes()), used(TWO)),
    file_case("a device set.tar", tar_with_device, refused()),
    file_case("a cut tar set.tar.gz", lambda: tar_of(two_classes())[:-2000], refused()),
    file_case("RAR set.rar", lambda: b"Rar!\x1a\x07\x01\x00" + bytes(100), refused()),
    file_case("single gzip set.gz", lambda: zlib.compress(b"x" * 100, wbits=31), refused()),
    case(
        "a folder of ZIPs",
        lambda: {f"{name}-samples.zip": zip_of(images(f"{name}/{{}}.png", 12)) for name in ("benign", "malignant")},
        refused(),
    ),
]


def seven_zip() -> bytes:
    py7zr = pytest.importorskip("py7zr")
    file = io.BytesIO()
    with py7zr.SevenZipFile(file, "w") as archive:
        for name, content in two_classes().items():
            archive.writestr(content, name)
    return file.getvalue()


@pytest.mark.parametrize("case", each(*ZIPS))
def test_a_zip_is_read_or_refused_for_its_reason(case: Case, tmp_path: Path) -> None:
    assert observed(case, tmp_path) == case.expected


@pytest.mark.parametrize("case", each(*OTHERS, file_case("7-Zip set.7z", seven_zip, refused())))
def test_other_archives_are_read_or_refused_for_their_reason(case: Case, tmp_path: Path) -> None:
    assert observed(case, tmp_path) == case.expected
