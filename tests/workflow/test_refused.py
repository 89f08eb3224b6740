# SPDX-License-Identifier: GPL-3.0-or-later
"""A fit whose override is refused by its job loses nothing, and nothing is taken for what it is not."""

import shutil

FIT = "results/smoke/stress/selective/modern/initial/repeat0.zarr.zip"
SMOKE = ("--config", "scale=smoke")
IMPOSSIBLE = (*SMOKE, "stress={selective: {validation: 5000}}")  # more patches than the data set has


def test_a_store_stays_until_its_replacement_is_whole_and_is_remembered_as_what_it_is(finished, tmp_path):
    copy = type(finished)(tmp_path / "copy")
    shutil.copytree(finished.path, copy.path, symlinks=True)
    before = (copy.path / FIT).read_bytes()
    for _ in range(2):  # the second time, the store must not pass for the work of the refused job
        run = copy.snakemake(FIT, *IMPOSSIBLE)
        assert run.code != 0
        last = run.text.splitlines()[-1]
        assert last.startswith("error: fit_selective/selective_modern_initial_repeat0: ")
        assert "selective learning needs 5000 patches" in last
        assert (copy.path / FIT).read_bytes() == before
    again = copy.plan("fig_selective_learning", *SMOKE)
    assert "Nothing to be done" in again.text
    assert not again.jobs
