"""Classes and attributes taken out, renamed and merged."""

import numpy as np
import pytest

from gan.data.ingest.labels.class_changes import change_classes
from gan.errors import DataError

CLASSES = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 0]], dtype=np.uint8)


def test_a_dropped_class_takes_its_images_with_it() -> None:
    conditions, names, kept = change_classes(CLASSES, ("a", "b", "c"), "class", drop=["b"])
    assert names == ("a", "c")
    assert kept.tolist() == [True, False, True, False]
    assert conditions[kept].tolist() == [[1, 0], [0, 1]]


def test_merged_classes_have_one_name_in_sorted_order() -> None:
    conditions, names, kept = change_classes(CLASSES, ("a", "b", "c"), "class", rename={"a": "x", "b": "x"})
    assert (names, kept.all()) == (("c", "x"), True)
    assert conditions.tolist() == [[0, 1], [0, 1], [1, 0], [0, 1]]


def test_a_class_can_be_merged_into_another_that_keeps_its_name() -> None:
    conditions, names, _ = change_classes(CLASSES, ("a", "b", "c"), "class", rename={"c": "a"})
    assert names == ("a", "b")
    assert conditions.tolist() == [[1, 0], [0, 1], [1, 0], [0, 1]]


def test_a_dropped_attribute_leaves_the_images_and_merged_ones_are_there_if_any_is() -> None:
    rows = np.array([[1, 0, 1], [0, 0, 1], [0, 1, 0]], dtype=np.uint8)
    conditions, names, kept = change_classes(
        rows, ("edema", "effusion", "device"), "attributes", ["device"], {"effusion": "fluid", "edema": "fluid"}
    )
    assert (names, kept.all()) == (("fluid",), True)
    assert conditions.tolist() == [[1], [0], [1]]


@pytest.mark.parametrize(
    ("drop", "rename"), [(["d"], {}), ([], {"d": "a"}), (["a"], {"a": "b"}), (["a", "b", "c"], {})]
)
def test_changes_that_cannot_be_made_are_refused(drop: list[str], rename: dict[str, str]) -> None:
    with pytest.raises(DataError):
        change_classes(CLASSES, ("a", "b", "c"), "class", drop, rename)
