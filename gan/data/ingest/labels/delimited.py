"""Read tables that are text: any encoding, delimiter and line end. Every record keeps the number of its first line."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator

from gan.data.ingest.files.member_names import ENCODINGS, UNUSUAL_IN_TABLES, detect_encoding
from gan.data.ingest.labels.path_names import is_image_name
from gan.errors import DataError

DELIMITERS = "\t;,|"
"""In order of preference: a semicolon is rarer in names than a comma."""
SAMPLE = 200
"""Records from which the delimiter is found."""
CONSISTENT = 0.9
"""Share of records with the same number of values, below which `|` and spaces are no delimiters."""
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

Record = tuple[int, list[str]]
"""The line on which a record begins, from 1, and its values."""


def decode_text(name: str, content: bytes) -> tuple[str, tuple[str, ...]]:
    """The text of a file, and notices; raises DataError if it is binary.

    UTF-8, UTF-16 and UTF-32 are recognised. The code page of anything else is detected: a notice names it, and shows
    the first line that depends on it.
    """
    for mark, encoding in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return _decode(name, content[len(mark) :], encoding), ()
    if b"\0" in content:  # UTF-16 without a mark: one byte of each pair is nearly always 0
        even, odd = content[:4096:2].count(0), content[1:4096:2].count(0)
        if max(even, odd) < max(10 * min(even, odd), len(content[:4096]) // 8):
            raise DataError(f"{name} is not a table: it holds binary data. Save it as CSV UTF-8 or .xlsx.")
        return _decode(name, content, "utf-16-be" if even > odd else "utf-16-le"), ()
    try:
        return content.decode("utf-8"), ()
    except UnicodeDecodeError as error:
        line = len(re.findall(rb"\r\n|\r|\n", content[: error.start])) + 1
    text, encoding = _in_code_page(content)
    shown = re.split(r"\r\n|\r|\n", text)[line - 1].strip()[:80]
    notice = (
        f"{name} is not UTF-8 text: it was read as {ENCODINGS[encoding]}. Line {line} reads {shown!r}. "
        "If that is wrong, save the table as CSV UTF-8."
    )
    return text, (notice,)


def _in_code_page(content: bytes) -> tuple[str, str]:
    """The text, and its code page: Windows-1252, a superset of Latin-1, where no other is likelier."""
    found = detect_encoding(re.split(rb"\r\n|\r|\n", content), UNUSUAL_IN_TABLES)
    try:
        return content.decode(found.encoding), found.encoding
    except UnicodeDecodeError:  # a damaged line beyond those that the code page was detected from
        return content.decode("cp1252", errors="replace"), "cp1252"


def _decode(name: str, content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise DataError(f"{name} is not whole {encoding.upper()} text. Save it as CSV UTF-8.") from None


def split_records(name: str, text: str, counted: bool = True) -> list[Record]:
    """The records of a text table that are not empty, as many values in each as its line has.

    Raises DataError for unbalanced quotes. A first line such as `sep=;` names the delimiter, and a first line with
    nothing but a number counts the rows of a wider table (CelebA): both are skipped.
    """
    first, _, _ = _partition_line(text)
    named = re.fullmatch(r'"?sep=(.)"?', first.strip("\ufeff \r\n"), re.IGNORECASE)
    counted = counted and bool(re.fullmatch(r"\s*\d+\s*", first))
    skipped = 1 if named or counted else 0
    if skipped:
        text = _partition_line(text)[2]
    delimiter = named[1] if named else _delimiter(text)
    if delimiter == " ":
        text = "\n".join(line.strip() for line in re.split(r"\r\n|\r|\n", text))
    records = [(line + skipped, values) for line, values in _records(name, text, delimiter, skipped)]
    records = [(line, values) for line, values in records if any(values)]
    if counted and (not records or len(records[0][1]) < 2):
        return split_records(name, f"{first}\n{text}", counted=False)
    return records


def _partition_line(text: str) -> tuple[str, str, str]:
    """The first line, its line end, and the rest."""
    end = re.search(r"\r\n|\r|\n", text)
    return (text[: end.start()], end[0], text[end.end() :]) if end else (text, "", "")


def _records(name: str, text: str, delimiter: str, skipped: int) -> Iterator[Record]:
    """Only LF, CR and CRLF end a line: a form feed or U+2028 is part of a value."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    while True:
        line = reader.line_num + 1
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:  # strict: else an unbalanced quote would swallow the next lines
            raise DataError(
                f"Line {line + skipped} of {name} cannot be read ({error}). A value that starts with a double quote "
                "must end with one; write a quote inside it twice."
            ) from None
        yield line, [value.strip() for value in values]


