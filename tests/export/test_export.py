"""Images on demand and the download: made again from their manifest, opened by torchvision, whole or not at all."""

import contextlib
import csv
import io
import json
import resource
import shlex
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torchvision.datasets import ImageFolder

from gan import jobs
from gan.cli.main import main
from gan.config import settings
from gan.data import registry
from gan.data.ingest.files.listing import list_folder
from gan.data.ingest.files.synthetic import is_synthetic_export
from gan.errors import ConfigError, RunError, StoppedError, UserError
from gan.evaluation.classifiers.training import train_classifier
from gan.evaluation.selector import Selector
from gan.export import balance, exports
from gan.export.candidates import ExportFilter, Tally, accepted_from_stream
from gan.export.request import ExportRequest, equal_subclasses
from gan.export.size_estimate import estimate_export
from gan.export.spool import Row, Spool
from gan.export.writer import GENERATING, write_export
from gan.runs.run import Run
from gan.sampling import marks
from gan.sampling.conditions import POSITIONS, Condition
from gan.sampling.latents import sample_noise
from gan.sampling.provenance import Origin
from gan.sampling.sampler import load_generator
from gan.sampling.views import first_groups
from tests.conftest import trained
from tests.support.celeba import write_celeba
from tests.support.export import stop_after_first_chunk
from tests.support.jobs import wait_until


@pytest.fixture
def run() -> Run:
    return trained("digits")


def test_an_image_depends_on_its_position_alone_whatever_the_batch(run: Run) -> None:
    sampler, conditions = load_generator(run), np.eye(10, dtype=np.float32)[np.arange(100) % 10]
    many = sampler.generate(conditions, seed=5)
    alone = sampler.generate(conditions[70:71], seed=5, start=70)
    assert many.shape == (100, 1, 32, 32)
    assert np.abs(many[70].astype(int) - alone[0]).max() <= 1
    assert (many != sampler.generate(conditions, seed=6)).any(axis=(1, 2, 3)).all()


def test_truncated_noise_stays_inside_and_untruncated_is_normal() -> None:
    assert sample_noise(0, range(50), 100, truncation=0.5).abs().max() <= 1
    whole = sample_noise(0, range(200), 100)
    assert whole.std().item() == pytest.approx(1, abs=0.02)
    assert whole.abs().max() > 3


def test_a_truncation_that_nothing_can_be_drawn_with_is_refused_before_it_starts(run: Run) -> None:
    with pytest.raises(ConfigError, match=r"truncation is 0.0: it takes a number from 0.05 to 1"):
        exports.begin_export(run, ExportRequest((("3", 1),), truncation=0.0))


def test_the_download_opens_with_torchvision_and_says_what_it_is(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "images.zip"
    write_export(run, ExportRequest((("3", 4), ("7", 2)), seed=9), out)
    with zipfile.ZipFile(out) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "unpacked")
        assert not [name for name in archive.namelist() if name.endswith((".safetensors", ".pt"))]
    opened = ImageFolder(str(tmp_path / "unpacked" / "images"))
    assert opened.classes == ["3", "7"]
    assert len(opened) == 6
    labels = list(csv.DictReader(io.StringIO((tmp_path / "unpacked" / "labels.csv").read_text())))
    assert [row["class"] for row in labels] == ["3"] * 4 + ["7"] * 2
    manifest = json.loads((tmp_path / "unpacked" / "manifest.json").read_text())
    assert manifest["snapshot"]["generator_sha256"] == load_generator(run).sha256
    assert [(c["condition"], c["count"]) for c in manifest["conditions"]] == [("3", 4), ("7", 2)]
    card = (tmp_path / "unpacked" / "README.md").read_text()
    assert "Not for clinical use" in card
    assert run.info().licence in card
    with Image.open(tmp_path / "unpacked" / labels[0]["file"]) as image:
        assert (image.mode, image.size) == ("L", (32, 32))
        assert image.info["Synthetic"].startswith("yes")


