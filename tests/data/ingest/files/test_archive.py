"""Archives of any kind are unpacked whole and safely, or refused with what they are and what to do."""

import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest

from gan.data.ingest.checks.check import check_images
from gan.data.ingest.files.archive import is_archive, unpack
from gan.data.ingest.files.findings import file_findings
from gan.data.ingest.files.listing import Listing, list_folder
from gan.errors import DataError
from gan.io.progress import silent
from tests.data.ingest.files.archives import tar_member, tar_of, zip_with_names
from tests.support.image_files import class_files, finding, png_bytes, zip_of

PNG = png_bytes(1)


def unpacked(content: bytes, target: Path, names_encoding: str = "") -> Listing:
    unpack(io.BytesIO(content), target / "unpacked", silent, names_encoding)
    return list_folder(target / "unpacked")


def zipped(files: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    return zip_of(files, compression).getvalue()


@pytest.mark.parametrize("compression", ["gz", "bz2", "xz", ""])
def test_tars_are_unpacked_as_zips_are(compression: str, tmp_path: Path) -> None:
    listing = unpacked(tar_of(class_files(6) | {"labels.csv": b"", "v.nii": b""}, compression), tmp_path)
    assert listing.images == tuple(sorted(class_files(6)))
    assert (tmp_path / "unpacked/a/000.png").read_bytes() == png_bytes(0)
    assert listing.tables == ("labels.csv",)
    assert listing.others == {"volume": ("v.nii",)}


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_zips_of_all_usual_compressions_are_read(compression: int, tmp_path: Path) -> None:
    assert unpacked(zipped({"a/1.png": PNG}, compression), tmp_path).images == ("a/1.png",)


def test_an_archive_is_known_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "DATA.ZIP").write_bytes(zipped(class_files()))
    assert is_archive(tmp_path / "DATA.ZIP")
    assert check_images(tmp_path / "DATA.ZIP").images == 44
    (tmp_path / "set.tar.gz").write_bytes(zipped(class_files()))  # a ZIP by another name
    assert check_images(tmp_path / "set.tar.gz").images == 44
    with_prefix = b"MZ self-extracting" + bytes(1000) + zipped({"a/1.png": PNG})
    assert unpacked(with_prefix, tmp_path).images == ("a/1.png",)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"Rar!\x1a\x07\x01\x00" + bytes(100), "a RAR archive"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(100), "a 7z archive"),
        (gzip.compress(PNG, mtime=0), "a single compressed file"),
        (lzma.compress(b"text"), "a single compressed file"),
        (b"\n <!DOCTYPE html><html>log in</html>", "a web page"),
        (zipped(class_files(4))[:-40], "its end is missing"),
        (tar_of(class_files(4))[:-400], "damaged or cut off"),
        (tar_of(class_files(4), "xz")[:-100], "damaged or cut off"),
        (tar_of(class_files(4), "")[:3000], "damaged or cut off"),
        (gzip.compress(PNG, mtime=0)[:12], "damaged or cut off"),
        (PNG, "a single PNG image"),
        (b"\x28\xb5\x2f\xfd" + bytes(100), "Zstandard"),
        (b"hello", "Make a ZIP"),
    ],
    ids=range(14),
)
def test_other_files_are_refused_by_what_they_are(content: bytes, reason: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=reason):
        unpacked(content, tmp_path)


@pytest.mark.parametrize(
    ("method", "flags", "reason"),
    [(9, 0, "Deflate64"), (98, 0, "PPMd"), (8, 1, "password"), (99, 1, "password"), (99, 0, "password")],
)
def test_what_cannot_be_decompressed_is_refused_before_anything_is_unpacked(
    method: int, flags: int, reason: str, tmp_path: Path
) -> None:
    content = bytearray(zipped({"a/1.png": PNG, "b/2.png": PNG}, zipfile.ZIP_DEFLATED))
    entry = content.rfind(b"PK\x01\x02")  # the second file's entry in the directory
    content[entry + 8] = flags
    content[entry + 10] = method
    with pytest.raises(DataError, match=reason):
        unpacked(bytes(content), tmp_path)
    assert list((tmp_path / "unpacked").iterdir()) == []


