# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports run one way through the house, and nothing is loaded that is not needed."""

import ast
import os
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import mesobayes

ROOT = Path(mesobayes.__file__).parent
FLOORS = (
    ("record", "geometry", "metrics"),
    ("fem", "analytic", "images", "nets"),
    ("learning", "drawing"),
    ("studies",),
    ("command",),
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
NUMERICAL = ("numpy", "scipy", "jax", "xarray", "zarr", "pandas", "matplotlib", "flax")
MODULES = {
    ".".join(["mesobayes", *path.relative_to(ROOT).with_suffix("").parts]).removesuffix(".__init__"): path
    for path in sorted(ROOT.rglob("*.py"))
}
# what the workflow reads when it starts
FRONT_DOOR = [name for name in MODULES if name.rpartition(".")[2].endswith("settings")] + [
    *("mesobayes.studies.configuration", "mesobayes.drawing.registry"),
    *(
        "mesobayes.record.errors",
        "mesobayes.record.files",
        "mesobayes.record.logs",
        "mesobayes.record.provenance",
    ),
    "mesobayes.images.find",
]


def imports(name):
    """Yield every project module that a module imports, also inside functions and for type checkers."""
    for node in ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("mesobayes."))
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name} imports relatively"
            if node.module == "mesobayes":
                yield from (f"mesobayes.{alias.name}" for alias in node.names)
            elif node.module.startswith("mesobayes."):
                yield node.module


def at_once(name):
    """Return the project modules that a module imports when it is loaded itself."""
    body = ast.parse(MODULES[name].read_text(encoding="utf-8")).body
    return [node.module for node in body if isinstance(node, ast.ImportFrom)]


ARROWS = [(name, target) for name in MODULES for target in imports(name)]


def room(name):
    return name.split(".")[1]


def test_every_room_has_its_floor():
    assert {path.name for path in ROOT.iterdir() if path.is_dir() and path.name != "__pycache__"} == set(
        FLOOR
    )
    assert {path.name for path in ROOT.glob("*.py")} == {"__init__.py"}


def test_no_import_runs_back():
    back = [(name, target) for name, target in ARROWS if FLOOR[room(target)] > FLOOR[room(name)]]
    assert not back


def test_the_rooms_of_a_floor_import_each_other_in_one_direction_only():
    rooms = {name: set() for name in FLOOR}
    for name, target in ARROWS:
        if room(name) != room(target):
            rooms[room(name)].add(room(target))
    assert list(TopologicalSorter(rooms).static_order())  # raises CycleError


def test_no_study_imports_another():
    across = [
        (name, target)
        for name, target in ARROWS
        if room(name) == room(target) == "studies" and name.count(".") > 2  # not what joins their settings
        if name.split(".")[2] != target.split(".")[2]
    ]
    assert not across


def run(code, **environment):
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT.parent), "JAX_PLATFORMS": "cpu", **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_settings_and_all_that_the_front_door_reads_load_no_numerical_library():
    code = f"""
import importlib, sys
for name in {FRONT_DOOR}:
    importlib.import_module(name)
    loaded = [library for library in {NUMERICAL} if library in sys.modules]
    assert not loaded, (name, loaded)
"""
    assert len(FRONT_DOOR) > 10
    run(code)


def test_who_draws_stored_numbers_loads_neither_jax_nor_what_is_slow_to_import():
    figures = [name for name in MODULES if ".figures." in name]
    # schematics of networks and of one solved cell need them
    needed = (
        "mesobayes.fem.cell",
        "mesobayes.nets.build",
        "mesobayes.nets.convolution",
        "mesobayes.nets.layers",
    )
    light = [name for name in figures if not any(target.startswith(needed) for target in at_once(name))]
    assert len(light) > 12
    code = f"""
import importlib, sys
for name in ["mesobayes.drawing.target", "mesobayes.record.store"] + {light}:
    importlib.import_module(name)
    loaded = [library for library in ("jax", "flax", "scipy.stats") if library in sys.modules]
    assert not loaded, (name, loaded)
"""
    run(code)


