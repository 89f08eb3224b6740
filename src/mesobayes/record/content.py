# SPDX-License-Identifier: GPL-3.0-or-later
"""The hash of what a data set holds, whoever made it and whenever; it can be fed part by part."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import xarray as xr

from mesobayes.record.provenance import Run

HASH_DIGITS = 16
ORIGIN = frozenset(Run("", "", "").origin) | {"schema", "layout", "versions", "content_hash"}


class VariableHash:
    """The hash of one variable, whose values come in one or several parts along the first dimension."""

    def __init__(self, name: str, variable: xr.Variable, is_coordinate: bool):
        self._head = [name, is_coordinate, variable.dims, variable.attrs]
        self._kind = "text" if variable.dtype.kind in "OU" else variable.dtype.str
        self._values = hashlib.sha256()

    def add(self, values: np.ndarray) -> None:
        """Take the values that follow."""
        if self._kind == "text":
            self._values.update("".join(f"{text}\0" for text in values.ravel()).encode())
        else:
            self._values.update(np.ascontiguousarray(values).data)

    def digest(self, shape: tuple[int, ...]) -> list[Any]:
        """Return what the variable of this shape is and holds."""
        return [*self._head, self._kind, shape, self._values.hexdigest()]


def content_of(digests: Iterable[list[Any]], attributes: Mapping[Any, Any]) -> str:
    """Return 16 hexadecimal digits for variables, in the order of their names, and attributes."""
    own = {str(key): value for key, value in attributes.items() if key not in ORIGIN}
    text = json.dumps(plain([*digests, own]), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_DIGITS]


def data_hash(dataset: xr.Dataset) -> str:
    """Return 16 hexadecimal digits for what a data set holds."""
    digests = []
    for name, variable in sorted(dataset.variables.items(), key=lambda item: str(item[0])):
        found = VariableHash(str(name), variable, name in dataset.coords)
        found.add(np.asarray(variable.values))
        digests.append(found.digest(variable.shape))
    return content_of(digests, dataset.attrs)


def plain(value: Any) -> Any:
    """Turn NumPy scalars and arrays into what JSON can hold."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
