# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs: the figures and tables of Aldakheel et al. 2023, each drawn from stores alone."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mesobayes.drawing.drawing import SHOWN, Drawing, Finding
from mesobayes.drawing.registry import read_registry
from mesobayes.drawing.style import drawing_style, save_figure
from mesobayes.fem.cell.magnetic_field import magnetic_field
from mesobayes.jobs.fit_permeability import SCHEMA as FIT
from mesobayes.jobs.generate_cells import SCHEMA as CELLS
from mesobayes.jobs.target_record import finite, target_record, write_record, write_rows
from mesobayes.jobs.time_permeability import SCHEMA as TIMING
from mesobayes.learning.regression_prediction import load_permeability_network
from mesobayes.nets.permeability import PrintedPermeabilityCNN
from mesobayes.record.errors import StoreError
from mesobayes.record.provenance import Provenance
from mesobayes.record.store import open_store
from mesobayes.studies.permeability.figures import cells as microstructures
from mesobayes.studies.permeability.figures import learning, schematics

Inputs = Mapping[str, Any]
Table = tuple[list[tuple[Any, ...]], dict[str, Finding]]
_FIT_NAMES = ("printed", "modern", "bayes", "scratch", "transfer", "modern_scratch", "modern_transfer")


def draw_figure(
    slug: str,
    inputs: Inputs,
    materials: tuple[float, float],
    registry: Path | str,
    pdf: Path | str,
    png: Path | str,
    record: Path | str,
    provenance: Provenance,
) -> None:
    """Draw one figure and write it with what it shows.

    Args:
        materials: relative permeabilities of matrix and inclusions.

    Raises:
        StoreError: a store is broken or of another scale.
    """
    begin = time.perf_counter()
    target = read_registry(registry)[slug]
    with drawing_style():
        drawing = _draw(slug, inputs, materials, provenance)
    content = {
        **target_record(target, drawing.findings, drawing.drawn, provenance),
        "materials": dict(zip(("matrix", "inclusion"), materials, strict=True)),
        "wall_time_s": round(time.perf_counter() - begin, 1),
    }
    save_figure(drawing.figure, pdf, png, record, finite(content))


def write_table(
    slug: str,
    inputs: Inputs,
    materials: tuple[float, float],
    registry: Path | str,
    path: Path | str,
    record: Path | str,
    provenance: Provenance,
) -> None:
    """Write one table as CSV, and as JSON what it shows of the printed values."""
    rows, findings = _table(slug, inputs, materials, provenance)
    write_rows(rows, path)
    target = read_registry(registry)[slug]
    content = target_record(target, findings, {"rows": [list(row) for row in rows]}, provenance)
    write_record(content, record)


def _draw(slug: str, inputs: Inputs, materials: tuple[float, float], provenance: Provenance) -> Drawing:
    scale, seed = provenance.scale, provenance.seed
    plain = {
        "convolution_gray": schematics.convolution_gray,
        "convolution_rgb": schematics.convolution_rgb,
        "pooling": schematics.pooling,
        "mlp": schematics.mlp,
        "permeability_cnn": schematics.permeability_cnn,
    }
    seeded = {
        "microstructure_families": microstructures.microstructure_families,
        "sample_size_distributions": microstructures.sample_size_distributions,
        "microstructures_3d": microstructures.microstructures_3d,
    }
    if slug in plain:
        return plain[slug]()
    if slug in seeded:
        return seeded[slug](seed)
    if slug == "magneto_workflow":
        data = _open(inputs["cells"], CELLS, provenance)
        note = f"{provenance.label}, one cell of {data.sizes['sample']}"
        cell = data.isel(sample=int(np.argmin(np.abs(data["volume_fraction"].values - 0.3))))
        _, induction = magnetic_field(cell["image"].values.astype(bool), 0, *materials)
        return schematics.magneto_workflow(cell, np.linalg.norm(induction, axis=0), note)
    if slug == "feature_maps":
        return _feature_maps(inputs, provenance)
    fits = _fits(inputs, provenance)
    data = _open(inputs["cells"], CELLS, provenance)
    if slug == "permeability_3d":
        seconds = float(np.median(data["solve_seconds"].values))
        return learning.permeability_3d(fits, scale, seconds, data.sizes["x"])
    row = int(np.argmin(np.abs(data["volume_fraction"].values - 0.35)))
    drawers = {
        "permeability_mono": learning.permeability_mono,
        "transfer_poly": learning.transfer_poly,
        "transfer_overlap": learning.transfer_overlap,
    }
    return drawers[slug](data["image"].values[row], fits, scale)


