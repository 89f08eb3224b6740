# SPDX-License-Identifier: GPL-3.0-or-later
"""Label noise and cost of several meshes against a fine reference; writes docs/label_noise.md.

    python benchmarks/fem_label_noise.py [--structures 6] [--output docs/label_noise.md]

Set OMP_NUM_THREADS=1 PJRT_NPROC=1. About 15 s of CPU a structure.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mesobayes.fem.plate.elasticity import UNIT_PLANE_STRAIN
from mesobayes.fem.plate.meshing import mesh_plate
from mesobayes.fem.plate.recovery import recover_stress
from mesobayes.fem.plate.settings import DEFAULT_MESH, MeshSettings
from mesobayes.fem.plate.solution import NodalStress, displacements, image_stress
from mesobayes.geometry import PlateFamily
from mesobayes.images.raster import pixel_centres
from mesobayes.studies.stress.label_noise import roi_deviations
from mesobayes.studies.stress.plates import draw_structure

FAMILY = PlateFamily("ellipse3")
REFERENCE = DEFAULT_MESH.refined(2.0)
RESOLUTIONS = (4, 2)


@dataclass(frozen=True)
class Variant:
    """One row of the table."""

    label: str
    mesh: MeshSettings
    free_edges: bool = True


VARIANTS = (
    Variant("P1, R/7, average", MeshSettings(7.0, 7.0, 8.0, 0.15, order=1), False),
    Variant("P1, R/7, free edges", MeshSettings(7.0, 7.0, 8.0, 0.15, order=1)),
    Variant("P1, R/14, average", MeshSettings(14.0, 14.0, 4.0, 0.15, order=1), False),
    Variant("P1, R/14, free edges", MeshSettings(14.0, 14.0, 4.0, 0.15, order=1)),
    Variant("P2 straight, R/7, ellipses R/3, growth 0.52, average", MeshSettings(curved=False), False),
    Variant("P2 curved, R/7, ellipses R/3, growth 0.52, average", DEFAULT_MESH, False),
    Variant("P2 curved, R/4, ellipses R/2, growth 0.8, free edges", MeshSettings(4.0, 2.0, 8.0, 0.8)),
    Variant("P2 curved, R/5, ellipses R/3, growth 0.52, free edges", MeshSettings(5.0)),
    Variant("P2 curved, R/6, ellipses R/2.5, growth 0.6, free edges", MeshSettings(6.0, 2.5, 8.0, 0.6)),
    Variant("**P2 curved, R/7, ellipses R/3, growth 0.52, free edges (default)**", DEFAULT_MESH),
    Variant("P2 curved, R/10, ellipses R/4, growth 0.4, free edges", MeshSettings(10.0, 4.0, 8.0, 0.4)),
)

TEMPLATE = """# Label noise

The label of an ROI is the largest Tresca stress at its pixel centres. Accuracy counts predictions within 10 %
of it, so the error of the label itself decides what accuracy can mean. The table compares the ROI maxima of
several meshes with those of the default mesh refined twofold everywhere ({reference_unknowns:,.0f} unknowns),
on {structures} random three-ellipse structures under the three unit strains: {rois:,} ROIs of 8 R that hold
part of a hole (the others are easy for any mesh). CPU seconds: mesh, assembly, factorisation with three
right-hand sides, recovery and image of the micro problem, one core.

| mesh: edges on pores, on ellipses, growth | unknowns | CPU s | median / 95th / max %, 4 px per R | 2 px |
|---|---|---|---|---|
{rows}

Made by `python benchmarks/fem_label_noise.py --structures {structures}`.

- *free edges*: on holes the tractions vanish, and the hoop stress is E/(1-ν²) times the hoop strain of a
  periodic spline through the displacements of the edge nodes. *average*: plain means over the cells at a
  node.
- *curved*: mid-edge nodes of hole edges lie on the ellipse, and the cells there have six quadrature points.
- All meshes use the exact ellipses to decide which pixels are void.
- A pixel value is that at the pixel's centre. Means over pixels are another label, 13-15 % off at the peaks.
- `measure_label_noise` repeats this for a few structures of any family; its numbers stand in the attributes
  `label_noise_median`, `label_noise_p95` and `label_noise_max` of a data set, as fractions.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--structures", type=int, default=6)
    parser.add_argument("--output", type=Path, default=Path("docs/label_noise.md"))
    options = parser.parse_args()
    plates = [draw_structure(FAMILY, "label noise", index)[0] for index in range(options.structures)]
    for variant in VARIANTS:  # compile
        solve(plates[0], variant)
    deviations = {(variant, ppr): [] for variant in VARIANTS for ppr in RESOLUTIONS}
    seconds, unknowns = {variant: [] for variant in VARIANTS}, {variant: [] for variant in VARIANTS}
    fine = []
    for plate in plates:
        reference = solve(plate, Variant("reference", REFERENCE))
        fine.append(2 * len(reference.mesh.points))
        for variant in VARIANTS:
            start = time.process_time()
            nodal = solve(plate, variant)
            image_stress(nodal, *2 * (pixel_centres(plate.side, 4),))
            seconds[variant].append(time.process_time() - start)
            unknowns[variant].append(2 * len(nodal.mesh.points))
            for ppr in RESOLUTIONS:
                deviations[variant, ppr].append(roi_deviations(plate, FAMILY.margin, nodal, reference, ppr))
    rows = []
    for variant in VARIANTS:
        noise = [percentiles(np.concatenate(deviations[variant, ppr])) for ppr in RESOLUTIONS]
        size, cost = np.mean(unknowns[variant]), np.mean(seconds[variant])
        rows.append(f"| {variant.label} | {size / 1000:.0f}k | {cost:.2f} | {noise[0]} | {noise[1]} |")
    report = TEMPLATE.format(
        structures=options.structures,
        reference_unknowns=np.mean(fine),
        rois=sum(map(len, deviations[VARIANTS[0], RESOLUTIONS[0]])),
        rows="\n".join(rows),
    )
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(report)
    print(report)


def solve(plate, variant: Variant) -> NodalStress:
    mesh = mesh_plate(plate, True, variant.mesh)
    stress = recover_stress(mesh, displacements(mesh), UNIT_PLANE_STRAIN, variant.free_edges)
    return NodalStress(mesh, stress)


def percentiles(deviations) -> str:
    return " / ".join(f"{100 * value:.2g}" for value in np.percentile(deviations, [50, 95, 100]))


if __name__ == "__main__":
    main()
