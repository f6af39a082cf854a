"""Which parts of file names may be patients or classes."""

import pytest

from gan.data.ingest.labels.name_parts import class_parts, group_candidates, group_name, name_parts


@pytest.mark.parametrize(
    ("stem", "parts"),
    [
        ("P012_L_3", ["P012", "L", "3"]),
        ("BloodImage_00031_14", ["BloodImage", "00031", "14"]),
        ("SOB_B_A-14-22549AB-40-001", ["SOB", "B", "A", "14", "22549AB", "40", "001"]),
        ("benign (12)", ["benign", "12"]),
        ("cat.0", ["cat", "0"]),
        ("study1_negative", ["study1", "negative"]),
        ("img001", ["img001"]),
        ("", []),
    ],
)
def test_name_parts(stem: str, parts: list[str]) -> None:
    assert name_parts(stem) == parts


def test_group_names_are_as_the_files_write_them() -> None:
    assert group_name("SOB_B_A-14-22549AB-40-001", 5) == "SOB_B_A-14-22549AB"
    assert group_name("10_left", 1) == "10"
    assert group_name("10", 3) == "10"


@pytest.mark.parametrize(
    ("names", "group_parts", "groups"),
    [
        ([f"P{p:03d}_{side}_{n}.png" for p in range(10) for side in "LR" for n in range(3)], 1, 10),
        ([f"BloodImage_{p:05d}_{n}.png" for p in range(10) for n in range(5)], 2, 10),
        ([f"train/{p}_{side}.jpeg" for p in range(10, 30) for side in ("left", "right")], 1, 20),
        ([f"{p:08d}_{n:03d}.png" for p in range(10) for n in range(3)], 1, 10),
        ([f"IM-{p:04d}-{n:04d}.jpeg" for p in range(10) for n in range(3)], 2, 10),
        ([f"SOB_B_A-14-{22549 + p}AB-40-{n:03d}.png" for p in range(10) for n in range(3)], 5, 10),
    ],
)
def test_patterns_that_repeat_are_offered_as_groups(names: list[str], group_parts: int, groups: int) -> None:
    best = group_candidates(names)[0]
    assert (best.level, best.group_parts, best.groups) == (None, group_parts, groups)
    assert best.images_per_group == len(names) / groups
    assert best.example == group_name(names[0].rpartition("/")[2].rpartition(".")[0], group_parts)


def test_folders_of_patients_are_offered_first() -> None:
    names = [f"patient{p:05d}/study{s}/view{n}.jpg" for p in range(10) for s in (1, 2) for n in range(2)]
    best = group_candidates(names)[0]
    assert (best.level, best.group_parts, best.groups, best.example) == (0, 0, 10, "patient00000")


@pytest.mark.parametrize(
    "names",
    [
        [f"img{n:03d}.png" for n in range(30)],
        [f"img_{n:03d}.png" for n in range(30)],
        [f"{name}_{n}.png" for name in ("benign", "malignant") for n in range(30)],
        [f"scan_{n}_a.png" for n in range(30)],
        [],
    ],
)
def test_running_numbers_and_classes_are_no_groups(names: list[str]) -> None:
    assert group_candidates(names) == []


def test_more_groups_than_classes() -> None:
    names = [f"class{c}_{n}.png" for c in range(12) for n in range(3)]
    assert group_candidates(names, classes=12) == []
    assert group_candidates(names, classes=2)[0].groups == 12


@pytest.mark.parametrize(
    ("stems", "found"),
    [
        ([f"{name}_{n:03d}" for name in ("benign", "malignant") for n in range(9)], [(1, ["benign", "malignant"])]),
        ([f"UID_{n}_{name}" for name in ("all", "hem") for n in range(9)], [(-1, ["all", "hem"])]),
        ([f"{n}_{side}" for side in ("left", "right") for n in range(9)], []),
        ([f"img_{n}" for n in range(9)], []),
        ([f"CHNCXR_{n:04d}_{n % 2}" for n in range(9)], [(-1, ["0", "1"])]),
        ([f"eye_{n:04d}_{view}" for n in range(9) for view in (0, 1)], []),
        ([f"img{n}" for n in range(9)], []),
        ([f"{split}_{n}" for split in ("train", "test") for n in range(9)], []),
        ([f"{zoom}_{n}" for zoom in ("40X", "100X") for n in range(9)], []),
        ([f"word{n}_1" for n in range(9)], []),
        ([], []),
    ],
)
def test_class_parts(stems: list[str], found: list[tuple[int, list[str]]]) -> None:
    assert class_parts(stems) == found
