# SPDX-License-Identifier: GPL-3.0-or-later
"""What a network is: frozen, hashable records that are also part of every checkpoint's identity."""

from __future__ import annotations

from typing import Annotated, Literal, Protocol

from pydantic import Field

from mesobayes.nets.channels import COVERAGE_CHANNEL, SOLID_CHANNEL
from mesobayes.record.settings import FROM_DATA, Count, CountOrZero, NonNegative, Positive, settings

Estimator = Literal["none", "shared", "flipout"]
StressEstimator = Literal["none", "shared", "flipout", "dropout"]
Prior = Literal["fixed", "learned"]
Mechanics = Literal["none", "superposition", "pores", "edges"]
ConvolutionForm = Literal["auto", "plain", "cpu"]
Stride = Annotated[int, Field(ge=1, le=2)]


class VariationalSettings(Protocol):
    """Part of every network's settings that decides on posterior and prior of its weights.

    Attributes:
        estimator: "none" point weights, "shared" one draw per batch, "flipout" decorrelated per example; of
            the stress networks also "dropout", point weights of which random channels are left out.
        prior: "fixed" N(0, prior_std²) for every weight, "learned" one Gaussian per layer by empirical Bayes.
        prior_std: standard deviation of the fixed prior.
        posterior_std: initial posterior standard deviation over the initial spread of the layer's weights.
    """

    @property
    def estimator(self) -> StressEstimator: ...

    @property
    def prior(self) -> Prior: ...

    @property
    def prior_std(self) -> float: ...

    @property
    def posterior_std(self) -> float: ...


@settings
class StressNetworkSettings:
    """Architecture and variational family of a stress network.

    Attributes:
        name: "printed" is the StressNet of Krokos et al. 2022, section 3.3; "modern" the compact U-Net with
            the linear stress head.
        roi: edge of the square region of interest in pixels (8 pixels per pore radius at the papers' 4).
        width: multiplier of all channel counts (1 gives 1.69 M weights for "printed", 0.24 M for "modern").
        strides: strides of the three encoder convolutions of "printed", each 1 or 2.
        blocks: number of residual blocks of "printed".
        se_reduction: channel reduction of squeeze and excitation; 0 leaves these blocks out.
        norm: normalisation of "printed"; "modern" has none.
        stem: "modern" folds stem × stem pixels into channels at its entry and unfolds them in the head, so
            that the cost of a patch does not depend on its resolution (1 for 2 pixels per radius, 2 for 4).
        levels: resolutions of "modern".
        geometry: channel that describes the pores; None takes "solid" for "printed", "coverage" for "modern".
        estimator, prior, prior_std, posterior_std: see `VariationalSettings`.
        noise_std: initial standard deviation of the likelihood.
        scale_floor: smallest pixelwise output scale |s1| + |s2|, in units of the patch scale.
        convolution: "auto" takes the forms that are fast on a CPU there, and the plain ones elsewhere.
        heads: whether "modern" also learns how far it is off, see `mesobayes.nets.heads`.
        dropout: share of the channels that the estimator "dropout" leaves out.
    """

    name: Literal["printed", "modern"]
    roi: Annotated[Count, FROM_DATA] = 32
    width: Positive = 1.0
    strides: tuple[Stride, Stride, Stride] = (1, 2, 2)
    blocks: Count = 5
    se_reduction: CountOrZero = 16
    norm: Literal["batch", "group", "none"] = "batch"
    stem: Count = 1
    levels: Count = 3
    geometry: Literal["solid", "coverage"] | None = None
    estimator: StressEstimator = "none"
    prior: Prior = "learned"
    prior_std: Positive = 0.1
    posterior_std: Positive = 0.1
    noise_std: Positive = 0.1
    scale_floor: Positive = 0.1
    convolution: ConvolutionForm = "auto"
    heads: bool = False
    dropout: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.1

    def __post_init__(self) -> None:
        if self.heads and self.name == "printed":
            raise ValueError("the printed network has no heads: its intervals are those of the weight draws")

    def channels(self, count: int) -> int:
        """Channel count scaled by the width, at least 4."""
        return max(4, round(count * self.width))

    @property
    def geometry_channel(self) -> int:
        """Index of the input channel that describes the pores."""
        geometry = self.geometry or ("solid" if self.name == "printed" else "coverage")
        return SOLID_CHANNEL if geometry == "solid" else COVERAGE_CHANNEL


@settings
class LocalNetworkSettings:
    """Architecture and variational family of the stress network that sees one pixel at a time.

    Attributes:
        name: "local", or "geometry" for one that is given no mechanics.
        roi: edge of the square region of interest in pixels.
        width: units of a hidden layer.
        layers: number of hidden layers; all but the first are residual.
        mechanics: what the pores add to the macroscopic stress, as an input: nothing, or a solution of
            `mesobayes.analytic`: "superposition" (pores do not see each other), "pores" (they do), "edges"
            (large holes see them too).
        heads: whether it also learns how far it is off, see `mesobayes.nets.heads`.
        estimator, prior, prior_std, posterior_std: see `VariationalSettings`.
        noise_std: initial standard deviation of the likelihood.
        scale_floor: smallest pixelwise output scale |s1| + |s2|, in units of the patch scale.
    """

    name: Literal["local", "geometry"] = "local"
    roi: Annotated[Count, FROM_DATA] = 32
    width: Count = 48
    layers: Count = 3
    mechanics: Mechanics = "superposition"
    heads: bool = False
    estimator: Estimator = "shared"
    prior: Prior = "learned"
    prior_std: Positive = 0.1
    posterior_std: Positive = 0.02
    noise_std: Positive = 0.1
    scale_floor: Positive = 0.1


