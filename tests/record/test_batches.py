# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from mesobayes.record.batches import merge_batches, refuse_bad_share
from mesobayes.record.errors import MesobayesError, StoreError
from mesobayes.record.provenance import Run
from mesobayes.record.store import write_store

ORIGIN = Run("stress/test", "smoke", "seed", "config", "code")


def batch(ids, pores=2):
    ids = np.asarray(ids)
    return xr.Dataset(
        {
            "stress": (("structure", "x"), np.outer(ids, np.ones(4)).astype(np.float32)),
            "pore": (("structure", "pore"), np.ones((len(ids), pores))),
            "status_reason": ("structure", np.array([f"reason {i}" for i in ids], dtype=object)),
        },
        {"structure": ids, "x": ("x", np.arange(4.0), {"units": "R"})},
    )


def write(tmp_path, *batches, origins=None):
    paths = []
    for i, data in enumerate(batches):
        paths.append(tmp_path / f"{i:04d}.zarr.zip")
        write_store(data, paths[-1], "test", origins[i] if origins else ORIGIN)
    return paths


def test_the_merged_set_does_not_depend_on_the_batches(tmp_path):
    whole = merge_batches(write(tmp_path, batch(range(7))), "structure", "test")
    parts = merge_batches(
        write(tmp_path, batch([4, 5, 6]), batch([0, 1]), batch([2, 3])), "structure", "test"
    )
    xr.testing.assert_equal(whole, parts)
    assert parts["x"].attrs == {"units": "R"}


def test_the_manifest_says_which_batch_holds_which_samples(tmp_path):
    merged = merge_batches(write(tmp_path, batch([0, 1]), batch([2])), "structure", "test")
    assert merged.attrs["manifest"] == [
        {"file": "0000.zarr.zip", "structure": [0, 1]},
        {"file": "0001.zarr.zip", "structure": [2]},
    ]


def test_lists_of_different_length_are_padded_by_nan(tmp_path):
    merged = merge_batches(write(tmp_path, batch([0], pores=1), batch([1], pores=3)), "structure", "test")
    np.testing.assert_array_equal(np.isnan(merged["pore"]), [[False, True, True], [False] * 3])


def test_a_sample_in_two_batches_is_refused(tmp_path):
    with pytest.raises(StoreError, match=r"structure 1 is in both 0000\.zarr\.zip and 0001\.zarr\.zip"):
        merge_batches(write(tmp_path, batch([0, 1]), batch([1])), "structure", "test")


def test_batches_of_different_code_are_refused(tmp_path):
    paths = write(tmp_path, batch([0]), batch([1]), origins=[ORIGIN, replace(ORIGIN, code_hash="other")])
    with pytest.raises(StoreError, match="differ in code_hash"):
        merge_batches(paths, "structure", "test")


def test_a_damaged_batch_is_named(tmp_path):
    paths = write(tmp_path, batch([0]), batch([1]))
    paths[1].write_bytes(paths[1].read_bytes()[:200])
    with pytest.raises(StoreError, match=r"0001\.zarr\.zip cannot be used.*Delete this file"):
        merge_batches(paths, "structure", "test")


def test_a_data_set_of_which_too_much_failed_is_refused_with_the_last_reason():
    reasons = xr.DataArray(["", "gmsh gave up", ""], dims="structure")
    refuse_bad_share(1, 10, reasons, "plates could not be meshed", 0.1, "some.share")
    with pytest.raises(MesobayesError, match=r"2 of 10 plates .* 0\.1 set by some\.share.*gmsh gave up"):
        refuse_bad_share(2, 10, reasons, "plates could not be meshed", 0.1, "some.share")
