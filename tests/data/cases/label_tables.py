"""Images with a table of labels."""

import io
from collections.abc import Callable, Sequence

import pytest

from tests.data.cases.trees import CLASSES, Tree, images, table

COUNT = 26
LABELS = [CLASSES[number > 11] for number in range(COUNT)]
"""12 of the first class and 14 of the second, as TWO counts them."""
HALF = {"0": 12, "1": 14}
"""The same as 0 and 1."""


def labelled(
    row: Callable[[int], Sequence[object]] = lambda n: [f"{n:04d}.png", LABELS[n]],
    header: Sequence[object] = ("file", "class"),
    pattern: str = "{:04d}.png",
    name: str = "labels.csv",
    delimiter: str = ",",
    code: str = "utf-8",
) -> Callable[[], Tree]:
    """COUNT images and a table with a row for each."""

    def tree() -> Tree:
        rows = table(header, [row(number) for number in range(COUNT)], delimiter, code)
        return {**images(pattern, COUNT), name: rows}

    return tree


def with_text(
    text: str, pattern: str = "{:04d}.png", name: str = "labels.csv", code: str = "utf-8"
) -> Callable[[], Tree]:
    return lambda: {**images(pattern, COUNT), name: text.encode(code)}


def lines(row: Callable[[int], str], header: str = "file,class", end: str = "\n") -> str:
    return end.join([*([header] if header else []), *(row(number) for number in range(COUNT)), ""])


def attribute(values: Sequence[object]) -> Callable[[], Tree]:
    """A column `melanoma` that takes two values for 12 and 14 images."""
    return labelled(lambda n: [f"{n:04d}.png", values[n > 11]], ("file", "melanoma"))


def columns(header: Sequence[object], *cells: Callable[[int], object]) -> Callable[[], Tree]:
    """The columns file and class, and more."""
    return labelled(lambda n: [f"{n:04d}.png", LABELS[n], *(cell(n) for cell in cells)], ("file", "class", *header))


def workbook(*sheets: tuple[str, Sequence[Sequence[object]]]) -> bytes:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


ROWS = [(f"{number:04d}.png", label) for number, label in enumerate(LABELS)]
HEADER = ("file", "class")
SUMMARY = table(("class", "count"), [("benign", 12), ("malignant", 14)])
