# SPDX-License-Identifier: GPL-3.0-or-later
"""Random microstructures: shapes and samplers; no meshes, no images."""

from typing import TYPE_CHECKING

from mesobayes.record.lazy import lazy_names

if TYPE_CHECKING:
    from mesobayes.geometry.plate import Ellipse, Plate
    from mesobayes.geometry.sampling import PlacementError, sample_plate
    from mesobayes.geometry.settings import PlateFamily

__all__ = ["Ellipse", "PlacementError", "Plate", "PlateFamily", "sample_plate"]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "Ellipse": "plate",
        "PlacementError": "sampling",
        "Plate": "plate",
        "PlateFamily": "settings",
        "sample_plate": "sampling",
    },
)