def test_the_command_in_an_images_metadata_makes_it_again(run: Run, tmp_path: Path) -> None:
    write_export(run, ExportRequest((("3", 3), ("7", 3)), seed=2, truncation=0.7), tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        name = next(name for name in archive.namelist() if name.endswith("_000004.png"))
        original = Image.open(io.BytesIO(archive.read(name)))
    command = shlex.split(original.info["Make again"].replace("python -m gan ", ""))
    command[command.index("--out") + 1] = str(tmp_path / "again")
    assert main(command) == 0
    (made,) = (tmp_path / "again").rglob("*.png")
    difference = np.asarray(Image.open(made)).astype(int) - np.asarray(original)
    assert np.abs(difference).max() <= 1


@pytest.mark.parametrize("count", [600, 20])  # in the middle, and after the last image
def test_an_export_that_is_stopped_leaves_no_file_and_goes_on_where_it_was(
    run: Run, tmp_path: Path, count: int
) -> None:
    request, out = ExportRequest((("3", count), ("4", 3)), with_near_copies=True), tmp_path / "half.zip"
    with pytest.raises(StoppedError):
        write_export(run, request, out, stop_after_first_chunk)
    assert not out.exists()
    shares: list[float] = []
    write_export(run, request, out, lambda phase, done: shares.append(done) if phase == GENERATING else None)
    assert shares[0] == min(count, 256) / request.count  # the first chunk was kept
    assert shares[-1] == 1
    assert list(tmp_path.glob(".half*")) == []
    write_export(run, request, tmp_path / "whole.zip")
    with zipfile.ZipFile(out) as resumed, zipfile.ZipFile(tmp_path / "whole.zip") as whole:
        assert resumed.namelist() == whole.namelist()
        for name in whole.namelist()[: count + 4]:  # images and labels; the manifest has the time
            assert resumed.read(name) == whole.read(name), name


@pytest.mark.parametrize(
    ("rejected", "goes_on_from"),
    [
        (Origin(320, 1, 5, "3"), 256),  # of another seed
        (Origin(160, 0, 5, "3"), 256),
        (Origin(320, 0, 5, "3", truncation=0.5), 256),
        (Origin(320, 0, 5, "7"), 256),
        (Origin(320, 0, 5, "3"), 0),
    ],
)
def test_an_export_starts_anew_only_where_its_own_images_were_rejected_since(
    run: Run, tmp_path: Path, rejected: Origin, goes_on_from: int
) -> None:
    request, out = ExportRequest((("3", 300), ("4", 3)), with_near_copies=True), tmp_path / "half.zip"
    with pytest.raises(StoppedError):
        write_export(run, request, out, stop_after_first_chunk)
    marks.change(run, {rejected: "reject"})
    shares: list[float] = []
    write_export(run, request, out, lambda phase, done: shares.append(done) if phase == GENERATING else None)
    assert shares[0] == goes_on_from / request.count
    with zipfile.ZipFile(out) as archive:
        made = archive.namelist()
    assert ("images/3/digits_320_s0_000005.png" in made) == bool(goes_on_from)


def test_a_rejection_is_met_where_any_class_was_asked_for(run: Run, tmp_path: Path) -> None:
    request = ExportRequest((("any", 4),), with_near_copies=True)
    write_export(run, request, tmp_path / "before")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "before" / "labels.csv").read_text())))
    marks.change(run, {Origin(320, 0, 2, rows[2]["class"]): "reject"})
    write_export(run, request, tmp_path / "after")
    names = sorted(path.stem[-6:] for path in (tmp_path / "after").rglob("*.png"))
    assert names == ["000000", "000001", "000003", "000004"]


def test_another_request_does_not_go_on_with_what_a_stopped_one_made(run: Run, tmp_path: Path) -> None:
    stopped = ExportRequest((("3", 300),), with_near_copies=True)
    with pytest.raises(StoppedError):
        write_export(run, stopped, tmp_path / "out.zip", stop_after_first_chunk)
    other = ExportRequest((("3", 2),), seed=1, with_near_copies=True)
    assert write_export(run, other, tmp_path / "out.zip").count == 2
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert len([name for name in archive.namelist() if name.endswith(".png")]) == 2