def _feature_maps(inputs: Inputs, provenance: Provenance) -> Drawing:
    """What the trained printed network makes of one cell."""
    data = _open(inputs["cells"], CELLS, provenance)
    image = data["image"].values[int(np.argmin(np.abs(data["volume_fraction"].values - 0.3)))]
    network = load_permeability_network(Path(inputs["network"]))
    assert isinstance(network, PrintedPermeabilityCNN)
    maps = [np.asarray(values)[0] for values in network.feature_maps(image[None].astype(np.float32))]
    note = f"{provenance.label}: printed network after training; the four filters that vary most"
    return microstructures.feature_maps(image, maps, note)


def _table(slug: str, inputs: Inputs, materials: tuple[float, float], provenance: Provenance) -> Table:
    if slug == "magnetic_materials":
        rows: list[tuple[Any, ...]] = [("material", "relative permeability")]
        rows += list(zip(("matrix", "inclusion"), materials, strict=True))
        found = {name: Finding(value, SHOWN, "the constant in use") for name, value in rows[1:]}
        return rows, found
    if slug == "permeability_timing":
        return _timing(_open(inputs["timing"], TIMING, provenance), provenance.scale)
    fits = _fits(inputs, provenance)
    if slug == "transfer_poly_metrics":
        return _score_rows(fits), learning.transfer_findings(fits, provenance.scale)
    return _score_rows(fits), learning.score_findings(fits["printed"], provenance.scale)


def _score_rows(fits: Mapping[str, xr.Dataset]) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = [
        ("model", "MAPE mu11", "MAPE mu22", "R2 mu11", "R2 mu22", "skill", "R2 log(mu11/mu22)", "test cells")
    ]
    base = next(iter(fits.values())).attrs
    rows.append(
        _row("volume fraction alone", base["baseline_mape"], base["baseline_r2"], 0.0, 0.0, base["n_test"])
    )
    for name, fit in fits.items():
        a = fit.attrs
        rows.append(_row(name, a["mape"], a["r2"], a["skill"], a["anisotropy_r2"], a["n_test"]))
    return rows


def _row(
    name: str, mape: Sequence[float], r2: Sequence[float], skill: float, anisotropy: float, count: int
) -> tuple[Any, ...]:
    return (name, *(round(value, 5) for value in (*mape, *r2, skill, anisotropy)), count)


def _timing(data: xr.Dataset, scale: str) -> Table:
    number, side = data.attrs["images"], data.attrs["side"]
    per_hundred = {
        str(name): 100.0 * float(seconds) / number
        for name, seconds in zip(data["method"].values, data["seconds"].values, strict=True)
    }
    rows: list[tuple[Any, ...]] = [("method", "seconds for 100 images", "edge in pixels", "images timed")]
    rows += [(name, round(value, 4), side, number) for name, value in per_hundred.items()]
    ratio = per_hundred["finite elements"] / per_hundred["printed"]
    here = f"{side} × {side} pixels, one core"
    printed_size = side == 256
    missed = learning.verdict(False, scale)
    findings = {
        "fem_s": Finding(
            round(per_hundred["finite elements"], 3),
            SHOWN if printed_size and per_hundred["finite elements"] <= 40 else missed,
            here,
        ),
        "cnn_s": Finding(
            round(per_hundred["printed"], 4),
            SHOWN if printed_size and per_hundred["printed"] <= 0.05 else missed,
            f"{here}; the paper used a GPU",
        ),
        "speedup": Finding(
            round(ratio, 2),
            SHOWN if ratio >= 800 else missed,
            "the solver here takes a hundredth of the printed time, so less is left to gain",
        ),
    }
    return rows, findings


def _fits(inputs: Inputs, provenance: Provenance) -> dict[str, xr.Dataset]:
    return {name: _open(inputs[name], FIT, provenance) for name in _FIT_NAMES if name in inputs}


def _open(path: Path | str, schema: str, provenance: Provenance) -> xr.Dataset:
    data = open_store(path, schema)
    if data.attrs["scale"] != provenance.scale:
        raise StoreError(
            f"{path} is of scale {data.attrs['scale']}, not {provenance.scale}: delete it and run again"
        )
    return data