@pytest.mark.parametrize(
    ("names", "encoding", "stored_in"),
    [
        (["良性", "恶性"], "gb18030", "gbk"),
        (["正常", "肺炎"], "gb18030", "gbk"),
        (["良性", "悪性"], "cp932", "cp932"),
        (["がん", "画像"], "cp932", "cp932"),
        (["良性", "惡性"], "big5hkscs", "big5"),
        (["정상", "폐렴"], "cp949", "cp949"),
        (["доброкачественные", "злокачественные"], "cp866", "cp866"),
        (["Норма", "Пневмония"], "cp866", "cp866"),
        (["bösartig", "gutartig"], "cp437", "cp850"),  # the same text in both
        (["São Paulo"], "cp850", "cp850"),
        (["corazón", "niño"], "cp1252", "cp1252"),
    ],
)
def test_names_without_an_encoding_are_decoded(names: list[str], encoding: str, stored_in: str, tmp_path: Path) -> None:
    content = zip_with_names([(f"set/{name}/1.png".encode(stored_in), PNG) for name in names])
    listing = unpacked(content, tmp_path)
    assert listing.images == tuple(sorted(f"set/{name}/1.png" for name in names))
    assert listing.names is not None
    assert listing.names.encoding == encoding
    found = next(finding for finding in file_findings(listing) if finding.key == "names-decoded")
    assert found.level == ("note" if listing.names.sure else "warning")
    assert names[0] in found.text


def test_names_in_utf8_without_the_flag_need_no_finding(tmp_path: Path) -> None:
    listing = unpacked(zip_with_names([("bösartig/1.png".encode(), PNG)]), tmp_path)
    assert (listing.images, listing.names) == (("bösartig/1.png",), None)


def test_an_uncertain_encoding_can_be_chosen(tmp_path: Path) -> None:
    content = zip_with_names([("癌/1.png".encode("cp932"), PNG)])
    listing = unpacked(content, tmp_path / "detected")
    assert listing.names is not None
    assert not listing.names.sure
    assert "names-decoded" in {found.key for found in file_findings(listing) if found.level == "warning"}
    chosen = unpacked(content, tmp_path / "chosen", "cp932")
    assert (chosen.images, chosen.names) == (("癌/1.png",), None)
    with pytest.raises(DataError, match="is not in the encoding utf-8"):
        unpacked(content, tmp_path / "wrong", "utf-8")
    with pytest.raises(DataError, match="is no encoding of names"):
        unpacked(content, tmp_path / "unknown", "klingon")


def test_a_unicode_name_beside_the_stored_one_is_used(tmp_path: Path) -> None:
    file = io.BytesIO()
    stored, name = b"@/1.png", "é/1.png"
    with zipfile.ZipFile(file, "w") as archive:
        info = zipfile.ZipInfo("@/1.png")
        field = b"\x01" + zlib.crc32(b"\x82/1.png").to_bytes(4, "little") + name.encode()
        info.extra = (0x7075).to_bytes(2, "little") + len(field).to_bytes(2, "little") + field
        archive.writestr(info, PNG)
    assert unpacked(file.getvalue().replace(stored, b"\x82/1.png"), tmp_path).images == (name,)


@pytest.mark.parametrize(
    "name",
    [
        "Grade: 2/1.png",
        "OCT2017 /train/1.png",
        "left\u00a0eye/1.png",
        "左\u3000右/1.png",
        "\u200fحميد/1.png",
        "\U0001f468\u200d\u2695\ufe0f/1.png",
        "a/" + "x" * 251 + ".png",
        "a/what?..*/b\u202e.png",
        "a/" + "长" * 80 + ".png",
    ],
)
def test_unusual_names_are_accepted(name: str, tmp_path: Path) -> None:
    assert unpacked(zipped({name: PNG}), tmp_path).images == (name,)


def test_names_are_normalised_and_backslashes_separate(tmp_path: Path) -> None:
    assert unpacked(zipped({"bo\u0308se\\1.png": PNG}), tmp_path).images == ("b\u00f6se/1.png",)
    with pytest.raises(DataError, match="twice"):
        unpacked(zipped({"bo\u0308se/1.png": PNG, "b\u00f6se/1.png": PNG}), tmp_path / "twice")
    assert len(unpacked(zipped({"Benign/1.png": PNG, "benign/1.png": PNG}), tmp_path / "case").images) == 2


@pytest.mark.parametrize("name", ["a\x07/1.png", "a/1\n.png", "C:\\x\\1.png", "c:1.png", "a/" + "x" * 252 + ".png"])
def test_unsafe_names_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"unsafe name|too long"):
        unpacked(zipped({"a/1.png": PNG, name: PNG}), tmp_path)


