# SPDX-License-Identifier: GPL-3.0-or-later
"""Build frozen dataclasses from plain mappings, with errors that name the key and the nearest valid one.

The dataclasses are the only description of the configuration: the JSON schema is generated from them.
"""

from __future__ import annotations

import dataclasses
import difflib
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import yaml

from mesobayes.record.errors import SettingsError

T = TypeVar("T")


@dataclass(frozen=True)
class Range:
    """Closed interval of allowed numbers, for ``Annotated[int, Range(1)]``."""

    minimum: float | None = None
    maximum: float | None = None


Count = Annotated[int, Range(1)]
CountOrZero = Annotated[int, Range(0)]
Share = Annotated[float, Range(0.0, 1.0)]
Positive = Annotated[float, Range(1e-12)]
NonNegative = Annotated[float, Range(0.0)]


def nearest(word: object, choices: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the closest choice, or the list of all when none is close."""
    choices = sorted(choices)
    close = difflib.get_close_matches(str(word), choices, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; choose one of: {', '.join(choices)}"


def build(kind: type[T], values: Mapping[str, Any], where: str = "") -> T:
    """Build a dataclass from a mapping, checking every key, type and range on the way down.

    Raises:
        SettingsError: a key is unknown or missing, or a value has the wrong type or leaves its range.
    """
    if not isinstance(values, Mapping):
        raise SettingsError(
            f"{where or 'the configuration'} must be a mapping of keys to values, not {values!r}"
        )
    hints = get_type_hints(kind, include_extras=True)
    for key in values:
        if key not in hints:
            raise SettingsError(f"unknown key {_join(where, key)!r}{nearest(key, hints)}")
    for key in hints:
        if key not in values:
            raise SettingsError(
                f"{_join(where, key)!r} is missing: set it in config.yaml or in the scale file"
            )
    return kind(**{key: _convert(hint, values[key], _join(where, key)) for key, hint in hints.items()})


def _join(where: str, key: object) -> str:
    return f"{where}.{key}" if where else str(key)


def _convert(hint: Any, value: Any, where: str) -> Any:
    limits = Range()
    if get_origin(hint) is Annotated:
        hint, limits = get_args(hint)
    if dataclasses.is_dataclass(hint):
        return build(hint, value, where)  # type: ignore[arg-type]
    if get_origin(hint) is tuple:
        if not isinstance(value, list | tuple):
            raise SettingsError(f"{where!r} must be a list, not {value!r}")
        inner = get_args(hint)[0]
        return tuple(_convert(inner, item, f"{where}[{i}]") for i, item in enumerate(value))
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            raise SettingsError(f"{where!r} cannot be {value!r}{nearest(value, map(str, get_args(hint)))}")
        return value
    if get_origin(hint) is types.UnionType:  # only `number | None` occurs
        return (
            None if value in (None, "null") else _convert(Annotated[get_args(hint)[0], limits], value, where)
        )
    if isinstance(value, str) and hint is not str:
        value = yaml.safe_load(value)  # snakemake leaves values inside --config stress={...} as text
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        raise SettingsError(f"{where!r} must be {_NAMES[hint]}, not {value!r}")
    low, high = limits.minimum, limits.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        bounds = " and ".join(
            text for limit, text in ((low, f"at least {low}"), (high, f"at most {high}")) if limit is not None
        )
        raise SettingsError(f"{where!r} must be {bounds}, not {value!r}")
    return value


_NAMES = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
_JSON_TYPES = {int: "integer", float: "number", str: "string", bool: "boolean"}


def json_schema(hint: Any) -> dict[str, Any]:
    """Return the JSON schema of a dataclass; no object allows keys it does not name."""
    limits = Range()
    if get_origin(hint) is Annotated:
        hint, limits = get_args(hint)
    if dataclasses.is_dataclass(hint):
        hints = get_type_hints(hint, include_extras=True)
        return {
            "type": "object",
            "additionalProperties": False,
            "required": list(hints),
            "properties": {key: json_schema(inner) for key, inner in hints.items()},
        }
    if get_origin(hint) is tuple:
        return {"type": "array", "items": json_schema(get_args(hint)[0])}
    if get_origin(hint) is Literal:
        return {"enum": list(get_args(hint))}
    if get_origin(hint) is types.UnionType:
        inner = json_schema(Annotated[get_args(hint)[0], limits])
        return {**inner, "type": [inner["type"], "null"]}
    bounds = {"minimum": limits.minimum, "maximum": limits.maximum}
    return {"type": _JSON_TYPES[hint]} | {key: limit for key, limit in bounds.items() if limit is not None}


def plain(value: Any) -> Any:
    """Turn a tree of dataclasses and tuples into dictionaries and lists, ready for JSON and YAML."""
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
