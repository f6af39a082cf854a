"""Read any table that may name the labels of images: text, JSON, Excel or Parquet. Every cell is text."""

import io
import itertools
import re
import warnings
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from gan.data.ingest.files.file_kinds import TABLE_SUFFIXES
from gan.data.ingest.labels.delimited import (
    Record,
    align_records,
    decode_text,
    is_running_number,
    skip_titles,
    split_records,
)
from gan.data.ingest.labels.json_tables import cell_text, json_records, jsonl_records
from gan.data.ingest.labels.path_names import is_image_name
from gan.errors import DamagedFileError, DataError
from gan.io.atomic import FileVersion, file_version
from gan.io.untrusted_files import read_bytes

if TYPE_CHECKING:
    import pandas as pd

MAX_BYTES = 256 * 2**20
"""Bytes of a table; the largest public one, of a million X-rays, has half as many."""
MAX_UNPACKED = 2**30
"""Unpacked bytes of an .xlsx or .parquet file."""
MAX_CELLS = 50_000_000
MAX_ROWS = 2**20
"""Of a sheet, which is Excel's own limit."""
OLE2 = bytes.fromhex("d0cf11e0a1b11ae1")
"""First bytes of an .xls file, and of an .xlsx file with a password."""
AS_CSV = "Save it as CSV UTF-8 or .xlsx."


@dataclass(frozen=True)
class Table:
    """A table.

    frame    every cell is stripped text, "" where there is none; column names are unique. The index is named "line",
             "row" or "record", and holds its number in the file, from 1
    notices  what was not read as it stands, one sentence each
    """

    frame: "pd.DataFrame"
    notices: tuple[str, ...] = ()


def is_table(name: str) -> bool:
    """Whether a file name has the suffix of a table. Many a .txt and .json file is none."""
    return name.lower().endswith(TABLE_SUFFIXES)


def read_table(path: Path, header: bool = True) -> Table:
    """The table in a file, cached until it changes. Without `header`, columns are named "column 1", "column 2", ...

    Columns without a name are left out if they are empty or count the rows. Raises DataError that names the file, the
    line and what to do. JSON: records, columns, StyleGAN's dataset.json, COCO and Label Studio.
    """
    return _read_table(path, header, file_version(path))


@lru_cache(maxsize=16)
def _read_table(path: Path, header: bool, version: FileVersion) -> Table:
    try:
        content = read_bytes(path, MAX_BYTES)
    except DamagedFileError as error:
        raise DataError(f"The table {path.name} cannot be read. {error}") from None
    suffix = path.suffix.lower()
    if content.startswith(OLE2) or suffix in (".xls", ".ods"):
        raise DataError(f"{path.name} {_why_unread(content)} {AS_CSV}")
    if suffix in (".xlsx", ".xlsm"):
        records, notices = _excel_records(path.name, content)
        return _table(path.name, "row", records, notices, header)
    if suffix == ".parquet":
        return _table(path.name, "record", _parquet_records(path.name, content), (), True)
    text, notices = decode_text(path.name, content)
    if suffix in (".jsonl", ".ndjson"):
        return _table(path.name, "line", jsonl_records(path.name, text), notices, True)
    if suffix == ".json":
        return _table(path.name, "record", json_records(path.name, text), notices, True)
    return _table(path.name, "line", split_records(path.name, text), notices, header)


def _why_unread(content: bytes) -> str:
    if "EncryptedPackage".encode("utf-16-le") in content:
        return "has a password. Remove it, or take another format."
    return "is in a format that is not read." if content[:2] == b"PK" else "is in the old format .xls."


def _table(name: str, unit: str, records: list[Record], notices: tuple[str, ...], header: bool) -> Table:
    """Records as a Table, with a notice for what looks like a mistake in its header."""
    import pandas as pd  # here: importing it takes half a second

    if sum(len(values) for _, values in records) > MAX_CELLS:
        raise _too_many_cells(name)
    records, titles = skip_titles(name, records)
    columns, rows = align_records(name, records, header)
    notices += titles
    if header and any(is_image_name(column) for column in columns):
        notices = (*notices, f"{name} seems to have no header: its first line names an image.")
    cells = list(zip(*(values for _, values in rows), strict=True)) if rows else [()] * len(columns)
    kept: dict[str, tuple[str, ...]] = {}
    uses: Counter[str] = Counter()
    for position, (column, values) in enumerate(zip(columns, cells, strict=True), 1):
        unnamed = not column or re.fullmatch(r"Unnamed: \d+", column)
        if unnamed and header and (not any(values) or is_running_number(list(values))):
            continue
        column = f"column {position}" if unnamed else column
        uses[column] += 1
        if uses[column] > 1:
            notices = (*notices, f"{name} has {uses[column]} columns {column}.")
            column = f"{column} ({uses[column]})"
        kept[column] = values
    index = pd.Index([line for line, _ in rows], name=unit, dtype="int64")
    return Table(pd.DataFrame(kept, index=index, dtype=object), notices)


