"""Tables of labels as people and programs write them: encodings, delimiters, line ends, Excel and JSON."""

from pathlib import Path

import pytest

from tests.data.cases.expected import Case, asked, case, each, observed, refused, used
from tests.data.cases.label_tables import (
    COUNT,
    HEADER,
    LABELS,
    ROWS,
    columns,
    labelled,
    lines,
    with_text,
    workbook,
)
from tests.data.cases.trees import TWO, images, json_bytes

WRITTEN = [
    case("semicolons", labelled(delimiter=";"), used(TWO)),
    case("tabs", labelled(delimiter="\t", name="labels.tsv"), used(TWO)),
    case("pipes", labelled(delimiter="|"), used(TWO)),
    case("spaces", with_text(lines(lambda n: f"{n:04d}.png {LABELS[n]}", "file class"), name="labels.txt"), used(TWO)),
    case("CRLF", with_text(lines(lambda n: f"{n:04d}.png,{LABELS[n]}", end="\r\n")), used(TWO)),
    case("CR", with_text(lines(lambda n: f"{n:04d}.png,{LABELS[n]}", end="\r")), used(TWO)),
    case("byte order mark", labelled(code="utf-8-sig"), used(TWO)),
    case("UTF-16", labelled(code="utf-16"), used(TWO)),
    case(
        "Latin-1",
        labelled(lambda n: [f"{n:04d}.png", ["gutartig", "bösartig"][n > 11]], code="latin-1"),
        used({"gutartig": 12, "bösartig": 14}, says=("table-read-otherwise",)),
    ),
    case(
        "UTF-8 umlauts",
        labelled(lambda n: [f"{n:04d}.png", ["gutartig", "bösartig"][n > 11]]),
        used({"gutartig": 12, "bösartig": 14}),
    ),
    case(
        "GBK",
        labelled(lambda n: [f"{n:04d}.png", ["良性", "恶性"][n > 11]], ("文件", "类别"), code="gbk"),
        used({"良性": 12, "恶性": 14}, says=("table-read-otherwise",)),
    ),
    case(
        "Shift-JIS",
        labelled(lambda n: [f"{n:04d}.png", ["良性", "悪性の可能性"][n > 11]], ("ファイル", "ラベル"), code="cp932"),
        used({"良性": 12, "悪性の可能性": 14}, says=("table-read-otherwise",)),
    ),
    case(
        "Windows-1251",
        labelled(lambda n: [f"{n:04d}.png", ["норма", "опухоль"][n > 11]], ("файл", "класс"), code="cp1251"),
        used({"норма": 12, "опухоль": 14}, says=("table-read-otherwise",)),
    ),
    case("sep line", with_text("sep=,\n" + lines(lambda n: f"{n:04d}.png,{LABELS[n]}")), used(TWO)),
    case("title above", with_text("Study of 2021\n" + lines(lambda n: f"{n:04d}.png,{LABELS[n]}")), used(TWO)),
    case(
        "comment lines",
        with_text("# made by hand\n# second line\n" + lines(lambda n: f"{n:04d}.png,{LABELS[n]}")),
        used(TWO),
    ),
    case("quoted newline", columns(["note"], lambda n: f"seen\nby {n}"), used(TWO)),
    case("quoted commas", labelled(lambda n: [f"scan, {n:04d}.png", LABELS[n]], pattern="scan, {:04d}.png"), used(TWO)),
    case(
        "apostrophes and quotes in names",
        labelled(lambda n: [f'o\'neil "{n}".png', LABELS[n]], pattern='o\'neil "{}".png'),
        used(TWO),
    ),
    case("spaces after commas", with_text(lines(lambda n: f"{n:04d}.png, {LABELS[n]}", "file, class")), used(TWO)),
    case("trailing comma", with_text(lines(lambda n: f"{n:04d}.png,{LABELS[n]},", "file,class,")), used(TWO)),
    case("two trailing commas", with_text(lines(lambda n: f"{n:04d}.png,{LABELS[n]},,", "file,class,,")), used(TWO)),
    case("blank lines", with_text(lines(lambda n: f"{n:04d}.png,{LABELS[n]}\n")), used(TWO)),
    case("index column", labelled(lambda n: [n, f"{n:04d}.png", LABELS[n]], ("Unnamed: 0", *HEADER)), used(TWO)),
    case("no header", labelled(header=()), used(TWO)),
    case(
        "CelebA",
        with_text(
            f"{COUNT}\nSmiling Male\n"
            + "".join(f"{n:04d}.png {1 if n > 11 else -1:2d} {1 if n % 2 else -1:2d}\n" for n in range(COUNT)),
            name="list_attr_celeba.txt",
        ),
        used({"Smiling": 14, "Male": 13}, kind="attributes"),
    ),
    case("capital name", labelled(name="Labels.CSV"), used(TWO)),
    case("any name", labelled(name="export final (2).csv"), used(TWO)),
    case("in a folder of its own", labelled(name="tables/labels.csv", pattern="images/{:04d}.png"), used(TWO)),
    case(
        "json records",
        lambda: {**images("{:04d}.png", COUNT), "labels.json": json_bytes([{"file": f, "class": c} for f, c in ROWS])},
        used(TWO),
    ),
    case("json by file", lambda: {**images("{:04d}.png", COUNT), "labels.json": json_bytes(dict(ROWS))}, used(TWO)),
    case(
        "json lines",
        lambda: {
            **images("{:04d}.png", COUNT),
            "labels.jsonl": b"\n".join(json_bytes({"file": f, "class": c}) for f, c in ROWS),
        },
        used(TWO),
    ),
    case(
        "Excel",
        lambda: {**images("{:04d}.png", COUNT), "labels.xlsx": workbook(("Sheet1", [HEADER, *ROWS]))},
        used(TWO),
    ),
    case(
        "Excel with an empty sheet first",
        lambda: {**images("{:04d}.png", COUNT), "labels.xlsx": workbook(("Sheet1", []), ("Sheet2", [HEADER, *ROWS]))},
        used(TWO),
    ),
    case(
        "Excel with notes first",
        lambda: {
            **images("{:04d}.png", COUNT),
            "labels.xlsx": workbook(("Info", [("Author", "A. B."), ("Date", "2021")]), ("Labels", [HEADER, *ROWS])),
        },
        used(TWO, says=("table-read-otherwise",)),
    ),
    case(
        "Excel with a sheet for each split",
        lambda: {
            **images("{:04d}.png", COUNT),
            "labels.xlsx": workbook(("train", [HEADER, *ROWS[::2]]), ("test", [HEADER, *ROWS[1::2]])),
        },
        used(TWO, splits={"train": 13, "test": 13}),
    ),
    case(
        "old Excel",
        lambda: {**images("part{}.png", COUNT), "labels.xls": bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)},
        refused(),
    ),
    case(
        "old Excel beside class folders",
        lambda: {
            **images("benign/{}.png", 12),
            **images("malignant/{}.png", 14),
            "labels.xls": bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600),
        },
        asked(TWO, says=("unreadable-table",)),
    ),
    case("OpenDocument", lambda: {**images("{:04d}.png", COUNT), "labels.ods": b"PK\3\4" + bytes(100)}, refused()),
    case("Apple Numbers", lambda: {**images("{:04d}.png", COUNT), "labels.numbers": b"PK\3\4" + bytes(100)}, refused()),
    case(
        "Google Sheets",
        lambda: {
            **images("benign/{}.png", 12),
            **images("malignant/{}.png", 14),
            "labels.gsheet": b'{"url": "https://docs.google.com/x"}',
        },
        asked(TWO, says=("unreadable-table",)),
    ),
    case("header only", lambda: {**images("{:04d}.png", COUNT), "labels.csv": b"file,class\n"}, refused()),
    case("empty", lambda: {**images("{:04d}.png", COUNT), "labels.csv": b""}, refused()),
    case("binary", lambda: {**images("{:04d}.png", COUNT), "labels.csv": bytes(range(256)) * 4}, refused()),
    case(
        "a row too short",
        with_text(lines(lambda n: f"{n:04d}.png,{LABELS[n]}" if n != 7 else f"{n:04d}.png")),
        refused(),
    ),
    case(
        "unbalanced quote",
        with_text(lines(lambda n: f"{n:04d}.png,{LABELS[n]}" if n != 7 else f'"{n:04d}.png,{LABELS[n]}')),
        refused(),
    ),
    case(
        "200 columns",
        columns(
            [f"radiomics_{k}" for k in range(200)],
            *[lambda n, k=k: round((n * 37 + k) % 101 / 101, 4) for k in range(200)],
        ),
        used(TWO, says=("unused-columns",)),
    ),  # type: ignore[misc]
]


@pytest.mark.parametrize("case", each(*WRITTEN))
def test_a_table_is_read_however_it_is_written(case: Case, tmp_path: Path) -> None:
    assert observed(case, tmp_path) == case.expected
