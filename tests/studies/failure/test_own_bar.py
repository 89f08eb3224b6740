# SPDX-License-Identifier: GPL-3.0-or-later
"""A porous volume of a user: how it is turned, what is refused, and that places are where the ranker says."""

import json

import numpy as np
import pytest
import xarray as xr

from mesobayes.images.errors import ImageError
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store
from mesobayes.studies.failure.figures.own_bar import in_blocks
from mesobayes.studies.failure.own_bar import predict_own_bar
from mesobayes.studies.failure.own_pores import group_places
from mesobayes.studies.failure.own_reading import read_own_bar
from mesobayes.studies.failure.place_settings import ElasticSettings, OwnBarSettings

RUN = Run("failure", "smoke", "mesobayes")


def own(pulled="z"):
    return OwnBarSettings(
        ranker="elastic",
        pulled=pulled,
        reach=2,
        largest=4,
        unlike_share=1.0,
        pixels_max=10**6,
        threshold=None,
    )


@pytest.fixture
def volume(tmp_path):
    """A volume (z, y, x) of 20 x 18 x 16 voxels with two pores, as an array."""
    pores = np.zeros((20, 18, 16), bool)
    pores[9:12, 8:11, 6:10] = True
    pores[4, 3, 2] = True
    np.save(tmp_path / "volume.npy", pores)
    return tmp_path / "volume.npy", pores


@pytest.mark.parametrize("pulled", ["x", "y", "z"])
def test_the_pulled_axis_is_the_last_one_and_a_voxel_is_found_again_in_the_file(volume, pulled):
    path, pores = volume
    bar = read_own_bar(path, own(pulled))
    assert bar.pores.shape[-1] == pores.shape["zyx".index(pulled)]
    for voxel in np.argwhere(bar.pores):
        place = bar.in_file(voxel)
        assert pores[place["slice"], place["row"], place["column"]]


def test_what_cannot_be_a_bar_is_refused_with_the_reason(volume, tmp_path):
    _, pores = volume
    cut = pores.copy()
    cut[13] = True
    np.save(tmp_path / "cut.npy", cut)
    np.save(tmp_path / "flat.npy", pores[4])
    with pytest.raises(
        ImageError, match=r"cut\.npy, pulled along z, is cut through \(its layer 13 is void\)"
    ):
        read_own_bar(tmp_path / "cut.npy", own())
    read_own_bar(tmp_path / "cut.npy", own("x"))  # across the cut it holds
    with pytest.raises(ImageError, match=r"one picture .* a volume \(z, y, x\) is needed"):
        read_own_bar(tmp_path / "flat.npy", own())


def ranked_voxels(voxel, by_ranker):
    each = np.array(by_ranker)
    return xr.Dataset(
        {
            "voxel": (("place", "axis"), np.array(voxel)),
            "probability": ("place", each.mean(axis=0)),
            "by_ranker": (("ranker", "place"), each),
        },
        {"axis": ["x", "y", "z"]},
    )


def test_voxels_beside_a_likelier_one_belong_to_its_place_and_places_are_ordered_by_their_sum():
    voxel = [[0, 0, 0], [9, 9, 9], [9, 9, 7], [2, 0, 0], [9, 6, 9]]
    found = group_places(
        ranked_voxels(voxel, [[0.3, 0.25, 0.25, 0.1, 0.1], [0.5, 0.15, 0.15, 0.1, 0.1]]), 2, 3
    )
    assert found["voxel"].values.tolist() == [[0, 0, 0], [9, 9, 9], [9, 6, 9]]
    assert found["voxels"].values.tolist() == [2, 2, 1]
    np.testing.assert_allclose(found["probability"], [0.5, 0.4, 0.1])
    np.testing.assert_allclose(found["low"], [0.4, 0.3, 0.1])
    np.testing.assert_allclose(found["high"], [0.6, 0.5, 0.1])
    assert group_places(ranked_voxels(voxel, [[0.2] * 5]), 2, 1).sizes["place"] == 1


def test_a_block_is_shown_where_it_holds_a_void():
    voxels = np.zeros((5, 4, 4), bool)
    voxels[4, 3, 0] = True
    found = in_blocks(voxels, 2)
    assert found.shape == (3, 2, 2)
    assert np.argwhere(found).tolist() == [[2, 1, 0]]


def test_a_volume_gets_ranked_places_with_probabilities_and_a_picture(volume, ranked_stores, tmp_path):
    path, pores = volume
    files = [tmp_path / name for name in ("own.json", "own.pdf", "own.png", "own.zarr.zip")]
    predict_own_bar(path, ranked_stores, *files, own(), ElasticSettings(), "hash", RUN)
    said = json.loads(files[0].read_text(encoding="utf-8"))
    probabilities = [place["probability"] for place in said["places"]]
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) + said["elsewhere"] == pytest.approx(1.0)
    assert said["ranker"]["folds"] == len(ranked_stores)
    for place in said["places"]:
        assert place["low"] <= place["probability"] <= place["high"]
        at = np.array([place["slice"], place["row"], place["column"]])
        assert not pores[tuple(at)]
        beside = np.abs(np.argwhere(pores) - at).sum(axis=1)
        assert beside.min() == 1  # it touches a void
    assert open_store(files[3], "failure/own").sizes["place"] == said["candidates"]
    assert all(file.stat().st_size > 1000 for file in files)
