"""metrics.jsonl while it grows, is torn, replaced or deleted, and what a resumed run keeps of it."""

import errno
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from gan.io.json_files import read_json_lines
from gan.runs.metrics import MAX_LINE_BYTES, MetricsWriter
from gan.runs.metrics_table import MetricsReader
from tests.support.jobs import start_python


def row(seen: int, **more: float) -> dict[str, float]:
    return {"seen": seen, "loss_d": 1.25, **more}


def written(path: Path, *seen: int) -> Path:
    writer = MetricsWriter(path, 0)
    for number in seen:
        writer.append(row(number))
    writer.close()
    return path


def test_rows_are_read_as_they_come(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    reader = MetricsReader(path)
    assert list(reader.read()) == []
    writer = MetricsWriter(path, 0)
    writer.append(row(100))
    assert list(reader.read()) == [row(100)]
    writer.append(row(200, new_column=3.0))
    writer.flush()
    assert list(reader.read()) == [row(100), row(200, new_column=3.0)]
    writer.close()


def test_a_torn_last_line_waits_for_its_rest(tmp_path: Path) -> None:
    path = written(tmp_path / "metrics.jsonl", 100)
    reader = MetricsReader(path)
    with open(path, "ab") as file:
        file.write(b'{"seen": 200, "lo')
        file.flush()
        assert list(reader.read()) == [row(100)]
        file.write(b'ss_d": 1.25}\n')
    assert list(reader.read()) == [row(100), row(200)]


def test_damaged_lines_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(
        b'{"seen": 100, "loss_d": 1.25}\n{"seen": 2{"seen": 3}\n\xff\xfe\n7\n{"seen": "x"}\n\n{"seen": 400}\n'
    )
    assert [one["seen"] for one in MetricsReader(path).read()] == [100, 400]


@pytest.mark.parametrize("end", [b"", b'{"seen": 300, "lo', b'{"seen": 300}\n', b"\x00\x00\n"])
def test_a_resume_keeps_what_its_snapshot_holds(tmp_path: Path, end: bytes) -> None:
    path = written(tmp_path / "metrics.jsonl", 100, 200)
    with open(path, "ab") as file:
        file.write(end)
    writer = MetricsWriter(path, 200)
    writer.append(row(300))
    writer.close()
    assert [json.loads(line) for line in path.read_text().splitlines()] == [row(100), row(200), row(300)]


def test_a_reader_begins_again_where_the_file_was_replaced(tmp_path: Path) -> None:
    path = written(tmp_path / "metrics.jsonl", 100, 200, 300)
    reader = MetricsReader(path)
    assert len(reader.read()) == 3
    writer = MetricsWriter(path, 100)
    assert list(reader.read()) == [row(100)]
    writer.append(row(250))
    writer.append(row(350))
    writer.close()
    assert [one["seen"] for one in reader.read()] == [100, 250, 350]
    path.write_text(json.dumps(row(7)) + "\n" * 500)  # rewritten in place, and longer than before
    assert list(reader.read()) == [row(7)]
    path.write_bytes(b"")
    assert list(reader.read()) == []
    path.unlink()
    assert list(reader.read()) == []
    written(path, 50)
    assert list(reader.read()) == [row(50)]


def test_a_full_disk_is_an_error_even_where_it_took_a_part(tmp_path: Path) -> None:
    full = tmp_path / "metrics.jsonl"
    full.symlink_to("/dev/full")
    with open(full, "ab", buffering=0) as file:
        writer = MetricsWriter(tmp_path / "other.jsonl", 0)
        writer._file.close()
        writer._file = file
        with pytest.raises(OSError, match="No space left") as raised:
            writer.append(row(100))
    assert raised.value.errno == errno.ENOSPC


def test_a_reader_beside_a_writer_sees_whole_rows_in_order(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    code = """
import sys
from pathlib import Path
from typing import Any
from gan.runs.metrics import MetricsWriter
writer = MetricsWriter(Path(sys.argv[1]), 0)
for seen in range(3000):
    writer.append({"seen": seen, "loss_d": seen / 7, "text": "x" * 200})
"""
    process = start_python(code, str(path))
    reader, counts = MetricsReader(path), []
    while process.poll() is None:
        rows = reader.read()
        counts.append(len(rows))
        assert [one["seen"] for one in rows] == list(range(len(rows)))
    assert process.communicate()[0] == ""
    assert len(reader.read()) == 3000
    assert counts == sorted(counts)


@pytest.mark.parametrize("length", [MAX_LINE_BYTES - 1, MAX_LINE_BYTES, MAX_LINE_BYTES + 1, 3 * MAX_LINE_BYTES])
def test_a_line_beyond_the_limit_is_skipped_alone(tmp_path: Path, length: int) -> None:
    """Whether it is there at once or comes in two parts."""
    start = b'{"seen": 200, "text": "'
    line = start + b"x" * (length - len(start) - 3) + b'"}\n'
    path = written(tmp_path / "metrics.jsonl", 100)
    reader = MetricsReader(path)
    with open(path, "ab") as file:
        file.write(line[: length // 2])
        file.flush()
        assert [one["seen"] for one in reader.read()] == [100]
        file.write(line[length // 2 :] + b'{"seen": 300}\n')
    expected = [100, 200, 300] if len(line) <= MAX_LINE_BYTES else [100, 300]
    assert [one["seen"] for one in reader.read()] == expected
    assert [one["seen"] for one in MetricsReader(path).read()] == expected


def test_rows_end_at_line_feeds_alone(tmp_path: Path) -> None:
    """U+2028, U+0085, a form feed or a carriage return within a row is not its end."""
    lines = ['{"seen": 100, "text": "a\u2028b\x85c"}', '{"seen": 200,\r"text": "d"}']
    path = tmp_path / "rows.jsonl"
    path.write_bytes("".join(line + "\n" for line in lines).encode())
    assert [row["seen"] for row in read_json_lines(path, TypeAdapter(dict[str, Any]))] == [100, 200]
    assert [row["seen"] for row in MetricsReader(path).read()] == [100, 200]
