# SPDX-License-Identifier: GPL-3.0-or-later
"""Patches in memory: one copy of what a fit learns from, and a block of everything else."""

import importlib
import subprocess
import sys
from functools import partial
from pathlib import Path

import jax
import numpy as np
import pytest
import yaml

from mesobayes.images.patches import PatchGeometry
from mesobayes.nets.build import build_network
from mesobayes.nets.settings import LocalNetworkSettings, StressNetworkSettings
from mesobayes.studies.configuration import resolve
from mesobayes.studies.stress.models.gather import gather, in_store_order
from mesobayes.studies.stress.models.network_data import NetworkData
from mesobayes.studies.stress.models.patch_data import blocks
from mesobayes.studies.stress.models.symmetries import Batch
from mesobayes.studies.stress.predict import predict_patches

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def memory():
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        return importlib.import_module("patch_memory")
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))


@pytest.fixture(scope="module")
def paper():
    config = yaml.safe_load((ROOT / "config.yaml").read_text()) | {"scale": "paper"}
    return resolve(config, ROOT / "workflow/scales").stress


NUMBERS = np.array([7, 3, 11, 0, 5, 9, 2])


def parts(numbers, size):
    for rows in in_store_order(numbers, size):
        some = numbers[rows].astype(np.float32)
        yield rows, Batch(some[:, None, None, None], some[:, None, None], some[:, None, None] > 5)


@pytest.mark.parametrize("size", [1, 3, 7, 50])
def test_gathered_examples_stand_where_they_belong_whatever_the_parts(size):
    found = gather(parts(NUMBERS, size), 7)
    np.testing.assert_array_equal(found.inputs[:, 0, 0, 0], NUMBERS)
    np.testing.assert_array_equal(found.mask[:, 0, 0], NUMBERS > 5)
    assert found.mask.dtype == bool  # a byte a pixel
    assert all(isinstance(values, jax.Array) for values in found)


def test_parts_are_read_in_the_order_of_the_store():
    rows = np.concatenate(in_store_order(NUMBERS, 3))
    np.testing.assert_array_equal(NUMBERS[rows], np.sort(NUMBERS))


def test_other_than_the_announced_examples_and_none_at_all_are_refused():
    for count in (6, 8):
        with pytest.raises(ValueError, match="7 examples"):
            gather(parts(NUMBERS, 3), count)
    with pytest.raises(ValueError, match="0 examples"):
        gather([], 3)


def test_blocks_hold_every_number_once_and_the_last_one_is_no_smaller_than_a_batch():
    for count in (1, 4, 7, 10, 11, 24):
        found = blocks(count, 5, least=3)
        np.testing.assert_array_equal(np.concatenate(found), np.arange(count))
        assert max(map(len, found)) <= 7
        assert len(found[-1]) >= min(count, 3)


NETWORKS = {
    "printed": StressNetworkSettings("printed", 16, width=0.1, blocks=1, estimator="shared"),
    "modern": StressNetworkSettings("modern", 16, width=0.17, levels=2, estimator="shared", heads=True),
    "local": LocalNetworkSettings("local", roi=16, width=8, layers=2, mechanics="pores", heads=True),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_block_by_block_a_prediction_has_the_bits_of_one_in_one_go(plates, name):
    data = NetworkData(plates.patches, plates.channels, NETWORKS[name])
    numbers = np.arange(plates.patches.sizes["patch"])
    predict = partial(predict_patches, build_network(NETWORKS[name], 3), draws=2, seed=5, batch=4)
    whole = predict(data.seen(numbers).inputs)
    found = [predict(data.seen(numbers[some]).inputs) for some in blocks(len(numbers), 8, least=4)]
    assert len(found) > 1
    np.testing.assert_array_equal(np.concatenate([part.mean for part in found]), whole.mean)
    np.testing.assert_array_equal(np.concatenate([part.epistemic_std for part in found]), whole.epistemic_std)
    np.testing.assert_array_equal(np.concatenate([part.roi_max for part in found], axis=1), whole.roi_max)


GEOMETRY = PatchGeometry(2)
EACH = 4 * (5 * GEOMETRY.patch**2 + GEOMETRY.roi**2) + GEOMETRY.roi**2  # bytes of a made-up patch


@pytest.fixture(scope="module")
def peak(tmp_path_factory):
    """Peak memory in bytes of what `peak_memory.py` does, which has the patches that it needs."""
    script = [sys.executable, Path(__file__).with_name("peak_memory.py"), tmp_path_factory.mktemp("made_up")]

    def of(*arguments):
        command = [*script, *map(str, arguments)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return 1024 * int(done.stdout.splitlines()[-1])

    of("write")
    return of


def test_a_fit_holds_what_it_learns_from_once(peak):
    more = peak("fit", 6900) - peak("fit", 1200)
    assert more == pytest.approx(5700 * EACH, rel=0.4)  # not twice; peaks vary by 25 MB


def test_a_query_holds_a_block_of_the_pool_and_of_the_held_out_patches(peak):
    more = peak("query", 6500, 3400) - peak("query", 1100, 1100)
    assert more < 0.3 * (5400 + 2300) * EACH


def test_a_patch_takes_its_channels_in_float32_and_its_mask_in_bytes(memory, paper):
    for radius in (1, 4):
        geometry = PatchGeometry(radius)
        images, pixels = geometry.patch**2, geometry.roi**2
        assert memory.patch_bytes(paper.networks.modern, radius) == 4 * (5 * images + pixels) + pixels
        assert memory.patch_bytes(paper.networks.local, radius) == (4 * 33 + 1) * pixels + 16


def test_a_fit_needs_its_patches_once_without_a_gpu_and_none_of_them_with_one(memory, paper):
    need = memory.needs(paper, dict.fromkeys(vars(paper.networks), 1.0))
    assert need["ellipse1_full", "modern"] == {
        "patches": 28000,
        "GPU": 1.0,
        "CPU": 1.0 + 28000 * 108_800 / memory.GIB,
    }
    assert need["selective_full", "modern"]["patches"] == 30000  # neither pool nor held-out patches
    assert max(each["patches"] for each in need.values()) == 30000
    assert len(need) > 50
