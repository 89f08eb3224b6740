# SPDX-License-Identifier: GPL-3.0-or-later
import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import mesobayes
from mesobayes.record.provenance import module_files

ROOT = Path(__file__).parents[2]
PACKAGE = Path(mesobayes.__file__).parent
ENVS = ROOT / "envs"
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+?)(?: ;.*)? \\$", re.MULTILINE)
# import name -> distribution, where they differ
DISTRIBUTION = {"yaml": "pyyaml", "PIL": "pillow", "jax_fem": "jax-fem", "basix": "fenics-basix"}


def locked(name):
    return {package.lower(): version for package, version in PIN.findall((ENVS / name).read_text())}


BASE = locked("requirements.txt")
OTHERS = ("requirements-dev.txt", "requirements-gpu.txt", "requirements-cluster.txt")


@pytest.mark.parametrize("name", ["requirements.txt", *OTHERS])
def test_every_locked_requirement_has_a_hash(name):
    entries = re.split(r"\n(?=[a-z])", (ENVS / name).read_text().strip())
    assert len(entries) > 50
    for entry in entries:
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


@pytest.mark.parametrize("name", OTHERS)
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
    cluster = locked("requirements-cluster.txt")
    for extra in ("slurm", "s3", "cluster"):
        for requirement in project["optional-dependencies"][extra]:
            assert re.match(r"[A-Za-z0-9-]+", requirement)[0].lower() in cluster, requirement


def conda(stage):
    dependencies = yaml.safe_load((ENVS / f"{stage}.yaml").read_text())["dependencies"]
    (pip,) = [entry["pip"] for entry in dependencies if isinstance(entry, dict)]
    return dict(line.split("==") for line in pip)


@pytest.mark.parametrize("stage", ["solve", "learn", "predict", "figures"])
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


def stages():
    """Return by conda file the modules whose functions the rules call: for figures and tables all of them."""
    modules = {"solve": set(), "learn": set(), "predict": set(), "figures": {"mesobayes.drawing.target"}}
    for path in (ROOT / "workflow/rules").glob("*.smk"):
        text = path.read_text(encoding="utf-8")
        for rule in re.split(r"^ *rule\b", text, flags=re.MULTILINE)[1:]:
            called = re.search(r'"(mesobayes[\w.]+):\w+"', rule)
            if called:
                modules[re.search(r"envs/(\w+)\.yaml", rule)[1]].add(called[1])
    for path in (PACKAGE / "studies").glob("*/figures/*.py"):
        if path.stem != "__init__":
            modules["figures"].add(f"mesobayes.studies.{path.parts[-3]}.figures.{path.stem}")
    return modules


def distributions_of(*modules):
    files = module_files(*modules, root=PACKAGE)
    names = {name for path in files for name in imported(path)} - set(sys.stdlib_module_names) - {"mesobayes"}
    return {DISTRIBUTION.get(name, name) for name in names} - {"cycler"}  # comes with matplotlib


@pytest.mark.parametrize("stage", ["solve", "learn", "predict", "figures"])
def test_the_conda_file_of_a_stage_holds_what_its_functions_import(stage):
    modules = stages()[stage]
    assert modules
    assert distributions_of("mesobayes.record.logs", *modules) <= set(conda(stage))


def test_every_library_that_the_package_imports_is_a_dependency_of_it():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {re.match(r"[A-Za-z0-9-]+", text)[0].lower() for text in project["dependencies"]}
    everything = [
        ".".join(["mesobayes", *path.relative_to(PACKAGE).with_suffix("").parts])
        for path in PACKAGE.rglob("*.py")
        if path.stem != "__init__"
    ]
    assert distributions_of(*everything) <= declared
