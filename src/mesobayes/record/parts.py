# SPDX-License-Identifier: GPL-3.0-or-later
"""A store written part by part: memory holds one part and one chunk of every array, not the whole."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr

from mesobayes.record.content import VariableHash, content_of
from mesobayes.record.files import replacing
from mesobayes.record.provenance import Run
from mesobayes.record.store import create_array, new_group, state_content, store_attributes


def write_parts(
    parts: Iterable[xr.Dataset],
    count: int,
    dim: str,
    path: Path | str,
    schema: str,
    run: Run,
    attributes: Mapping[str, Any],
) -> None:
    """Write what `write_store` would of all parts joined along a dimension, and read back as the same.

    Args:
        parts: data sets with the same variables; what has no ``dim`` is taken from the first.
        count: samples of all parts along ``dim``, which is the first dimension of what has it.
        dim, path, schema, run: as for `write_store`.
        attributes: of the whole.

    Raises:
        ValueError: there are other than ``count`` samples, or a float is NaN.
        StoreError: the file cannot be written.
    """
    remaining = iter(parts)
    first = next(remaining, None)
    if first is None:
        raise ValueError("there is no part to write")
    names = sorted(map(str, first.variables))
    whole = store_attributes(attributes, names, schema, run)
    with replacing(path) as temporary:
        with new_group(temporary, whole) as group:
            columns = {name: _Column(group, name, first, count, dim) for name in names}
            for part in itertools.chain([first], remaining):
                for name, column in columns.items():
                    column.add(np.asarray(part[name].values))
            digests = [column.finish() for column in columns.values()]
        state_content(temporary, content_of(digests, attributes))


class _Column:
    """One array of the store, and the rows that wait until they fill a chunk."""

    def __init__(self, group: zarr.Group, name: str, part: xr.Dataset, count: int, dim: str):
        variable = part.variables[name]
        self.name, self.written = name, 0
        self.count = count if dim in variable.dims else None
        self.waiting: list[np.ndarray] = []
        shape = variable.shape if self.count is None else (count, *variable.shape[1:])
        self.hash = VariableHash(name, variable, name in part.coords)
        self.array = create_array(group, name, variable, variable.dtype, shape, name in part.coords, nans=0)
        self.chunk = self.array.chunks[0] if shape else 1

    def add(self, values: np.ndarray) -> None:
        if values.dtype.kind == "f" and np.isnan(values).any():
            raise ValueError(f"{self.name} holds NaN, which a store written in parts may not")
        if self.count is None:
            if not self.written:
                self.hash.add(values)
                self.array[...] = values.astype(object) if values.dtype.kind in "OU" else values
                self.written = 1
            return
        self.hash.add(values)
        self.waiting.append(values)
        while sum(map(len, self.waiting)) >= self.chunk:
            rows = np.concatenate(self.waiting)
            self.waiting = [rows[self.chunk :]]
            self._write(rows[: self.chunk])

    def finish(self) -> list[Any]:
        """Write the rows that are left, and return what the variable is and holds."""
        if self.count is not None:
            self._write_rest()
        return self.hash.digest(self.array.shape)

    def _write_rest(self) -> None:
        rows = np.concatenate(self.waiting)
        if self.written + len(rows) != self.count:
            raise ValueError(f"{self.name} has {self.written + len(rows)} samples, not {self.count}")
        if len(rows):
            self._write(rows)

    def _write(self, rows: np.ndarray) -> None:
        self.array[self.written : self.written + len(rows)] = rows
        self.written += len(rows)
