# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures 5 to 7: the blocks of StressNet, with the layers of the network in use."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.patches import Rectangle

from mesobayes.drawing.bars import foot_note
from mesobayes.drawing.diagram import Point, arrow, box, brace, canvas, cuboid, sign
from mesobayes.drawing.drawing import Drawing, Number
from mesobayes.drawing.style import BLACK, BLUE, GREY, ORANGE, PURPLE, SKY, YELLOW
from mesobayes.nets.blocks import ConvolutionUnit, ResidualBlock
from mesobayes.nets.build import build_network
from mesobayes.nets.settings import StressNetworkSettings
from mesobayes.nets.stressnet import StressNet
from mesobayes.record.errors import SettingsError
from mesobayes.record.provenance import Run

CONVOLUTION, NORMALISATION, ACTIVATION, GATE, DENSE, MEAN = SKY, YELLOW, ORANGE, PURPLE, BLUE, GREY
NORM_NAMES = {"batch": "BN", "group": "GN", "none": ""}
Step = tuple[str, str, str]  # attribute of the block, what it is, its colour


def unit_steps(unit: ConvolutionUnit, name: str) -> list[Step]:
    """Convolution, normalisation (if there is one) and ReLU of one unit, in order."""
    height, width, _, filters = unit.linear.kernel.mu.shape
    norm = NORM_NAMES[unit.norm.kind]
    return [
        (name, f"conv\n{height} × {width}\n{filters} filters", CONVOLUTION),
        *([(name, norm, NORMALISATION)] if norm else []),
        (name, "ReLU", ACTIVATION),
    ]


def block_steps(block: ResidualBlock) -> list[Step]:
    """What a residual block adds to its input, in order."""
    return [
        *unit_steps(block.first, "first"),
        *unit_steps(block.second, "second"),
        *([("gate", "SE", GATE)] if block.gate is not None else []),
    ]


def printed_network(settings: StressNetworkSettings) -> StressNet:
    """Return the printed network with these settings."""
    network = build_network(settings, 0)
    if not isinstance(network, StressNet):
        raise TypeError(f"the figure shows the printed network, not {settings.name!r}")
    return network


def residual_block_generic() -> Drawing:
    """Draw figure 5: X goes through two layers and around them."""
    steps = [("layer", CONVOLUTION), ("ReLU", ACTIVATION), ("layer", CONVOLUTION)]
    figure, axes = canvas(0.72, 0.27, 16, 6)
    end = _chain(axes, [(text, colour, 2.4) for text, colour in steps], "X", "F(X) + X", 16.0)
    brace(axes, 2.6, end, 1.55, "F(X): what the layers learn", 0.25)
    return Drawing(figure, drawn={"steps": [text for text, _ in steps]})


def residual_se_block(network: StressNetworkSettings, run: Run) -> Drawing:
    """Draw figure 7: the residual block of the network in use, read from it."""
    block = printed_network(network).blocks[0]
    steps = block_steps(block)
    figure, axes = canvas(1.0, 0.2, 30, 6)
    boxes = [(text, colour, 3.6 if text.startswith("conv") else 2.1) for _, text, colour in steps]
    end = _chain(axes, boxes, "u", "F(u) + u", 30.0)
    brace(axes, 2.6, end, 1.35, "F(u)", 0.25)
    channels = block.first.linear.kernel.mu.shape[2]
    gate = "SE: squeeze and excitation (figure 6); " if block.gate is not None else ""
    foot_note(
        figure,
        f"{gate}{channels} channels, zeros outside the image; {run.label}",
    )
    drawn = {"steps": [(name, text.replace("\n", " ")) for name, text, _ in steps], "channels": channels}
    return Drawing(figure, drawn=drawn)


def _chain(axes: Axes, boxes: list[tuple[str, str, float]], start: str, result: str, width: float) -> float:
    """Boxes between an input and a sum with that input; return where the last box ends."""
    y, gap, high = 2.9, 0.75, 2.4
    axes.text(0.9, y, start, ha="center", va="center", fontsize=10, style="italic")
    x = 1.5
    branch = (x + 0.45, y)
    for text, colour, wide in boxes:
        arrow(axes, (x, y), (x + gap + 0.35 * (x == 1.5), y))
        x += gap + 0.35 * (x == 1.5)
        box(axes, (x + wide / 2, y), (wide, high), text, colour)
        x += wide
    end, plus = x, x + 1.45
    arrow(axes, (x, y), (plus - 0.45, y))
    sign(axes, (plus, y), "+", 0.45)
    arrow(axes, branch, (branch[0], y + 2.2), (plus, y + 2.2), (plus, y + 0.45))
    axes.text((branch[0] + plus) / 2, y + 2.3, "identity", ha="center", va="bottom", fontsize=7.5)
    arrow(axes, (plus + 0.45, y), (plus + 1.3, y))
    axes.text(plus + 1.45, y, result, ha="left", va="center", fontsize=10, style="italic")
    axes.set_xlim(0, max(width, plus + 4.5))
    return end


