"""What people ask for, and what is drawn where they left something open."""

import numpy as np
import pytest

from gan.conditions import Request, parse, telling
from gan.errors import UserError
from gan.facts import DataFacts

FACES = DataFacts(
    *(("Smiling", "Male", "Bald"), "attributes", 3, 64, 64, "Faces", "", ""),
    conditions=np.array([[1, 0, 0], [1, 1, 0], [0, 1, 1], [0, 1, 0]], dtype=np.uint8),
)
CELLS = DataFacts(
    *(("benign, or normal", "malignant", "3"), "class", 1, 32, 28, "Cells", "", ""),
    conditions=np.eye(3, dtype=np.uint8)[[0, 0, 1]],
)


def test_a_class_is_its_name_or_its_number() -> None:
    assert parse("malignant", CELLS) == parse("1", CELLS) == Request("malignant", ((1, 1),))
    assert parse("3", CELLS).fixed == ((2, 1),)  # a name that is a number is the name
    assert parse("benign, or normal", CELLS).draw(CELLS, 2, 0).tolist() == [[1, 0, 0]] * 2
    assert parse("3", CELLS).draw(CELLS, 1, 0).tolist() == [[0, 0, 1]]  # one-hot also without a training image
    assert (parse("malignant", CELLS).agreeing(CELLS), parse("3", CELLS).agreeing(CELLS)) == (1, 0)


def test_attributes_left_open_are_drawn_from_real_images_that_agree() -> None:
    request = parse("Male=1, Smiling=0", FACES)
    assert request.fixed == parse("Smiling=0,Male=1", FACES).fixed
    assert request.label == request.folder == "Male=1,Smiling=0"
    assert request.agreeing(FACES) == 2
    drawn = {tuple(row) for row in request.draw(FACES, 50, seed=0).tolist()}
    assert drawn == {(0, 1, 1), (0, 1, 0)}


def test_a_combination_that_no_real_image_has_is_still_what_was_asked() -> None:
    request = parse("Smiling=1,Bald=1", FACES)
    assert request.agreeing(FACES) == 0
    drawn = request.draw(FACES, 20, seed=0)
    assert (drawn[:, [0, 2]] == 1).all()
    assert set(drawn[:, 1].tolist()) == {0, 1}


def test_a_longer_draw_begins_with_the_shorter_one() -> None:
    request = parse("any", FACES)
    assert (request.draw(FACES, 40, 7)[:10] == request.draw(FACES, 10, 7)).all()
    assert not (request.draw(FACES, 40, 7) == request.draw(FACES, 40, 8)).all()


@pytest.mark.parametrize(
    ("text", "facts", "says"),
    [
        ("malignat", CELLS, "Did you mean malignant?"),
        ("7", CELLS, "It has benign, or normal, malignant, 3."),
        ("Smiling", FACES, "an attribute takes =1 or =0"),
        ("Smilling=1", FACES, "Did you mean Smiling?"),
        ("Smiling=2", FACES, "an attribute takes =1 or =0"),
    ],
)
def test_a_request_that_is_not_understood_says_what_there_is(text: str, facts: DataFacts, says: str) -> None:
    with pytest.raises(UserError) as caught:
        parse(text, facts)
    assert says in str(caught.value)


def test_a_label_is_a_safe_folder_name() -> None:
    assert Request("../a/b\\c: d", ()).folder == "_a_b_c_ d"


def test_telling_columns_are_real_combinations_that_differ() -> None:
    rows, labels = telling(FACES, 3)
    real = {tuple(row) for row in FACES.conditions.tolist()}
    assert len({tuple(row) for row in rows.tolist()} & real) == 3
    assert len(set(labels)) == 3
