# SPDX-License-Identifier: GPL-3.0-or-later
"""The permeability study's section of the configuration (Aldakheel et al. 2023)."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from mesobayes.geometry.settings import InclusionFamily
from mesobayes.learning.settings import FitSettings
from mesobayes.nets.settings import ContactNetworkSettings, PermeabilityNetworkSettings
from mesobayes.record.settings import Count, NonNegative, Positive, Share, settings

OpenShare = Annotated[float, Field(gt=0.0, lt=1.0)]
_PRINTED_SIDE_MIN = 16  # the printed network pools four times


class Fit(NamedTuple):
    """What one fit of the study consists of.

    Attributes:
        cells: family of cells that it learns from.
        network: record of its network and of its optimiser.
        start: fit whose weights it goes on from; None for a new network.
    """

    cells: str
    network: str
    start: str | None = None


FITS = {
    "mono_printed": Fit("mono", "printed"),
    "mono_modern": Fit("mono", "modern"),
    "mono_bayes": Fit("mono", "bayes"),
    "poly_scratch": Fit("poly", "printed"),
    "poly_transfer": Fit("poly", "printed", "mono_printed"),
    "poly_modern_scratch": Fit("poly", "modern"),
    "poly_modern_transfer": Fit("poly", "modern", "mono_modern"),
    "overlap_scratch": Fit("overlap", "printed"),
    "overlap_transfer": Fit("overlap", "printed", "mono_printed"),
    "overlap_modern_scratch": Fit("overlap", "modern"),
    "overlap_modern_transfer": Fit("overlap", "modern", "mono_modern"),
    "spheres_printed": Fit("spheres", "printed_volume"),
    "spheres_modern": Fit("spheres", "modern_volume"),
}
SEPARATE = ("mono", "poly", "spheres")  # families of inclusions that can be told apart
TRANSFER = ("poly", "overlap")  # families whose fits have a length of their own


@settings
class Materials:
    """Relative permeabilities of the two phases (Table 1)."""

    matrix: Positive = 1.0
    inclusion: Positive = 250.0


@settings
class Families:
    """Families of periodic cells."""

    mono: InclusionFamily
    poly: InclusionFamily
    overlap: InclusionFamily
    spheres: InclusionFamily


@settings
class CellSet:
    """How many cells of a family, how many in one job, how many components of their tensor are solved for."""

    number: Annotated[int, Field(ge=8)]
    batch: Count
    components: Annotated[int, Field(ge=1, le=3)]


@settings
class CellSets:
    """The data set of every family."""

    mono: CellSet
    poly: CellSet
    overlap: CellSet
    spheres: CellSet


@settings
class SplitSettings:
    """Shares of the cells for validation and test (section 5.2: 15 % each)."""

    validation: Share = 0.15
    test: Share = 0.15

    def __post_init__(self) -> None:
        if self.validation + self.test >= 1.0:
            raise ValueError("the shares of validation and test leave nothing for training")


@settings
class Networks:
    """Architectures; the size of the images comes from the family of cells."""

    printed: PermeabilityNetworkSettings
    modern: PermeabilityNetworkSettings
    bayes: PermeabilityNetworkSettings
    printed_volume: PermeabilityNetworkSettings
    modern_volume: PermeabilityNetworkSettings


@settings
class CellFitSettings(FitSettings):
    """How a network is fitted to cells (section 4.3).

    Attributes:
        loss: "mse" the mean square of log μ minus its prediction (eq. 11), "nll" the Gaussian negative log
            likelihood.
        l2: factor of the sum of squared kernels in the loss, as printed; `weight_decay` is decoupled from it.
        augment: random periodic shifts and mirror images, for "modern" also random orientations.
        feature_images: training images whose features set the scale of those of "modern".
    """

    loss: Literal["mse", "nll"] = "mse"
    l2: NonNegative = 0.0
    augment: bool = False
    feature_images: Count = 256


@settings
class Fits:
    """Objective and optimiser of every network."""

    printed: CellFitSettings
    modern: CellFitSettings
    bayes: CellFitSettings
    printed_volume: CellFitSettings
    modern_volume: CellFitSettings


@settings
class CellMechanicsSettings:
    """What is read from a cell before anything is learned.

    Attributes:
        gap, gap_volume: pixels between the surfaces of two inclusions that count as a pair, in two and in
            three dimensions.
        misfit_max: share of the inclusion pixels that the inclusions found may leave unexplained; beyond it
            they count as not found.
        steps: steps of the solver whose bounds are kept.
    """

    gap: Positive = 12.0
    gap_volume: Positive = 4.0
    misfit_max: Share = 0.05
    steps: Count = 12


@settings
class ContactSettings:
    """The network of conductances between inclusions, and the regression on a stopped solver.

    Attributes:
        network, network_volume: in two and in three dimensions.
        fit: its optimiser.
        cells_max: training cells that it sees at most.
        stopped_steps: steps of the solver behind "stopped", which also predicts cells without inclusions.
        curve: numbers of training cells of the label curve, beside all of them.
        repeats: fits for each of them.
    """

    network: ContactNetworkSettings
    network_volume: ContactNetworkSettings
    fit: FitSettings
    cells_max: Count
    stopped_steps: Count
    curve: tuple[Count, ...]
    repeats: Count


@settings
class PredictionSettings:
    """How a fitted network is evaluated and used.

    Attributes:
        draws: weight draws of a prediction.
        level: share of the labels that an interval is calibrated to hold.
        outlier_quantile: share of the validation images that count as usual.
        outlier_ridge: ridge of the covariance of the features, as a share of their mean variance.
    """

    draws: Annotated[int, Field(ge=2)] = 20
    level: OpenShare = 0.95
    outlier_quantile: OpenShare = 0.995
    outlier_ridge: Positive = 1e-3


@settings
class OwnCellSettings:
    """How a user's own image is read.

    Attributes:
        pixels_max: largest image.
        threshold: grey value at which it is cut; None chooses it.
    """

    pixels_max: Count
    threshold: float | None


@settings
class Timing:
    """How many images Table 3 times, how many volumes stand beside them in our own, and how often."""

    images: Count
    volumes: Count
    repeats: Annotated[int, Field(ge=2)]


@settings
class Gallery:
    """What figures 6, 7 and 13 draw: the families at the printed sizes, whatever the scale.

    Attributes:
        side, side_volume: edges of the squares and of the cubes in pixels.
        fractions_volume: volume fractions of the cubes.
        cells: number of volume fractions in each histogram.
    """

    side: Count = 256
    side_volume: Count = 101
    fractions_volume: tuple[Share, ...] = (0.05, 0.2, 0.33)
    cells: Count = 5500


@settings
class PermeabilitySettings:
    """All that the study is told.

    Attributes:
        tolerance: relative residual of every finite-element solution.
        transfer_epochs: length of the fits to the families in `TRANSFER`.
    """

    materials: Materials
    tolerance: Positive
    families: Families
    cells: CellSets
    split: SplitSettings
    transfer_epochs: Positive
    prediction: PredictionSettings
    own: OwnCellSettings
    timing: Timing
    gallery: Gallery
    networks: Networks
    fits: Fits
    mechanics: CellMechanicsSettings
    contacts: ContactSettings

    def __post_init__(self) -> None:
        if self.contacts.stopped_steps > self.mechanics.steps:
            raise ValueError(
                f"contacts.stopped_steps is {self.contacts.stopped_steps}, but mechanics.steps keeps the "
                f"bounds of {self.mechanics.steps} steps"
            )
        for field in fields(self.families):
            family, cells = getattr(self.families, field.name), getattr(self.cells, field.name)
            if cells.components > family.dimension:
                raise ValueError(
                    f"cells.{field.name}.components is {cells.components} in {family.dimension} dimensions"
                )
        for field in fields(self.networks):
            network, usual = getattr(self.networks, field.name), getattr(self.fits, field.name)
            if network.estimator != "none" and (usual.weight_decay or usual.l2):
                raise ValueError(
                    f"the Gaussian weights of networks.{field.name} have their prior: fits.{field.name} "
                    "needs weight_decay: 0 and l2: 0"
                )
        for name, fit in FITS.items():
            side = getattr(self.families, fit.cells).side
            if getattr(self.networks, fit.network).name == "printed" and side < _PRINTED_SIDE_MIN:
                raise ValueError(
                    f"the printed network of {name} needs cells of at least {_PRINTED_SIDE_MIN} pixels, but "
                    f"families.{fit.cells}.side is {side}"
                )

    def network_of(self, name: str) -> PermeabilityNetworkSettings:
        """Return the network of a fit for the size of its cells."""
        fit = FITS[name]
        family = getattr(self.families, fit.cells)
        return replace(
            getattr(self.networks, fit.network),
            side=family.side,
            dimension=family.dimension,
            outputs=self._outputs(fit),
        )

    def _outputs(self, fit: Fit) -> int:
        """Components that a network predicts: all that are solved for, of volumes one where printed."""
        return 1 if fit.network == "printed_volume" else int(getattr(self.cells, fit.cells).components)

    def contacts_of(self, cells: str) -> ContactNetworkSettings:
        """Return the network of conductances for a family of cells."""
        dimension = getattr(self.families, cells).dimension
        network = self.contacts.network if dimension == 2 else self.contacts.network_volume
        return replace(network, dimension=dimension)

    def fit_of(self, name: str) -> CellFitSettings:
        """Return objective and optimiser of a fit."""
        fit = FITS[name]
        usual = getattr(self.fits, fit.network)
        return replace(usual, epochs=self.transfer_epochs) if fit.cells in TRANSFER else usual


SECTION = PermeabilitySettings
