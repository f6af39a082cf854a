"""JSON documents and JSON lines from files that anybody may have damaged or forged.

`read_json` is for documents whose readers check each value themselves; `read_typed` holds a document to a type;
`read_request` does so strictly, for what a background job is asked to do.
"""

from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic_core import ValidationError, from_json

from gan.errors import DamagedFileError, RunError
from gan.io.untrusted_files import MAX_DOCUMENT, bounded_lines, damaged_file, log_damaged, open_regular, read_bytes

if TYPE_CHECKING:
    from pydantic import TypeAdapter  # callers that have a type have imported it: reading a job's state needs none

T = TypeVar("T")
_SHAPE = bytes.maketrans(b"123456789E", b"000000000e")


def parse_json(content: bytes | str) -> Any:
    """A JSON document in UTF-8 of finite numbers, integers within 64 bits, and at most 200 levels.

    Raises ValueError for anything else.
    """
    content = content.encode() if isinstance(content, str) else content
    document = from_json(content, allow_inf_nan=False)
    if may_have_large_numbers(content):
        _check_numbers(document)
    return document


def may_have_large_numbers(content: bytes) -> bool:
    """Whether a number of a document may not fit into 64 bits: it has 19 digits, or an exponent of three.

    Only documents that may pay for the check of each number. A regular expression takes ten times as long.
    """
    shape = content.translate(_SHAPE, b"+-")
    return b"0" * 19 in shape or b"e000" in shape


def read_json(path: Path, max_bytes: int = MAX_DOCUMENT) -> dict[str, Any] | None:
    """The JSON object in a file; None where the file is absent, damaged (logged) or holds no object.

    Raises OSError where it cannot be read: it may be whole, so that nobody may take it for absent.
    """
    try:
        document = parse_json(read_bytes(path, max_bytes))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (DamagedFileError, ValueError) as error:
        log_damaged(path, error)
        return None
    return document if isinstance(document, dict) else None


def read_typed(
    path: Path, adapter: "TypeAdapter[T]", max_bytes: int = MAX_DOCUMENT, *, strict: bool = False
) -> T | None:
    """The JSON document in a file as a value of the adapter's type; None where there is no file.

    `strict` converts nothing and refuses unknown fields. Raises DamagedFileError, which names the file and the first
    problem in it.
    """
    try:
        content = read_bytes(path, max_bytes)
        parse_json(content)  # bounds its depth and its numbers
        return adapter.validate_json(content, strict=strict, extra="forbid" if strict else None)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValidationError as error:
        raise damaged_file(path, _first_problem(error)) from None
    except ValueError as error:
        raise damaged_file(path, error) from None


def read_typed_or_none(path: Path, adapter: "TypeAdapter[T]", max_bytes: int = MAX_DOCUMENT) -> T | None:
    """As `read_typed`, but None for a damaged or unreadable file too, which is logged: for lists, which go on."""
    try:
        return read_typed(path, adapter, max_bytes)
    except (DamagedFileError, OSError) as error:
        log_damaged(path, error)
        return None


def read_request(path: Path, adapter: "TypeAdapter[T]") -> T:
    """What a background job is asked to do, strictly as a value of the adapter's type.

    Raises RunError where there is no file, and DamagedFileError where a field is unknown or of another type.
    """
    request = read_typed(path, adapter, strict=True)
    if request is None:
        raise RunError(f"{path} is missing: start this work again.")
    return request


def validated(path: Path, document: Any, adapter: "TypeAdapter[T]") -> T:
    """A parsed document of the file `path` as a value of the adapter's type; raises DamagedFileError."""
    try:
        return adapter.validate_python(document)
    except ValidationError as error:
        raise damaged_file(path, _first_problem(error)) from None


def read_json_lines(path: Path, adapter: "TypeAdapter[T]", newest: int = 100_000) -> list[T]:
    """The last `newest` values of a file with one JSON document a line, in its order; [] where there is no file.

    Lines that a full disk cut short, or of another type, are skipped. So is the rest of a file that is damaged or
    cannot be read, which is logged.
    """
    values: deque[T] = deque(maxlen=newest)
    try:
        with open_regular(path) as file:
            for line in bounded_lines(file):
                try:
                    values.append(adapter.validate_python(parse_json(line)))
                except ValueError:  # pydantic's ValidationError is one
                    continue
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (DamagedFileError, OSError) as error:
        log_damaged(path, error)
    return list(values)


def _first_problem(error: ValidationError) -> str:
    """The first problem of a document, after the path of its field."""
    first = error.errors(include_url=False, include_input=False)[0]
    path = ".".join(map(str, first["loc"]))
    return f"{path}: {first['msg']}" if path else str(first["msg"])


def _check_numbers(value: Any) -> None:
    """Raise ValueError where a document, of bounded depth, has a number beyond 64 bits."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            _check_numbers(part)
    elif (isinstance(value, int) and not -(2**63) <= value < 2**63) or (
        isinstance(value, float) and not abs(value) < float("inf")
    ):
        raise ValueError("it has a number that does not fit into 64 bits")
