# SPDX-License-Identifier: GPL-3.0-or-later
"""What a network is: one frozen, hashable record that is also part of every checkpoint's identity."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated, Literal

from pydantic import Field

from mesobayes.nets.stress import COVERAGE_CHANNEL, SOLID_CHANNEL
from mesobayes.record.errors import SettingsError
from mesobayes.record.settings import Count, Positive, settings

PRINTED_SIDE_MIN = 16  # the printed permeability network pools four times


@dataclass(frozen=True)
class NetworkSettings:
    """Architecture and variational family of a stress network.

    name: "printed" is the StressNet of Krokos et al. 2022, section 3.3; "modern" the compact U-Net with the
        linear stress head.
    roi: edge of the square region of interest in pixels (8 pixels per pore radius at the papers' 4).
    width: multiplier of all channel counts (1 gives 1.69 M weights for "printed", 0.24 M for "modern").
    strides: strides of the three encoder convolutions of "printed".
    blocks: number of residual blocks of "printed".
    se_reduction: channel reduction of squeeze and excitation.
    norm: normalisation of "printed"; "modern" has none.
    stem: "modern" folds stem × stem pixels into channels at its entry and unfolds them in the head, so that
        the cost of a patch does not depend on its resolution (1 for 2 pixels per radius, 2 for 4).
    levels: resolutions of "modern".
    geometry: channel that describes the pores; None takes "solid" for "printed" and "coverage" for "modern".
    estimator: "none" point weights, "shared" one weight draw per batch, "flipout" decorrelated per example.
    prior: "fixed" N(0, prior_std²) for every weight, "learned" one Gaussian per layer by empirical Bayes.
    posterior_std: initial posterior standard deviation in units of the initial spread of the layer's weights.
    noise_std: initial standard deviation of the likelihood.
    scale_floor: smallest pixelwise output scale |s1| + |s2|, in units of the patch scale.
    convolution: "auto" takes the rewritten convolutions on a CPU and the plain ones elsewhere.
    """

    name: Literal["printed", "modern"]
    roi: int
    width: float = 1.0
    strides: tuple[int, int, int] = (1, 2, 2)
    blocks: int = 5
    se_reduction: int = 16
    norm: Literal["batch", "group", "none"] = "batch"
    stem: int = 1
    levels: int = 3
    geometry: Literal["solid", "coverage"] | None = None
    estimator: Literal["none", "shared", "flipout"] = "none"
    prior: Literal["fixed", "learned"] = "learned"
    prior_std: float = 0.1
    posterior_std: float = 0.1
    noise_std: float = 0.1
    scale_floor: float = 0.1
    convolution: Literal["auto", "plain", "rewritten"] = "auto"

    def __post_init__(self) -> None:
        _one_of("name", self.name, ("printed", "modern"))
        _one_of("norm", self.norm, ("batch", "group", "none"))
        _one_of("geometry", self.geometry, ("solid", "coverage", None))
        _one_of("estimator", self.estimator, ("none", "shared", "flipout"))
        _one_of("prior", self.prior, ("fixed", "learned"))
        _one_of("convolution", self.convolution, ("auto", "plain", "rewritten"))
        for key in ("roi", "width", "blocks", "se_reduction", "stem", "levels", "prior_std", "posterior_std"):
            if getattr(self, key) <= 0:
                raise SettingsError(f"network setting {key} = {getattr(self, key)}: must be positive")
        if len(self.strides) != 3 or any(stride not in (1, 2) for stride in self.strides):
            raise SettingsError(f"network setting strides = {self.strides}: give three numbers, each 1 or 2")

    def channels(self, count: int) -> int:
        """Channel count scaled by the width, at least 4."""
        return max(4, round(count * self.width))

    @property
    def geometry_channel(self) -> int:
        """Index of the input channel that describes the pores."""
        geometry = self.geometry or ("solid" if self.name == "printed" else "coverage")
        return SOLID_CHANNEL if geometry == "solid" else COVERAGE_CHANNEL


def _one_of(key: str, value: object, choices: tuple[object, ...]) -> None:
    if value not in choices:
        raise SettingsError(
            f"network setting {key} = {value!r}: choose one of {', '.join(map(repr, choices))}"
        )


@settings
class PermeabilityArchitecture:
    """Architecture and variational family of a permeability network, whatever the size of its images.

    Attributes:
        name: "printed" is the CNN of Aldakheel et al. 2023, section 4.3; "modern" the periodic, exactly
            equivariant one.
        width: multiplier of all filter counts.
        levels: resolutions of "modern".
        stem: "modern" folds stem × stem pixels into channels at its entry.
        estimator, prior, prior_std, posterior_std: as for the stress networks.
    """

    name: Literal["printed", "modern"]
    width: Positive = 1.0
    levels: Annotated[int, Field(ge=1, le=4)] = 3
    stem: Count = 4
    estimator: Literal["none", "shared", "flipout"] = "none"
    prior: Literal["fixed", "learned"] = "learned"
    prior_std: Positive = 0.1
    posterior_std: Positive = 0.02

    def channels(self, count: int) -> int:
        """Filter count scaled by the width, at least 4."""
        return max(4, round(count * self.width))

    @property
    def multiple(self) -> int:
        """Image edges are continued periodically to a multiple of this."""
        return 1 if self.name == "printed" else self.stem * 2 ** (self.levels - 1)

    def for_images(self, side: int, dimension: int, outputs: int) -> PermeabilityNetworkSettings:
        """The network of this architecture for images of a size."""
        architecture = {field.name: getattr(self, field.name) for field in fields(PermeabilityArchitecture)}
        return PermeabilityNetworkSettings(**architecture, side=side, dimension=dimension, outputs=outputs)  # type: ignore[arg-type]


@settings
class PermeabilityNetworkSettings(PermeabilityArchitecture):
    """An architecture together with the images that it was built for.

    Attributes:
        side: edge of the images in pixels; "modern" also takes other sizes.
        dimension: 2 or 3.
        outputs: number of components, from x on; "printed" has as many outputs, "modern" turns the image
            instead.
    """

    side: Count = 256
    dimension: Literal[2, 3] = 2
    outputs: Count = 2

    def __post_init__(self) -> None:
        if self.outputs > self.dimension:
            raise ValueError(f"{self.outputs} outputs: there are {self.dimension} components")
        if self.name == "printed" and self.side < PRINTED_SIDE_MIN:
            raise ValueError(
                f"the printed network pools four times: side {self.side} is below {PRINTED_SIDE_MIN} pixels"
            )