def test_a_spool_whose_end_is_torn_keeps_the_chunks_before_it(tmp_path: Path) -> None:
    row = Row(item=0, snapshot=160, seed=0, position=0, truncation=1.0, on=(3,), size=4)
    with Spool(tmp_path / "spool", {"what": "test"}) as spool:
        spool.add([row, row], [b"aaaa", b"bbbb"], {"next": 2})
        spool.add([row], [b"cccc"], {"next": 3})
    with open(tmp_path / "spool" / "rows.jsonl", "ab") as file:
        file.write(b'{"rows": [[0, 160')
    with open(tmp_path / "spool" / "images.bin", "ab") as file:
        file.write(b"dd")
    with Spool(tmp_path / "spool", {"what": "test"}) as again:
        assert (again.count, again.state) == (3, {"next": 3})
        again.add([row], [b"eeee"], {"next": 4})
        assert [content for _, content in again.images()] == [b"aaaa", b"bbbb", b"cccc", b"eeee"]
    with open(tmp_path / "spool" / "images.bin", "r+b") as file:
        file.truncate(10)  # as after a power cut
    with Spool(tmp_path / "spool", {"what": "test"}) as cut:
        assert (cut.count, cut.state) == (2, {"next": 2})
    with Spool(tmp_path / "spool", {"what": "else"}) as other:
        assert (other.count, other.state) == (0, None)


def test_rows_of_an_earlier_version_have_no_subclass(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool", {"what": "test"}):
        line = {"rows": [[0, 160, 0, 0, 1.0, [3], 4]], "state": {"next": 1}}
        (tmp_path / "spool" / "rows.jsonl").write_text(json.dumps(line) + "\n")
        (tmp_path / "spool" / "images.bin").write_bytes(b"aaaa")
    with Spool(tmp_path / "spool", {"what": "test"}) as spool:
        assert [row.subclass for row in spool.rows()] == [None]


def test_a_spool_is_closed_before_it_is_removed(tmp_path: Path) -> None:
    """An NFS client renames a file that is deleted while it is open, so that its folder is not empty."""
    row = Row(item=0, snapshot=160, seed=0, position=0, truncation=1.0, on=(3,), size=4)
    with Spool(tmp_path / "spool", {"what": "test"}) as spool:
        spool.add([row], [b"aaaa"], {"next": 1})
        spool.remove()
        deleted = [target for target in _open_files() if target.startswith(str(tmp_path))]
    assert deleted == []
    assert not (tmp_path / "spool").exists()


def _open_files() -> list[str]:
    """The files that this process has open; one that was deleted meanwhile ends in " (deleted)"."""
    targets = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # that of the listing itself
            targets.append(str(descriptor.readlink()))
    return targets


def test_npz_is_as_medmnist_has_it(run: Run, tmp_path: Path) -> None:
    items = (("3", 4), ("7", 2))
    write_export(run, ExportRequest(items, format="npz", with_near_copies=True), tmp_path / "npz.zip")
    write_export(run, ExportRequest(items, with_near_copies=True), tmp_path / "folder")
    with zipfile.ZipFile(tmp_path / "npz.zip") as archive:
        arrays = np.load(io.BytesIO(archive.read("images.npz")))
        rows = list(csv.DictReader(io.StringIO(archive.read("labels.csv").decode())))
    assert arrays["train_images"].shape == (6, 32, 32)
    assert arrays["train_images"].dtype == arrays["train_labels"].dtype == np.uint8
    assert arrays["train_labels"].tolist() == [[3]] * 4 + [[7]] * 2
    for number, path in enumerate(sorted((tmp_path / "folder").rglob("*.png"))):
        assert (np.asarray(Image.open(path)) == arrays["train_images"][number]).all()
        assert path.stem.endswith(f"s{rows[number]['seed']}_{int(rows[number]['index']):06d}")
    assert [row["class"] for row in rows] == ["3"] * 4 + ["7"] * 2


def test_a_flat_folder_goes_by_its_labels(run: Run, tmp_path: Path) -> None:
    request = ExportRequest((("3", 2), ("7", 1)), format="flat", with_near_copies=True)
    write_export(run, request, tmp_path / "flat")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "flat" / "labels.csv").read_text())))
    assert [row["class"] for row in rows] == ["3", "3", "7"]
    assert sorted(tmp_path / "flat" / row["file"] for row in rows) == sorted((tmp_path / "flat" / "images").iterdir())