def _delimiter(text: str) -> str:
    """The delimiter that divides the first records into the same number of values, two or more."""
    sample = text[: 2000 * SAMPLE]
    best, delimiter = 0.0, ""
    for candidate in DELIMITERS:
        share = _consistency(_sample(sample, candidate))
        if share > best and (candidate != "|" or share >= CONSISTENT):
            best, delimiter = share, candidate
    if delimiter:
        return delimiter
    lines = [line.strip() for line in re.split(r"\r\n|\r|\n", sample) if line.strip()][:SAMPLE]
    if sum(bool(is_image_name(line)) for line in lines) > len(lines) / 2:
        return ","  # a list of files, whose names may hold spaces
    spaced = [line.split() for line in lines]
    rows = spaced[1:]  # a header may lack the name of the first column
    return " " if max(_consistency(spaced), _consistency(rows)) >= CONSISTENT else ","


def _sample(text: str, delimiter: str) -> list[list[str]]:
    """The first records; quotes need not pair."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    records: list[list[str]] = []
    try:
        for values in reader:
            if any(value.strip() for value in values):
                records.append(values)
            if len(records) == SAMPLE:
                break
    except csv.Error:  # a value beyond the limit of the module: reading it names the line
        return records
    return records


def _consistency(records: list[list[str]]) -> float:
    """The share of the records that have the most frequent number of values; 0 if that is one."""
    width, count = Counter(map(len, records)).most_common(1)[0] if records else (0, 0)
    return count / len(records) if width > 1 else 0.0


def skip_titles(name: str, records: list[Record]) -> tuple[list[Record], tuple[str, ...]]:
    """Records without the lines above the table that hold a single value, such as a title, and a notice of them."""
    single = [not any(values[1:]) for _, values in records]
    first = single.index(False) if False in single else 0
    if not first or sum(single[first:]) > (1 - CONSISTENT) * len(single[first:]):
        return records, ()
    titles = "; ".join(" ".join(filter(None, values)) for _, values in records[:first])
    return records[first:], (f"{name} begins with lines that are not part of the table, which are left out: {titles}.",)


def align_records(name: str, records: list[Record], header: bool) -> tuple[list[str], list[Record]]:
    """The names of the columns, "" for one without, and the rows, all of the same length.

    Empty values beyond the last column are left out. A row number that only the rows have gets a column without name.
    Raises DataError for a row with more or fewer values than there are columns.
    """
    if not records:
        raise DataError(f"{name} is empty. Add a row for each image.")
    rows = records[1:] if header else records
    names = list(records[0][1]) if header else [""] * Counter(len(values) for _, values in records).most_common(1)[0][0]
    if rows and all(len(values) == len(names) + 1 for _, values in rows) and _is_key(values[0] for _, values in rows):
        names.insert(0, "")
    named = max((position + 1 for position, column in enumerate(names) if column), default=len(names))
    aligned = []
    for line, values in rows:
        if len(values) < named or any(values[len(names) :]):
            count = f"{len(values)} value{'s' if len(values) != 1 else ''}"
            raise DataError(
                f"Line {line} of {name} has {count} for {named} columns. Put a value that contains the "
                "delimiter in double quotes, and write an empty value for each that is missing."
            )
        aligned.append((line, [*values, *[""] * len(names)][: len(names)]))
    return names, aligned


def _is_key(values: Iterable[str]) -> bool:
    """Whether values name rows: running numbers or names of images."""
    listed = list(values)
    return is_running_number(listed) or (len(listed) > 1 and all(is_image_name(value) for value in listed))


def is_running_number(values: list[str]) -> bool:
    """Whether values count the rows from 0 or 1."""
    return len(values) > 1 and any(
        all(value == str(number) for number, value in enumerate(values, start)) for start in (0, 1)
    )
