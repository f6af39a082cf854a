"""What a check says about the images of a set, and what it does about it."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from gan.data.ingest.checks.check import check_images
from gan.data.ingest.checks.report import CheckReport, FindingKey
from gan.data.ingest.import_plan import ImportPlan
from gan.data.ingest.labels.proposals import sure_reading
from gan.data.ingest.labels.reading import Proposal, Reading
from tests.support.image_files import finding, random_image, write_class_folders, write_labels

Pixels = NDArray[np.uint8]


def has(report: CheckReport, key: FindingKey) -> bool:
    return any(problem.key == key for problem in report.problems)


def check_as(path: Path, **changes: object) -> CheckReport:
    """The check of a folder by its own reading with some fields replaced."""

    def choose(proposals: Sequence[Proposal]) -> Reading:
        reading = sure_reading(proposals)
        assert reading is not None
        return Reading.model_validate(reading.model_dump() | changes)

    return check_images(path, choose=choose)


def texture(seed: int, side: int = 48) -> Pixels:
    """Smooth colours, different for each seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC))


def write(root: Path, folder: str, images: list[Pixels], suffix: str = "png", **options: int) -> None:
    (root / folder).mkdir(parents=True, exist_ok=True)
    for number, pixels in enumerate(images):
        Image.fromarray(pixels).save(root / folder / f"{number:03d}.{suffix}", **options)  # type: ignore[arg-type]


def test_a_near_copy_in_two_splits_is_left_out_of_training(tmp_path: Path) -> None:
    write(tmp_path, "train/a", [texture(seed) for seed in range(24)], "jpg", quality=95)
    write(tmp_path, "train/b", [texture(seed) for seed in range(100, 124)], "jpg", quality=95)
    write(tmp_path, "test/a", [texture(seed) for seed in (2, 5)], "jpg", quality=80)
    write(tmp_path, "test/b", [np.ascontiguousarray(texture(107)[:, ::-1]), texture(200)], "jpg", quality=80)
    report = check_images(tmp_path)
    found = finding(report, "near-copies-across-splits", "warning")
    assert "(3)" in found.text
    assert "train/a/002.jpg of test/a/000.jpg" in found.text
    assert report.plan is not None
    left_out = {"train/a/002.jpg", "train/a/005.jpg", "train/b/007.jpg"}
    assert not left_out & set(report.plan.files)
    assert report.images == 49
    assert report.counts["test"] == {"a": 2, "b": 2}
    assert "Left out: 3 of 52 images (5.8%): near copies 3." in finding(report, "left-out", "warning").text


def test_near_copies_stay_in_one_of_the_splits_that_are_made(tmp_path: Path) -> None:
    write(tmp_path, "a", [texture(seed) for seed in range(40)])
    write(tmp_path, "a/copies", [])
    for seed in range(40):
        Image.fromarray(texture(seed)).save(tmp_path / "a" / f"again {seed:03d}.jpg", quality=80)
    write(tmp_path, "b", [texture(seed) for seed in range(100, 140)])
    report = check_images(tmp_path)
    assert report.plan is not None
    split = dict(zip(report.plan.files, report.plan.split.tolist(), strict=True))
    assert len(split) == 120
    assert all(split[f"a/{seed:03d}.png"] == split[f"a/again {seed:03d}.jpg"] for seed in range(40))
    assert {split[f"a/{seed:03d}.png"] for seed in range(40)} == {"train", "val", "test"}
    assert "(80 images)" in finding(report, "near-copies", "note").text


def test_different_images_are_no_near_copies(tmp_path: Path) -> None:
    write(tmp_path, "train/a", [texture(seed) for seed in range(30)])
    write(tmp_path, "train/b", [texture(seed) for seed in range(100, 130)])
    write(tmp_path, "test/a", [texture(seed) for seed in range(200, 210)])
    write(tmp_path, "test/b", [texture(seed) for seed in range(300, 310)])
    report = check_images(tmp_path)
    assert report.images == 80
    assert not has(report, "near-copies-across-splits")
    assert not has(report, "left-out")


