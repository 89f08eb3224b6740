# SPDX-License-Identifier: GPL-3.0-or-later
"""Patches in memory: what a fit gathers, and that it fits at the printed size."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from mesobayes.images.patches import PatchGeometry
from mesobayes.studies.configuration import resolve
from mesobayes.studies.stress.models.patch_data import PatchData, blocks, gather_patches

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
    return resolve(config, ROOT / "workflow/scales")


def patches(count, first=0):
    numbers = np.arange(first, first + count, dtype=np.float32)[:, None, None]
    images = np.broadcast_to(numbers[..., None], (count, 4, 4, 5))
    field = np.broadcast_to(numbers, (count, 2, 2))
    return PatchData(images, field, field > 2)


def test_gathered_patches_are_those_of_the_parts_in_order():
    parts = [patches(3), patches(0), patches(4, 3)]
    for most in (7, 50):
        found = gather_patches(iter(parts), most)
        for name in ("inputs", "target", "mask"):
            np.testing.assert_array_equal(getattr(found, name), getattr(patches(7), name))
    assert found.mask.dtype == bool  # a byte a pixel


def test_more_patches_than_announced_and_none_at_all_are_refused():
    with pytest.raises(ValueError):
        gather_patches([patches(3), patches(4, 3)], 6)
    with pytest.raises(ValueError, match="no patches"):
        gather_patches([], 6)


def test_blocks_hold_every_number_once():
    for count in (1, 7, 10, 11):
        np.testing.assert_array_equal(np.concatenate(blocks(count, 5)), np.arange(count))
        assert max(map(len, blocks(count, 5))) <= 5


def test_a_patch_takes_its_channels_in_float32_and_its_mask_in_bytes(memory):
    for radius in (1, 4):
        geometry = PatchGeometry(radius)
        assert memory.image_bytes(radius) == 4 * (5 * geometry.patch**2 + geometry.roi**2) + geometry.roi**2


def test_28000_patches_of_printed_size_and_all_turned_copies_fit_into_4_gib(memory, paper):
    base = int(0.9 * memory.GIB)  # more than Python, JAX and a network take
    need = memory.needs(paper, base)
    assert need["ellipse1_full", "modern"]["patches"] == 28000
    images = {key: value["GPU"] for key, value in need.items() if key[1] in ("printed", "modern")}
    assert max(images.values()) < 4.0
    assert len(images) > 30


def test_of_the_chains_of_selective_learning_only_that_with_30000_labels_needs_more(memory, paper):
    need = memory.needs(paper, int(0.3 * memory.GIB))
    chains = {name: value["GPU"] for (name, network), value in need.items() if network == "images"}
    assert {name for name, value in chains.items() if value > 4.0} == {"selective_full"}
    assert len(chains) >= 6
    assert max(chains.values()) < 5.0


def test_networks_of_pixels_need_more_only_with_30000_labels(memory, paper):
    need = memory.needs(paper, int(0.3 * memory.GIB))
    pixels = {model: value["GPU"] for (model, network), value in need.items() if network == "local"}
    above = {model for model, value in pixels.items() if value > 4.0}
    assert above == {"cross_validation", "bayes_full"}
