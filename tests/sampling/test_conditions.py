"""Conditions as values: to text, to a network's row, to a folder that every system can unpack, and back."""

import unicodedata
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gan.data.info import DatasetInfo
from gan.errors import UserError
from gan.sampling.conditions import ANY, Condition, representative_conditions, single_conditions

FACES = DatasetInfo(
    *(("Smiling", "Male", "Bald"), "attributes", 3, 64, 64, "Faces", "", ""),
    conditions=np.array([[1, 0, 0], [1, 1, 0], [0, 1, 1], [0, 1, 0]], dtype=np.uint8),
)
CELLS = DatasetInfo(
    *(("benign, or normal", "malignant", "3"), "class", 1, 32, 28, "Cells", "", ""),
    conditions=np.eye(3, dtype=np.uint8)[[0, 0, 1]],
)
DIVIDED = replace(CELLS, subclasses=((4, 0, 9), (7, 2, 0), (0, 0, 0)))
WINDOWS = {"CON", "PRN", "AUX", "NUL", *(f"{port}{digit}" for port in ("COM", "LPT") for digit in "0123456789")}


def named(*names: str, kind: str = "class") -> DatasetInfo:
    """A set of such classes or attributes, an image of each."""
    return DatasetInfo(names, kind, 1, 32, 32, "Set", "", "", conditions=np.eye(len(names), dtype=np.uint8))


def opens_on_windows(folder: str) -> bool:
    """By Microsoft's rules for names, short of the length of a path."""
    return (
        not any(ord(c) < 32 or c in '<>:"/\\|?*' for c in folder)
        and folder == folder.strip(" ").rstrip(".")
        and unicodedata.normalize("NFKC", folder.split(".")[0]).strip().upper() not in WINDOWS
        and 0 < len(folder) < 256
    )


def test_a_class_is_its_name_or_its_number() -> None:
    malignant = Condition.from_text("malignant", CELLS)
    assert malignant == Condition.from_text("1", CELLS) == Condition.of_class(1)
    assert Condition.from_text("3", CELLS).fixed == ((2, 1),)  # a name that is a number is the name
    assert Condition.from_text("benign, or normal", CELLS).sample(CELLS, 2, 0).tolist() == [[1, 0, 0]] * 2
    assert Condition.of_class(2).sample(CELLS, 1, 0).tolist() == [[0, 0, 1]]  # one-hot also without a training image
    assert (malignant.matching_images(CELLS), Condition.of_class(2).matching_images(CELLS)) == (1, 0)


def test_a_subclass_is_asked_for_by_its_number_and_labelled_as_its_class() -> None:
    third = Condition.from_text("0, subclass 3", DIVIDED)
    assert third == Condition.from_text("benign, or normal, subclass 3", DIVIDED) == Condition.of_class(0, 2)
    assert Condition.from_text(third.text(DIVIDED), DIVIDED) == third
    assert (third.matching_images(DIVIDED), third.row(DIVIDED).tolist()) == (9, [1, 0, 0])
    assert third.folder(DIVIDED) == Condition.of_class(0).folder(DIVIDED)
    parts = [Condition.of_class(k, subclass) for k in range(2) for subclass in (None, 0, 1, 2)]
    assert len({part.first_position(DIVIDED) for part in parts}) == len(parts)
    with pytest.raises(UserError, match=r"benign, or normal has no subclass 2 in this run: its subclasses are 1, 3\."):
        Condition.from_text("benign, or normal, subclass 2", DIVIDED)
    with pytest.raises(UserError, match="malignant has no subclass 1 in this run: its subclasses are none"):
        Condition.from_text("malignant, subclass 1", CELLS)


def test_a_class_that_is_called_like_a_subclass_keeps_its_name() -> None:
    info = replace(named("a", "a, subclass 2"), subclasses=((5, 5), (5, 5)))
    assert Condition.from_text("a, subclass 2", info) == Condition.of_class(1)
    for condition in (
        Condition.of_class(0, 0),
        Condition.of_class(0, 1),
        Condition.of_class(1),
        Condition.of_class(1, 1),
    ):
        assert Condition.from_text(condition.text(info), info) == condition


