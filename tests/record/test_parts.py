# SPDX-License-Identifier: GPL-3.0-or-later
"""Stores that are written part by part and read chunk by chunk: the same numbers in less memory."""

import itertools
import tracemalloc

import numpy as np
import pytest
import xarray as xr

from mesobayes.record import store as store_module
from mesobayes.record.errors import StoreError
from mesobayes.record.parts import write_parts
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store

RUN = Run("test", "smoke", "seed")
SCHEMA = "test/patches"


@pytest.fixture
def patches():
    rng = np.random.default_rng(0)
    return xr.Dataset(
        {
            "input": (("patch", "y", "x"), rng.random((23, 8, 8)).astype(np.float32), {"units": "E"}),
            "split": ("patch", rng.integers(0, 2, 23).astype(np.uint8)),
            "solid": (("patch", "y"), rng.random((23, 8)) > 0.5),
        },
        {"corner": ["row", "column"]},
        {"family": "ellipse3"},
    )


@pytest.fixture
def small_chunks(monkeypatch):
    """Chunks of four patches, so that a few patches are several chunks."""
    monkeypatch.setattr(store_module, "_CHUNK_BYTES", 4 * 8 * 8 * 4)


def parts_of(patches, *ends):
    edges = [0, *ends, patches.sizes["patch"]]
    return [patches.isel(patch=slice(a, b)) for a, b in itertools.pairwise(edges)]


def test_a_store_written_in_parts_is_that_of_the_whole(patches, small_chunks, tmp_path):
    whole, parted = tmp_path / "whole.zarr.zip", tmp_path / "parts.zarr.zip"
    write_store(patches, whole, SCHEMA, RUN)
    write_parts(iter(parts_of(patches, 1, 1, 9, 18)), 23, "patch", parted, SCHEMA, RUN, patches.attrs)
    xr.testing.assert_identical(open_store(whole, SCHEMA), open_store(parted, SCHEMA))
    assert whole.stat().st_size == parted.stat().st_size


def test_parts_that_are_not_as_many_as_announced_leave_no_store(patches, tmp_path):
    path = tmp_path / "parts.zarr.zip"
    with pytest.raises(ValueError, match="has 23 samples, not 24"):
        write_parts(parts_of(patches, 7), 24, "patch", path, SCHEMA, RUN, {})
    with pytest.raises(ValueError, match="there is no part"):
        write_parts([], 0, "patch", path, SCHEMA, RUN, {})
    assert not list(tmp_path.iterdir())


def test_a_part_with_nan_is_refused(patches, tmp_path):
    patches["input"].values[20, 0, 0] = np.nan
    with pytest.raises(ValueError, match="input holds NaN"):
        write_parts(parts_of(patches, 10), 23, "patch", tmp_path / "parts.zarr.zip", SCHEMA, RUN, {})
    assert not list(tmp_path.iterdir())


def test_what_is_read_later_is_the_same_in_any_order_and_part(patches, small_chunks, tmp_path):
    path = tmp_path / "data.zarr.zip"
    write_store(patches, path, SCHEMA, RUN)
    later = open_store(path, SCHEMA, finite=["input"], later=["input", "solid"])
    xr.testing.assert_identical(later.load(), open_store(path, SCHEMA))
    later = open_store(path, SCHEMA, later=["input", "solid"])
    rows = np.array([22, 3, 3, 0, 11])
    chosen = later.isel(patch=rows)
    np.testing.assert_array_equal(chosen["input"].values, patches["input"].values[rows])
    np.testing.assert_array_equal(
        chosen["input"].isel(y=slice(2, 6), x=slice(1, 5)).values, patches["input"].values[rows, 2:6, 1:5]
    )
    np.testing.assert_array_equal(later.isel(patch=7)["solid"].values, patches["solid"].values[7])


def test_values_that_are_not_finite_are_refused_where_they_are_read(patches, small_chunks, tmp_path):
    path = tmp_path / "data.zarr.zip"
    patches["input"].values[20, 0, 0] = np.inf
    write_store(patches, path, SCHEMA, RUN)
    later = open_store(path, SCHEMA, finite=["input"], later=["input"])
    assert np.isfinite(later.isel(patch=slice(0, 8))["input"].values).all()
    with pytest.raises(StoreError, match=r"input holds values that are not finite\. Delete this file"):
        _ = later.isel(patch=[20])["input"].values


def test_a_damaged_chunk_is_found_although_it_is_read_later(patches, small_chunks, tmp_path):
    path = tmp_path / "data.zarr.zip"
    write_store(patches, path, SCHEMA, RUN)
    content = bytearray(path.read_bytes())
    content[content.index(b"input/c/2") + 60] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(StoreError, match="damaged"):
        open_store(path, SCHEMA, later=["input"])


def test_a_few_patches_of_many_take_the_memory_of_a_few(tmp_path):
    many, path = 400, tmp_path / "data.zarr.zip"
    part = xr.Dataset({"input": (("patch", "y"), np.ones((1, 2**16), np.float32))})  # 256 KiB each

    def peak(call):
        tracemalloc.start()
        call()
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    parts = (part for _ in range(many))
    whole = many * 2**18
    assert peak(lambda: write_parts(parts, many, "patch", path, SCHEMA, RUN, {})) < whole / 3
    data = open_store(path, SCHEMA, later=["input"])
    assert peak(lambda: data.isel(patch=[5, 300]).load()) < whole / 3
