# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of one sample: every field of it in pixels, of a volume a slice."""

from __future__ import annotations

import textwrap
from pathlib import Path

import xarray as xr

from mesobayes.drawing.style import drawing_style, new_figure
from mesobayes.record.files import replacing


def draw_sample(data: xr.Dataset, dim: str, title: str, png: Path) -> None:
    """Draw every field of a sample; of a volume the slice with the failed voxel, or that in the middle."""
    sample = data.isel({dim: 0})
    fields = [sample[name] for name in data.data_vars if is_field(data[name])]
    place = int(sample["failed_voxel"][0]) if "failed_voxel" in sample else -1
    planes = [plane_of(field, place) for field in fields]
    rows, columns = planes[0].shape
    with drawing_style():
        width = min(1.0, 0.4 * len(planes))
        figure = new_figure(width, 0.2 + 0.8 * width * rows / columns / len(planes))
        for axes, field, plane in zip(
            figure.subplots(1, len(fields), squeeze=False)[0], fields, planes, strict=True
        ):
            whole = {"vmin": 0, "vmax": 1} if field.dtype.kind in "iu" else {}
            image = axes.imshow(plane.values, aspect="equal", **whole)
            title_of = textwrap.fill(field.attrs.get("long_name", str(field.name)).replace("`", ""), 34)
            axes.set(xticks=[], yticks=[], title=title_of, xlabel=plane.dims[1], ylabel=plane.dims[0])
            units = field.attrs.get("units", "1")
            figure.colorbar(image, ax=axes, location="bottom", label="" if units == "1" else units)
        where = f", slice {planes[0].attrs['slice']}" if fields[0].ndim == 3 else ""
        figure.suptitle(f"{title}{where}", fontsize=8)
        with replacing(png) as temporary:
            figure.savefig(temporary, format="png")


def plane_of(field: xr.DataArray, place: int) -> xr.DataArray:
    """Return a plane field, of a volume the slice at a place of its first axis; -1 is the middle."""
    if field.ndim == 2:
        return field
    axis = field.dims[0]
    index = place if place >= 0 else field.sizes[axis] // 2
    return field.isel({axis: index}).assign_attrs(slice=f"{axis} = {index}")


def is_field(variable: xr.DataArray) -> bool:
    """Whether a variable is one number per pixel or voxel; `geometry` says less than `coverage` beside it."""
    return variable.name != "geometry" and variable.ndim > 2 and set(variable.dims[1:]) <= {"x", "y", "z"}
