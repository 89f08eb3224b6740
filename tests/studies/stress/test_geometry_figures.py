# SPDX-License-Identifier: GPL-3.0-or-later
"""Schematics and pictures of plates: every figure draws, and shows what the code does."""

from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pytest
from flax import nnx
from matplotlib.collections import LineCollection
from matplotlib.colors import same_color, to_rgba
from matplotlib.patches import Ellipse as EllipsePatch

from mesobayes.drawing.registry import read_registry
from mesobayes.drawing.style import drawing_style
from mesobayes.fem.plate.meshing import mesh_plate
from mesobayes.fem.plate.settings import MeshSettings
from mesobayes.geometry import PlateFamily
from mesobayes.images.patches import PatchGeometry, cut_windows, patch_origins
from mesobayes.images.raster import pixel_centres
from mesobayes.images.stitching import stitch_rois
from mesobayes.images.tensor import principal_stresses
from mesobayes.nets.build import build_network
from mesobayes.nets.settings import StressNetworkSettings
from mesobayes.record.provenance import Run
from mesobayes.studies.stress.data import simulate_batch
from mesobayes.studies.stress.figures import blocks, fields, network, overview, structures, weights, windows
from mesobayes.studies.stress.figures.choice import telling_patch
from mesobayes.studies.stress.figures.parts import MACRO, PORE
from mesobayes.studies.stress.patches import patches_of_structure
from mesobayes.studies.stress.plates import draw_structure, stored_plate

RUN = Run("stress", "small", "seed")
FAMILY = PlateFamily("three", 50.0, 5.0, n_ellipses=2, semi_axis_max=6.0, n_pores_min=20, n_pores_max=30)
MESH = MeshSettings(3.0, 1.5)
GEOMETRY = PatchGeometry(2)
PRINTED = StressNetworkSettings("printed", width=0.125)
SLUGS = (
    *("method_overview", "porous_structure_patch", "patch_extraction", "cnn_input_output"),
    *("residual_block_generic", "se_block", "residual_se_block", "stressnet_architecture", "nn_vs_bnn"),
    *("patch_roi_sketch", "buffer_zone", "examples_1ellipse", "full_image_tiling", "examples_3ellipses"),
)


@pytest.fixture(scope="module")
def batch():
    return simulate_batch(FAMILY, [0], "seed", MESH, 2)


@pytest.fixture(scope="module")
def drawings(batch):
    """Every figure of this module, drawn once."""
    calls = {
        "method_overview": lambda: overview.method_overview(batch, RUN),
        "porous_structure_patch": lambda: structures.porous_structure_patch(FAMILY, 2, RUN),
        "patch_extraction": lambda: structures.patch_extraction(FAMILY, 2, RUN),
        "cnn_input_output": lambda: fields.cnn_input_output(batch, 0.1, RUN),
        "residual_block_generic": lambda: blocks.residual_block_generic(),
        "se_block": lambda: blocks.se_block(PRINTED, RUN),
        "residual_se_block": lambda: blocks.residual_se_block(PRINTED, RUN),
        "stressnet_architecture": lambda: network.stressnet_architecture(PRINTED, 4, RUN),
        "nn_vs_bnn": lambda: weights.nn_vs_bnn(),
        "patch_roi_sketch": lambda: windows.patch_roi_sketch(4, RUN),
        "buffer_zone": lambda: windows.buffer_zone(FAMILY, MESH, RUN),
        "examples_1ellipse": lambda: structures.examples_1ellipse(replace(FAMILY, n_ellipses=1), RUN),
        "full_image_tiling": lambda: structures.full_image_tiling(FAMILY, 2, RUN),
        "examples_3ellipses": lambda: structures.examples_3ellipses(FAMILY, RUN),
    }
    with drawing_style():
        return {slug: calls[slug]() for slug in SLUGS}


@pytest.mark.parametrize("slug", SLUGS)
def test_a_figure_fills_its_panels_and_has_a_number_for_every_printed_value(slug, drawings):
    registry = read_registry(Path(__file__).parents[3] / "workflow" / "figures.yaml")
    drawing = drawings[slug]
    assert set(drawing.numbers) == {value.key for value in registry[slug].printed}
    for axes in drawing.figure.axes:
        assert axes.has_data() or axes.patches or axes.texts or axes.images
    assert drawing.drawn


def holes_on(axes, colour):
    """Centre, axes and angle of the ellipses of one colour on a panel."""
    return [
        (*patch.get_center(), patch.get_width() / 2, patch.get_height() / 2, patch.get_angle())
        for patch in axes.patches
        if isinstance(patch, EllipsePatch) and same_color(patch.get_facecolor(), to_rgba(colour))
    ]


