"""Tables as they come: every encoding, delimiter, line end and format, and a clear sentence for what is none."""

import contextlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gan.data.ingest.labels.tables import is_table, read_table
from gan.errors import DataError

PLAIN = "file,class\na.png,benign\nb.png,bösartig\n"


def cells(path: Path, content: str | bytes = b"", header: bool = True) -> list[list[str]]:
    """Columns and rows of a table, after writing it if there is content."""
    if content:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    frame = read_table(path, header).frame
    return [list(frame.columns), *frame.to_numpy().tolist()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_line_ends_and_delimiters(tmp_path: Path, encoding: str, end: str, delimiter: str) -> None:
    content = PLAIN.replace("\n", end).replace(",", delimiter).encode(encoding)
    table = read_table(_written(tmp_path / "t.csv", content))
    assert table.frame.to_numpy().tolist() == [["a.png", "benign"], ["b.png", "bösartig"]]
    assert (list(table.frame.columns), list(table.frame.index), table.notices) == (["file", "class"], [2, 3], ())


def test_other_encodings_are_read_as_windows_1252_and_the_line_is_shown(tmp_path: Path) -> None:
    table = read_table(_written(tmp_path / "t.csv", PLAIN.encode("latin-1")))
    assert table.frame["class"].tolist() == ["benign", "bösartig"]
    assert len(table.notices) == 1
    assert "Line 3" in table.notices[0]
    assert "bösartig" in table.notices[0]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("sep=;\nfile;class\na;1,5\n", [["file", "class"], ["a", "1,5"]]),
        ("file, class\na.png, benign\n", [["file", "class"], ["a.png", "benign"]]),
        ('file, class\n"scan, 1.png", "a ""b"""\n', [["file", "class"], ["scan, 1.png", 'a "b"']]),
        ("file;finding\na.png;x, y, z\nb.png;x\n", [["file", "finding"], ["a.png", "x, y, z"], ["b.png", "x"]]),
        ("file,finding\na.png,A|B|C\nb.png,A\n", [["file", "finding"], ["a.png", "A|B|C"], ["b.png", "A"]]),
        ("file,class,,\na,x,,\nb,y,,\n", [["file", "class"], ["a", "x"], ["b", "y"]]),
        ("file,class\na,x,,\nb,y,\n", [["file", "class"], ["a", "x"], ["b", "y"]]),
        ("file,class,\na,x\nb,y\n", [["file", "class"], ["a", "x"], ["b", "y"]]),
        (",file,class\n0,a,x\n1,b,y\n", [["file", "class"], ["a", "x"], ["b", "y"]]),
        ("Unnamed: 0,file,class\n1,a,x\n2,b,y\n", [["file", "class"], ["a", "x"], ["b", "y"]]),
        ('"file","class"\n"1","a","x"\n"2","b","y"\n', [["file", "class"], ["a", "x"], ["b", "y"]]),
        (",class\na,x\nb,y\n", [["column 1", "class"], ["a", "x"], ["b", "y"]]),
        ("2\nSmiling Male\na.png  -1   1\nb.png   1  -1\n",
         [["column 1", "Smiling", "Male"], ["a.png", "-1", "1"], ["b.png", "1", "-1"]]),
        ("a.png 0\nb.png 1\n", [["a.png", "0"], ["b.png", "1"]]),
        ("scan 1.png\nscan 2.png\n", [["scan 1.png"], ["scan 2.png"]]),
        ("\n\nfile,class\n\na,x\n ,\n", [["file", "class"], ["a", "x"]]),
        ("file,class\n\x0ca,x\x0c\n", [["file", "class"], ["a", "x"]]),
        ("Labels of 2026\nfile,class\na,x\nb,y\n", [["file", "class"], ["a", "x"], ["b", "y"]]),
        ("file,note\na,NA\nb,nan\n", [["file", "note"], ["a", "NA"], ["b", "nan"]]),
    ],
)  # fmt: skip
def test_texts(tmp_path: Path, content: str, expected: list[list[str]]) -> None:
    assert cells(tmp_path / "t.txt", content) == expected


def test_columns_of_the_same_name_are_told_apart(tmp_path: Path) -> None:
    table = read_table(_written(tmp_path / "t.csv", b"file,class,class\na,x,y\n"))
    assert list(table.frame.columns) == ["file", "class", "class (2)"]
    assert len(table.notices) == 1


