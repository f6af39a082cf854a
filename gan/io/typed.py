"""What was asked of a background process, as a typed value: its file may have been copied or forged."""

from collections.abc import Hashable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from gan.errors import RunError
from gan.io.atomic import damaged, first_problem, parse_json, read_bytes

T = TypeVar("T")


def read(path: Path, kind: type[T]) -> T:
    """The dataclass in a JSON file.

    Raises RunError where there is none, and DamagedFileError where a field is unknown or of another type.
    """
    try:
        content = read_bytes(path)
        parse_json(content)  # bounds its depth and numbers
        value: T = _adapter(cast(Hashable, kind)).validate_json(content)
    except FileNotFoundError:
        raise RunError(f"{path} is missing: start the work that it asks for again.") from None
    except ValidationError as error:
        raise damaged(path, first_problem(error)) from None
    except ValueError as error:
        raise damaged(path, error) from None
    return value


@cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    strict = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    return TypeAdapter(with_config(strict)(cast(type[Any], kind)))
