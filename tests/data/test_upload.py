"""Sets that users add: nothing is kept before it is accepted, and a hostile ZIP reaches nothing."""

import io
import os
import stat
import zipfile
import zlib
from pathlib import Path

import pytest
from PIL import Image

from gan import jobs
from gan.config import settings
from gan.config.names import NAME
from gan.config.run_config import DataConfig
from gan.data import catalogue, registry
from gan.data.ingest import accepted_sets, staging, upload_check
from gan.data.ingest.files import archive
from gan.errors import DataError, GanError
from gan.io.atomic import write_json
from gan.io.progress import silent
from tests.support.image_files import class_files, finding, png_bytes, zip_of
from tests.support.jobs import wait_until
from tests.support.uploads import add_files, add_folder, add_zip


def left_over() -> list[Path]:
    """Uploaded files that lie in the store beside the accepted sets."""
    files = [path for path in (settings.store() / ".data" / "incoming").rglob("*") if path.is_file()]
    return [path for path in files if path.name not in ("request.json", "access.json")]


def test_zip_is_checked_then_accepted_then_read() -> None:
    more = {"my set/.DS_Store": b"x", "__MACOSX/my set/a/._000.png": b"x", "my set/readme.exe": b"MZ"}
    report = add_zip("cells", zip_of(class_files(above="my set/") | more))
    assert report.ok
    assert report.images == 44
    assert not settings.added_sets().exists()
    assert report.staged is not None
    assert not list(report.staged.rglob("*.exe"))
    again = upload_check.load_pending(report.staged.name)
    assert again.as_json() == report.as_json()
    assert accepted_sets.accept(again) == "cells"
    assert left_over() == []
    config = DataConfig.model_validate({"name": "folder", "path": "cells", "image_size": 32})
    preview, labels = registry.preview(config, 4)
    assert preview.shape == (4, 3, 32, 32)
    assert labels == ["a", "b", "a", "b"]
    assert len(registry.load_image_set(config)) == 44
    assert catalogue.find_entry("folder-cells").title == "cells"
    assert accepted_sets.load_report("cells").images == 44
    with pytest.raises(DataError, match="already a set cells"):
        add_zip("cells", zip_of(class_files()))
    accepted_sets.remove_set("cells")
    assert "no added set and no folder cells" in str(registry.problem(config))


def test_a_set_accepted_twice_is_refused_the_second_time() -> None:
    first, second = (add_zip("cells", zip_of(class_files())) for _ in range(2))
    accepted_sets.accept(first)
    with pytest.raises(DataError, match="already a set cells"):
        accepted_sets.accept(second)
    with pytest.raises(DataError, match="no longer exists"):
        accepted_sets.accept(first)
    assert second.staged is not None
    staging.discard(second.staged)
    assert left_over() == []


def test_a_set_with_errors_cannot_be_accepted() -> None:
    report = add_zip("cells", zip_of(class_files() | {"alone/1.png": png_bytes(99)}))
    assert not report.ok
    with pytest.raises(DataError, match=r"alone \(1\).*leave them out"):
        accepted_sets.accept(report)


@pytest.mark.parametrize(
    "name",
    [
        "../../evil.png",
        "a/../../evil.png",
        "..\\evil.png",
        "C:\\evil.png",
        "C:evil.png",
        "{outside}/evil.png",
        "/{outside}/evil.png",
        "//{outside}/evil.png",
        "\\{outside}\\evil.png",
    ],
)
def test_names_that_climb_out_are_refused(name: str, tmp_path: Path) -> None:
    name = name.replace("{outside}", str(tmp_path / "outside"))  # a path that could be written to
    with pytest.raises(DataError, match="unsafe name"):
        add_zip("cells", zip_of(class_files(4) | {name: png_bytes(0)}))
    with pytest.raises(DataError, match="unsafe name"):
        add_files("cells", [("a/1.png", io.BytesIO(png_bytes(1))), (name, io.BytesIO(png_bytes(0)))])
    assert left_over() == []
    assert list(tmp_path.rglob("*evil*")) == []