def test_the_basket_is_exported_exactly_from_any_snapshot(run: Run, tmp_path: Path) -> None:
    kept = [Origin(160, 5, 9, "3"), Origin(320, 0, 2, "7", truncation=0.5), Origin(320, 0, 2, "3")]
    marks.change(run, dict.fromkeys(kept, "keep"))
    request = replace(ExportRequest.of_basket(marks.basket(run)), with_near_copies=True)
    assert request.count == 3
    write_export(run, request, tmp_path / "basket")
    names = sorted(
        str(path.relative_to(tmp_path / "basket" / "images")) for path in (tmp_path / "basket").rglob("*.png")
    )
    assert names == ["3/digits_160_s5_000009.png", "3/digits_320_s0_000002.png", "7/digits_320_t0.5_s0_000002.png"]
    early = load_generator(run, 160).generate(np.eye(10, dtype=np.float32)[[3]], seed=5, start=9)
    with Image.open(tmp_path / "basket" / "images" / names[0]) as image:
        assert np.abs(np.asarray(image).astype(int) - early[0, 0]).max() <= 1
        assert "--snapshot 160" in image.info["Make again"]
    manifest = json.loads((tmp_path / "basket" / "manifest.json").read_text())
    assert manifest["basket"][0] == {"snapshot": 160, "seed": 5, "index": 9, "condition": "3", "truncation": 1.0}
    assert [manifest["snapshot"]["seen"], manifest["further_snapshots"][0]["seen"]] == [320, 160]


def test_the_best_half_of_the_candidates_is_delivered_and_counted(run: Run) -> None:
    sampler, images = load_generator(run), registry.load_image_set(run.config.data)
    rows = images.rows("train")[:200]
    network = train_classifier(images.images[rows], images.conditions[rows], "class", images_seen=640)
    selector = Selector.from_images(network, images.images[rows], images.conditions[rows], "class")
    tally = Tally(10)
    chunks = accepted_from_stream(
        sampler,
        ExportFilter(selector=selector, keep_rate=0.5),
        Condition.from_text("3", sampler.info),
        tally,
        0,
        seed=0,
        start=5,
        truncation=1,
    )
    delivered = [origin.index for chunk in chunks for origin in chunk.origins]
    threes = np.eye(10, dtype=np.float32)[[3] * 20]
    best = selector.select(sampler.generate(threes, seed=0, start=5), threes, 0.5)
    assert delivered == (best + 5).tolist()
    assert (tally.tried, tally.delivered, tally.not_kept) == (20, 10, 10)


def test_the_background_export_ends_with_a_file_and_a_line_in_the_ledger(run: Run) -> None:
    begun = exports.begin_export(run, ExportRequest((("0", 5), ("1", 5))))
    wait_until(lambda: not exports.find_export(run, begun.id).state.alive, "the export ends", patience=60)
    ended = exports.list_exports(run)[0]
    assert ended.id == begun.id
    assert (ended.state.name, ended.status["done"]) == ("finished", 1), jobs.log_tail(ended.folder)
    assert ended.file is not None
    with zipfile.ZipFile(ended.file) as archive:
        assert len([name for name in archive.namelist() if name.endswith(".png")]) == 10
    (line,) = (run.path / "exports" / "ledger.jsonl").read_text().splitlines()
    assert json.loads(line)["export"] == begun.id


@pytest.mark.parametrize(
    ("items", "says"),
    [
        ((("3", 0),), "0 images of 3: it takes at least 1."),
        ((), "0 images in one export: it takes 1 to 200,000"),
        ((("3", 300_000),), "300,000 images in one export"),
        ((("eleven", 1),), "There is no condition 'eleven'"),
    ],
)
def test_a_request_that_cannot_be_made_is_refused_before_it_starts(
    run: Run, items: tuple[tuple[str, int], ...], says: str
) -> None:
    with pytest.raises(UserError, match=says):
        exports.begin_export(run, ExportRequest(items))
    assert exports.list_exports(run) == []


