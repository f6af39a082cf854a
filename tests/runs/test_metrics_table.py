"""The curves as a table: the same points as the file's rows; tables read earlier do not change."""

import json
import threading
from pathlib import Path

import numpy as np
import pytest

from gan.runs.metrics import MetricsWriter, parse_rows
from gan.runs.metrics_table import INITIAL_CAPACITY, MANY_LINES, MetricsReader, MetricsTable


def test_columns_hold_what_the_rows_hold(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    writer, reader = MetricsWriter(path, 0), MetricsReader(path)
    for position in range(2 * INITIAL_CAPACITY):
        late = {"d_val": position / 3} if position > 10 else {}
        writer.append({"seen": 64 * position, "loss_d": position / 7, **late})
        if position in (5, INITIAL_CAPACITY):
            early = reader.read()
            assert len(early) == position + 1
    writer.close()
    columns, rows = reader.read(), [json.loads(line) for line in path.read_text().splitlines()]
    assert list(columns) == rows
    assert [columns[-1], *columns[3:5]] == [rows[-1], *rows[3:5]]
    assert columns.names == ("loss_d", "d_val")
    assert np.isnan(columns.column("d_val")).sum() == 11
    assert np.isnan(columns.column("never logged")).all()
    assert list(early) == rows[: INITIAL_CAPACITY + 1]


def test_columns_begin_again_where_the_file_was_replaced(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(json.dumps({"seen": seen, "loss_d": 1.0}) + "\n" for seen in (1, 2, 3)))
    reader = MetricsReader(path)
    before = reader.read()
    MetricsWriter(path, 1).close()
    assert reader.read().seen.tolist() == [1]
    path.unlink()
    assert len(reader.read()) == 0
    assert before.seen.tolist() == [1, 2, 3]


def test_only_new_bytes_are_read(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    lines = [json.dumps({"seen": seen, "loss_d": 1.0}).encode() + b"\n" for seen in range(5000)]
    path.write_bytes(b"".join(lines))
    reader = MetricsReader(path)
    reader.read()
    with open(path, "ab") as file:
        file.write(lines[-1])
    before = bytes_read()
    assert len(reader.read()) == 5001
    assert bytes_read() - before <= 4096 < path.stat().st_size  # the counter itself is read too


def bytes_read() -> int:
    """What this process has asked the system to read so far."""
    fields = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(fields["rchar"])


def test_several_sessions_may_read_at_once(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    reader, found = MetricsReader(path), []
    path.write_text("".join(json.dumps({"seen": seen}) + "\n" for seen in range(3000)))
    threads = [threading.Thread(target=lambda: found.append(len(reader.read()))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [3000] * 8


def test_rows_in_memory_become_columns() -> None:
    columns = MetricsTable.from_rows([{"seen": 1, "loss_d": 2.0, "note": "x"}, {"seen": 2}])
    assert list(columns) == [{"seen": 1, "loss_d": 2.0}, {"seen": 2}]
    assert MetricsTable.from_rows(columns) is columns


@pytest.mark.parametrize(
    "irregular",
    [
        b'{"seen": 7, "loss_d"\n',
        b'{"seen": 7, "loss_d": NaN}\n',
        b'{"seen": 7, "loss_d": "high"}\n',
        b'{"seen": 7, "loss_d": true}\n',
        b'{"loss_d": 1}\n',
        b'{"seen": -1}\n',
        b'{"seen": 9223372036854775808}\n',
        b'{"seen": 7} {"seen": 8}\n',
        b'{"seen": 7, "loss_d": 123456789012345678901}\n',
        b'{"seen": 7, "loss_d": -1e400}\n',
    ],
)
def test_many_rows_are_read_like_few(tmp_path: Path, irregular: bytes) -> None:
    """Many are parsed together, or one by one where a line is damaged: either way the same rows are left."""
    good = [{"seen": k, "loss_d": k / 7} | ({"loss_g": 0.5} if k % 3 else {}) for k in range(MANY_LINES)]
    lines = [json.dumps(row).encode() + b"\n" for row in good]
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b"".join(lines))
    assert [dict(row) for row in MetricsReader(path).read()] == good
    lines.insert(MANY_LINES // 2, irregular)
    path.write_bytes(b"".join(lines))
    kept = [dict(row) for row in MetricsReader(path).read()]
    assert [row for row in kept if row != {"seen": 7}] == good
    assert kept == parse_rows(b"".join(lines))


def test_rows_after_many_have_their_columns(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(json.dumps({"seen": k, "loss_d": 1.0}) + "\n" for k in range(MANY_LINES)))
    reader = MetricsReader(path)
    reader.read()
    with open(path, "a") as file:
        file.write(json.dumps({"seen": MANY_LINES, "loss_g": 2.0}) + "\n")
    table = reader.read()
    assert dict(table[MANY_LINES]) == {"seen": MANY_LINES, "loss_g": 2.0}
    assert dict(table[0]) == {"seen": 0, "loss_d": 1.0}
