# SPDX-License-Identifier: GPL-3.0-or-later
"""Random microstructures: shapes and samplers; no meshes, no images."""

from mesobayes.geometry.plate import Ellipse, Plate
from mesobayes.geometry.sampling import PlacementError, sample_plate
from mesobayes.geometry.settings import PlateFamily

__all__ = ["Ellipse", "PlacementError", "Plate", "PlateFamily", "sample_plate"]
