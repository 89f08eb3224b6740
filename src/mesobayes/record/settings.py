# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings as frozen records that check themselves; the schema of the configuration comes from them.

A record is a pydantic dataclass: ranges stand on its fields, rules between fields in ``__post_init__`` as
``ValueError``. :func:`build` makes a record from a part of the configuration and turns every mistake into one
sentence with the key and the nearest valid one. A field ``name`` may be left out there: it is then the key
under which the record stands. Fields marked ``FROM_DATA`` are set later, from the data. This module loads no
numerical library.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypeVar, cast, dataclass_transform, get_args, get_origin, get_type_hints

import pydantic
import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from mesobayes.record.errors import SettingsError

T = TypeVar("T")

Count = Annotated[int, Field(ge=1)]
Several = Annotated[int, Field(ge=2)]
CountOrZero = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
NonNegative = Annotated[float, Field(ge=0.0)]
FROM_DATA = Field(json_schema_extra={"from_data": True})  # Annotated[int, FROM_DATA]


@dataclass_transform(frozen_default=True)
def settings(record: type[T]) -> type[T]:
    """Make a class a frozen record that refuses unknown keys, wrong types and values out of range."""
    config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
    return cast(type[T], pydantic.dataclasses.dataclass(frozen=True, config=config)(record))


def nearest(word: object, choices: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the nearest choice, or a list of all choices when none is near."""
    choices = sorted(choices)
    close = difflib.get_close_matches(str(word), choices, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; choose one of: {', '.join(choices)}"


def build(kind: type[T], values: Any, where: str = "") -> T:
    """Build a record from a part of the configuration, which must state every key.

    Args:
        kind: the record.
        values: mapping of keys to values, records inside as mappings.
        where: name of the part, for the messages.

    Raises:
        SettingsError: a key is unknown or missing, or a value has the wrong type or leaves its range.
    """
    if not isinstance(values, Mapping):
        raise SettingsError(
            f"{where or 'the configuration'} must be a mapping of keys to values, not {values!r}"
        )
    hints = {key: hint for key, hint in get_type_hints(kind, include_extras=True).items() if _asked(hint)}
    if "name" in hints and "name" not in values:
        values = {"name": where.rpartition(".")[2], **values}
    for key in values:
        if key not in hints:
            raise SettingsError(f"unknown key {_join(where, key)!r}{nearest(key, hints)}")
    for key in hints:
        if key not in values:
            raise SettingsError(
                f"{_join(where, key)!r} is missing: set it in config.yaml or in the scale file"
            )
    typed = {
        key: build(cast(type, hint), values[key], _join(where, key))
        if dataclasses.is_dataclass(hint)
        else _typed(hint, values[key])
        for key, hint in hints.items()
    }
    try:
        return kind(**typed)
    except ValidationError as error:
        raise SettingsError(_sentence(error.errors()[0], where)) from error


def _asked(hint: Any) -> bool:
    """Whether the configuration states a field."""
    return not (get_origin(hint) is Annotated and FROM_DATA in get_args(hint))


def _typed(hint: Any, value: Any) -> Any:
    """Make tuples of lists, and read text that Snakemake leaves inside ``--config stress={...}`` as YAML."""
    if get_origin(hint) is tuple and isinstance(value, list | tuple):
        return tuple(_typed(get_args(hint)[0], item) for item in value)
    wants_text = hint is str or any(isinstance(choice, str) for choice in get_args(hint))
    return read_plain(value) if isinstance(value, str) and not wants_text else value


def read_plain(text: str) -> Any:
    """Read text as YAML, and as a number what YAML 1.1 does not take for one, such as 1e-8."""
    value = yaml.safe_load(text)
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _join(where: str, key: object) -> str:
    return f"{where}.{key}" if where else str(key)


_KINDS = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "text",
    "bool_type": "true or false",
    "tuple_type": "a list",
}


def _sentence(error: Mapping[str, Any], where: str) -> str:
    """Return what is wrong in words, from the first error of pydantic."""
    key, kind, value = where, error["type"], error["input"]
    for part in error["loc"]:
        key = f"{key}[{part}]" if isinstance(part, int) else _join(key, part)
    limits = error.get("ctx", {})
    if kind in _KINDS:
        return f"{key!r} must be {_KINDS[kind]}, not {value!r}"
    if kind == "literal_error":
        choices = [choice.strip("'") for choice in limits["expected"].replace(" or ", ", ").split(", ")]
        return f"{key!r} cannot be {value!r}{nearest(value, choices)}"
    for name, words in (("ge", "at least"), ("gt", "more than"), ("le", "at most"), ("lt", "less than")):
        if name in limits:
            return f"{key!r} must be {words} {limits[name]:g}, not {value!r}"
    reason = str(limits.get("error", error["msg"]))
    return f"{key!r}: {reason}" if key else reason


def narrowed(record: Any, kind: type[T]) -> T:
    """Return the part of a record that one of its base records holds."""
    return kind(**{field.name: getattr(record, field.name) for field in dataclasses.fields(kind)})  # type: ignore[arg-type]


def json_schema(kind: Any) -> dict[str, Any]:
    """Return the JSON schema of a record; every key is required and none but these are allowed."""
    schema = TypeAdapter(kind).json_schema()
    for part in (schema, *schema.get("$defs", {}).values()):
        if part.get("type") == "object":
            asked = {key: value for key, value in part["properties"].items() if not value.get("from_data")}
            for value in asked.values():
                value.pop("default", None)
            part["properties"], part["required"] = asked, [key for key in asked if key != "name"]
            part["description"] = part.get("description", "").partition("\n")[0]
    return _untitled(schema)


def _untitled(schema: Any) -> Any:
    """Return a schema without the titles that repeat its keys."""
    if isinstance(schema, list):
        return [_untitled(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _untitled(value)
        for key, value in schema.items()
        if key != "title" or not isinstance(value, str)  # a record may have a field of that name
    }


def plain(value: Any) -> Any:
    """Turn a tree of records, mappings and tuples into dictionaries and lists, ready for JSON and YAML."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
