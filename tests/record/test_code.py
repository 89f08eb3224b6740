# SPDX-License-Identifier: GPL-3.0-or-later
import importlib
import os
import subprocess
from pathlib import Path

import pytest

import mesobayes
from mesobayes.record.code import Sources, read_lock

ROOT = Path(mesobayes.__file__).parent
LOCK = ROOT.parents[1] / "envs/requirements.txt"

FILES = {
    "__init__.py": '__version__ = "1"\n',
    "seeds.py": "import hashlib\n",
    "fem/__init__.py": "from mesobayes.fem.plate import solve\nfrom .voxels import compute\n",
    "fem/plate.py": "from ..seeds import rng\n\ndef solve():\n    from mesobayes.images import raster\n",
    "fem/voxels.py": "x = 1\n",
    "images/__init__.py": "",
    "images/raster.py": "y = 1\n",
    "study.py": "from mesobayes.fem import solve\nfrom typing import TYPE_CHECKING\n"
    "if TYPE_CHECKING:\n    from mesobayes.nets import Net\n",
    "nets/__init__.py": "class Net: ...\n",
    "nets/unet.py": "from mesobayes.nets import Net\n",
    "lazy/__init__.py": "from mesobayes.record.lazy import lazy_names\nfrom typing import TYPE_CHECKING\n"
    "if TYPE_CHECKING:\n    from mesobayes.lazy.strip import pull\n"
    "    from mesobayes.lazy.cell import homogenise\n"
    '__getattr__, __dir__ = lazy_names(__name__, {"pull": "strip", "homogenise": "cell"})\n',
    "lazy/strip.py": "from mesobayes.seeds import rng\n\ndef pull(): ...\n",
    "lazy/cell.py": "def homogenise(): ...\n",
    "notebook.py": "from mesobayes.lazy import pull\n",
}


@pytest.fixture
def package(tmp_path):
    for name, content in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    return tmp_path


def used(package, *names):
    return [path.relative_to(package).as_posix() for path in Sources(package).files(*names)]


def test_the_hash_follows_imports_to_the_modules_that_define_the_names(package):
    assert used(package, "mesobayes.study") == ["fem/plate.py", "images/raster.py", "seeds.py", "study.py"]


def test_a_package_means_all_its_files(package):
    assert used(package, "mesobayes.fem")[:3] == ["fem/__init__.py", "fem/plate.py", "fem/voxels.py"]


def test_a_name_defined_in_a_package_file_takes_the_whole_package(package):
    assert used(package, "mesobayes.nets.unet") == ["nets/__init__.py", "nets/unet.py"]


@pytest.mark.parametrize(
    ("edited", "changes"), [("fem/plate.py", True), ("images/raster.py", True), ("fem/voxels.py", False)]
)
def test_an_edit_changes_the_hash_of_what_depends_on_it_and_of_nothing_else(package, edited, changes):
    before = Sources(package).hash("mesobayes.study")
    (package / edited).write_text((package / edited).read_text() + "z = 2\n")
    assert (Sources(package).hash("mesobayes.study") != before) == changes


def test_touching_or_checking_out_again_changes_nothing(package):
    before = Sources(package).hash("mesobayes.study")
    path = package / "fem/plate.py"
    os.utime(path, (0, 0))
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert Sources(package).hash("mesobayes.study") == before


def test_an_unknown_module_is_refused_by_name(package):
    with pytest.raises(ModuleNotFoundError, match=r"mesobayes\.fme"):
        Sources(package).hash("mesobayes.fme")


def test_the_hash_follows_names_that_a_package_loads_when_they_are_first_used(package):
    assert used(package, "mesobayes.notebook") == ["lazy/strip.py", "notebook.py", "seeds.py"]


def test_the_hash_follows_the_names_of_the_library():
    for package in ("mesobayes.fem", "mesobayes.geometry"):
        init = ROOT.joinpath(*package.split(".")[1:], "__init__.py")
        homes = Sources().reexports(init)
        assert set(importlib.import_module(package).__all__) <= set(homes)
        for name in importlib.import_module(package).__all__:
            assert importlib.import_module(homes[name]).__dict__[name] is getattr(
                importlib.import_module(package), name
            )