def test_icons_of_mac_folders_are_passed_over(tmp_path: Path) -> None:
    listing = unpacked(zipped({"a/1.png": PNG, "a/Icon\r": b"", "__MACOSX/a/._Icon\r": b""}), tmp_path)
    assert (listing.images, listing.others) == (("a/1.png",), {})


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (tarfile.SYMTYPE, "a link"),
        (tarfile.LNKTYPE, "a link"),
        (tarfile.CHRTYPE, "a device"),
        (tarfile.FIFOTYPE, "device"),
    ],
)
def test_links_and_devices_in_tars_are_refused(kind: bytes, reason: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=reason):
        unpacked(tar_member("a/2.png", kind, "/etc/passwd"), tmp_path)


@pytest.mark.parametrize("name", ["../1.png", "/etc/1.png", "a/../../1.png"])
def test_tars_stay_in_their_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="unsafe name"):
        unpacked(tar_of({"a/1.png": PNG, name: PNG}), tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_tar_made_in_its_folder_is_read(tmp_path: Path) -> None:
    file = io.BytesIO()
    for name in ("a", "b", "empty"):
        (tmp_path / "set" / name).mkdir(parents=True)
    (tmp_path / "set/a/1.png").write_bytes(PNG)
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        archive.add(tmp_path / "set", arcname=".")
    listing = unpacked(file.getvalue(), tmp_path)
    assert (listing.images, listing.empty_folders) == (("a/1.png",), ("b", "empty"))


def test_bombs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zeros = {"a/1.png": PNG, "a/skipped.exe": bytes(120_000_000)}
    with pytest.raises(DataError, match="unpacks to more than 100 MB"):
        unpacked(tar_of(zeros), tmp_path)
    monkeypatch.setenv("GAN_UPLOAD_MB", "1")
    with pytest.raises(DataError, match="larger than the 1 MB"):
        unpacked(tar_of({"a/1.png": bytes(2_000_000)}), tmp_path / "wanted")
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 1 << 30
    with pytest.raises(DataError, match="damaged or cut off"):
        unpacked(header.tobuf(tarfile.USTAR_FORMAT) + bytes(20_000), tmp_path / "header")


def test_what_is_left_out_is_named_as_for_a_folder(tmp_path: Path) -> None:
    files = class_files(4) | {"v/1.nii.gz": b"", "v/2.nii.gz": b"", "film.mp4": b"", "notes.md": b"", "x/a.zip": b"PK"}
    files["z"] = bytes(128) + b"DICM"
    for name, content in files.items():
        (tmp_path / "folder" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / name).write_bytes(content)
    folder, archive = list_folder(tmp_path / "folder"), unpacked(zipped(files), tmp_path)
    assert archive.images == folder.images
    assert "z" in folder.images
    assert archive.others == folder.others
    assert file_findings(archive) == file_findings(folder)
    levels = {(found.key, found.level) for found in file_findings(folder)}
    assert levels == {("unread-images", "warning"), ("other-files", "note")}
    assert not list((tmp_path / "unpacked").rglob("*.nii.gz"))


def test_an_archive_without_images_says_what_it_holds(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"Volumes .*\(2\).*1\.nii.*slices as PNG"):
        unpacked(zipped({"1.nii": b"", "2.nii": b""}), tmp_path)
    with pytest.raises(DataError, match=r"Archives inside are not read \(2\).*benign\.zip.*one ZIP"):
        unpacked(zipped({"benign.zip": b"", "malignant.zip": b""}), tmp_path / "zips")


def test_empty_folders_of_an_archive_are_named(tmp_path: Path) -> None:
    listing = unpacked(
        zipped({"set/": b"", "set/a/": b"", "set/a/1.png": PNG, "set/b/": b"", "set/c/x.md": b""}), tmp_path
    )
    assert listing.empty_folders == ("set/b",)


def test_a_damaged_image_is_left_out_and_a_damaged_table_refused(tmp_path: Path) -> None:
    for name in ("a/2.png", "labels.csv"):
        content = bytearray(zipped({"a/1.png": PNG, name: b"content" * 20}))
        content[content.find(b"content")] ^= 1
        if name == "labels.csv":
            with pytest.raises(DataError, match=r"labels\.csv in the archive is damaged"):
                unpacked(bytes(content), tmp_path / "table")
            continue
        listing = unpacked(bytes(content), tmp_path)
        assert (listing.images, listing.others) == (("a/1.png",), {"damaged": ("a/2.png",)})


def test_a_truncated_tar_leaves_no_set(tmp_path: Path) -> None:
    (tmp_path / "set.tgz").write_bytes(tar_of(class_files())[:-3000])
    assert "cut off" in finding(check_images(tmp_path / "set.tgz"), "nothing-to-check", "error").text