def test_the_gallery_shows_the_holes_of_the_first_nine_structures_where_they_are(drawings):
    for number, axes in enumerate(drawings["examples_3ellipses"].figure.axes):
        plate, _ = draw_structure(FAMILY, "seed", number)
        assert holes_on(axes, MACRO) == [hole.parameters for hole in plate.ellipses]
        assert holes_on(axes, PORE) == [hole.parameters for hole in plate.pores]
    assert number == 8
    assert all(len(holes_on(axes, MACRO)) == 1 for axes in drawings["examples_1ellipse"].figure.axes)


def test_a_stored_structure_gives_back_its_plate(batch):
    assert stored_plate(batch.isel(structure=0)) == draw_structure(FAMILY, "seed", 0)[0]


def test_the_patches_beside_the_plate_are_the_pixels_inside_the_marked_windows(drawings):
    drawing = drawings["patch_extraction"]
    plate, _ = draw_structure(FAMILY, "seed", 0)
    centres = pixel_centres(plate.side, 2)
    for (row, column), axes in zip(drawing.drawn["origins"], drawing.figure.axes[1:], strict=True):
        shown = axes.images[0].get_array()
        x, y = np.meshgrid(centres[column : column + 36], centres[row : row + 36])
        np.testing.assert_array_equal(shown, plate.solid(x, y))
    covered = np.zeros((100, 100))
    for row, column in drawing.drawn["origins"]:
        covered[row : row + 36, column : column + 36] += 1
    assert covered.max() == 1


def test_the_windows_of_figure_16_tile_the_central_square_once(drawings):
    origins = drawings["full_image_tiling"].drawn["origins"]
    assert drawings["full_image_tiling"].drawn["stride_px"] == GEOMETRY.roi
    ones = np.ones((len(origins), GEOMETRY.roi, GEOMETRY.roi))
    assert ones.sum() == np.nansum(stitch_rois(ones, origins, (100, 100), GEOMETRY)) == 80**2
    np.testing.assert_array_equal(origins[0] + GEOMETRY.patch, [100, 100])


def test_the_input_and_the_output_are_those_of_a_patch_of_the_training_set(batch, drawings):
    drawing = drawings["cnn_input_output"]
    patches = patches_of_structure(batch.isel(structure=0), GEOMETRY)
    patch = patches.isel(patch=drawing.drawn["patch"])
    shown = [axes.images[0].get_array() for axes in drawing.figure.axes if axes.images][:5]
    for channel, image in enumerate(shown[:4]):
        np.testing.assert_array_equal(image, patch["input"][..., channel])
    largest, smallest = principal_stresses(patch["input"].values[..., :3], axis=-1)
    scale = np.maximum(np.abs(largest) + np.abs(smallest), 0.1)
    solid = patch["input"].values[..., 3] == 1
    np.testing.assert_allclose(shown[4][solid], (patch["target"].values / scale)[solid], rtol=1e-5)
    assert np.ma.getmaskarray(shown[4])[~solid].all()


def test_the_patch_of_figure_4_has_pores_in_its_region_of_interest(batch):
    patches = patches_of_structure(batch.isel(structure=0), GEOMETRY)
    roi = GEOMETRY.roi_slice()
    inputs = patches["input"].values[telling_patch(patches, GEOMETRY), roi, roi]
    assert np.any((inputs[..., 3] == 0) & inputs[..., :3].any(axis=-1))


def test_the_region_of_interest_of_figure_1_is_where_its_frame_stands(batch, drawings):
    drawing = drawings["method_overview"]
    macro, micro, *window, pores, roi = (image.get_array() for image in drawing.figure.axes[0].images)
    origin = np.array(drawing.drawn["origin"])[None]
    assert origin[0].tolist() in patch_origins((100, 100), GEOMETRY, stride=GEOMETRY.roi).tolist()
    np.testing.assert_array_equal(window[0], cut_windows(macro, origin, 36)[0])
    np.testing.assert_array_equal(pores, cut_windows(batch["geometry"].values[0], origin, 36)[0])
    np.testing.assert_array_equal(roi, cut_windows(micro, origin, 16, GEOMETRY.margin)[0])
    solid = batch["geometry"].values[0] == 1
    np.testing.assert_allclose(micro[solid], batch["micro_tresca"].values[0][solid], rtol=1e-4, atol=1e-6)


def test_sizes_are_those_of_the_patch_and_kirsch_gives_1_0371(drawings):
    numbers = {key: number.value for key, number in drawings["patch_roi_sketch"].numbers.items()}
    sizes = {"patch_R": 18, "roi_R": 8, "interaction_R": 3, "feature_R": 2, "R_px": 4}
    assert numbers == {**sizes, "Kirsch_ratio_at_4R": pytest.approx(1 + 1 / 32 + 3 / 512)}
    assert windows.kirsch_ratio(1.0) == 3.0