def test_an_export_whose_request_cannot_be_written_leaves_no_folder(run: Run) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))  # as on a full disk
    try:
        with pytest.raises(OSError, match="File too large"):
            exports.begin_export(run, ExportRequest((("3", 5),)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list((run.path / "exports").iterdir()) == []


def test_a_snapshot_that_is_not_there_or_damaged_is_named(run: Run) -> None:
    with pytest.raises(RunError, match="has no snapshot 7: it has 160, 320"):
        load_generator(run, 7)
    (run.snapshot() / "generator.safetensors").write_bytes(b"not weights")
    with pytest.raises(RunError, match="000000320 of digits is damaged"):
        load_generator(run)


def test_balancing_brings_every_class_to_the_commonest_or_to_a_number(run: Run) -> None:
    info = run.info()
    counts = info.conditions.sum(axis=0, dtype=int)
    added = dict(balance.balance_items(info))
    assert {int(count) + added.get(name, 0) for name, count in zip(info.names, counts, strict=True)} == {counts.max()}
    table = balance.balance_table(info, 145)
    assert [row.real for row in table] == counts.tolist()
    assert [row.total for row in table] == [max(145, count) for count in counts]
    assert dict(balance.balance_items(info, 145)) == {row.condition: row.synthetic for row in table if row.synthetic}
    with pytest.raises(UserError, match="Every class has 5 training images or more already"):
        balance.balance_items(info, 5)


@pytest.mark.parametrize("download_format", ["folder", "npz"])
def test_the_estimate_is_near_the_real_size_of_few_and_of_many_images(run: Run, download_format: str) -> None:
    requests = [
        ExportRequest((("3", count), ("7", count)), with_near_copies=True, format=download_format) for count in (2, 150)
    ]
    before = [estimate_export(run, request).size for request in requests]
    few = exports.begin_export(run, requests[0])
    wait_until(lambda: not few.state.alive, "the export ends", patience=60)
    after = estimate_export(run, requests[1]).size
    many = exports.begin_export(run, requests[1])
    wait_until(lambda: not many.state.alive, "the export ends", patience=60)
    assert few.file is not None
    assert many.file is not None
    sizes = [few.file.stat().st_size, many.file.stat().st_size]
    for estimated, real in zip([*before, after], [*sizes, sizes[1]], strict=True):
        assert real / 2 < estimated < 2 * real


def test_a_download_begins_with_the_images_that_are_shown(run: Run, tmp_path: Path) -> None:
    request = ExportRequest((("3", 2), ("8", 4)), seed=4, start=None, with_near_copies=True)
    write_export(run, request, tmp_path / "some")
    (shown,) = first_groups(load_generator(run), ["8"], 4, seed=4)
    for path, origin, image in zip(
        sorted((tmp_path / "some" / "images" / "8").iterdir()), shown.origins, shown.images, strict=True
    ):
        assert path.stem.endswith(f"s4_{origin.index}")
        assert np.abs(np.asarray(Image.open(path)).astype(int) - image[0]).max() <= 1
    manifest = json.loads((tmp_path / "some" / "manifest.json").read_text())
    first = 8 * POSITIONS
    assert [row["indices"] for row in manifest["conditions"]] == [
        [3 * POSITIONS, 3 * POSITIONS + 1],
        [first, first + 3],
    ]


def test_one_class_is_brought_to_a_number_with_its_real_images(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    real = int(run.info().conditions[:, 8].sum())
    command = ["export", run.name, "--condition", "8", "--out", str(tmp_path / "out"), "--with-near-copies"]
    assert main([*command, "--bring-to", str(real + 3)]) == 0
    assert [path.name for path in (tmp_path / "out" / "images").iterdir()] == ["8"]
    assert len(list((tmp_path / "out" / "images" / "8").iterdir())) == 3
    assert main([*command, "--bring-to", str(real)]) == 2
    assert f"8 has {real} training images or more already" in capsys.readouterr().err
    with pytest.raises(UserError, match="any is not a class"):
        balance.balance_items(run.info(), 500, ["any"])


def test_subclasses_are_exported_equally_often_under_the_label_of_their_class(tmp_path: Path) -> None:
    run = trained("divided", model__subclasses=2)
    chosen = ["--condition", "3", "--condition", "5, subclass 2", "--with-near-copies", "--out", str(tmp_path / "out")]
    assert main(["export", run.name, "--per-class", "5", "--equal-subclasses", *chosen]) == 0
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    asked = {row["condition"]: (row["count"], row["folder"]) for row in manifest["conditions"]}
    assert asked == {"3, subclass 1": (3, "3"), "3, subclass 2": (2, "3"), "5, subclass 2": (5, "5")}
    counts = run.info().subclasses
    assert [row["real_images"] for row in manifest["conditions"]] == [*counts[3], counts[5][1]]
    images = ImageFolder(str(tmp_path / "out" / "images"))
    assert (images.classes, len(images)) == (["3", "5"], 10)
    (file,) = (tmp_path / "out" / "images" / "5").glob("*000000.png")
    with Image.open(file) as image:
        pixels, command = np.asarray(image).astype(int), image.info["Make again"]
    again = shlex.split(command.replace("python -m gan ", ""))
    assert main([*again[:-1], str(tmp_path / "again")]) == 0
    (copy,) = (tmp_path / "again" / "images" / "5").glob("*.png")
    with Image.open(copy) as image:
        assert np.abs(pixels - np.asarray(image)).max() <= 1
    with pytest.raises(UserError, match="This run has no subclasses to balance"):
        equal_subclasses([("3", 5)], trained("plain").info())


@pytest.mark.parametrize("download_format", ["folder", "flat"])
def test_images_of_a_class_and_its_subclasses_from_one_noise_have_files_of_their_own(
    tmp_path: Path, download_format: str
) -> None:
    run = trained("divided", model__subclasses=2)
    kept = [Origin(320, 0, 500, text) for text in ("3", "3, subclass 1", "3, subclass 2")]
    request = replace(ExportRequest.of_basket(kept, download_format), with_near_copies=True)
    assert write_export(run, request, tmp_path / "out").count == 3
    start = "3_divided" if download_format == "flat" else "divided"
    names = [f"{start}{subclass}_320_s0_000500.png" for subclass in ("", "_subclass1", "_subclass2")]
    assert sorted(path.name for path in (tmp_path / "out").rglob("*.png")) == sorted(names)
    for name, origin in zip(names, kept, strict=True):
        (file,) = (tmp_path / "out").rglob(name)
        with Image.open(file) as image:
            assert image.info["Condition"] == origin.condition


def test_a_subclass_is_brought_to_a_number(run: Run) -> None:
    info = trained("divided", model__subclasses=2).info()
    rare = info.subclasses[4][0]
    assert balance.balance_items(info, rare + 3, ["4, subclass 1"]) == (("4, subclass 1", 3),)


def test_the_estimate_goes_by_what_earlier_exports_took(run: Run) -> None:
    request = ExportRequest((("3", 40),), with_near_copies=True)
    before = estimate_export(run, request)
    assert before.seconds is None
    pixels = before.size - estimate_export(run, replace(request, items=(("3", 1),))).size
    assert 39 * 1_130 < pixels < 39 * (1_130 + 32 * 32)
    done = exports.begin_export(run, request)
    wait_until(lambda: not exports.find_export(run, done.id).state.alive, "the export ends", patience=60)
    (line,) = (json.loads(text) for text in (run.path / "exports" / "ledger.jsonl").read_text().splitlines())
    with open(run.path / "exports" / "ledger.jsonl", "a") as ledger:
        ledger.write('{"format": "folder", "cou\n')  # a full disk cut it short
    after = estimate_export(run, replace(request, items=(("3", 80),)))
    assert line["bytes"] < after.size < 2 * line["bytes"]  # manifest and data card do not grow with the images
    assert 0 < line["preparing"] < line["seconds"]
    assert after.seconds == pytest.approx(line["preparing"] + 2 * (line["seconds"] - line["preparing"]))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "export takes one of --per-class N"),
        (["--balance", "--kept"], "export takes one of"),
        (["--balance", "--condition", "3"], "--condition goes with --per-class"),
        (["--kept"], "No image of a snapshot of digits is marked keep"),
        (["--per-class", "1", "--format", "tar"], "invalid choice: 'tar'"),
        (["--per-class", "1", "--keep-rate", "0"], "keep_rate is 0.0: it takes a number from 0.05 to 1"),
    ],
)
def test_an_export_that_is_asked_for_wrongly_is_told(
    run: Run, arguments: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "digits", "--out", str(tmp_path / "x.zip"), *arguments]) == 2
    assert says in capsys.readouterr().err