def test_open_attributes_are_sampled_from_matching_real_images() -> None:
    condition = Condition.from_text("Male=1, Smiling=0", FACES)
    assert condition == Condition.from_text("Smiling=0,Male=1", FACES)
    assert condition.text(FACES) == condition.folder(FACES) == "Smiling=0,Male=1"
    assert condition.matching_images(FACES) == 2
    drawn = {tuple(row) for row in condition.sample(FACES, 50, seed=0).tolist()}
    assert drawn == {(0, 1, 1), (0, 1, 0)}


def test_a_combination_without_real_images_is_sampled_as_requested() -> None:
    condition = Condition.from_text("Smiling=1,Bald=1", FACES)
    assert condition.matching_images(FACES) == 0
    drawn = condition.sample(FACES, 20, seed=0)
    assert (drawn[:, [0, 2]] == 1).all()
    assert set(drawn[:, 1].tolist()) == {0, 1}


def test_a_larger_sample_begins_with_the_smaller_one() -> None:
    assert (ANY.sample(FACES, 40, 7)[:10] == ANY.sample(FACES, 10, 7)).all()
    assert not (ANY.sample(FACES, 40, 7) == ANY.sample(FACES, 40, 8)).all()


@pytest.mark.parametrize(
    ("text", "info", "says"),
    [
        ("malignat", CELLS, "Did you mean malignant?"),
        ("7", CELLS, "It has benign, or normal, malignant, 3."),
        ("²", CELLS, "There is no condition '²'"),
        ("Smiling", FACES, "an attribute takes =1 or =0"),
        ("Smilling=1", FACES, "Did you mean Smiling?"),
        ("Smiling=2", FACES, "an attribute takes =1 or =0"),
        ("Smiling=1,Smiling=0", FACES, "Smiling is both 0 and 1"),
    ],
)
def test_an_unknown_text_is_an_error_that_names_what_exists(text: str, info: DatasetInfo, says: str) -> None:
    with pytest.raises(UserError) as caught:
        Condition.from_text(text, info)
    assert says in str(caught.value)


def test_a_row_is_of_one_image_and_back() -> None:
    assert Condition.of_class(1).row(CELLS).tolist() == [0, 1, 0]
    assert Condition.of_class(1).row(CELLS).dtype == np.float32
    whole = Condition.from_row(FACES.conditions[1], FACES)
    assert whole.text(FACES) == "Smiling=1,Male=1,Bald=0"
    assert whole.row(FACES).tolist() == [1, 1, 0]
    for condition, info in ((ANY, CELLS), (ANY, FACES), (Condition.of_attributes({0: 1}), FACES)):
        with pytest.raises(UserError, match="leaves something open"):
            condition.row(info)


def test_an_unlabelled_image_is_not_a_condition_and_is_not_sampled_from() -> None:
    with pytest.raises(UserError, match="0 classes"):
        Condition.from_row(np.zeros(3), CELLS)
    some = DatasetInfo(
        *(CELLS.names, "class", 1, 32, 28, "Cells", "", ""), conditions=np.eye(4, 3, dtype=np.uint8)[[3, 3, 3, 1]]
    )
    assert ANY.sample(some, 20, 0).tolist() == [[0, 1, 0]] * 20
    assert ANY.matching_images(some) == 1
    none_on = Condition.from_row(np.zeros(3), FACES)  # of attributes this is an image that shows none of them
    assert none_on.row(FACES).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("../a/b\\c: d", "_a_b_c_ d~"), ("NUL", "_NUL~"), ("com1.png", "_com1.png~"), ("COM¹", "_COM¹~"),
        ("x.", "x~"), ("x. ", "_x. _~"), ("...", "_~"), (".hidden", "hidden~"), ("a\nb", "_a_nb_~"), ("any", "_any_~"),
        ("e\u0301", "é~"), ("é" * 80, "é" * 44 + "~"), ("cell~0123456789", "cell~0123456789~"),
    ],
)  # fmt: skip
def test_text_invalid_as_a_folder_is_replaced_and_hashed(name: str, begins: str) -> None:
    info = named("benign", name)
    folder = Condition.of_class(1).folder(info)
    assert folder[:-10] == begins
    assert len(folder.encode()) <= 100
    assert Condition.of_class(0).folder(info) == "benign"


