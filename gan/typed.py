"""What was asked of a background process, as a typed value: its file may have been copied or forged."""

from collections.abc import Hashable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from gan.errors import RunError

T = TypeVar("T")


def read(path: Path, kind: type[T]) -> T:
    """The dataclass in a JSON file; raises RunError where it is absent, or a field is unknown or of another type."""
    try:
        value: T = _adapter(cast(Hashable, kind)).validate_json(path.read_bytes())
    except FileNotFoundError:
        raise RunError(f"{path} is missing: start the work that it asks for again.") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise RunError(
            f"{path} cannot be used: {place + ': ' if place else ''}{first['msg']}. Start it again."
        ) from None
    return value


@cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    strict = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    return TypeAdapter(with_config(strict)(cast(type[Any], kind)))