def se_block(network: StressNetworkSettings, run: Run) -> Drawing:
    """Draw figure 6: from channels to one factor each, with the sizes of the network in use."""
    gate = printed_network(network).blocks[0].gate
    if gate is None:
        raise SettingsError("stress.networks.printed.se_reduction is 0: there is no block to draw")
    channels, reduced = gate.squeeze.kernel.mu.shape
    reduction = channels / reduced
    figure, axes = canvas(1.0, 0.34, 40.2, 11.9)
    low, high, product = 3.9, 9.9, 33.0
    right = _slices(axes, (1.4, low - 1.7), np.ones(len(_SHADES)), SKY)
    axes.text(3.6, low - 2.0, f"e\nH × W × {channels}", ha="center", va="top")
    arrow(axes, (right + 0.3, low), (product - 0.6, low))
    x = right + 2.0
    arrow(axes, (right + 0.9, low), (right + 0.9, high), (x, high))
    steps = [
        ("mean over\nH × W", MEAN, f"1 × {channels}", 4.2),
        (f"FC\nC → C/{reduction:g}", DENSE, f"1 × {reduced}", 4.2),
        ("ReLU", ACTIVATION, f"1 × {reduced}", 3.0),
        (f"FC\nC/{reduction:g} → C", DENSE, f"1 × {channels}", 4.2),
        ("sigmoid", ACTIVATION, f"1 × 1 × {channels}", 3.4),
    ]
    for text, colour, size, wide in steps:
        box(axes, (x + wide / 2, high), (wide, 2.8), text, colour)
        axes.text(x + wide / 2, high - 1.7, size, ha="center", va="top", fontsize=7)
        x += wide
        if text != "sigmoid":
            arrow(axes, (x, high), (x + 0.9, high))
            x += 0.9
    arrow(axes, (x, high), (product, high), (product, low + 0.6))
    for row, shade in enumerate(_SHADES):
        cell = Rectangle((product - 0.4, high - 1.9 - 0.6 * row), 0.8, 0.6, zorder=3)
        cell.set(facecolor=_mixed(GATE, shade), edgecolor=BLACK, linewidth=0.6)
        axes.add_patch(cell)
    axes.text(product - 0.8, high - 3.7, "G(e): one factor\nper channel", ha="right", va="center", fontsize=7)
    sign(axes, (product, low), "×", 0.6)
    arrow(axes, (product + 0.6, low), (product + 1.6, low))
    _slices(axes, (product + 1.9, low - 1.7), _SHADES, GATE)
    axes.text(product + 4.1, low - 2.0, f"G(e) × e\nH × W × {channels}", ha="center", va="top")
    foot_note(
        figure, f"FC: dense layer, C = {channels} channels; shades: factors of six of them; {run.label}"
    )
    sizes = {"channels": channels, "reduced": reduced}
    note = f"{channels} channels reduced to {reduced}"
    return Drawing(figure, {"reduction": Number.exact(reduction, note)}, sizes)


_SHADES = np.array([0.9, 0.3, 0.7, 0.1, 0.5, 1.0])  # factors of the channels that are drawn


def _mixed(colour: str, shade: float) -> tuple[float, float, float]:
    """Colour mixed with white."""
    red, green, blue = (1.0 - shade * (1.0 - part) for part in to_rgb(colour))
    return red, green, blue


def _slices(axes: Axes, corner: Point, shades: np.ndarray, colour: str) -> float:
    """Feature maps as slices, each as dark as its factor, the last in front; return where they end."""
    x, right = corner[0], corner[0]
    for shade in shades:
        right, _ = cuboid(axes, (x, corner[1]), (0.32, 3.4, 3.0), to_hex(_mixed(colour, shade)))
        x += 0.6
    return right
