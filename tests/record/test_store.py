# SPDX-License-Identifier: GPL-3.0-or-later
import errno
import os
import random
import shutil
import zipfile

import numpy as np
import pytest
import xarray as xr
import zarr
from zarr.storage import ZipStore

from mesobayes.record.errors import StoreError
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store

ORIGIN = Run("stress/test", "smoke", "seed", "config", "code")


def example(n: int = 12) -> xr.Dataset:
    rng = np.random.default_rng(0)
    pore = rng.random((n, 3, 5))
    pore[1, 2] = np.nan  # a padded list
    return xr.Dataset(
        {
            "stress": (("structure", "y", "x"), rng.random((n, 8, 8)).astype(np.float32), {"units": "E"}),
            "geometry": (("structure", "y", "x"), np.zeros((n, 8, 8), np.uint8)),
            "pore": (("structure", "pore", "parameter"), pore),
            "good": ("structure", np.arange(n) > 2),
            "status_reason": ("structure", np.array(["", "näher als 0.5 R"] * (n // 2), dtype=object)),
            "empty": (("none",), np.zeros(0)),
            "scalar": ((), np.float64(3.0)),
        },
        {"structure": np.arange(n), "component": ["xx", "yy", "xy"][:3]},
        {"n": np.int64(3), "manifest": [{"file": "a", "ids": np.arange(2)}]},
    )


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "deep" / "data.zarr.zip"
    write_store(example(), path, "test/example", ORIGIN)
    return path


def test_what_is_written_is_read_back_with_its_provenance(path):
    read = open_store(path, "test/example", finite=["stress"], sample_id="structure")
    xr.testing.assert_equal(read, example())
    assert read["stress"].attrs == {"units": "E"}
    assert read.attrs["schema"] == "test/example"
    assert read.attrs["manifest"] == [{"file": "a", "ids": [0, 1]}]
    assert {key: read.attrs[key] for key in ("study", "scale", "seed", "config_hash", "code_hash")} == {
        "study": "stress/test",
        "scale": "smoke",
        "seed": "seed",
        "config_hash": "config",
        "code_hash": "code",
    }
    assert "numpy" in read.attrs["versions"]


def test_a_store_is_one_file_of_checked_unsharded_chunks_with_nan_as_fill_value(path):
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    with ZipStore(path, mode="r") as store:
        array = zarr.open_group(store, mode="r")["stress"]
        assert [type(codec).__name__ for codec in array.compressors] == ["ZstdCodec", "Crc32cCodec"]
        assert array.shards is None
        assert np.isnan(array.fill_value)
        assert array.metadata.dimension_names == ("structure", "y", "x")


def test_xarray_alone_can_open_a_store(path):
    with ZipStore(path, mode="r") as store:
        opened = xr.open_zarr(store, consolidated=False)
        np.testing.assert_array_equal(opened["stress"], example()["stress"])


def test_only_the_variables_asked_for_are_read(path):
    assert set(open_store(path, "test/example", variables=["stress"]).data_vars) == {"stress"}
    with pytest.raises(StoreError, match="holds no strain"):
        open_store(path, "test/example", variables=["stress", "strain"])


def expect_refused(path, words, **options):
    with pytest.raises(StoreError, match=words) as caught:
        open_store(path, "test/example", **options)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    assert "Delete this file" in message


def test_a_truncated_store_is_refused_wherever_it_was_cut(path):
    content = path.read_bytes()
    for length in (0, 1, 100, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        expect_refused(path, "truncated|damaged")


def test_a_flipped_bit_never_changes_what_is_read(path):
    content, true = path.read_bytes(), open_store(path, "test/example")
    rng, refused = random.Random(7), 0
    for _ in range(250):
        damaged = bytearray(content)
        damaged[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        try:
            xr.testing.assert_identical(open_store(path, "test/example"), true)  # a time stamp, say
        except StoreError as error:
            refused += "Delete this file" in str(error)
    assert refused > 150


def rewritten(path, change):
    """Copy a store member by member, as a careless tool would, with other content."""
    copy = path.with_name("copy.zip")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w") as new:
        new.comment = old.comment
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    shutil.move(copy, path)


def test_a_missing_chunk_is_found_in_floats_and_in_integers(path):
    for lost in ("stress/c/0/0/0", "geometry/c/0/0/0"):
        write_store(example(), path, "test/example", ORIGIN)
        rewritten(path, lambda name, content, lost=lost: None if name == lost else content)
        expect_refused(path, f"0 of 1 chunks of {lost.split('/')[0]}")


def test_a_missing_array_is_found(path):
    rewritten(path, lambda name, content: None if name.startswith("stress/") else content)
    expect_refused(path, "only .* are there")


def test_holes_of_nan_are_found_although_padding_may_be_nan(path):
    holed = example()
    holed["stress"][3, 2:4] = np.nan
    other = path.with_name("other.zarr.zip")
    write_store(holed, other, "test/example", ORIGIN)
    with zipfile.ZipFile(other) as archive:
        chunk = archive.read("stress/c/0/0/0")
    rewritten(path, lambda name, content: chunk if name == "stress/c/0/0/0" else content)
    expect_refused(path, "holes.*16 NaNs")
    expect_refused(other, "16 values that are not finite", finite=["stress"])


def test_a_foreign_file_is_refused(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("holiday.txt", "photographs")
    expect_refused(path, "truncated, damaged or no store")
    path.write_text("%PDF-1.7")
    expect_refused(path, "truncated, damaged or no store")


def test_another_schema_and_another_layout_are_refused_by_name(path):
    with pytest.raises(StoreError, match="its schema is 'test/example', but 'stress/patches' is needed"):
        open_store(path, "stress/patches")
    rewritten(path, lambda _, content: content.replace(b'"layout": 2', b'"layout": 9'))
    expect_refused(path, "layout 9")


def test_a_store_that_says_nothing_of_its_origin_is_refused(path):
    rewritten(path, lambda _, content: content.replace(b'"code_hash"', b'"kode_hash"'))
    expect_refused(path, "does not say its code_hash")


def test_two_samples_of_one_id_are_refused(path):
    twice = example().assign_coords(structure=[0, 0, *range(10)])
    write_store(twice, path, "test/example", ORIGIN)
    expect_refused(path, "structure 0 occurs 3 times", sample_id="structure")


def test_a_missing_file_says_what_to_do(tmp_path):
    with pytest.raises(StoreError, match="does not exist: ask snakemake"):
        open_store(tmp_path / "none.zarr.zip", "test/example")


@pytest.mark.parametrize(
    ("code", "words"),
    [(errno.ENOSPC, "disk is full"), (errno.EROFS, "read-only"), (errno.EACCES, "permissions")],
)
def test_a_failing_disk_gives_one_message_and_leaves_the_old_file_whole(path, monkeypatch, code, words):
    def fail(*_):
        raise OSError(code, os.strerror(code))

    before = path.read_bytes()
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StoreError, match=words):
        write_store(example(4), path, "test/example", ORIGIN)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_full_disk_leaves_no_half_written_file(tmp_path):
    full = "/dev/full"  # every write to it fails as on a full disk
    if not os.path.exists(full):
        pytest.fail("this test needs /dev/full, which every Linux has")
    (tmp_path / f"data.zarr.zip.tmp.{os.getpid()}").symlink_to(full)
    with pytest.raises(StoreError, match="disk is full"):
        write_store(example(), tmp_path / "data.zarr.zip", "test/example", ORIGIN)
    assert not list(tmp_path.iterdir())


def test_two_writers_leave_one_whole_file(path):
    write_store(example(2), path, "test/example", ORIGIN)
    assert open_store(path, "test/example").sizes["structure"] == 2


def test_a_store_without_the_hash_of_what_it_holds_is_refused(path):
    with zipfile.ZipFile(path, "a") as archive:
        archive.comment = b""
    expect_refused(path, "truncated or packed anew")
