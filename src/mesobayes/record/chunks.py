# SPDX-License-Identifier: GPL-3.0-or-later
"""Arrays of a store that are read when they are used, and only in those chunks that are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from xarray.backends import BackendArray
from xarray.core import indexing
from zarr.storage import ZipStore

from mesobayes.record.errors import StoreError


@dataclass(frozen=True, eq=False)
class ChunkedArray(BackendArray):
    """One array of a ``.zarr.zip`` file; every selection opens the file and decodes the chunks it needs.

    Attributes:
        path, name: of the store, and of the array in it.
        shape, dtype: of the whole array.
        finite: whether a selection with NaN or infinity is refused with a StoreError.
    """

    path: Path
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    finite: bool

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(
            key, self.shape, indexing.IndexingSupport.OUTER, self._select
        )

    def _select(self, key: tuple[Any, ...]) -> np.ndarray:
        with ZipStore(self.path, mode="r") as store:
            array = zarr.open_array(store, path=self.name, mode="r", zarr_format=3)
            values = np.asarray(array.oindex[key])
        if self.finite and not np.isfinite(values).all():
            raise StoreError(
                f"{self.path} cannot be used: {self.name} holds values that are not finite. Delete this file "
                "and run the same command again."
            )
        return values


def chunked_variable(array: ChunkedArray) -> Any:
    """Return what an ``xarray.Variable`` holds instead of values."""
    return indexing.LazilyIndexedArray(array)