def test_the_mesh_on_the_figure_is_that_of_the_plate(drawings):
    made = mesh_plate(draw_structure(FAMILY, "seed", 0)[0], True, MESH)
    drawing = drawings["buffer_zone"]
    assert drawing.drawn["cells"] == len(made.cells)
    lines = [c for c in drawing.figure.axes[1].collections if isinstance(c, LineCollection)]
    edges = len(lines[0].get_segments())
    holes = len(made.holes)
    vertices = len(np.unique(made.cells[:, :3]))
    assert vertices - edges + len(made.cells) == 1 - holes  # Euler's formula for a square with holes


def test_the_layers_drawn_are_those_of_the_network(drawings):
    drawn = drawings["stressnet_architecture"].drawn["layers"]
    assert [layer["kind"] for layer in drawn].count("residual") == PRINTED.blocks
    built = build_network(PRINTED, 0)
    parameters = jax.tree.leaves(nnx.state(built, nnx.Param))
    assert sum(layer["weights"] for layer in drawn) == sum(p.size for p in parameters) - 1  # and the noise
    assert (drawn[0]["edge"], drawn[-1]["edge"], drawn[-2]["channels"]) == (72, 72, 4)
    numbers = drawings["stressnet_architecture"].numbers
    assert (numbers["input"].value, numbers["output"].value) == ("72x72x4", "72x72")


@pytest.mark.parametrize(
    "changes",
    [{"blocks": 3}, {"strides": (2, 2, 2)}, {"strides": (1, 1, 2)}, {"width": 0.25}, {"norm": "none"}],
)
def test_another_network_gives_another_drawing(changes, drawings):
    other = replace(PRINTED, **changes)
    with drawing_style():
        drawn = network.stressnet_architecture(other, 4, RUN).drawn["layers"]
    assert drawn != drawings["stressnet_architecture"].drawn["layers"]
    assert [layer["kind"] for layer in drawn].count("residual") == other.blocks
    assert min(layer["edge"] for layer in drawn) == 72 // np.prod(other.strides)
    assert drawn[-1]["edge"] == 72
    kernels = [layer["kernel"] for layer in drawn]
    assert kernels == [9, *[3] * (len(drawn) - 2), 9]


def test_a_bayesian_network_has_as_many_weights_on_the_figure_as_its_point_network(drawings):
    with drawing_style():
        drawn = network.stressnet_architecture(replace(PRINTED, estimator="shared"), 4, RUN).drawn
    assert drawn == drawings["stressnet_architecture"].drawn


def test_another_architecture_is_refused():
    with pytest.raises(TypeError, match="printed network, not 'modern'"):
        network.stressnet_architecture(StressNetworkSettings("modern"), 4, RUN)


def test_the_steps_of_the_residual_block_add_up_to_the_block():
    block = build_network(PRINTED, 3).blocks[0]
    x = jax.random.normal(jax.random.key(0), (2, 6, 6, 16))
    y = x
    for name in dict.fromkeys(name for name, _, _ in blocks.block_steps(block)):
        part = getattr(block, name)
        y = part(y, None) if name == "gate" else part(y, None, False)
    np.testing.assert_allclose(x + y, block(x, None, False), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("norm", "expected"), [("batch", "BN"), ("group", "GN"), ("none", None)])
def test_the_residual_block_names_its_normalisation(norm, expected):
    with drawing_style():
        steps = blocks.residual_se_block(replace(PRINTED, norm=norm), RUN).drawn["steps"]
    names = [text for _, text in steps]
    assert names.count("ReLU") == 2
    assert [name for name in names if name in ("BN", "GN")] == ([expected] * 2 if expected else [])
    assert names[-1] == "SE"


def test_a_network_without_squeeze_and_excitation_has_none_on_its_block():
    with drawing_style():
        drawing = blocks.residual_se_block(replace(PRINTED, se_reduction=0), RUN)
    assert [text for _, text in drawing.drawn["steps"]][-1] == "ReLU"
    assert "SE" not in drawing.figure.get_supxlabel()


@pytest.mark.parametrize(("width", "se_reduction"), [(0.125, 16), (1.0, 16), (1.0, 8)])
def test_the_reduction_is_that_of_the_gate_in_use(width, se_reduction):
    with drawing_style():
        drawing = blocks.se_block(replace(PRINTED, width=width, se_reduction=se_reduction), RUN)
    assert drawing.numbers["reduction"].value == se_reduction
    assert drawing.drawn == {"channels": 128 * width, "reduced": 128 * width / se_reduction}


def test_only_the_weights_of_the_bayesian_network_are_spread():
    (fixed, none), (means, spreads) = (weights.small_weights(kind) for kind in ("none", "shared"))
    for a, b, zero, spread in zip(fixed, means, none, spreads, strict=True):
        np.testing.assert_array_equal(a, b)
        assert not zero.any()
        assert (spread > 0).all()