def test_solving_does_not_depend_on_networks_nor_training_on_solving():
    solving = used(ROOT, "mesobayes.studies.stress.data")
    training = used(ROOT, "mesobayes.studies.stress.fit")
    assert "fem/plate/solution.py" in solving
    assert not [name for name in solving if name.startswith(("nets/", "learning/", "drawing/"))]
    assert "nets/build.py" in training
    assert not [name for name in training if name.startswith(("fem/", "drawing/"))]


def versions_behind(module):
    sources = Sources(ROOT, LOCK)
    return {line.partition("==")[0] for line in sources.versions(sources.files(module))}


def test_the_versions_that_count_are_those_of_the_libraries_in_use_and_of_what_they_need():
    solving = versions_behind("mesobayes.studies.stress.data")
    drawing = versions_behind("mesobayes.studies.stress.figures.selective")
    assert {"numpy", "gmsh", "zarr", "numcodecs"} <= solving  # zarr needs numcodecs
    assert not {"matplotlib", "optax", "snakemake"} & solving
    assert {"matplotlib", "contourpy"} <= drawing
    assert {"jaxlib", "optax"} <= versions_behind("mesobayes.studies.stress.fit")


def test_a_new_version_changes_the_hash_of_what_uses_the_library_and_of_nothing_else(tmp_path):
    lock = tmp_path / "lock.txt"
    lock.write_text(LOCK.read_text().replace("\ncontourpy==", "\ncontourpy==0."))
    modules = {"mesobayes.studies.stress.data": False, "mesobayes.studies.stress.figures.selective": True}
    for module, changes in modules.items():
        assert (Sources(ROOT, LOCK).hash(module) != Sources(ROOT, lock).hash(module)) == changes


def test_every_library_that_the_project_imports_has_a_locked_version():
    sources, locked = Sources(ROOT, LOCK), read_lock(LOCK.read_text())
    names = {name for path in ROOT.rglob("*.py") for name in sources._imports(path).libraries}
    assert {"numpy", "jax", "yaml", "PIL", "jax_fem"} <= names
    known = {"PIL": "pillow", "yaml": "pyyaml"}
    assert {known.get(name, name).replace("_", "-") for name in names} <= set(locked)


def test_imports_are_kept_by_content_so_that_a_cache_changes_no_hash(tmp_path):
    cache = tmp_path / "imports.json"
    first = Sources(ROOT, LOCK, cache)
    expected = first.hash("mesobayes.studies.stress.fit")
    first.keep()
    second = Sources(ROOT, LOCK, cache)
    assert second.hash("mesobayes.studies.stress.fit") == expected
    written = cache.read_bytes()
    second.keep()
    assert cache.read_bytes() == written
    cache.write_bytes(written[:100])  # damaged: read anew
    assert Sources(ROOT, LOCK, cache).hash("mesobayes.studies.stress.fit") == expected


PLACES = [Path("/usr/bin"), *Path(os.environ.get("PYENV_ROOT", "/opt/pyenv")).glob("versions/*/bin")]
OTHERS = sorted(
    str(place / f"python3.{minor}")
    for place in PLACES
    for minor in (11, 12, 13)
    if (place / f"python3.{minor}").is_file()
)


@pytest.mark.parametrize("python", OTHERS)
def test_every_python_that_is_there_reads_the_sources_and_gives_the_same_hash(python):
    module = "mesobayes.studies.stress.fit"
    script = (
        "import sys; from pathlib import Path; from mesobayes.record.code import Sources; "
        "[compile(path.read_bytes(), path, 'exec') for path in Path(sys.argv[1]).rglob('*.py')]; "
        "print(Sources(Path(sys.argv[1]), Path(sys.argv[2])).hash(sys.argv[3]))"
    )
    command = [python, "-B", "-W", "error", "-c", script, str(ROOT), str(LOCK), module]
    environment = {"PYTHONPATH": str(ROOT.parent)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == Sources(ROOT, LOCK).hash(module), done.stderr
