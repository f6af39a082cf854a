"""Typed reading of JSON: what is converted, what is refused, and what an absent file means."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from gan.errors import DamagedFileError, RunError
from gan.io.atomic import append_json_line, replacing, write_json
from gan.io.json_files import (
    parse_json,
    read_json,
    read_json_lines,
    read_request,
    read_typed,
    read_typed_or_none,
)


@dataclass(frozen=True)
class Point:
    x: int
    tags: tuple[str, ...] = ()


POINT = TypeAdapter(Point)


def test_a_typed_document_round_trips(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"x": 3, "tags": ["b"]})
    assert read_typed(tmp_path / "a.json", POINT) == read_request(tmp_path / "a.json", POINT) == Point(3, ("b",))


def test_a_file_that_is_absent_is_none_and_for_a_request_an_error(tmp_path: Path) -> None:
    assert read_json(tmp_path / "a.json") is read_typed(tmp_path / "a.json", POINT) is None
    with pytest.raises(RunError, match=r"a\.json is missing"):
        read_request(tmp_path / "a.json", POINT)


def test_a_request_converts_nothing_and_takes_no_other_field(tmp_path: Path) -> None:
    for document in ({"x": "3"}, {"x": 3, "y": 4}, {"x": 3.0}, {"x": True}):
        write_json(tmp_path / "a.json", document)
        with pytest.raises(DamagedFileError, match=r"a\.json is damaged \([xy]: "):
            read_request(tmp_path / "a.json", POINT)


def test_a_document_of_another_type_names_the_field(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"x": 3, "tags": ["a", 4]})
    with pytest.raises(DamagedFileError, match=r"a\.json is damaged \(tags\.1: "):
        read_typed(tmp_path / "a.json", POINT)
    assert read_typed_or_none(tmp_path / "a.json", POINT) is None


@pytest.mark.parametrize(
    "text", ["NaN", "[Infinity]", "1e999", "9" * 30, '{"a": -9223372036854775809}', "[" * 1000, "{"]
)
def test_what_is_no_bounded_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - pydantic's messages are not ours
        parse_json(text)


def test_numbers_within_64_bits_are_taken() -> None:
    assert parse_json("[9223372036854775807, -9223372036854775808, 1e300]") == [2**63 - 1, -(2**63), 1e300]


def test_lines_of_another_type_and_cut_lines_are_skipped(tmp_path: Path) -> None:
    for number in range(5):
        append_json_line(tmp_path / "a.jsonl", {"x": number})
    with open(tmp_path / "a.jsonl", "a") as file:
        file.write('{"x": "y"}\n{"x": 7}\n{"x": ')
    assert [point.x for point in read_json_lines(tmp_path / "a.jsonl", POINT)] == [0, 1, 2, 3, 4, 7]
    assert [point.x for point in read_json_lines(tmp_path / "a.jsonl", POINT, newest=2)] == [4, 7]
    assert read_json_lines(tmp_path / "absent.jsonl", POINT) == []


def test_a_replacement_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"x": 1})
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", {"x": object()})
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "a.json"):
        pass  # nothing was written
    assert read_json(tmp_path / "a.json") == {"x": 1}
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith("json")] == ["a.json"]
    assert not list(tmp_path.glob(".a.json*"))
