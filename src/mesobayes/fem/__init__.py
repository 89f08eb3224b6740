# SPDX-License-Identifier: GPL-3.0-or-later
"""Boundary-value problems, one folder each: elastic plates with holes, periodic cells, porous metal bars.

The four names below load their folder when first used: who homogenises an image needs neither gmsh nor the
solvers of the plates.
"""

from typing import TYPE_CHECKING

from mesobayes.record.lazy import lazy_names

if TYPE_CHECKING:
    from mesobayes.fem.bar.failure import fail_specimen
    from mesobayes.fem.bar.material_point import integrate_material_point
    from mesobayes.fem.cell.homogenisation import effective_permeability
    from mesobayes.fem.plate.solution import solve_plate

__all__ = ["effective_permeability", "fail_specimen", "integrate_material_point", "solve_plate"]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "effective_permeability": "cell.homogenisation",
        "fail_specimen": "bar.failure",
        "integrate_material_point": "bar.material_point",
        "solve_plate": "plate.solution",
    },
)
