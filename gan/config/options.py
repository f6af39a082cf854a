"""The walk over RunConfig's fields, and configs from dotted paths, command lines and config.json.

Everything that shows or reads options walks `all_options()`. Everything that makes a config calls `build_config()`,
whose errors name the option, its value and what it takes.
"""

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined, from_json

from gan.config import settings
from gan.config.run_config import RunConfig, Section
from gan.errors import ConfigError

VERSION = 1
"""Of config.json. A file with a higher version is refused."""


@dataclass(frozen=True)
class Option:
    """One option with all that the command line, the form and the README show of it; made from its field."""

    path: str
    value_type: type  # str, int, float, bool or tuple
    default: Any
    help: str
    label: str
    unit: str
    advanced: bool
    only_for: tuple[str, ...]
    choices: tuple[Any, ...]
    minimum: float | None
    maximum: float | None
    multiple_of: int | None
    text_takes: str
    names: bool

    @property
    def section(self) -> str:
        return self.path.split(".")[0]

    @property
    def takes(self) -> str:
        """What the option takes, for an error message."""
        if self.choices:
            return "one of " + ", ".join(str(choice) for choice in self.choices)
        if self.value_type is bool:
            return "true or false"
        if self.value_type is tuple:
            return "names separated by commas"
        if self.value_type is str:
            return self.text_takes
        noun = "a whole number" if self.value_type is int else "a number"
        step = f", in steps of {self.multiple_of}" if self.multiple_of else ""
        return f"{noun} from {self.minimum:,} to {self.maximum:,}{step}"

    def applies(self, data_name: str) -> bool:
        """Whether the option has an effect for that data set; the form hides the others."""
        return not self.only_for or data_name in self.only_for


@cache
def all_options() -> tuple[Option, ...]:
    """Every option of a RunConfig, in the order of its sections and fields."""
    options = []
    for section, outer in RunConfig.model_fields.items():
        model = outer.annotation
        assert isinstance(model, type)
        assert issubclass(model, Section)
        options += [_option(f"{section}.{name}", field) for name, field in model.model_fields.items()]
    return tuple(options)


def _option(path: str, field: FieldInfo) -> Option:
    extra: Any = field.json_schema_extra
    assert field.default is not PydanticUndefined
    return Option(
        path=path,
        value_type=type(field.default),
        default=field.default,
        help=field.description or "",
        label=extra["label"],
        unit=extra["unit"],
        advanced=extra["advanced"],
        only_for=tuple(extra["only_for"]),
        choices=get_args(field.annotation) if get_origin(field.annotation) is Literal else (),
        minimum=extra["limits"].get("ge"),
        maximum=extra["limits"].get("le"),
        multiple_of=extra["limits"].get("multiple_of"),
        text_takes=extra["takes"],
        names=extra["names"],
    )


def build_config(values: Mapping[str, Any]) -> RunConfig:
    """A RunConfig from values by dotted path, such as `{"train.batch": "32"}`. Text is converted to the option's type.

    Raises ConfigError, which names the first invalid option, its value and what it takes.
    """
    by_path = {option.path: option for option in all_options()}
    nested: dict[str, dict[str, Any]] = {}
    for path, value in values.items():
        if path not in by_path:
            raise ConfigError(f"There is no option {path}.{_suggest(path, by_path)}")
        section, name = path.split(".")
        if by_path[path].value_type is tuple and isinstance(value, str):
            value = tuple(part.strip() for part in value.split(",") if part.strip())
        elif isinstance(value, str) and by_path[path].value_type is not str:
            value = _number(value)
        nested.setdefault(section, {})[name] = value
    try:
        return RunConfig.model_validate({section: nested.get(section, {}) for section in RunConfig.model_fields})
    except ValidationError as error:
        raise ConfigError(_message(error, by_path)) from None


def replace_options(config: RunConfig, values: Mapping[str, Any]) -> RunConfig:
    """`config` with some options replaced, by dotted path; raises ConfigError as `build_config` does."""
    return build_config(config.flat() | dict(values))


def config_to_json(config: RunConfig) -> str:
    """The text of a run's config.json."""
    return json.dumps({"version": VERSION} | config.model_dump(mode="json"), indent=2) + "\n"


def config_from_json(text: str | bytes) -> RunConfig:
    """The config in the text of a config.json; raises ConfigError where it is damaged or of a newer version."""
    try:
        document = from_json(text.encode() if isinstance(text, str) else text, allow_inf_nan=False)
        version = document.pop("version")
        values = {f"{s}.{n}": value for s, section in document.items() for n, value in section.items()}
    except (ValueError, AttributeError, TypeError, KeyError):
        raise ConfigError("config.json is damaged: it takes one JSON object of sections, with a version.") from None
    if not isinstance(version, int) or not 1 <= version <= VERSION:
        raise ConfigError(f"config.json has version {version}: this program reads up to {VERSION}. Update the program.")
    return build_config(values)


def to_arguments(config: RunConfig, base: RunConfig) -> list[str]:
    """The command-line arguments that turn `base` into `config`."""
    return [
        part for option, _, value in differences(config, base) for part in (f"--{option.path}", format_value(value))
    ]


def differences(config: RunConfig, base: RunConfig) -> list[tuple[Option, Any, Any]]:
    """(option, value in `base`, value in `config`) for each option whose values differ."""
    before, after = base.flat(), config.flat()
    changed = [option for option in all_options() if before[option.path] != after[option.path]]
    return [(option, before[option.path], after[option.path]) for option in changed]


def format_value(value: Any) -> str:
    """An option's value as the command line takes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, tuple) else str(value)


def readable_value(option: Option, value: Any) -> str:
    """An option's value for a reader: `12,800`, `0.0002`; names with commas, or `all`; others as `format_value`."""
    if isinstance(value, tuple):
        return ", ".join(value) or "all"
    if option.names or isinstance(value, bool) or not isinstance(value, int | float):
        return format_value(value)
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"


def _number(text: str) -> Any:
    """The text as a number where it is one: pydantic does not take the text "32" for a Literal of 32."""
    for convert in (int, float):
        try:
            return convert(text)
        except ValueError:
            continue
    return text


def _suggest(path: str, by_path: Mapping[str, Option]) -> str:
    near = difflib.get_close_matches(path, by_path, n=1, cutoff=0.5)
    return f" Did you mean {near[0]}?" if near else f" `{settings.PROGRAM} train --help` lists them all."


def _message(error: ValidationError, by_path: Mapping[str, Option]) -> str:
    first = error.errors()[0]
    path = ".".join(str(part) for part in first["loc"][:2])
    if path not in by_path or first["type"] == "value_error":  # a rule across fields, with a message of its own
        return first["msg"].removeprefix("Value error, ") + "."
    value = str(first["input"])
    shortened = value if len(value) <= 200 else f"{value[:200]} ..."
    return f"{path} is {shortened or 'empty'}: it takes {by_path[path].takes}."
