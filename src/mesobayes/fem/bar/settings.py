# SPDX-License-Identifier: GPL-3.0-or-later
"""Constants of the material, how a specimen is loaded, and the two presets; no numerical library is loaded.

`printed`: the constants of Table 1 and fully integrated elements that fail at their first Gauss point; it
fails at the printed strains because the elements lock. `fast`: one-point elements with the damage exponent
m = 5 instead of 2, a calibration to those strains, and 500 instead of 1000 steps per 5 % of strain.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from numbers import Real
from typing import Any, Literal, get_args

Integration = Literal["reduced", "full", "bbar"]
PresetName = Literal["fast", "printed"]


def check_numbers(record: Any) -> None:
    """Raise ValueError where a number of a record is none, or is not finite."""
    for field in fields(record):
        value = getattr(record, field.name)
        if isinstance(field.default, int | float) and not (
            isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
        ):
            raise ValueError(f"{type(record).__name__}: {field.name} must be a finite number, got {value!r}")


@dataclass(frozen=True)
class Material:
    """Constants of the model; the defaults are Table 1 of Bridgman et al. 2022.

    Stresses in MPa, void volumes ν0 in µm³, void densities η0 in 1/µm³. The text of the paper has φ0 = 0.008,
    its table 0.08, the product ν0 η0 is 1e-4.
    """

    young: float = 240e3
    poisson: float = 0.27
    yield_strength: float = 600.0
    void_volume: float = 0.1
    void_density: float = 0.001
    flow_exponent: int = 10
    damage_exponent: float = 2.0
    flow_coefficient: float = 10.0
    recovery: float = 4.0
    hardening: float = 5e3
    initial_hardening: float = 460.0
    initial_damage: float = 0.08
    shear_nucleation: float = 10.0
    triaxiality_nucleation: float = 13.0
    maximum_damage: float = 0.5

    def __post_init__(self) -> None:
        check_numbers(self)
        positive = ("young", "yield_strength", "void_density", "flow_coefficient", "recovery", "hardening")
        for name in (*positive, "flow_exponent", "damage_exponent", "maximum_damage"):
            if not getattr(self, name) > 0.0:
                raise ValueError(f"Material: {name} must be positive, got {getattr(self, name)}")
        for name in ("void_volume", "initial_hardening", "initial_damage"):
            if getattr(self, name) < 0.0:
                raise ValueError(f"Material: {name} must not be negative, got {getattr(self, name)}")
        rules = {
            f"poisson must lie between -1 and 0.5, got {self.poisson}": -1.0 < self.poisson < 0.5,
            "flow_exponent must be a whole number of at least 2": self.flow_exponent
            == int(self.flow_exponent)
            and self.flow_exponent >= 2,
            "initial_damage must be below maximum_damage": self.initial_damage < self.maximum_damage,
            "maximum_damage must be below 1: nothing is left there": self.maximum_damage < 1.0,
            "initial_hardening must not exceed its saturation, hardening/recovery": self.initial_hardening
            <= self.hardening / self.recovery,
        }
        for rule, holds in rules.items():
            if not holds:
                raise ValueError(f"Material: {rule}")

    @property
    def shear_modulus(self) -> float:
        return self.young / (2.0 * (1.0 + self.poisson))

    @property
    def bulk_modulus(self) -> float:
        return self.young / (3.0 * (1.0 - 2.0 * self.poisson))


@dataclass(frozen=True)
class ExplicitSettings:
    """How a specimen is loaded and integrated.

    Attributes:
        integration: "reduced" is one point with hourglass stiffness, "full" eight Gauss points, "bbar" eight
            with the mean dilatation of the element.
        strain_step: axial strain per step; 5e-5 are 1000 steps per 5 %.
        strain_rate: axial strain per s.
        maximum_strain: where loading ends without failure.
        hourglass: stiffness χ of the hourglass modes of "reduced", relative to the shear stiffness.
        courant: fraction of the stable time step that one step amounts to.
        damping: share of the velocity, relative to a uniform extension, that is lost in a step.
        section_frequency: frequency ω to which the slow motions of whole cross-sections are lifted, per step.
    """

    integration: Integration = "reduced"
    strain_step: float = 5e-5
    strain_rate: float = 0.002
    maximum_strain: float = 0.3
    hourglass: float = 0.3
    courant: float = 0.9
    damping: float = 0.03
    section_frequency: float = 0.5

    def __post_init__(self) -> None:
        check_numbers(self)
        rules = {
            f"integration cannot be {self.integration!r}": self.integration in get_args(Integration),
            f"strain_step must be positive, got {self.strain_step}": self.strain_step > 0.0,
            f"strain_rate must be positive, got {self.strain_rate}": self.strain_rate > 0.0,
            f"maximum_strain must be at least a step of {self.strain_step:g}, got {self.maximum_strain}": (
                self.maximum_strain >= self.strain_step * (1.0 - 1e-9)
            ),
            f"hourglass must not be negative, got {self.hourglass}": self.hourglass >= 0.0,
            f"courant must lie above 0 and not above 1, got {self.courant}": 0.0 < self.courant <= 1.0,
            f"damping must lie between 0 and 1, got {self.damping}": 0.0 <= self.damping < 1.0,
            f"section_frequency must not be negative, got {self.section_frequency}": self.section_frequency
            >= 0.0,
        }
        for rule, holds in rules.items():
            if not holds:
                raise ValueError(f"ExplicitSettings: {rule}")

    @property
    def duration(self) -> float:
        """Time of one step in s."""
        return self.strain_step / self.strain_rate


@dataclass(frozen=True)
class Preset:
    """Material and solver that belong together."""

    material: Material
    solver: ExplicitSettings


PRESETS = {
    "printed": Preset(Material(), ExplicitSettings(integration="full")),
    "fast": Preset(Material(damage_exponent=5.0), ExplicitSettings(strain_step=1e-4)),
}


def find_preset(preset: str | Preset) -> Preset:
    """The preset of that name; a `Preset` is passed through.

    Raises:
        ValueError: the name is unknown.
    """
    if isinstance(preset, Preset):
        return preset
    if preset not in PRESETS:
        raise ValueError(f"preset {preset!r} is unknown: choose one of {', '.join(sorted(PRESETS))}")
    return PRESETS[preset]