def test_attribute_requests_get_a_folder_each_and_columns(tmp_path: Path) -> None:
    write_celeba(settings.public_data(), 60)
    run = trained("faces", data__name="celeba", data__attributes="Smiling,Male,Young", data__image_size=32)
    request = ExportRequest((("Smiling=1,Male=0", 3), ("Male=1", 2)))
    write_export(run, request, tmp_path / "faces")
    assert ImageFolder(str(tmp_path / "faces" / "images")).classes == ["Male=0,Smiling=1", "Male=1"]
    rows = list(csv.DictReader(io.StringIO((tmp_path / "faces" / "labels.csv").read_text())))
    assert [(row["Smiling"], row["Male"]) for row in rows[:3]] == [("1", "0")] * 3
    with Image.open(tmp_path / "faces" / rows[0]["file"]) as image:
        assert (image.mode, image.size) == ("RGB", (32, 32))
        assert image.info["Condition"].count("=") == 3


def test_classes_whose_names_look_alike_as_folders_stay_apart(run: Run, tmp_path: Path) -> None:
    document = json.loads((run.path / "data.json").read_text())
    document["names"][3:5] = ["grade 1/2", "Grade 1:2"]
    (run.path / "data.json").write_text(json.dumps(document))
    request = ExportRequest((("grade 1/2", 2), ("Grade 1:2", 2)), with_near_copies=True)  # no data has these classes
    write_export(Run(run.path), request, tmp_path / "alike")
    grades = sorted(path.name for path in (tmp_path / "alike" / "images").iterdir())
    assert [grade[:-10] for grade in grades] == ["Grade 1_2~", "grade 1_2~"]
    assert ImageFolder(str(tmp_path / "alike" / "images")).classes == grades
    rows = list(csv.DictReader(io.StringIO((tmp_path / "alike" / "labels.csv").read_text())))
    assert [row["class"] for row in rows] == ["grade 1/2"] * 2 + ["Grade 1:2"] * 2


@pytest.mark.parametrize("download_format", ["folder", "flat", "npz"])
def test_an_export_is_recognised_as_synthetic(download_format: str, run: Run, tmp_path: Path) -> None:
    write_export(run, ExportRequest((("3", 4), ("7", 4)), format=download_format), tmp_path / "set")
    assert "manifest.json" in is_synthetic_export(list_folder(tmp_path / "set"))
    (tmp_path / "set" / "manifest.json").unlink()
    reason = is_synthetic_export(list_folder(tmp_path / "set"))
    assert ("labels.csv" if download_format == "npz" else "PNG text") in reason


def test_the_unpacked_download_is_refused_as_real_images(run: Run, tmp_path: Path) -> None:
    write_export(run, ExportRequest((("3", 30), ("7", 30))), tmp_path / "set")
    command = [sys.executable, "-m", "gan", "data", "check", str(tmp_path / "set"), "--json"]
    answer = subprocess.run(command, capture_output=True, text=True, cwd=settings.ROOT)
    assert answer.returncode == 2
    assert [finding["key"] for finding in json.loads(answer.stdout)["problems"]] == ["synthetic-images"]
