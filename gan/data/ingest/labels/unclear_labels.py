"""Labels that are empty or uncertain: what they may mean, for the user to choose."""

from collections.abc import Sequence
from dataclasses import dataclass

from gan.data.ingest.labels.cell_values import attribute_value
from gan.data.ingest.labels.reading import Encoding, Unclear

MEANINGS = {"zero": "0", "one": "1", "leave-out": "left out", "unlabelled": "no label"}


@dataclass(frozen=True)
class Answer:
    """What empty and uncertain labels mean, "" where there are none.

    title   what the title of a proposal says, after a comma
    doubts  why the user must choose
    """

    empty: Unclear = ""
    uncertain: Unclear = ""
    title: str = ""
    doubts: tuple[str, ...] = ()


def plausible_answers(encoding: Encoding, cells: Sequence[str]) -> list[Answer]:
    """The plausible meanings of the empty and uncertain `cells`, the most usual first.

    `cells` are `plain_values`. A single answer without doubts if all are clear, and for classes: an image without a
    class has no label.
    """
    if encoding in ("class", "one-hot"):
        return [Answer()]
    empty = "" in cells
    uncertain = encoding == "attributes" and "-1" in cells
    uncertain = uncertain and (empty or any(attribute_value(value) == 0 for value in set(cells)))
    usual: list[tuple[Unclear, Unclear]]  # the meanings of empty and of uncertain
    if uncertain and empty:
        usual = [("zero", "zero"), ("zero", "one"), ("zero", "leave-out"), ("leave-out", "leave-out")]
    elif uncertain:
        usual = [("", "zero"), ("", "one"), ("", "leave-out")]
    elif empty:
        usual = [("zero", ""), ("leave-out", ""), ("unlabelled", "")]
    else:
        return [Answer()]
    return [_answer(cells, *meanings) for meanings in usual]


def _answer(cells: Sequence[str], empty: Unclear, uncertain: Unclear) -> Answer:
    title, doubts = "", []
    for what, value, meaning in (("empty", "", empty), ("uncertain (-1)", "-1", uncertain)):
        if meaning:
            title += f", {what} is {MEANINGS[meaning]}"
            doubts.append(f"{cells.count(value):,} labels are {what}: choose what that means.")
    return Answer(empty, uncertain, title, tuple(doubts))
