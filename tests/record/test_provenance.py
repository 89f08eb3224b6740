# SPDX-License-Identifier: GPL-3.0-or-later
import importlib
import os
from pathlib import Path

import pytest

import mesobayes
from mesobayes.record import provenance
from mesobayes.record.provenance import Run, code_hash, config_hash, module_files, versions

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
    return [path.relative_to(package).as_posix() for path in module_files(*names, root=package)]


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
    before = code_hash("mesobayes.study", root=package)
    (package / edited).write_text((package / edited).read_text() + "z = 2\n")
    assert (code_hash("mesobayes.study", root=package) != before) == changes


def test_touching_or_checking_out_again_changes_nothing(package):
    before = code_hash("mesobayes.study", root=package)
    path = package / "fem/plate.py"
    os.utime(path, (0, 0))
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert code_hash("mesobayes.study", root=package) == before


def test_an_unknown_module_is_refused_by_name(package):
    with pytest.raises(ModuleNotFoundError, match=r"mesobayes\.fme"):
        code_hash("mesobayes.fme", root=package)


def test_the_hash_follows_names_that_a_package_loads_when_they_are_first_used(package):
    assert used(package, "mesobayes.notebook") == ["lazy/strip.py", "notebook.py", "seeds.py"]


def test_the_hash_follows_the_names_of_the_library():
    root = Path(mesobayes.__file__).parent
    for package in ("mesobayes.fem", "mesobayes.geometry"):
        init = root.joinpath(*package.split(".")[1:], "__init__.py")
        homes = provenance._reexports(init, root)
        assert set(importlib.import_module(package).__all__) <= set(homes)
        for name in importlib.import_module(package).__all__:
            assert importlib.import_module(homes[name]).__dict__[name] is getattr(
                importlib.import_module(package), name
            )


def test_solving_does_not_depend_on_networks_nor_training_on_solving():
    root = Path(mesobayes.__file__).parent
    solving = used(root, "mesobayes.studies.stress.data")
    training = used(root, "mesobayes.studies.stress.fit")
    assert "fem/plate/solution.py" in solving
    assert not [name for name in solving if name.startswith(("nets/", "learning/", "drawing/"))]
    assert "nets/build.py" in training
    assert not [name for name in training if name.startswith(("fem/", "drawing/"))]


def test_the_order_of_keys_does_not_change_the_configuration_hash():
    assert config_hash({"a": 1, "b": {"c": 2.5, "d": None}}) == config_hash(
        {"b": {"d": None, "c": 2.5}, "a": 1}
    )
    assert config_hash({"a": 1}) != config_hash({"a": 2})


def test_a_figure_says_its_scale_its_seed_and_whether_settings_were_changed():
    assert Run("stress", "smoke", "s").label == "scale smoke, seed s"
    assert (
        Run("stress", "smoke", "s", overrides=("stress.mesh.order",)).label
        == "scale smoke (modified), seed s"
    )


def test_every_library_that_can_change_a_number_has_a_version():
    assert {"python", "numpy", "jax", "gmsh", "zarr"} <= set(versions())
    assert "not installed" not in {versions()[name] for name in ("numpy", "jax", "gmsh")}