def test_blank_images_are_named_and_a_set_of_them_is_refused(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write(tmp_path / "some", folder, [texture(ord(folder) + 10 * seed) for seed in range(20)])
        write(tmp_path / "all", folder, [np.full((48, 48 + seed), ord(folder), np.uint8) for seed in range(20)])
    Image.new("RGB", (48, 48), (9, 9, 9)).save(tmp_path / "some" / "a" / "failed.png")
    report = check_images(tmp_path / "some")
    assert "(1): a/failed.png" in finding(report, "constant-images", "warning").text
    assert report.ok
    assert "(40)" in finding(check_images(tmp_path / "all"), "constant-images", "error").text


@pytest.mark.parametrize(("side", "times"), [(5, "6.4 times"), (7, "4.6 times"), (8, ""), (28, "")])
def test_images_enlarged_more_than_four_times_are_reported(tmp_path: Path, side: int, times: str) -> None:
    write_class_folders(tmp_path, {"a": 25, "b": 25}, side=side)
    report = check_images(tmp_path)
    assert has(report, "images-enlarged") == bool(times)
    if times:
        assert times in finding(report, "images-enlarged", "warning").action


def test_the_part_that_the_centre_crop_cuts_off_is_said(tmp_path: Path) -> None:
    for folder, first in (("a", 0), ("b", 100)):
        write(tmp_path, folder, [texture(first + seed, 80)[:60] for seed in range(25)])
    found = finding(check_images(tmp_path), "images-cropped", "warning")
    assert "25% of the images' area is cut off" in found.text
    for geometry in ("pad", "squeeze"):
        report = check_as(tmp_path, geometry=geometry)
        assert not has(report, "images-cropped")
        assert report.plan is not None
        assert (report.plan.geometry, report.plan.sides.common) == (geometry, 80)


def test_a_small_part_that_is_cut_off_is_a_note(tmp_path: Path) -> None:
    for folder, first in (("a", 0), ("b", 100)):
        write(tmp_path, folder, [texture(first + seed, 50)[:47] for seed in range(25)])
    assert "6% of" in finding(check_images(tmp_path), "images-cropped", "note").text


def grey(pixels: Pixels) -> Pixels:
    return np.ascontiguousarray(pixels[:, :, 0])


@pytest.mark.parametrize(
    ("key", "change", "suffix"),
    [
        ("classes-differ-in-colour", grey, "png"),
        ("classes-differ-in-size", lambda pixels: np.kron(pixels, np.ones((3, 3, 1), np.uint8)), "png"),
        ("classes-differ-in-format", lambda pixels: pixels, "jpg"),
    ],
)
def test_classes_made_in_different_ways_are_reported(
    tmp_path: Path, key: FindingKey, change: Callable[[Pixels], Pixels], suffix: str
) -> None:
    write(tmp_path, "benign", [texture(seed) for seed in range(25)])
    write(tmp_path, "malignant", [change(texture(100 + seed)) for seed in range(25)], suffix)
    text = finding(check_images(tmp_path), key, "warning").text
    assert "benign" in text
    assert "malignant" in text


def test_alike_classes_differ_in_nothing(tmp_path: Path) -> None:
    write_class_folders(tmp_path, {"a": 25, "b": 25})
    report = check_images(tmp_path)
    assert [problem.key for problem in report.problems if problem.level != "note"] == ["class-too-small"]


def test_grey_stored_as_colour_is_read_with_one_channel(tmp_path: Path) -> None:
    for folder, first in (("a", 0), ("b", 100)):
        write(tmp_path, folder, [np.repeat(texture(first + seed)[:, :, :1], 3, axis=2) for seed in range(25)])
    report = check_images(tmp_path)
    assert "50" in finding(report, "grey-stored-as-colour", "note").text
    assert report.plan is not None
    assert report.plan.channels == 1


def write_16_bit(root: Path, folder: str, first: int, factor: int) -> None:
    (root / folder).mkdir(parents=True)
    for seed in range(25):
        levels = texture(first + seed)[:, :, 0].astype(np.uint16) * factor
        Image.fromarray(levels).save(root / folder / f"{seed}.png")


def test_images_of_two_scanners_in_one_window_are_reported(tmp_path: Path) -> None:
    write_16_bit(tmp_path, "a", 0, 200)
    write_16_bit(tmp_path, "b", 100, 4)
    report = check_images(tmp_path)
    assert "(25): b/0.png" in finding(report, "window-too-wide", "warning").text


def test_a_chosen_window_is_used(tmp_path: Path) -> None:
    write_16_bit(tmp_path, "a", 0, 200)
    write_16_bit(tmp_path, "b", 100, 200)
    report = check_as(tmp_path, window=(1000, 40000))
    assert not has(report, "window-too-wide")
    assert report.plan is not None
    assert report.plan.window == (1000, 40000)
    row = report.plan.files.index("a/0.png")
    levels = np.asarray(Image.open(tmp_path / "a" / "0.png")).astype(float)
    expected = ((levels - 1000) * 255 / 39000).clip(0, 255).round()
    assert np.abs(report.plan.read(row).astype(float) - expected).max() <= 0.5


def write_stacks(root: Path) -> None:
    """Five files of three frames each in two classes; the grey levels of a frame tell its number."""
    for folder, first in (("a", 0), ("b", 100)):
        (root / folder).mkdir(parents=True)
        for number in range(5):
            frames = [
                Image.fromarray(texture(first + 10 * number + frame)[:, :, 0] // 4 + 60 * frame) for frame in range(3)
            ]
            frames[0].save(root / folder / f"{number}.tif", save_all=True, append_images=frames[1:])


def test_every_frame_of_a_file_is_an_image_of_one_group(tmp_path: Path) -> None:
    write_stacks(tmp_path)
    report = check_as(tmp_path, frames="all")
    plan = report.plan
    assert plan is not None
    assert len(plan.files) == 30
    assert plan.frames.tolist() == [0, 1, 2] * 10
    assert plan.group is not None
    assert len(set(plan.group.tolist())) == 10
    for file in set(plan.files):
        assert len({str(split) for name, split in zip(plan.files, plan.split, strict=True) if name == file}) == 1
    plan.save(tmp_path)
    again = ImportPlan.load(tmp_path)
    assert again.frames.tolist() == plan.frames.tolist()
    assert [int(again.read(row).min()) // 60 for row in range(3)] == [0, 1, 2]


@pytest.mark.parametrize(("frames", "read"), [("first", 0), ("middle", 1)])
def test_one_frame_of_each_file_is_read(tmp_path: Path, frames: str, read: int) -> None:
    write_stacks(tmp_path)
    report = check_as(tmp_path, frames=frames)
    assert "(10)" in finding(report, "several-pages", "warning").text
    assert report.plan is not None
    assert report.plan.frames.tolist() == [read] * 10
    assert int(report.plan.read(0).min()) // 60 == read


def test_the_second_picture_of_a_phones_jpeg_is_no_page(tmp_path: Path) -> None:
    for folder, first in (("a", 0), ("b", 100)):
        (tmp_path / folder).mkdir()
        for seed in range(22):
            picture = Image.fromarray(texture(first + seed))
            file = io.BytesIO()
            picture.save(file, "MPO", save_all=True, append_images=[picture.resize((24, 24))])
            (tmp_path / folder / f"{seed}.jpg").write_bytes(file.getvalue())
    assert not has(check_images(tmp_path), "several-pages")
    assert len(getattr(check_as(tmp_path, frames="all").plan, "files", ())) == 44


def test_groups_are_offered_from_names_with_the_option_that_chooses_them(tmp_path: Path) -> None:
    for folder, first in (("a", 0), ("b", 500)):
        (tmp_path / folder).mkdir()
        for seed in range(60):
            name = f"P{(first + seed) // 6:03d}_slice_{seed % 6}.png"
            random_image(first + seed).save(tmp_path / folder / name)
    report = check_images(tmp_path)
    found = finding(report, "groups-offered", "warning")
    assert "groups such as P000" in found.text
    assert found.option == "--group-parts 1"
    grouped = check_as(tmp_path, group_parts=1)
    assert not has(grouped, "groups-offered")
    assert grouped.plan is not None
    assert grouped.plan.group is not None


def test_without_groups_the_consequence_is_said(tmp_path: Path) -> None:
    write_class_folders(tmp_path, {"a": 25, "b": 25})
    report = check_images(tmp_path)
    assert "score" in finding(report, "groups-unknown", "note").action
    assert report.plan is not None
    assert not any("No groups are named" in notice for notice in report.plan.notices)


def test_images_without_a_group_among_others_are_counted(tmp_path: Path) -> None:
    write_class_folders(tmp_path, {"x": 60})
    rows = [[f"x/{row:03d}.png", "ab"[row % 2], f"p{row // 4}" if row % 3 else ""] for row in range(60)]
    write_labels(tmp_path, ["file", "class", "patient"], rows)
    assert "(20 of 60)" in finding(check_images(tmp_path), "groups-partly-unknown", "warning").text


def test_unlabelled_images_of_tested_patients_are_left_out(tmp_path: Path) -> None:
    write_class_folders(tmp_path, {"x": 90})
    rows = [[f"x/{row:03d}.png", "ab"[row % 2] if row % 3 else "", f"p{row // 3}"] for row in range(90)]
    write_labels(tmp_path, ["file", "class", "patient"], rows)

    def choose(proposals: Sequence[Proposal]) -> Reading:
        reading = proposals[0].reading
        assert reading.table is not None
        table = reading.table.model_copy(update={"empty": "unlabelled"})
        return reading.model_copy(update={"table": table, "unlabelled": "keep"})

    plan = check_images(tmp_path, choose=choose).plan
    assert plan is not None
    assert plan.group is not None
    unlabelled = set(plan.group[plan.split == "unlabelled"].tolist())
    assert unlabelled == set(plan.group[plan.split == "train"].tolist())


def test_a_class_of_one_image_names_the_options_that_help(tmp_path: Path) -> None:
    write_class_folders(tmp_path, {"a": 30, "b": 30, "alone": 1})
    report = check_images(tmp_path)
    found = finding(report, "class-nearly-empty", "error")
    assert found.option == "--drop-class alone; --merge alone,a=a"
    assert found.option in report.as_text()
    assert "--" not in found.line, "pages have no options"
    assert check_as(tmp_path, drop=("alone",)).ok
    merged = check_as(tmp_path, rename={"alone": "a"})
    assert merged.plan is not None
    assert merged.plan.names == ("a", "b")


def test_a_class_only_in_test_says_what_can_be_done(tmp_path: Path) -> None:
    write_class_folders(tmp_path, {"train/a": 25, "train/b": 25, "test/a": 5, "test/b": 5, "test/rare one": 8})
    found = finding(check_images(tmp_path), "class-without-training-images", "error")
    assert "(1): rare one" in found.text
    assert found.option == "--drop-class 'rare one'; --merge 'rare one,a=a'; --levels ignore,class"
    report = check_as(tmp_path, levels=("ignore", "class"))
    assert report.ok
    assert report.counts["train"]["rare one"] == 5


def test_a_thousand_classes_make_a_handful_of_findings(tmp_path: Path) -> None:
    write_class_folders(tmp_path, {f"class {number:03d}": 3 for number in range(300)}, side=8)
    report = check_images(tmp_path)
    assert report.ok
    assert len(report.problems) <= 6
    assert "(300): class 000 (1)" in finding(report, "class-too-small", "warning").text
    assert len(report.as_text().splitlines()) < 70
    assert len(report.as_json()["counts"]["train"]) == 300
    assert all(sum(counts.values()) == 300 for counts in report.counts.values())


def test_what_is_left_out_is_summed_up_by_cause(tmp_path: Path) -> None:
    write_class_folders(tmp_path, {"a": 40, "b": 40, "masks": 20})
    (tmp_path / "a" / "000.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    random_image(1).save(tmp_path / "a" / "again.bmp")
    chosen = Reading(levels=("class",), leave_out=("masks/*",))
    report = check_images(tmp_path, choose=lambda proposals: chosen)
    text = finding(report, "left-out", "note").text
    assert text == "Left out: 22 of 101 images (21.8%): by patterns 20, unreadable 1, exact copies 1."
    report = check_images(tmp_path, choose=lambda proposals: chosen.model_copy(update={"drop": ("b",)}))
    assert "of dropped classes or without a label 40" in finding(report, "left-out", "warning").text


def test_images_that_are_all_nearly_alike_are_no_copies_of_each_other(tmp_path: Path) -> None:
    ramp = np.linspace(0, 200, 32)[None] + np.linspace(0, 40, 32)[:, None]
    for number in range(60):
        path = tmp_path / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        noise = np.random.default_rng(number).normal(0, 1, (32, 32))
        Image.fromarray((ramp + noise).clip(0, 255).astype(np.uint8)).save(path)
    report = check_images(tmp_path)
    assert finding(report, "near-copies-unclear", "warning")
    assert report.counts["test"] == {"a": 6, "b": 6}


def test_a_single_group_leaves_nothing_to_test(tmp_path: Path) -> None:
    write_class_folders(tmp_path, {"p1/a": 30, "p1/b": 30}, side=24)
    report = check_images(tmp_path, choose=lambda proposals: Reading(levels=("group", "class")))
    assert finding(report, "split-empty", "warning")
    assert report.counts["train"] == {"a": 30, "b": 30}