def test_who_fits_loads_no_solver_and_who_merges_no_jax_either():
    code = """
import importlib, sys
for name in {modules}:
    importlib.import_module(name)
    loaded = [name for name in sys.modules if name.startswith({absent}) and not name.endswith("settings")]
    assert not loaded, (name, loaded)
"""
    of_studies = [name for name in MODULES if name.startswith("mesobayes.studies.")]
    fits = [name for name in of_studies if name.endswith((".fit", ".reference")) and ".figures." not in name]
    merges = [name for name in of_studies if name.endswith(".merge")]
    assert len(fits) >= 4
    assert len(merges) >= 2
    solvers = ("mesobayes.fem.plate.", "mesobayes.fem.bar.", "mesobayes.fem.cell.homogenisation")
    run(code.format(modules=fits, absent=("gmsh", *solvers)))
    run(code.format(modules=merges, absent=("jax", "gmsh", *solvers)))


@pytest.mark.parametrize(
    ("line", "absent"),
    [
        ("from mesobayes.geometry import Plate, Ellipse", ("scipy", "jax", "xarray", "gmsh", "pydantic")),
        (
            "from mesobayes.fem import effective_permeability",
            ("gmsh", "jax_fem", "xarray", "scipy.sparse.linalg"),
        ),
        ("from mesobayes.fem import integrate_material_point", ("gmsh", "jax_fem", "scipy.sparse.linalg")),
        ("from mesobayes.fem import fail_specimen", ("gmsh", "jax_fem", "scipy.sparse.linalg")),
        ("from mesobayes.fem import solve_plate", ("jax_fem", "flax", "optax", "matplotlib")),
    ],
)
def test_a_name_of_the_library_loads_only_what_it_needs(line, absent):
    assert run(f"{line}; import sys; print([name for name in {absent} if name in sys.modules])") == "[]\n"


@pytest.fixture
def without_gmsh(tmp_path):
    """A folder with a gmsh that fails like the real one on a machine without its system libraries."""
    (tmp_path / "gmsh.py").write_text('raise OSError("libGLU.so.1: cannot open shared object file")\n')
    return {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT.parent}"}


def test_all_that_needs_no_mesh_runs_without_the_system_libraries_of_gmsh(without_gmsh):
    code = """
import numpy as np
from mesobayes.fem import effective_permeability, fail_specimen, integrate_material_point
from mesobayes.geometry import Ellipse, Plate

Plate(side=24.0, pores=(Ellipse(0.0, 0.0, 1.0, 1.0),))
tensor = effective_permeability(np.eye(16, dtype=bool), inclusion=2.0)
assert 1.0 < tensor[0, 0] < 2.0
path = 1e-4 * np.arange(3.0)[:, None] * np.eye(6)[0]
point = integrate_material_point(path, np.arange(3.0))
assert np.isfinite(point.stress).all()
pores = np.zeros((3, 3, 6), bool)
pores[1, 1, 2] = True
assert int(fail_specimen(pores, maximum_strain=1e-3).status) >= 0
try:
    from mesobayes.fem import solve_plate
except OSError as error:
    assert "libGLU" in str(error)
else:
    raise AssertionError("the broken gmsh was not used")
"""
    run(code, **without_gmsh)


def test_the_names_of_a_package_can_be_listed_and_a_wrong_one_is_refused_by_name():
    import mesobayes.fem as fem

    assert {"solve_plate", "fail_specimen"} <= set(dir(fem))
    with pytest.raises(AttributeError, match=r"'mesobayes\.fem' has no attribute 'solve_plat'"):
        fem.solve_plat  # noqa: B018


def test_the_workflow_starts_without_any_numerical_library():
    rules = "".join(path.read_text("utf-8") for path in (ROOT.parents[1] / "workflow/rules").glob("*.smk"))
    names = sorted(set(re.findall(r"^from (mesobayes[\w.]+) import", rules, re.MULTILINE)))
    assert "mesobayes.record.memory" in names
    loaded = f"import sys, {', '.join(names)}; loaded = {{*{NUMERICAL}}} & set(sys.modules)"
    run(f"{loaded}; assert not loaded, loaded")