def test_without_a_header_columns_are_numbered(tmp_path: Path) -> None:
    content = "a.png,x,1\nb.png,y,2\n"
    assert len(read_table(_written(tmp_path / "t.csv", content.encode())).notices) == 1
    assert cells(tmp_path / "t.csv", header=False) == [
        ["column 1", "column 2", "column 3"],
        ["a.png", "x", "1"],
        ["b.png", "y", "2"],
    ]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('file,class\nx/000.png,a\n"x/001.png,b', 3),
        ('file,class\n"x/000.png,a\n"x/001.png",b', 2),
        ('"file,class\nx/000.png,a', 1),
        ('sep=,\nfile,class\na,b\nc,"d"e', 4),
        ("file,class\na,x\nb,y,z\n", 3),
        ("file,class\na,x\nb\n", 3),
        (f'file,class\nx/000.png,"{"a" * 200_000}"', 2),
    ],
)
def test_a_text_that_cannot_be_read_names_its_line(tmp_path: Path, content: str, line: int) -> None:
    with pytest.raises(DataError, match=rf"Line {line} of t\.csv"):
        read_table(_written(tmp_path / "t.csv", content.encode()))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", b""),
        ("t.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256))),
        ("t.csv", b"\xff\xfef\0i\0l"),
        ("t.xlsx", b"not a workbook"),
        ("t.xlsx", bytes.fromhex("d0cf11e0a1b11ae1") + "EncryptedPackage".encode("utf-16-le")),
        ("t.xls", bytes.fromhex("d0cf11e0a1b11ae1")),
        ("t.ods", b"PK\x03\x04"),
        ("t.parquet", b"PAR1 and more"),
        ("t.json", b"{}"),
        ("t.json", b"[1, 2]"),
        ("t.json", b"[" * 100_000),
        ("t.jsonl", b"[1]\n"),
    ],
)
def test_what_is_no_table_is_refused_by_name(tmp_path: Path, name: str, content: bytes) -> None:
    with pytest.raises(DataError, match=name.replace(".", r"\.")):
        read_table(_written(tmp_path / name, content))


def test_broken_json_names_its_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"Line 2 of t\.jsonl"):
        read_table(_written(tmp_path / "t.jsonl", b'{"file": "a"}\n{"file": \n'))
    with pytest.raises(DataError, match=r"Line 3 of t\.json"):
        read_table(_written(tmp_path / "t.json", b'{"labels":\n [["a", 0],\n ["b" 1]]}'))


def test_a_table_that_changed_is_read_again(tmp_path: Path) -> None:
    assert cells(tmp_path / "t.csv", "file,class\na,x\n")[1] == ["a", "x"]
    assert cells(tmp_path / "t.csv", "file,class\na,long\n")[1] == ["a", "long"]


STYLEGAN = {"labels": [["00/a.png", 0], ["00/b.png", 1]]}
COCO = {
    "images": [{"id": 7, "file_name": "a.png"}, {"id": 9, "file_name": "b.png"}],
    "annotations": [{"image_id": 7, "category_id": c} for c in (1, 2, 1)],
    "categories": [{"id": 1, "name": "polyp"}, {"id": 2, "name": "tool"}],
}
LABEL_STUDIO = [
    {
        "data": {"image": "/data/upload/3/0123abcd-a.png"},
        "annotations": [{"result": [{"from_name": "tissue", "type": "choices", "value": {"choices": ["benign"]}}]}],
    },
    {"data": {"image": "/data/local-files/?d=x/b.png"}, "annotations": []},
]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (STYLEGAN, [["file", "label"], ["00/a.png", "0"], ["00/b.png", "1"]]),
        ({"labels": [["a", [0, 1]]]}, [["file", "label 0", "label 1"], ["a", "0", "1"]]),
        ({"labels": None}, [["file"]]),
        (COCO, [["file_name", "categories"], ["a.png", "polyp|tool"], ["b.png", ""]]),
        ({"images": [], "annotations": [], "categories": []}, [["file_name"]]),
        (LABEL_STUDIO, [["image", "tissue"], ["a.png", "benign"], ["x/b.png", ""]]),
        ([{"image": "/data/upload/0123abcd-a.png", "choice": {"choices": ["x", "y"]}}],
         [["image", "choice"], ["a.png", "x|y"]]),
        ([{"file": "a", "x": 1.0}, {"file": "b", "y": True}], [["file", "x", "y"], ["a", "1", ""], ["b", "", "True"]]),
        ({"data": [{"file": "a", "class": "x"}]}, [["file", "class"], ["a", "x"]]),
        ({"file": {"0": "a", "1": "b"}, "class": {"0": 0, "1": 1}}, [["file", "class"], ["a", "0"], ["b", "1"]]),
        ({"file": ["a", "b"], "class": ["x", "y"]}, [["file", "class"], ["a", "x"], ["b", "y"]]),
        ({"a.png": "x", "b.png": "y"}, [["name", "label"], ["a.png", "x"], ["b.png", "y"]]),
        ({"a.png": {"class": "x"}, "b.png": {"class": "y"}}, [["name", "class"], ["a.png", "x"], ["b.png", "y"]]),
    ],
)  # fmt: skip
def test_json(tmp_path: Path, document: object, expected: list[list[str]]) -> None:
    assert cells(tmp_path / "t.json", json.dumps(document)) == expected


