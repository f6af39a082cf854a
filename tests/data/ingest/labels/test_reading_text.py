"""A reading as sentences."""

from gan.data.ingest.labels.reading import Reading, TableReading
from gan.data.ingest.labels.reading_text import describe_reading


def test_each_choice_of_a_reading_is_a_sentence_and_what_is_usual_is_none() -> None:
    table = TableReading(files=("x/meta.csv",), image="id", labels=("dx",), group="lesion", split="fold")
    reading = Reading(
        layout="HAM10000", table=table, splits={"4": "test"}, drop=("df",),
        rename={"mel": "bad", "bcc": "bad", "x": ""},
        leave_out=("*/masks/*",), unlabelled="keep", geometry="pad", window="file", frames="all",
    )  # fmt: skip
    text = " ".join(describe_reading(reading))
    named = ("HAM10000", "meta.csv", "id", "dx", "lesion", "fold", "4 is test", "df", "mel to bad", "masks", "padded")
    for value in named:
        assert value in text
    assert describe_reading(Reading(levels=("split", "class"))) == [
        "Classes are the folders of level 2.",
        "Splits are the folders of level 1.",
        "Images that are not square are cropped to their centre.",
    ]