def test_links_and_second_copies_are_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        link = zipfile.ZipInfo("a/link.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        target.writestr(link, "/etc/passwd")
    with pytest.raises(DataError, match="holds a link, a/link"):
        add_zip("cells", file)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        target.writestr("a/1.png", png_bytes(0))
        target.writestr("a\\1.png", png_bytes(1))
    with pytest.raises(DataError, match="twice"):
        add_zip("cells", file)


def test_more_than_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_UPLOAD_MB", "1")
    with pytest.raises(DataError, match="larger than the 1 MB allowed"):
        add_zip("cells", zip_of({"a/1.bmp": bytes(1_500_000)}, zipfile.ZIP_DEFLATED))
    with pytest.raises(DataError, match="larger than the 1 MB allowed"):
        add_files("cells", [("a/1.bmp", io.BytesIO(bytes(1_500_000)))])
    assert left_over() == []


def test_a_zip_that_lies_about_its_size_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAN_UPLOAD_MB", "1")
    content = zip_of({"a/1.bmp": bytes(3_000_000)}, zipfile.ZIP_DEFLATED).getvalue()
    lie = content.replace((3_000_000).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    assert lie != content
    with pytest.raises(DataError, match=r"Damaged files are not read \(1\): a/1.bmp"):
        add_zip("cells", io.BytesIO(lie))
    assert left_over() == []


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds 11 files, more than the 10"):
        archive.unpack(zip_of(class_files(11)), tmp_path / "unpacked", silent, max_members=10)


def test_what_is_no_zip_is_refused() -> None:
    for content in (b"", b"PK no zip", zip_of(class_files(4)).getvalue()[:-40]):
        with pytest.raises(DataError, match="not a complete ZIP"):
            add_zip("cells", io.BytesIO(content))
    with pytest.raises(DataError, match="holds no images"):
        add_zip("cells", zip_of({"readme.txt": b"hello"}))


def test_a_damaged_member_is_named_and_the_rest_goes_on() -> None:
    content = bytearray(zip_of(class_files()).getvalue())
    with zipfile.ZipFile(io.BytesIO(bytes(content))) as whole:
        start = whole.getinfo("a/000.png").header_offset + 200
    content[start : start + 20] = bytes(20)
    report = add_zip("cells", io.BytesIO(bytes(content)))
    assert "a/000.png" in finding(report, "unread-images", "warning").text
    assert report.images == 43


def test_a_png_that_claims_to_be_huge_is_named() -> None:
    header = b"\x00\x00\x27\x10\x00\x00\x27\x10\x08\x02\x00\x00\x00"  # 10,000 x 10,000, colour
    chunk = b"IHDR" + header
    bomb = b"\x89PNG\r\n\x1a\n" + len(header).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    report = add_zip("cells", zip_of(class_files() | {"a/bomb.png": bomb}))
    assert list(report.unreadable) == ["a/bomb.png"]


def test_other_formats_are_not_opened() -> None:
    file = io.BytesIO()
    Image.new("RGB", (20, 20)).save(file, "tga")
    report = add_zip("cells", zip_of(class_files() | {"a/tga.png": file.getvalue()}))
    assert list(report.unreadable) == ["a/tga.png"]


@pytest.mark.parametrize("title", ["My Set", "a/b", "..", "-x", "x" * 65])
def test_a_set_of_any_title_is_kept_in_a_folder_of_a_valid_name(title: str) -> None:
    name = accepted_sets.accept(add_zip(title, zip_of(class_files(44))))
    assert NAME.fullmatch(name)
    assert [path.name for path in settings.added_sets().iterdir()] == [name]
    assert catalogue.find_entry(f"folder-{name}").title == title


def test_single_files_with_a_table() -> None:
    files = [(f"{seed}.png", io.BytesIO(png_bytes(seed))) for seed in range(50)]
    rows = "".join(f"{seed}.png,{seed % 2}\n" for seed in range(50))
    report = add_files("cells", [*files, ("labels.csv", io.BytesIO(f"file,edema\n{rows}".encode()))])
    assert (report.ok, report.kind, report.images) == (True, "attributes", 50)
    flat = add_files("cells", [(f"{seed}.png", io.BytesIO(png_bytes(seed))) for seed in range(3)])
    assert "have no labels" in flat.errors[0].text
    with pytest.raises(DataError, match="Two files are named 1"):
        add_files("cells", [("1.png", io.BytesIO(png_bytes(0))), ("1.png", io.BytesIO(png_bytes(1)))])


def test_a_path_must_be_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    allowed, secret = tmp_path / "allowed", tmp_path / "secret"
    for root in (allowed / "cells", secret):
        for name, content in class_files().items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)
    with pytest.raises(DataError, match="GAN_PATHS"):
        add_folder("cells", allowed / "cells")
    monkeypatch.setenv("GAN_PATHS", str(allowed))
    for path in (secret, allowed / ".." / "secret"):
        with pytest.raises(DataError, match="may not be added from"):
            add_folder("cells", path)
    (allowed / "link").symlink_to(secret)
    with pytest.raises(DataError, match="may not be added from"):
        add_folder("cells", allowed / "link")
    report = add_folder("cells", allowed / "cells")
    assert accepted_sets.accept(report) == "cells"
    config = DataConfig.model_validate({"name": "folder", "path": "cells", "image_size": 32})
    assert len(registry.load_image_set(config)) == 44
    Image.open(secret / "a" / "000.png").rotate(90).save(secret / "new.png")
    (allowed / "cells" / "a" / "sneak.png").symlink_to(secret / "new.png")
    with pytest.raises(DataError, match=r"a/sneak\.png .* is a link"):
        add_folder("more", allowed / "cells")


def test_what_nobody_accepted_is_removed_after_a_day() -> None:
    first, second = (add_zip(name, zip_of(class_files(4))) for name in ("cells", "more"))
    assert first.staged is not None
    assert second.staged is not None
    os.utime(first.staged, (0, 0))
    third = staging.stage_archive("other", zip_of(class_files(4)))
    assert sorted(staging.waiting().items()) == sorted({second.staged.name: "more", third.name: "other"}.items())
    assert upload_check.load_pending(third.name) is None
    with pytest.raises(DataError, match="no longer exists"):
        upload_check.load_pending(first.staged.name)


def test_an_upload_is_checked_by_a_job_whose_files_do_not_stay_with_the_set() -> None:
    folder = staging.stage_archive("cells", zip_of(class_files()))
    jobs.start_task(folder)
    wait_until(lambda: not jobs.state(folder).alive, "the check has ended")
    assert jobs.state(folder).name == "finished"
    report = upload_check.load_pending(folder.name)
    assert report is not None
    assert report.images == 44
    accepted_sets.accept(report)
    kept = {path.name for path in (settings.added_sets() / "cells").iterdir()}
    assert kept == {"access.json", "images", "plan.json", "report.json"}


def test_a_refused_zip_fails_its_job_and_leaves_none_of_its_files() -> None:
    folder = staging.stage_archive("cells", io.BytesIO(b"no zip"))
    jobs.start_task(folder)
    wait_until(lambda: not jobs.state(folder).alive, "the check has ended")
    assert (jobs.state(folder).name, upload_check.load_pending(folder.name)) == ("failed", None)
    assert "not a complete ZIP" in jobs.state(folder).cause
    assert not (folder / "upload.zip").exists()
    staging.discard(folder)
    assert staging.waiting() == {}


@pytest.mark.parametrize(
    "request_", [{"name": "../../evil", "source": "zip", "path": ""}, {"name": "cells", "source": "zip", "run": "rm"}]
)
def test_a_forged_request_checks_nothing(request_: dict[str, str]) -> None:
    folder = staging.stage_archive("cells", zip_of(class_files()))
    write_json(folder / "request.json", request_)
    with pytest.raises(GanError):
        upload_check.check_upload(folder)
    assert upload_check.load_pending(folder.name) is None


def test_a_forged_request_for_a_folder_is_held_to_the_allowed_paths(tmp_path: Path) -> None:
    folder = staging.stage_archive("cells", zip_of(class_files()))
    write_json(folder / "request.json", {"name": "cells", "source": "folder", "path": str(tmp_path)})
    with pytest.raises(DataError, match="GAN_PATHS"):
        upload_check.check_upload(folder)
