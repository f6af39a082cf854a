"""A user's own images: every layout, every kind of pixel, everything that can be wrong with them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gan.config.run_config import DataConfig
from gan.data import registry
from gan.data.image_set import SPLITS
from gan.data.ingest.checks.check import check_images
from gan.errors import DataError
from tests.support.image_files import finding, random_image, read_folder, write_class_folders, write_labels


@pytest.mark.parametrize("above", ["", "export/", "a/b/"])
def test_class_folders(tmp_path: Path, above: str) -> None:
    write_class_folders(tmp_path / "set", {f"{above}cat": 30, f"{above}dog": 40})
    (tmp_path / "set" / "__MACOSX").mkdir()
    (tmp_path / "set" / ".DS_Store").write_text("x")
    images = read_folder(tmp_path / "set")
    assert (images.names, images.kind) == (("cat", "dog"), "class")
    assert images.images.shape == (70, 3, 64, 64)
    assert images.counts() == {
        "train": {"cat": 21, "dog": 28},
        "val": {"cat": 3, "dog": 4},
        "test": {"cat": 6, "dog": 8},
    }
    assert "10% of train becomes val and 20% of train becomes test" in images.notices[0]
    assert (read_folder(tmp_path / "set").split == images.split).all()


def test_split_folders_by_any_usual_name(tmp_path: Path) -> None:
    folders = {"Training/a": 25, "Training/b": 25, "valid/a": 5, "valid/b": 5, "test/a": 4, "test/b": 4}
    images = read_folder(write_class_folders(tmp_path / "set", folders))
    assert [len(images.rows(split)) for split in SPLITS] == [50, 10, 8]
    assert images.names == ("a", "b")
    assert images.notices == ()


@pytest.mark.parametrize(("given", "missing"), [("test", "val"), ("val", "test")])
def test_a_missing_split_comes_out_of_train(tmp_path: Path, given: str, missing: str) -> None:
    folders = {"train/a": 40, "train/b": 40, f"{given}/a": 5, f"{given}/b": 5}
    images = read_folder(write_class_folders(tmp_path / "set", folders))
    assert len(images.rows(given)) == 10
    assert len(images.rows(missing)) == (8 if missing == "val" else 16)
    assert f"There is no {missing} split" in images.notices[0]


def test_a_set_without_training_images_is_refused(tmp_path: Path) -> None:
    write_class_folders(tmp_path, {"val/a": 3, "val/b": 3, "test/a": 3, "test/b": 3})
    assert finding(check_images(tmp_path), "no-training-images", "error")


def test_groups_stay_together_and_every_class_is_tested(tmp_path: Path) -> None:
    write_class_folders(tmp_path, {"images": 200}, side=16)
    generator = np.random.default_rng(1)
    rows = [[f"images/{row:03d}.png", "rare" if row % 10 == 0 else "common", f"p{row // 5}"] for row in range(200)]
    generator.shuffle(rows)
    write_labels(tmp_path, ["file", "class", "group"], rows)
    images = read_folder(tmp_path, 32)
    assert images.group is not None
    for group in np.unique(images.group):
        assert len(np.unique(images.split[images.group == group])) == 1
    counts = images.counts()
    assert 10 <= sum(counts["val"].values()) <= 30
    assert 30 <= sum(counts["test"].values()) <= 50
    assert all(counts[split]["rare"] >= 1 for split in SPLITS)


def test_attributes_splits_and_groups_of_a_table(tmp_path: Path) -> None:
    write_class_folders(tmp_path, {"x": 60}, side=24)
    parts = ["train"] * 40 + ["Validation"] * 10 + ["test"] * 10
    rows = [[f"x/{row:03d}.png", row % 2, int(row % 3 == 0), parts[row], f"g{row}"] for row in range(60)]
    write_labels(tmp_path, ["file", "edema", "device", "split", "group"], rows)
    images = read_folder(tmp_path, 32)
    assert (images.kind, images.names) == ("attributes", ("edema", "device"))
    assert images.conditions[:3].tolist() == [[0, 1], [1, 0], [0, 0]]
    assert [len(images.rows(split)) for split in SPLITS] == [40, 10, 10]


def test_semicolons_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    write_class_folders(tmp_path, {"x": 4})
    lines = ["File;Class", *(f"x\\{row:03d}.png;{'ab'[row % 2]}" for row in range(4))]
    (tmp_path / "labels.csv").write_text("\r\n".join(lines), encoding="utf-8-sig")
    assert read_folder(tmp_path).names == ("a", "b")


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        (["file,class", "x/000.png,a", '"x/001.png,b'], 3),
        (["file,class", '"x/000.png,a', '"x/001.png",b'], 2),
        (["file,class", 'x/000.png,"a"b', "x/001.png,b"], 2),
        (['"file,class', "x/000.png,a"], 1),
        (["file,class", f'x/000.png,"{"a" * 200_000}"'], 2),
        (["file,class", "x/000.png,a", "x/001.png,b,c"], 3),
    ],
)
def test_folders_are_not_read_in_the_place_of_a_damaged_table(tmp_path: Path, lines: list[str], line: int) -> None:
    write_class_folders(tmp_path, {"x": 2, "y": 2})
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    report = check_images(tmp_path)
    assert finding(report, "choose-reading", "error")
    assert f"Line {line} of labels.csv" in finding(report, "unreadable-table", "warning").text
    assert report.reading is None
    with pytest.raises(DataError, match=f"Line {line} of labels.csv"):
        read_folder(tmp_path)


def test_folders_are_not_read_in_the_place_of_a_table_that_names_other_images(tmp_path: Path) -> None:
    write_class_folders(tmp_path, {"x": 2, "y": 2})
    write_labels(tmp_path, ["file", "class"], [["scan_a.png", "a"], ["scan_b.png", "b"]])
    report = check_images(tmp_path)
    assert finding(report, "table-without-labels", "warning")
    assert report.reading is None


def test_commas_and_equals_signs_leave_the_names_of_attributes(tmp_path: Path) -> None:
    write_class_folders(tmp_path, {"x": 60}, side=24)
    rows = [[f"x/{row:03d}.png", row % 2, int(row % 3 == 0), int(row % 5 == 0)] for row in range(60)]
    write_labels(tmp_path, ["file", "edema, mild", "grade=2", "edema mild"], rows)
    images = read_folder(tmp_path, 32)
    assert images.names == ("edema mild'", "grade 2", "edema mild")
    assert images.conditions.sum(axis=0).tolist() == [30, 20, 12]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\x85", "\x0c", "\x0b", "\x1c", "\x1e"])
def test_a_table_has_the_lines_that_its_line_ends_make(tmp_path: Path, mark: str, end: str) -> None:
    write_class_folders(tmp_path, {"x": 4})
    rows = [f'x/{row:03d}.png,"left{mark}lung {"ab"[row % 2]}"' for row in range(4)]
    (tmp_path / "labels.csv").write_bytes(end.join(["file,class", *rows]).encode())
    assert read_folder(tmp_path).names == (f"left{mark}lung a", f"left{mark}lung b")


def test_missing_and_unnamed_files_are_reported_and_the_others_read(tmp_path: Path) -> None:
    write_class_folders(tmp_path, {"x": 50})
    names = [f"x/{row:03d}.png" for row in range(49)]
    write_labels(
        tmp_path, ["file", "class"], [[name, "ab"[row % 2]] for row, name in enumerate([*names, "x/gone.png"])]
    )
    report = check_images(tmp_path)
    assert "(1): x/gone.png" in finding(report, "missing-files", "warning").text
    found = finding(report, "unlabelled-images", "warning")
    assert "(1): x/049.png" in found.text
    assert found.option == "--keep-unlabelled"
    assert len(read_folder(tmp_path)) == 49


def test_unreadable_files_are_named_and_the_others_read(tmp_path: Path) -> None:
    write_class_folders(tmp_path, {"a": 30, "b": 30})
    whole = (tmp_path / "a" / "000.png").read_bytes()
    (tmp_path / "a" / "000.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "b" / "text.jpg").write_text("not a picture")
    (tmp_path / "b" / "notes.txt").write_text("not an image")
    Image.new("RGB", (9000, 8000)).save(tmp_path / "b" / "huge.png")
    report = check_images(tmp_path)
    assert set(report.unreadable) == {"a/000.png", "b/text.jpg", "b/huge.png"}
    assert "9000 x 8000 pixels" in report.unreadable["b/huge.png"]
    assert "a/000.png" in finding(report, "unreadable-files", "warning").text
    assert ".txt" in finding(report, "unused-tables", "note").text
    assert len(read_folder(tmp_path)) == 59


def test_duplicates_have_equal_pixels(tmp_path: Path) -> None:
    write_class_folders(tmp_path, {"train/a": 30, "train/b": 30, "val/a": 5, "val/b": 5, "test/a": 5, "test/b": 5})
    same = Image.open(tmp_path / "train/a/000.png")
    same.save(tmp_path / "train/a/again.bmp")  # within a split, in another format
    same = Image.open(tmp_path / "train/a/001.png")
    same.save(tmp_path / "test/a/leak.tiff")  # across splits
    same = Image.open(tmp_path / "train/a/002.png")
    same.save(tmp_path / "train/b/other.png")  # with another label
    report = check_images(tmp_path)
    assert len(report.duplicates) == 3
    for key in ("duplicates", "duplicates-across-splits", "contradicting-labels"):
        assert "(1)" in finding(report, key, "warning").text
    assert [leak.splits for leak in report.leaks] == [("test", "train")]
    assert report.counts["train"] == {"a": 28, "b": 30}
    assert report.counts["test"] == {"a": 6, "b": 5}
    assert report.plan is not None
    assert {"test/a/leak.tiff"} <= set(report.plan.files)
    assert not {"train/a/001.png", "train/a/002.png", "train/b/other.png"} & set(report.plan.files)


def test_a_group_in_two_splits_stays_where_it_is_tested(tmp_path: Path) -> None:
    write_class_folders(tmp_path, {"x": 60})
    parts = ["train"] * 40 + ["val"] * 10 + ["test"] * 10
    groups = [f"p{row}" if row not in (0, 59) else "shared" for row in range(60)]
    write_labels(
        tmp_path,
        ["file", "class", "split", "group"],
        [[f"x/{row:03d}.png", "ab"[row % 2], parts[row], groups[row]] for row in range(60)],
    )
    report = check_images(tmp_path)
    assert [(leak.what, leak.splits) for leak in report.leaks] == [("group shared", ("test", "train"))]
    assert "(1): shared" in finding(report, "groups-across-splits", "warning").text
    assert report.plan is not None
    assert "x/000.png" not in report.plan.files
    assert "x/059.png" in report.plan.files


def test_a_small_class_is_a_warning_and_a_single_image_an_error(tmp_path: Path) -> None:
    write_class_folders(tmp_path / "set", {"big": 40, "small": 8})
    assert "small (5)" in finding(check_images(tmp_path / "set"), "class-too-small", "warning").text
    write_class_folders(tmp_path / "single", {"big": 40, "one": 1})
    assert "one (1)" in finding(check_images(tmp_path / "single"), "class-nearly-empty", "error").text
    with pytest.raises(DataError, match="class one"):
        read_folder(tmp_path / "single")


def test_empty_and_unlabelled_folders_are_refused(tmp_path: Path) -> None:
    config = DataConfig.model_validate({"name": "folder", "path": str(tmp_path)})
    assert "holds no images" in str(registry.problem(config))
    random_image(0).save(tmp_path / "1.png")
    assert "have no labels" in str(registry.problem(config))
    gone = DataConfig.model_validate({"name": "folder", "path": "nothing-here"})
    assert "no folder nothing-here" in str(registry.problem(gone))
    assert "data.path is empty" in str(registry.problem(DataConfig.model_validate({"name": "folder"})))


def test_one_channel_stays_one_channel(tmp_path: Path) -> None:
    write_class_folders(tmp_path, {"a": 25, "b": 25}, colour=False, side=28)
    images = read_folder(tmp_path, 32)
    assert images.images.shape == (50, 1, 32, 32)
    assert images.native_size == 28
    first = np.asarray(Image.open(tmp_path / "a/000.png"))
    assert (images.images[0, 0, 2:30, 2:30] == first).all()


def test_every_kind_of_pixel_is_read(tmp_path: Path) -> None:
    write_class_folders(tmp_path, {"a": 22, "b": 22})
    colour = random_image(900)
    kinds = {
        "rgba.png": colour.convert("RGBA"), "palette.png": colour.convert("P"), "cmyk.jpg": colour.convert("CMYK"),
        "grey.bmp": colour.convert("L"), "two.tif": colour.convert("1"), "la.png": colour.convert("LA"),
        "wide.png": random_image(901).resize((80, 30)),
    }  # fmt: skip
    for name, image in kinds.items():
        image.save(tmp_path / "a" / name)
    report = check_images(tmp_path)
    assert report.unreadable == {}
    assert report.images == 44 + len(kinds) - len(report.duplicates)
    assert "80 x 30" in report.sizes
    assert "colour, 8-bit, alpha dropped" in report.modes
    assert "grey, 8-bit" in report.modes
    assert "3 channels" in finding(report, "mixed-colour", "warning").action
    images = read_folder(tmp_path)
    assert images.images.shape[1:] == (3, 64, 64)
    assert images.native_size == 64


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_16_bits_are_windowed_once_for_the_whole_set(tmp_path: Path, suffix: str) -> None:
    generator = np.random.default_rng(0)
    for name, low in (("dim", 1000), ("bright", 2000)):
        (tmp_path / name).mkdir()
        for number in range(25):
            levels = generator.integers(low, low + 1000, (32, 32)).astype(np.uint16)
            Image.fromarray(levels).save(tmp_path / name / f"{number}.{suffix}")
    report = check_images(tmp_path)
    assert report.window is not None
    assert 1000 <= report.window[0] <= 1010
    assert 2990 <= report.window[1] <= 3000
    assert f"{report.window[0]} to {report.window[1]}" in finding(report, "grey-levels-scaled", "note").action
    images = read_folder(tmp_path, 32)
    assert images.images.shape == (50, 1, 32, 32)
    labels = images.labels()
    assert images.images[labels == 0].mean() > images.images[labels == 1].mean() + 100  # one window, not one each
    config = DataConfig.model_validate({"name": "folder", "path": str(tmp_path), "image_size": 32})
    preview, _ = registry.preview(config, 4)
    assert preview.shape == (4, 1, 32, 32)


def test_the_report_as_text_and_as_json(tmp_path: Path) -> None:
    write_class_folders(tmp_path, {"a": 30, "b": 1})
    report = check_images(tmp_path)
    text = report.as_text()
    assert "images of" in text
    assert "error" in text
    document = report.as_json()
    assert document["ok"] is False
    assert document["counts"]["train"]["b"] + document["counts"]["val"]["b"] + document["counts"]["test"]["b"] == 1
    first = document["problems"][0]
    assert first.keys() == {"key", "level", "text", "action", "option"}
    assert (first["key"], first["level"]) == ("class-nearly-empty", "error")


def test_preview_of_a_folder_builds_no_cache(tmp_path: Path) -> None:
    write_class_folders(tmp_path, {"a": 22, "b": 22})
    config = DataConfig.model_validate({"name": "folder", "path": str(tmp_path)})
    images, labels = registry.preview(config, 6)
    assert images.shape == (6, 3, 64, 64)
    assert labels == ["a", "b"] * 3
    assert registry.cached_image_set(config) is None
