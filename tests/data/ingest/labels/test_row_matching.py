"""Which image a value of a table names: never the wrong one."""

import pytest

from gan.data.ingest.identifiers import hash_identifier
from gan.data.ingest.labels.matches import Way
from gan.data.ingest.labels.row_matching import match_rows


@pytest.mark.parametrize(
    ("value", "image", "way"),
    [
        ("x/a.png", "x/a.png", "path"),
        ("./x//a.png", "x/a.png", "path"),
        ("x\\a.png", "x/a.png", "path"),
        ("x/y/../a.png", "x/a.png", "path"),
        ("'x/a.png'", "x/a.png", "path"),
        ("/home/me/x/a.png", "x/a.png", "end of the path"),
        ("C:\\data\\x\\a.png", "x/a.png", "end of the path"),
        ("x/a.png", "set/x/a.png", "end of the path"),
        ("other/x/a.png", "set/x/a.png", "end of the path"),
        ("a.png", "x/a.png", "base name"),
        ("../a.png", "x/a.png", "base name"),
        ("A.PNG", "x/a.png", "other case"),
        ("a", "x/a.png", "name without extension"),
        ("1.2.840.5", "x/1.2.840.5.dcm", "name without extension"),
        ("a.nii.gz", "x/a.png", "other extension"),
        ("a.png", "x/A.jpg", "other extension"),
        ("b\u00e4.png", "x/ba\u0308.png", "base name"),
        ("P003", "set/P003/s1/a.png", "folder"),
        ("7", "x/0007.png", "leading zeros"),
        ("0007", "x/7.png", "leading zeros"),
    ],
)
def test_a_value_names_an_image(value: str, image: str, way: Way) -> None:
    matches = match_rows([value, "nothing"], ["other/z.png", image])
    assert (matches.row.tolist(), matches.way) == ([-1, 0], ("", way))
    assert (matches.matched, matches.missing, matches.ambiguous) == (1, (1,), ())


@pytest.mark.parametrize(
    ("values", "images"),
    [
        (["a.png"], ["train/a.png", "test/a.png"]),  # a base name in two folders
        (["a"], ["a.png", "a.jpg"]),
        (["A.PNG"], ["a.png", "a.PNG"]),
        (["s/a.png"], ["x/s/a.png", "y/s/a.png"]),
        (["train/a.png", "test/a.png"], ["images/a.png"]),  # two files of the table, one image
        (["7"], ["07.png", "007.png"]),
    ],
)
def test_what_fits_several_is_not_matched(values: list[str], images: list[str]) -> None:
    matches = match_rows(values, images)
    assert matches.matched == 0
    assert matches.ambiguous == tuple(range(len(values)))
    assert matches.missing == ()


def test_the_longest_common_path_decides() -> None:
    images = ["train/a.png", "test/a.png", "a.png", "deep/train/a.png"]
    assert match_rows(["/data/test/a.png", "a.png", "train/a.png"], images).row.tolist() == [2, 0, 1, -1]


def test_a_better_match_keeps_its_image() -> None:
    matches = match_rows(["val/a.png", "train/a.png", "a.jpg"], ["train/a.png"])
    assert matches.row.tolist() == [1]
    assert matches.missing == (0, 2)


def test_an_image_in_two_rows_is_counted() -> None:
    matches = match_rows(["a.png", "b.png", "./a.png", ""], ["a.png", "b.png"])
    assert matches.row.tolist() == [0, 1]
    assert matches.pairs.tolist() == [[0, 0], [0, 2], [1, 1]]
    assert (matches.repeated, matches.missing) == (1, ())


def test_a_table_in_a_folder_names_the_images_below_it() -> None:
    images = ["train/i/a.png", "test/i/a.png", "other/c.png"]
    matches = match_rows(["a.png", "i/a.png", "c"], images, ["train", "test", "test"])
    assert matches.row.tolist() == [0, 1, 2]


def test_a_folder_takes_the_images_that_no_row_names() -> None:
    images = ["train/P1/a.png", "train/P1/b.png", "test/P1/c.png", "P10/d.png"]
    matches = match_rows(["P1", "b.png"], images)
    assert matches.row.tolist() == [0, 1, 0, -1]
    assert matches.way == ("folder", "base name", "folder", "")


def test_leading_zeros_count_only_if_nothing_else_fits() -> None:
    images = ["01.png", "2.png"]
    assert match_rows(["1", "2"], images).row.tolist() == [-1, 1]
    assert match_rows(["1", "02"], images).row.tolist() == [0, 1]


def test_identifiers_of_dicom_files() -> None:
    images = ["IM1", "x/IM2.dcm", "x/IM3.dcm"]
    identifiers = [
        (hash_identifier(instance), hash_identifier(patient), "")
        for instance, patient in (("1.2.840.4", "p1"), ("1.2.840.5", "p2"), ("1.2.840.6", "p2"))
    ]
    matches = match_rows(["1.2.840.6", "1.2.840.4", "1.2.840.7"], images, identifiers=identifiers)
    assert matches.row.tolist() == [1, -1, 0]
    assert matches.way == ("SOP instance UID", "", "SOP instance UID")
    assert matches.missing == (2,)
    matches = match_rows(["p2", "p1"], images, identifiers=identifiers)
    assert matches.row.tolist() == [1, 0, 0]
    assert set(matches.way) == {"patient or study"}


def test_a_class_in_many_rows_is_no_folder_of_its_images() -> None:
    """Rows times images would be claimed: minutes and gigabytes for the classes of 60,000 images."""
    images = [f"cat/{number}.png" for number in range(200)]
    assert match_rows(["cat"] * 200, images).matched == 0
    assert match_rows(["cat"] * 2, images).matched == 200