def _excel_records(name: str, content: bytes) -> tuple[list[Record], tuple[str, ...]]:
    """The rows of the sheet with the most cells, or of all sheets if they have the same header; and notices."""
    import openpyxl

    sheets: dict[str, list[Record]] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(member.file_size for member in archive.infolist()) > MAX_UNPACKED:
                raise DataError(f"{name} unpacks to more than {MAX_UNPACKED:,} bytes. Save it as CSV UTF-8.")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of parts that are no cells, such as data validation
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
            for sheet in book.worksheets:
                sheets[sheet.title] = _sheet_rows(name, sheet)
    except DataError:
        raise
    except (
        *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError),
        *(KeyError, IndexError, ValueError, TypeError, AttributeError, SyntaxError, RuntimeError),
    ) as error:  # openpyxl checks little: a wrong file raises any of these
        raise DataError(f"{name} is not a whole Excel file ({error}). {AS_CSV}") from None
    filled = {title: rows for title, rows in sheets.items() if rows}
    notices: tuple[str, ...] = ()
    rows = max(filled.values(), key=_cells, default=[])
    if len(filled) > 1 and len({tuple(rows[0][1]) for rows in filled.values()}) == 1:
        rows = _joined_sheets(filled)
        notices = (f"{name} has {len(filled)} sheets with the same columns: all are read.",)
    elif len(sheets) > 1 and rows:
        title = next(title for title, other in filled.items() if other is rows)
        notices = (f"{name} has {len(sheets)} sheets: {title} is read.",)
    longest = max((len(values) for _, values in rows), default=0)  # a row ends with its last cell
    return [(row, [*values, *[""] * (longest - len(values))]) for row, values in rows], notices


def _cells(rows: list[Record]) -> int:
    return sum(len(values) for _, values in rows)


def _joined_sheets(sheets: dict[str, list[Record]]) -> list[Record]:
    """The rows of sheets with the same header, with a column `sheet` that names the sheet of each."""
    header = next(iter(sheets.values()))[0]
    joined: list[Record] = [(header[0], [*header[1], "sheet"])]
    for title, rows in sheets.items():
        joined += [(row, [*values, *[""] * (len(header[1]) - len(values)), title]) for row, values in rows[1:]]
    return joined


def _sheet_rows(name: str, sheet: Any) -> list[Record]:
    """The rows of a sheet that hold anything. A forged row number or column costs no more than MAX_CELLS cells."""
    sheet.reset_dimensions()  # those that the file claims may be wrong
    rows, cells = [], 0
    for row, values in enumerate(itertools.islice(sheet.iter_rows(values_only=True), MAX_ROWS), 1):
        cells += len(values)
        if cells > MAX_CELLS:
            raise _too_many_cells(name)
        if any(value is not None for value in values):
            rows.append((row, [cell_text(value) for value in values]))
    return rows


def _too_many_cells(name: str) -> DataError:
    return DataError(f"{name} has more than {MAX_CELLS:,} cells. Leave out the columns that name no labels.")


def _parquet_records(name: str, content: bytes) -> list[Record]:
    """The rows, without columns of bytes or structures."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(content))
        groups = [file.metadata.row_group(group).total_byte_size for group in range(file.num_row_groups)]
        if sum(groups) > MAX_UNPACKED or file.metadata.num_rows * file.metadata.num_columns > MAX_CELLS:
            raise DataError(f"{name} unpacks to more than {MAX_UNPACKED:,} bytes. Leave out the columns of images.")
        kept = [
            field.name
            for field in file.schema_arrow
            if not (pa.types.is_struct(field.type) or pa.types.is_binary(field.type) or pa.types.is_map(field.type))
        ]
        table = file.read(columns=kept)
        columns = [[cell_text(value) for value in table.column(column).to_pylist()] for column in kept]
    except (pa.ArrowException, OSError, ValueError, TypeError) as error:
        raise DataError(f"{name} is not a whole Parquet file ({error}). {AS_CSV}") from None
    return [(0, kept), *((row, list(values)) for row, values in enumerate(zip(*columns, strict=True), 1))]


def describe_row(name: str, frame: "pd.DataFrame", position: int) -> str:
    """Where a row stands, such as "Line 3 of labels.csv"."""
    return f"{str(frame.index.name).capitalize()} {frame.index[position]} of {PurePosixPath(name).name}"
