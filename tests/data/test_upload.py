"""Sets that users add: nothing is kept before it is accepted, and a hostile ZIP reaches nothing."""

import io
import stat
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gan.config import settings
from gan.config.run_config import DataConfig
from gan.data import catalogue, registry
from gan.data.ingest import archive, staging
from gan.errors import DataError


def png(seed: int, side: int = 24) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png")
    return file.getvalue()


def members(count: int = 44, above: str = "") -> dict[str, bytes]:
    return {f"{above}{'ab'[seed % 2]}/{seed:03d}.png": png(seed) for seed in range(count)}


def zipped(files: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as target:
        for name, content in files.items():
            target.writestr(name, content)
    file.seek(0)
    return file


def incoming() -> list[Path]:
    return list((settings.store() / ".data" / "incoming").iterdir())


def test_zip_is_checked_then_accepted_then_read() -> None:
    more = {"my set/.DS_Store": b"x", "__MACOSX/my set/a/._000.png": b"x", "my set/readme.exe": b"MZ"}
    report = staging.add_zip("cells", zipped(members(above="my set/") | more))
    assert report.ok
    assert report.images == 44
    assert not settings.added_sets().exists()
    assert report.staged is not None
    assert not list(report.staged.rglob("*.exe"))
    again = staging.load_pending(report.staged.name)
    assert again.as_json() == report.as_json()
    assert staging.accept(again) == "cells"
    assert incoming() == []
    config = DataConfig.model_validate({"name": "folder", "path": "cells", "image_size": 32})
    preview, labels = registry.preview(config, 4)
    assert preview.shape == (4, 3, 32, 32)
    assert labels == ["a", "b", "a", "b"]
    assert len(registry.load_image_set(config)) == 44
    assert catalogue.find_entry("folder-cells").title == "cells"
    assert staging.load_report("cells").images == 44
    with pytest.raises(DataError, match="a set cells already"):
        staging.add_zip("cells", zipped(members()))
    staging.remove_set("cells")
    assert "no added set and no folder cells" in str(registry.problem(config))


def test_a_set_accepted_twice_is_refused_the_second_time() -> None:
    first, second = (staging.add_zip("cells", zipped(members())) for _ in range(2))
    staging.accept(first)
    with pytest.raises(DataError, match="a set cells already"):
        staging.accept(second)
    with pytest.raises(DataError, match="not waiting"):
        staging.accept(first)
    staging.discard(second)
    assert incoming() == []


def test_a_set_with_errors_cannot_be_accepted() -> None:
    report = staging.add_zip("cells", zipped(members() | {"alone/1.png": png(99)}))
    assert not report.ok
    with pytest.raises(DataError, match="class alone has 1 image"):
        staging.accept(report)


@pytest.mark.parametrize(
    "name", ["../../evil.png", "/etc/evil.png", "a/../../evil.png", "..\\evil.png", "C:\\evil.png"]
)
def test_names_that_climb_out_are_refused(name: str, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*evil*"))
    with pytest.raises(DataError, match="no path below a folder"):
        staging.add_zip("cells", zipped(members(4) | {name: png(0)}))
    assert incoming() == []
    assert sorted(tmp_path.rglob("*evil*")) == before


def test_links_and_second_copies_are_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        link = zipfile.ZipInfo("a/link.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        target.writestr(link, "/etc/passwd")
    with pytest.raises(DataError, match="holds a link, a/link"):
        staging.add_zip("cells", file)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        target.writestr("a/1.png", png(0))
        target.writestr("a\\1.png", png(1))
    with pytest.raises(DataError, match="twice"):
        staging.add_zip("cells", file)


def test_more_than_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_UPLOAD_MB", "1")
    with pytest.raises(DataError, match="more than the 1 MB allowed"):
        staging.add_zip("cells", zipped({"a/1.bmp": bytes(1_500_000)}, zipfile.ZIP_DEFLATED))
    with pytest.raises(DataError, match="more than the 1 MB allowed"):
        staging.add_files("cells", [("a/1.bmp", io.BytesIO(bytes(1_500_000)))])
    assert incoming() == []


def test_a_zip_that_lies_about_its_size_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_UPLOAD_MB", "1")
    content = zipped({"a/1.bmp": bytes(3_000_000)}, zipfile.ZIP_DEFLATED).getvalue()
    lie = content.replace((3_000_000).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    assert lie != content
    report = staging.add_zip("cells", io.BytesIO(lie))  # no byte is read beyond the claim
    assert report.staged is not None
    assert sum(path.stat().st_size for path in report.staged.rglob("*.bmp")) <= 1000
    assert not report.ok


def test_too_many_members_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_MEMBERS", 10)
    with pytest.raises(DataError, match="holds 11 files: at most 10"):
        staging.add_zip("cells", zipped(members(11)))


def test_what_is_no_zip_is_refused() -> None:
    for content in (b"", b"PK no zip", zipped(members(4)).getvalue()[:-40]):
        with pytest.raises(DataError, match="not a whole ZIP"):
            staging.add_zip("cells", io.BytesIO(content))
    with pytest.raises(DataError, match="holds no images"):
        staging.add_zip("cells", zipped({"readme.txt": b"hello"}))


def test_a_damaged_member_is_named_and_the_rest_goes_on() -> None:
    content = bytearray(zipped(members()).getvalue())
    with zipfile.ZipFile(io.BytesIO(bytes(content))) as whole:
        start = whole.getinfo("a/000.png").header_offset + 200
    content[start : start + 20] = bytes(20)
    report = staging.add_zip("cells", io.BytesIO(bytes(content)))
    assert list(report.unreadable) == ["a/000.png"]
    assert report.images == 43


def test_a_png_that_claims_to_be_huge_is_named() -> None:
    header = b"\x00\x00\x27\x10\x00\x00\x27\x10\x08\x02\x00\x00\x00"  # 10,000 x 10,000, colour
    chunk = b"IHDR" + header
    bomb = b"\x89PNG\r\n\x1a\n" + len(header).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    report = staging.add_zip("cells", zipped(members() | {"a/bomb.png": bomb}))
    assert list(report.unreadable) == ["a/bomb.png"]


def test_other_formats_are_not_opened() -> None:
    file = io.BytesIO()
    Image.new("RGB", (20, 20)).save(file, "gif")
    report = staging.add_zip("cells", zipped(members() | {"a/gif.png": file.getvalue()}))
    assert list(report.unreadable) == ["a/gif.png"]


@pytest.mark.parametrize("name", ["", "My Set", "a/b", "..", "-x", "x" * 65])
def test_names_of_sets(name: str) -> None:
    with pytest.raises(DataError, match="cannot name a set"):
        staging.add_zip(name, zipped(members(4)))


def test_single_files_with_a_table() -> None:
    files = [(f"{seed}.png", io.BytesIO(png(seed))) for seed in range(50)]
    rows = "".join(f"{seed}.png,{seed % 2}\n" for seed in range(50))
    report = staging.add_files("cells", files, io.BytesIO(f"file,edema\n{rows}".encode()))
    assert (report.ok, report.kind, report.images) == (True, "attributes", 50)
    flat = staging.add_files("cells", [(f"{seed}.png", io.BytesIO(png(seed))) for seed in range(3)])
    assert "no class folder" in flat.errors[0].text
    with pytest.raises(DataError, match="Two files are named 1"):
        staging.add_files("cells", [("1.png", io.BytesIO(png(0))), ("1.png", io.BytesIO(png(1)))])


def test_a_path_must_be_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    allowed, secret = tmp_path / "allowed", tmp_path / "secret"
    for root in (allowed / "cells", secret):
        for name, content in members().items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)
    with pytest.raises(DataError, match="GAN_PATHS"):
        staging.add_path("cells", allowed / "cells")
    monkeypatch.setenv("GAN_PATHS", str(allowed))
    for path in (secret, allowed / ".." / "secret"):
        with pytest.raises(DataError, match="not in a folder from which"):
            staging.add_path("cells", path)
    (allowed / "link").symlink_to(secret)
    with pytest.raises(DataError, match="not in a folder from which"):
        staging.add_path("cells", allowed / "link")
    report = staging.add_path("cells", allowed / "cells")
    assert staging.accept(report) == "cells"
    config = DataConfig.model_validate({"name": "folder", "path": "cells", "image_size": 32})
    assert len(registry.load_image_set(config)) == 44
    Image.open(secret / "a" / "000.png").rotate(90).save(secret / "new.png")
    (allowed / "cells" / "a" / "sneak.png").symlink_to(secret / "new.png")
    with pytest.raises(DataError, match=r"a/sneak\.png .* is a link"):
        staging.add_path("more", allowed / "cells")


def test_what_nobody_accepted_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    first = staging.add_zip("cells", zipped(members()))
    monkeypatch.setattr(staging, "EXPIRY_SECONDS", -1)
    second = staging.add_zip("other", zipped(members()))
    assert incoming() == [second.staged]
    assert first.staged is not None
    with pytest.raises(DataError, match="not waiting"):
        staging.load_pending(first.staged.name)