@settings
class PermeabilityNetworkSettings:
    """Architecture and variational family of a permeability network.

    Attributes:
        name: "printed" is the CNN of Aldakheel et al. 2023, section 4.3; "modern" the periodic, exactly
            equivariant one.
        side: edge of the images in pixels; "modern" also takes other sizes.
        dimension: 2 or 3.
        outputs: number of components, from x on; "printed" has as many outputs, "modern" exchanges the axes
            of the image instead.
        width: multiplier of all filter counts.
        levels: resolutions of "modern".
        stem: "modern" folds stem × stem pixels into channels at its entry.
        hidden: units of the layer between the features of "modern" and its output.
        noise_std: initial standard deviation of the likelihood of log μ, of "printed".
        estimator, prior, prior_std, posterior_std: see `VariationalSettings`.
    """

    name: Literal["printed", "modern"]
    side: Annotated[Count, FROM_DATA] = 128
    dimension: Annotated[int, Field(ge=2, le=3), FROM_DATA] = 2
    outputs: Annotated[Count, FROM_DATA] = 2
    width: Positive = 1.0
    levels: Annotated[int, Field(ge=1, le=4)] = 3
    stem: Count = 4
    estimator: Estimator = "none"
    prior: Prior = "learned"
    prior_std: Positive = 0.1
    posterior_std: Positive = 0.02
    hidden: Count = 64
    noise_std: Positive = 0.05

    def __post_init__(self) -> None:
        if self.outputs > self.dimension:
            raise ValueError(f"{self.outputs} components are more than the dimension, {self.dimension}")
        if self.name == "printed" and self.side < 16:
            raise ValueError(f"the printed network pools four times: side {self.side} is below 16 pixels")

    def channels(self, count: int) -> int:
        """Filter count scaled by the width, at least 4."""
        return max(4, round(count * self.width))

    @property
    def multiple(self) -> int:
        """Image edges are continued periodically to a multiple of this."""
        return 1 if self.name == "printed" else self.stem * 2 ** (self.levels - 1)


@settings
class ContactNetworkSettings:
    """Size of the network of conductances between inclusions.

    Attributes:
        dimension: of the cells, which decides where the fit starts.
        surroundings: whether a conductance also sees volume fraction, direction and other neighbours.
        hidden: units of each of the two hidden layers of the conductance.
    """

    name: Literal["contacts"] = "contacts"
    dimension: Annotated[int, Field(ge=2, le=3), FROM_DATA] = 2
    surroundings: bool = False
    hidden: Count = 16

    @property
    def features(self) -> int:
        """How many features of a pair it sees."""
        return 12 if self.surroundings else 7


@settings
class HeteroencoderSettings:
    """Architecture and variational family of a heteroencoder.

    Attributes:
        name: "printed" is figure 8 of Bridgman et al. 2022; "modern" has skip connections and a second input
            channel that is 1 inside the specimen, so that zero padding can be told from solid.
        filters: channels at full resolution; 8 as printed.
        estimator, prior, prior_std: see `VariationalSettings`; kernels and biases have priors of their own.
        posterior_std: initial posterior deviation, in units of √(2/fan-in).
        noise_std: initial deviation of the likelihood.
        smoothing: width in voxels of a Gaussian filter of the pores before the first layer (section 3.3);
            0 leaves them as they are.
        convolution: "auto" takes the banded convolution on a CPU and the plain one elsewhere.
    """

    name: Literal["printed", "modern"] = "printed"
    filters: Count = 8
    estimator: Estimator = "none"
    prior: Prior = "fixed"
    prior_std: Positive = 1.0
    posterior_std: Positive = 0.05
    noise_std: Positive = 0.1
    smoothing: NonNegative = 0.0
    convolution: ConvolutionForm = "auto"

    @property
    def channels(self) -> tuple[tuple[int, int], ...]:
        """Input and output channels of the convolutions, in order."""
        f = self.filters
        if self.name == "printed":
            return ((1, f), (f, f), (f, f), (f, f), (f, f), (f, 1))
        return (
            *((2, f), (f, 2 * f), (2 * f, 4 * f), (4 * f, 4 * f)),
            *((6 * f, 2 * f), (3 * f, f), (f, 1)),
        )


NetworkSettings = (
    StressNetworkSettings
    | LocalNetworkSettings
    | PermeabilityNetworkSettings
    | ContactNetworkSettings
    | HeteroencoderSettings
)
