# SPDX-License-Identifier: GPL-3.0-or-later
"""A Slurm for the length of the tests, and copies of the repository whose jobs go through it."""

import importlib.util

import pytest

from cluster.copies import ClusterCopy
from cluster.local_slurm import local_slurm, obstacle
from workflow.copies import ROOT, SMOKE, copy_of

FIGURE = "results/fig_feature_maps.pdf"
CHANNELS = "results/smoke/stress/ellipse3/channels.zarr.zip"


def needs(module):
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"no {module}: make env CLUSTER=1")


@pytest.fixture(scope="session")
def slurm(tmp_path_factory):
    """A cluster of this machine; the folder of its files."""
    needs("snakemake_executor_plugin_slurm")
    reason = obstacle()
    if reason:
        pytest.skip(reason)
    with local_slurm(tmp_path_factory.mktemp("slurm")) as folder:
        yield folder


@pytest.fixture(scope="session")
def on_one_machine(tmp_path_factory):
    """A copy in which a figure and the inputs of a chain of fits were made without a cluster."""
    copy = copy_of(ROOT, tmp_path_factory.mktemp("local"))
    run = copy.snakemake(FIGURE, CHANNELS, *SMOKE)
    assert run.code == 0, run.text[-4000:]
    return copy


@pytest.fixture
def cluster_copy(slurm):
    """Make a copy of the repository, with a profile for this cluster."""

    def make(folder):
        folder.mkdir()
        copy = ClusterCopy(copy_of(ROOT, folder).path)
        copy.make_profile()
        return copy

    return make
