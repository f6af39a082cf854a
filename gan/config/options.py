"""The walk over RunConfig's fields, and configs made from dotted paths, command lines and config.json.

What shows or takes an option goes through `options()`; what makes a config goes through `build()`, whose errors name
the option, the value and what it takes.
"""

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import PydanticUndefined
from pydantic_core import from_json as from_json_text

from gan.config.run_config import RunConfig, Section
from gan.errors import ConfigError


@dataclass(frozen=True)
class Change:
    """How the fields changed from one version of config.json to the next.

    Added fields need no entry: they have defaults, which must be what older runs did.
    """

    renamed: Mapping[str, str] = field(default_factory=dict)
    removed: tuple[str, ...] = ()


CHANGES: tuple[Change, ...] = ()
"""From version 1 on, one for each later version. A field that is renamed or removed gets a Change here, so that the run
folders of all earlier versions still open."""


@dataclass(frozen=True)
class Option:
    """One option as a surface needs it: made from its field, never written by hand."""

    path: str
    kind: type  # str, int, float, bool or tuple
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

    @property
    def section(self) -> str:
        return self.path.split(".")[0]

    @property
    def takes(self) -> str:
        """What the option takes, in words for an error message."""
        if self.choices:
            return "one of " + ", ".join(str(choice) for choice in self.choices)
        if self.kind is bool:
            return "true or false"
        if self.kind is tuple:
            return "names separated by commas"
        if self.kind is str:
            return self.text_takes
        noun = "a whole number" if self.kind is int else "a number"
        step = f", in steps of {self.multiple_of}" if self.multiple_of else ""
        return f"{noun} from {self.minimum:,} to {self.maximum:,}{step}"

    def applies(self, data_name: str) -> bool:
        """Whether the option means anything for that data set; a form hides what does not."""
        return not self.only_for or data_name in self.only_for


def all_options() -> Iterator[Option]:
    """Every option of a RunConfig, in the order of its sections and fields."""
    for section, outer in RunConfig.model_fields.items():
        model = outer.annotation
        assert isinstance(model, type)
        assert issubclass(model, Section)
        for name, info in model.model_fields.items():
            extra = info.json_schema_extra
            assert isinstance(extra, dict)
            assert info.default is not PydanticUndefined
            choices = get_args(info.annotation) if get_origin(info.annotation) is Literal else ()
            limits: Any = extra["limits"]
            yield Option(
                path=f"{section}.{name}",
                kind=type(info.default),
                default=info.default,
                help=info.description or "",
                label=str(extra["label"]),
                unit=str(extra["unit"]),
                advanced=bool(extra["advanced"]),
                only_for=tuple(extra["only_for"]),  # type: ignore[arg-type]
                choices=choices,
                minimum=limits.get("ge"),
                maximum=limits.get("le"),
                multiple_of=limits.get("multiple_of"),
                text_takes=str(extra["takes"]),
            )


def build_config(values: Mapping[str, Any]) -> RunConfig:
    """A RunConfig from dotted paths, such as `{"train.batch": "32"}`; text is converted to the option's type.

    Raises ConfigError naming the first bad option, its value and what it takes.
    """
    known = {o.path: o for o in all_options()}
    nested: dict[str, dict[str, Any]] = {}
    for path, value in values.items():
        if path not in known:
            raise ConfigError(f"There is no option {path}.{_closest(path, known)}")
        section, name = path.split(".")
        if known[path].kind is tuple and isinstance(value, str):
            value = tuple(part.strip() for part in value.split(",") if part.strip())
        elif isinstance(value, str) and known[path].kind is not str:
            value = _number(value)
        nested.setdefault(section, {})[name] = value
    try:
        return RunConfig.model_validate({section: nested.get(section, {}) for section in RunConfig.model_fields})
    except ValidationError as error:
        raise ConfigError(_message(error, known)) from None


def replace_options(config: RunConfig, values: Mapping[str, Any]) -> RunConfig:
    """`config` with some options set by their dotted path; raises ConfigError as `build` does."""
    return build_config(config.flat() | dict(values))


def config_to_json(config: RunConfig) -> str:
    """The text of a run's config.json."""
    return json.dumps({"version": 1 + len(CHANGES)} | config.model_dump(mode="json"), indent=2) + "\n"


def config_from_json(text: str | bytes, changes: Sequence[Change] = CHANGES) -> RunConfig:
    """The config in a config.json's text, of this version or an earlier one, brought up to date by `changes`.

    Raises ConfigError where it is damaged or from a newer version.
    """
    newest = 1 + len(changes)
    try:
        document = from_json_text(text.encode() if isinstance(text, str) else text, allow_inf_nan=False)
        version = document.pop("version")
        values = {f"{s}.{n}": value for s, section in document.items() for n, value in section.items()}
    except (ValueError, AttributeError, TypeError, KeyError):
        raise ConfigError("config.json is damaged: it takes one JSON object of sections, with a version.") from None
    if not isinstance(version, int) or not 1 <= version <= newest:
        raise ConfigError(f"config.json has version {version}: this program reads up to {newest}. Update the program.")
    for change in changes[version - 1 :]:
        values = {change.renamed.get(path, path): v for path, v in values.items() if path not in change.removed}
    return build_config(values)


def to_arguments(config: RunConfig, base: RunConfig) -> list[str]:
    """The command-line arguments that turn `base` into `config`."""
    return [part for o, _, value in differences(config, base) for part in (f"--{o.path}", format_value(value))]


def differences(config: RunConfig, base: RunConfig) -> list[tuple[Option, Any, Any]]:
    """The options in which `config` differs from `base`, each with its value in `base` and in `config`."""
    before, after = base.flat(), config.flat()
    return [(o, before[o.path], after[o.path]) for o in all_options() if before[o.path] != after[o.path]]


def format_value(value: Any) -> str:
    """An option's value as it is written on the command line."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _number(text: str) -> Any:
    """A number where the text is one: pydantic refuses the text "32" for a choice of 32, and takes it elsewhere."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _closest(path: str, known: Mapping[str, Option]) -> str:
    near = difflib.get_close_matches(path, known, n=1, cutoff=0.5)
    return f" Did you mean {near[0]}?" if near else " `python -m gan train --help` lists them all."


def _message(error: ValidationError, known: Mapping[str, Option]) -> str:
    first = error.errors()[0]
    path = ".".join(str(part) for part in first["loc"][:2])
    if path not in known or first["type"] == "value_error":  # a rule across fields: its text is ours already
        return first["msg"].removeprefix("Value error, ") + "."
    given = str(first["input"])
    shown = given if len(given) <= 200 else f"{given[:200]} ..."
    return f"{path} is {shown or 'empty'}: it takes {known[path].takes}."
