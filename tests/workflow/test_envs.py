# SPDX-License-Identifier: GPL-3.0-or-later
import ast
import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ENVS = ROOT / "envs"
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+?)(?: ;.*)? \\$", re.MULTILINE)
# import name -> distribution, where they differ
DISTRIBUTION = {"yaml": "pyyaml", "jax_fem": "jax-fem", "basix": "fenics-basix"}


def locked(name):
    return {package.lower(): version for package, version in PIN.findall((ENVS / name).read_text())}


BASE = locked("requirements.txt")


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "requirements-gpu.txt"])
def test_every_locked_requirement_has_a_hash(name):
    entries = re.split(r"\n(?=[a-z])", (ENVS / name).read_text().strip())
    assert len(entries) > 50
    for entry in entries:
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


@pytest.mark.parametrize("name", ["requirements-dev.txt", "requirements-gpu.txt"])
def test_the_other_locks_hold_the_versions_of_the_first(name):
    other = locked(name)
    assert {package: other.get(package) for package in BASE} == BASE


def test_every_dependency_of_the_package_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    dev = locked("requirements-dev.txt")
    for requirement in project["dependencies"]:
        assert re.match(r"[A-Za-z0-9-]+", requirement)[0].lower() in BASE, requirement
    for requirement in project["optional-dependencies"]["dev"]:
        assert re.match(r"[A-Za-z0-9-]+", requirement)[0].lower() in dev, requirement


def conda(stage):
    dependencies = yaml.safe_load((ENVS / f"{stage}.yaml").read_text())["dependencies"]
    (pip,) = [entry["pip"] for entry in dependencies if isinstance(entry, dict)]
    return dict(line.split("==") for line in pip)


@pytest.mark.parametrize("stage", ["solve", "learn", "figures"])
def test_the_conda_file_of_a_stage_pins_the_locked_versions(stage):
    pins = conda(stage)
    assert pins
    assert {package: BASE.get(package) for package in pins} == pins


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.split(".")[0]


@pytest.mark.parametrize(
    ("stage", "jobs"),
    [
        ("solve", ("simulate_structures", "measure_label_noise", "merge_structures", "cut_patches")),
        ("learn", ("fit_selective", "collect_selective")),
        ("figures", ("fig_selective_learning", "table_reproduction")),
    ],
)
def test_the_conda_file_of_a_stage_holds_what_its_jobs_import(stage, jobs):
    import sys

    import mesobayes
    from mesobayes.record.provenance import module_files

    root = Path(mesobayes.__file__).parent
    files = module_files(*(f"mesobayes.jobs.{job}" for job in jobs), root=root)
    needed = (
        {name for path in files for name in imported(path)} - set(sys.stdlib_module_names) - {"mesobayes"}
    )
    distributions = {DISTRIBUTION.get(name, name) for name in needed} - {"cycler"}  # comes with matplotlib
    assert distributions <= set(conda(stage))
