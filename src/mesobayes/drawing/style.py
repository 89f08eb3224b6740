# SPDX-License-Identifier: GPL-3.0-or-later
"""The one style of all figures, and the one way of writing them.

Colours are the palette of Okabe and Ito, which readers with any common colour vision deficiency can tell
apart. Fonts are embedded as TrueType, and the font comes with matplotlib, so that figures look the same
everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from cycler import cycler
from matplotlib.figure import Figure

from mesobayes.record.files import replacing

BLACK, GREY = "#000000", "#6E6E6E"
BLUE, SKY, GREEN = "#0072B2", "#56B4E9", "#009E73"
ORANGE, VERMILION, PURPLE, YELLOW = "#E69F00", "#D55E00", "#CC79A7", "#F0E442"
FIELD_MAP = "viridis"  # stresses, damage and other magnitudes: perceptually uniform, readable in grey

PAGE_WIDTH = 7.1  # inches, two columns
_PRINT_DPI = 300  # of pictures, and of what a vector figure shows in pixels

_STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 8.0,
    "axes.titlesize": 8.5,
    "axes.labelsize": 8.0,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "lines.linewidth": 1.3,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=[BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE, BLACK]),
    "image.origin": "lower",
    "image.cmap": FIELD_MAP,
    "image.interpolation": "nearest",
    "pdf.fonttype": 42,
    "savefig.dpi": _PRINT_DPI,
}


@contextmanager
def drawing_style() -> Iterator[None]:
    """Apply the project's style to everything drawn and saved inside the block."""
    with mpl.rc_context(_STYLE):
        yield


def new_figure(width: float = 1.0, height: float = 0.6) -> Figure:
    """Return an empty figure; both lengths in units of the page width."""
    return Figure(figsize=(width * PAGE_WIDTH, height * PAGE_WIDTH), layout="constrained")


def save_figure(
    figure: Figure, pdf: Path | str, png: Path | str, record: Path | str, content: Mapping[str, Any]
) -> None:
    """Write one figure as vector PDF, as PNG, and its content as JSON: all three whole, or none.

    Args:
        figure: what to draw.
        pdf, png, record: where to write.
        content: everything the figure shows and came from; plain values only, no NaN (use ``None``). The
            places of its axes are added as ``panels``.

    Raises:
        ValueError: the content holds a value that JSON cannot.
        StoreError: a file cannot be written.
    """
    with replacing(pdf) as page, replacing(png) as picture, replacing(record) as facts, drawing_style():
        figure.savefig(
            page, format="pdf", dpi=_PRINT_DPI, metadata={"CreationDate": None}
        )  # the same content, the same bytes
        figure.savefig(picture, format="png")
        text = json.dumps(
            {**content, "panels": panels(figure)}, indent=2, ensure_ascii=False, allow_nan=False
        )
        facts.write_text(text + "\n", encoding="utf-8")


def panels(figure: Figure) -> list[dict[str, Any]]:
    """Return where the axes of a drawn figure stand, and how many images each shows.

    Returns:
        For every visible axes ``place``, its left, lower, right and upper edge in shares of the page, and
        ``images``, the number of fields that it shows in pixels.
    """
    return [
        {
            "place": [round(float(edge), 4) for edge in axes.get_position().extents],
            "images": len(axes.images)
            + sum(
                bool(artist.get_rasterized()) for artist in axes.get_children() if artist not in axes.images
            ),
        }
        for axes in figure.axes
        if axes.get_visible()
    ]
