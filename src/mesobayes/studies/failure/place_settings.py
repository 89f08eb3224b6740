# SPDX-License-Identifier: GPL-3.0-or-later
"""How places of failure are ranked, and what stands in for a simulation beside the ranking."""

from __future__ import annotations

from typing import Literal

from mesobayes.record.settings import Count, CountOrZero, Positive, Share, settings

RankerName = Literal["base", "elastic"]
RANKERS: tuple[RankerName, ...] = ("base", "elastic")


@settings
class RankingSettings:
    """Ranking of the clusters of a predicted field by probability mass (section 6.2).

    Attributes:
        threshold: of the clusters, as a share of the highest mean.
        level: above which mass counts, as a share of the highest mean.
        largest: clusters that are kept.
        reach: a place belongs to a cluster within so many voxels of it.
    """

    threshold: Share = 0.5
    level: Share = 0.7
    largest: Count = 20
    reach: CountOrZero = 1


@settings
class ElasticSettings:
    """The short elastic solve whose stress describes a voxel.

    Attributes:
        steps: of conjugate gradients.
        widths: of the Gaussians in voxels under which the stress is averaged as well.
    """

    steps: Count = 20
    widths: tuple[Positive, ...] = (0.6, 1.0, 2.0)


@settings
class RankerSettings:
    """Listwise ranking of the solid voxels that touch a void.

    Attributes:
        labels: numbers of training specimens that it is fitted to, beside all of a fold.
        penalty: of the squared weights beside the sum of the losses of the specimens.
        iterations: of L-BFGS at most.
        clip: standard deviations at which a feature is cut off.
        contrast: of the smoothed scores that are ranked by cluster, see `smooth_ranking`.
    """

    labels: tuple[Count, ...]
    penalty: Positive = 1.0
    iterations: Count = 150
    clip: Positive = 6.0
    contrast: Positive = 0.3


@settings
class OwnBarSettings:
    """How a user's own porous volume is read and its places of failure are ranked.

    Attributes:
        ranker: whose folds say it together.
        pulled: axis of the volume (z, y, x) along which it is pulled; z is that of the slices.
        reach: voxels within so many of a likelier one belong to its place.
        largest: places that are listed.
        unlike_share: share of candidates with features that were cut off, above which a volume is unlike the
            training specimens.
        pixels_max: largest volume.
        threshold: grey value at which it is cut; None chooses it.
    """

    ranker: RankerName
    pulled: Literal["x", "y", "z"]
    reach: CountOrZero
    largest: Count
    unlike_share: Share
    pixels_max: Count
    threshold: float | None


@settings
class RivalSettings:
    """Simulations that stand in for a simulation: coarse steps, and the other reading of the model.

    Attributes:
        strain_steps: of the coarse simulations, preset `fast`.
        specimens: that they are run on, at most.
        printed_step: strain per step of preset `printed` where it is compared with `fast`.
        printed_specimens: of that comparison.
        timed: test specimens on which all models are timed.
        repeats: of the timing.
        other_shape: voxels of the bars on which the rankers are tried as they are.
        other_porosity, other_specimens: of these bars.
    """

    strain_steps: tuple[Positive, ...]
    specimens: Count
    printed_specimens: Count
    timed: Count
    repeats: Count
    other_shape: tuple[Count, Count, Count]
    other_porosity: Positive
    other_specimens: Count
    printed_step: Positive = 1e-4
