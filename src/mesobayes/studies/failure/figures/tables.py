# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of Bridgman et al. 2022, written from the code's own objects."""

from __future__ import annotations

from typing import Any

from mesobayes.drawing.drawing import Number, Table
from mesobayes.fem.bar.settings import Material, find_preset
from mesobayes.record.provenance import Run
from mesobayes.studies.failure.figures.labels import TRANSFORM_NAMES
from mesobayes.studies.failure.fit_settings import NetworksSettings
from mesobayes.studies.failure.settings import TRANSFORMS, WEIGHTINGS

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
_WEIGHT_KEYS = {"uniform": "none", "IH": "inverse_histogram", "IHpr": "inverse_histogram_per_realization"}
_TRANSFORM_KEYS = {"id": "none", "sigma": "softmax", "g": "gaussian", "t": "softmax_after_gaussian"}


def constitutive_parameters(run: Run) -> Table:
    """Table 1: constants of the material under both presets; all networks train on the preset fast."""
    return tabulate_materials(find_preset("printed").material, find_preset("fast").material)


def tabulate_materials(printed: Material, fast: Material) -> Table:
    """Constants of two materials side by side; the numbers are those of the second, which is trained on."""
    rows: list[tuple[Any, ...]] = [("constant", "symbol", "unit", "preset printed", "preset fast (all data)")]
    numbers = {}
    for name, symbol, unit, key, value in _CONSTANTS:
        rows.append((name, symbol, unit, value(printed), value(fast)))
        differs = "" if value(printed) == value(fast) else f"; preset printed has {value(printed):g}"
        numbers[key] = Number(value(fast), note=f"preset fast, of all data that networks train on{differs}")
    return Table(rows, numbers)


def model_variants(run: Run) -> Table:
    """Section 4.2: transforms of the damage, weightings of the loss, and how they are called here."""
    rows: list[tuple[Any, ...]] = [("kind", "name", "symbol", "in the configuration")]
    numbers = {}
    for transform in TRANSFORMS:
        rows.append(("transform of the damage", TRANSFORM_NAMES[transform], transform, transform))
        numbers[f"transforms.{_TRANSFORM_KEYS[transform]}"] = Number(transform)
    for weighting in WEIGHTINGS:
        symbol = "id" if weighting == "uniform" else weighting
        key = _WEIGHT_KEYS[weighting]
        rows.append(("weighting of the loss", key.replace("_", " "), symbol, weighting))
        numbers[f"weightings.{key}"] = Number(symbol, note=f"called {weighting} here")
    return Table(rows, numbers)


def heteroencoder_layers(networks: NetworksSettings, run: Run) -> Table:
    """Figure 8 in numbers: layers of the deterministic and of the variational network in use."""
    from mesobayes.nets.build import build_network  # loads jax
    from mesobayes.nets.heteroencoder import count_parameters

    counts = [
        [count_parameters(layer) for layer in build_network(settings, 0).layers]
        for settings in (networks.point, networks.bayes)
    ]
    pool, up = "pooling 2 × 2 × 2", "upsampling 2 × 2 × 2"
    operations = [pool, pool, up, up, "", ""]
    rows: list[tuple[Any, ...]] = [
        (
            *("layer", "channels in", "channels out", "kernel", "activation", "followed by"),
            *("deterministic", "variational"),
        )
    ]
    numbers = {}
    for i, (inputs, outputs) in enumerate(networks.point.channels):
        activation = "linear" if i == len(networks.point.channels) - 1 else "ReLU"
        rows.append(
            (i + 1, inputs, outputs, "3 × 3 × 3", activation, operations[i], counts[0][i], counts[1][i])
        )
        for key, column in (("params_det", 0), ("params_bayes", 1)):
            numbers[f"{key}[{i}]"] = Number.exact(counts[column][i])
    for key, column in (("sum_det", 0), ("sum_bayes", 1)):
        numbers[key] = Number.exact(sum(counts[column]), "without the noise")
    rows.append(("sum", "", "", "", "", "", sum(counts[0]), sum(counts[1])))
    return Table(rows, numbers)
