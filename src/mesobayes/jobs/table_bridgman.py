# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs: the tables of Bridgman et al. 2022, written from the code's own objects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mesobayes.drawing.drawing import SHOWN, Finding
from mesobayes.drawing.registry import read_registry
from mesobayes.fem.bar.viscoplastic import Material
from mesobayes.jobs.target_record import target_record, write_record, write_rows
from mesobayes.nets.functional_heteroencoder import build_heteroencoder, count_parameters
from mesobayes.nets.settings import HeteroencoderSettings
from mesobayes.record.provenance import Provenance
from mesobayes.studies.failure.target import TRANSFORM_NAMES, TRANSFORMS, WEIGHTINGS


def write_table(
    slug: str, registry: Path | str, path: Path | str, record: Path | str, provenance: Provenance
) -> None:
    """Write one table as CSV, and as JSON what it shows of the printed values."""
    target = read_registry(registry)[slug]
    rows, findings = _TABLES[slug]()
    write_rows(rows, path)
    write_record(target_record(target, findings, {"rows": len(rows) - 1}, provenance), record)


Table = tuple[list[tuple[Any, ...]], dict[str, Finding]]
_CONSTANTS = (  # name, symbol, unit, key of the registry, value in that unit
    ("Young's modulus", "E", "GPa", "E_GPa", lambda m: m.young / 1e3),
    ("Poisson's ratio", "nu", "1", "nu", lambda m: m.poisson),
    ("yield strength", "Y", "MPa", "Y_MPa", lambda m: m.yield_strength),
    ("initial void size", "nu0", "µm³", "nu0_um3", lambda m: m.void_volume),
    ("initial void density", "eta0", "1/µm³", "eta0_um-3", lambda m: m.void_density),
    ("flow exponent", "n", "1", "n", lambda m: m.flow_exponent),
    ("damage exponent", "m", "1", "m", lambda m: m.damage_exponent),
    ("flow coefficient", "f", "1/s", "f", lambda m: m.flow_coefficient),
    ("isotropic dynamic recovery", "R", "1", "R", lambda m: m.recovery),
    ("isotropic hardening", "H", "GPa", "H_GPa", lambda m: m.hardening / 1e3),
    ("initial hardening", "kappa0", "MPa", "kappa0_MPa", lambda m: m.initial_hardening),
    ("initial damage", "phi0", "1", "phi0", lambda m: m.initial_damage),
    ("shear nucleation", "N1", "1", "N1", lambda m: m.shear_nucleation),
    ("triaxiality nucleation", "N3", "1", "N3", lambda m: m.triaxiality_nucleation),
    ("maximum damage", "phi_max", "1", "phi_max", lambda m: m.maximum_damage),
)


def _constitutive_parameters() -> Table:
    printed, fast = Material(), Material(damage_exponent=5.0)
    rows: list[tuple[Any, ...]] = [("constant", "symbol", "unit", "printed", "fast")]
    found = {}
    for name, symbol, unit, key, value in _CONSTANTS:
        rows.append((name, symbol, unit, value(printed), value(fast)))
        found[key] = Finding(value(printed), SHOWN, "the constant in use, preset printed")
    return rows, found


def _model_variants() -> Table:
    rows: list[tuple[Any, ...]] = [("kind", "name", "symbol", "in the configuration")]
    found = {}
    keys = {"id": "none", "sigma": "softmax", "g": "gaussian", "t": "softmax_after_gaussian"}
    for transform in TRANSFORMS:
        rows.append(("transform of the damage", TRANSFORM_NAMES[transform], transform, transform))
        found[f"transforms.{keys[transform]}"] = Finding(transform, SHOWN, "the name in use")
    names = {"uniform": "none", "IH": "inverse_histogram", "IHpr": "inverse_histogram_per_realization"}
    for weighting in WEIGHTINGS:
        symbol = "id" if weighting == "uniform" else weighting
        rows.append(("weighting of the loss", names[weighting].replace("_", " "), symbol, weighting))
        found[f"weightings.{names[weighting]}"] = Finding(symbol, SHOWN, f"called {weighting} here")
    return rows, found


def _heteroencoder_layers() -> Table:
    point, bayes = HeteroencoderSettings(), HeteroencoderSettings(estimator="flipout")
    counts = [
        [count_parameters(layer) for layer in build_heteroencoder(settings, 0).layers]
        for settings in (point, bayes)
    ]
    operations = [
        "pooling 2 × 2 × 2",
        "pooling 2 × 2 × 2",
        "upsampling 2 × 2 × 2",
        "upsampling 2 × 2 × 2",
        "",
        "",
    ]
    rows: list[tuple[Any, ...]] = [
        (
            "layer",
            "channels in",
            "channels out",
            "kernel",
            "activation",
            "followed by",
            "deterministic",
            "variational",
        )
    ]
    found = {}
    for i, (inputs, outputs) in enumerate(point.channels):
        activation = "linear" if i == len(point.channels) - 1 else "ReLU"
        rows.append(
            (i + 1, inputs, outputs, "3 × 3 × 3", activation, operations[i], counts[0][i], counts[1][i])
        )
        for key, column in (("params_det", 0), ("params_bayes", 1)):
            found[f"{key}[{i}]"] = Finding(counts[column][i], SHOWN, "counted from the network")
    for key, column in (("sum_det", 0), ("sum_bayes", 1)):
        found[key] = Finding(sum(counts[column]), SHOWN, "counted from the network, without the noise")
    rows.append(("sum", "", "", "", "", "", sum(counts[0]), sum(counts[1])))
    return rows, found


_TABLES: dict[str, Callable[[], Table]] = {
    "constitutive_parameters": _constitutive_parameters,
    "model_variants": _model_variants,
    "heteroencoder_layers": _heteroencoder_layers,
}