def test_names_that_differ_in_case_or_normal_form_alone_get_folders_apart() -> None:
    for names in (("Grade", "grade"), ("é", "e\u0301"), ("Straße", "STRASSE")):
        info = named(*names, "other")
        first, second, other = (condition.folder(info) for condition in single_conditions(info))
        assert unicodedata.normalize("NFC", first).casefold() != unicodedata.normalize("NFC", second).casefold()
        assert other == "other"
    info = named("Smiling", "smiling", kind="attributes")
    assert Condition.of_attributes({0: 1}).folder(info).startswith("Smiling=1~")


def test_a_class_called_any_is_a_class() -> None:
    info = named("any", "other")
    assert Condition.of_class(0).text(info) == '"any"'
    assert Condition.from_text('"any"', info) == Condition.of_class(0)
    assert Condition.from_text("any", info) == ANY


CLASSES = st.lists(st.text(min_size=1, max_size=60), min_size=1, max_size=6, unique=True)
"""Any text at all: a folder of a Linux machine may be called so."""
ATTRIBUTES = st.lists(
    st.text(st.characters(exclude_characters=",=", exclude_categories=["Cs"]), min_size=1, max_size=30).filter(
        lambda name: name == name.strip()
    ),
    min_size=1,
    max_size=6,
    unique=True,
)


def assert_apart(conditions: list[Condition], info: DatasetInfo) -> None:
    """Each comes back from its text, and each has a folder of its own on every system."""
    assert [Condition.from_text(condition.text(info), info) for condition in conditions] == conditions
    folders = [condition.folder(info) for condition in conditions]
    assert all(len(folder.encode()) <= 100 and opens_on_windows(folder) for folder in folders), folders
    for normal_form in ("NFC", "NFD"):
        taken_for = [unicodedata.normalize(normal_form, folder.casefold()) for folder in folders]
        assert len(set(taken_for)) == len(conditions), folders
    assert len({folder.upper() for folder in folders}) == len(conditions), folders


@given(CLASSES)
def test_every_class_comes_back_from_its_text_and_has_a_folder_of_its_own(names: list[str]) -> None:
    info = named(*names)
    assert_apart([*single_conditions(info), ANY], info)


@given(st.sampled_from(["nul", "Com1", "any", "a", "e\u0301", "x."]), st.data())
def test_names_that_are_nearly_alike_have_folders_apart(name: str, data: st.DataObject) -> None:
    alike = [name, name.upper(), name.lower(), name.title(), unicodedata.normalize("NFC", name), name + " ", name + "."]
    info = named(*data.draw(st.lists(st.sampled_from(alike), min_size=1, unique=True)))
    assert_apart([*single_conditions(info), ANY], info)


@given(ATTRIBUTES, st.data())
def test_attributes_come_back_from_their_text_and_have_folders_of_their_own(
    names: list[str], data: st.DataObject
) -> None:
    info = named(*names, kind="attributes")
    values = st.dictionaries(st.integers(0, len(names) - 1), st.integers(0, 1)).map(Condition.of_attributes)
    assert_apart(data.draw(st.lists(values, min_size=1, max_size=5, unique=True)), info)


def test_representative_conditions_are_real_combinations_that_differ() -> None:
    rows, labels = representative_conditions(FACES, 3)
    real = {tuple(row) for row in FACES.conditions.tolist()}
    assert len({tuple(row) for row in rows.tolist()} & real) == 3
    assert len(set(labels)) == 3
