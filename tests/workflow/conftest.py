# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of the repository in which the workflow runs, so that tests may edit whatever they like."""

import pytest

from mesobayes.drawing.registry import read_registry
from workflow.copies import ROOT, SMOKE, Checkout, copy_of

REGISTRY = read_registry(ROOT / "workflow/figures.yaml")
RULES = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "workflow/rules").glob("*.smk")))
MADE = [target for target in REGISTRY.targets if f'"{target.slug}"' in RULES]  # test_targets asks snakemake


def pytest_generate_tests(metafunc):
    """Run a test with an argument ``figure`` or ``table`` for every one that is built."""
    for output in ("figure", "table"):
        if output in metafunc.fixturenames:
            targets = [target for target in MADE if target.output == output]
            metafunc.parametrize(output, targets, ids=[target.rule for target in targets])


@pytest.fixture(scope="session")
def new_copy():
    """Make a copy of the repository, without results, in a folder."""
    return lambda folder: copy_of(ROOT, folder)


@pytest.fixture(scope="session")
def checkout(tmp_path_factory):
    """A copy without results, for dry runs and refusals."""
    return copy_of(ROOT, tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="session")
def made():
    """The targets of the registry that a study builds."""
    return MADE


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A copy in which every target of all studies has been made once at scale smoke."""
    copy = copy_of(ROOT, tmp_path_factory.mktemp("finished"))
    run = copy.snakemake("all", *SMOKE)
    assert run.code == 0, run.text[-6000:]
    return Checkout(copy.path, run)