def test_json_lines(tmp_path: Path) -> None:
    content = '{"file_name": "a.png", "label": 0}\n\n{"file_name": "b.png", "label": null}\n'
    assert cells(tmp_path / "metadata.jsonl", content) == [["file_name", "label"], ["a.png", "0"], ["b.png", ""]]
    assert list(read_table(tmp_path / "metadata.jsonl").frame.index) == [1, 3]


def test_excel(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["Labels of 2026"], [], ["file", "grade", "ok"], ["a.png", 2, True], ["b.png", None, False]):
        sheet.append(row)
    book.create_sheet("notes").append(["x"])
    book.save(tmp_path / "labels.xlsx")
    table = read_table(tmp_path / "labels.xlsx")
    assert cells(tmp_path / "labels.xlsx") == [["file", "grade", "ok"], ["a.png", "2", "True"], ["b.png", "", "False"]]
    assert (list(table.frame.index), table.frame.index.name) == ([4, 5], "row")
    assert len(table.notices) == 2  # the title and the second sheet


def test_excel_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "t.xlsx", "w") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", "<worksheet/>")
        archive.infolist()[0].file_size = 2**31  # as the directory of a ZIP bomb says
    with pytest.raises(DataError, match="unpacks to more than"):
        read_table(tmp_path / "t.xlsx")


def test_a_forged_row_number_ends(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["file", "class"])
    book.active.append(["a.png", "x"])
    book.save(tmp_path / "whole.xlsx")
    with zipfile.ZipFile(tmp_path / "whole.xlsx") as whole, zipfile.ZipFile(tmp_path / "t.xlsx", "w") as forged:
        for name in whole.namelist():
            forged.writestr(
                name, whole.read(name).replace(b'r="2"', b'r="2000000000"').replace(b'"A2"', b'"A2000000000"')
            )
    assert cells(tmp_path / "t.xlsx") == [["file", "class"]]


def test_parquet(tmp_path: Path) -> None:
    columns = {"file": ["a.png", "b.png"], "label": [0, None], "findings": [["x", "y"], []], "raw": [b"\0", b"\1"]}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    assert cells(tmp_path / "t.parquet") == [["file", "label", "findings"], ["a.png", "0", "x|y"], ["b.png", "", ""]]


@pytest.mark.parametrize("kind", [str.lower, str.upper])
def test_names_of_tables(kind: Callable[[str], str]) -> None:
    assert all(is_table(kind(f"a.{suffix}")) for suffix in ("csv", "tsv", "txt", "json", "jsonl", "xlsx", "parquet"))
    assert not any(is_table(kind(name)) for name in ("a.png", "csv", "a.csv.png", "a.xml"))


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["labels", "images", "annotations", "categories", "data", "id", "file_name", "result", "0"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
SUFFIX_NAMES = ("csv", "txt", "json", "jsonl", "xlsx", "parquet", "xls")


@hypothesis.given(
    content=st.binary(max_size=60) | st.text(',;\t|"\n\r =sep01a.png ', max_size=60),
    suffix=st.sampled_from(SUFFIX_NAMES),
)
@hypothesis.settings(
    max_examples=150, deadline=None, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture]
)
def test_any_content_is_a_table_or_an_error_of_ours(tmp_path: Path, content: str | bytes, suffix: str) -> None:
    path = _written(tmp_path / f"t.{suffix}", content if isinstance(content, bytes) else content.encode())
    for header in (True, False):
        with contextlib.suppress(DataError):
            frame = read_table(path, header).frame
            assert frame.columns.is_unique
            assert all(isinstance(value, str) and value == value.strip() for value in frame.to_numpy().ravel())


@hypothesis.given(document=JSON_VALUES)
@hypothesis.settings(
    max_examples=150, deadline=None, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture]
)
def test_any_json_is_a_table_or_an_error_of_ours(tmp_path: Path, document: object) -> None:
    with contextlib.suppress(DataError):
        frame = read_table(_written(tmp_path / "t.json", json.dumps(document).encode())).frame
        assert all(isinstance(value, str) for value in frame.to_numpy().ravel())


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
