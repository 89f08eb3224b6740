# SPDX-License-Identifier: GPL-3.0-or-later
# Stress in porous plates: how each figure is drawn, by its number in the paper.

STRESS_FIGURES = "mesobayes.studies.stress.figures"
THREE_ELLIPSES = {
    "family": STRESS.families.ellipse3,
    "pixels_per_radius": STRESS.pixels_per_radius,
}
SOME_STRUCTURES = f"{STRESS_FOLDER}/ellipse3/batches/0000.zarr.zip"


# figure 1
TARGETS["method_overview"] = draw(
    f"{STRESS_FIGURES}.overview",
    structures=SOME_STRUCTURES,
)
# figure 2
TARGETS["porous_structure_patch"] = draw(
    f"{STRESS_FIGURES}.structures", settings=THREE_ELLIPSES
)
# figure 3
TARGETS["patch_extraction"] = draw(
    f"{STRESS_FIGURES}.structures", settings=THREE_ELLIPSES
)
# figure 4
TARGETS["cnn_input_output"] = draw(
    f"{STRESS_FIGURES}.fields",
    settings={"scale_floor": STRESS.networks.printed.scale_floor},
    structures=SOME_STRUCTURES,
)
# figure 5
TARGETS["residual_block_generic"] = draw(f"{STRESS_FIGURES}.blocks")
# figure 6
TARGETS["se_block"] = draw(
    f"{STRESS_FIGURES}.blocks", settings={"network": STRESS.networks.printed}
)
# figure 7
TARGETS["residual_se_block"] = draw(
    f"{STRESS_FIGURES}.blocks", settings={"network": STRESS.networks.printed}
)
# figure 8
TARGETS["stressnet_architecture"] = draw(
    f"{STRESS_FIGURES}.network",
    settings={
        "network": STRESS.networks.printed,
        "pixels_per_radius": STRESS.pixels_per_radius,
    },
)
# figure 9
TARGETS["nn_vs_bnn"] = draw(f"{STRESS_FIGURES}.weights")
# figure 10
TARGETS["patch_roi_sketch"] = draw(
    f"{STRESS_FIGURES}.windows",
    settings={"pixels_per_radius": STRESS.pixels_per_radius},
)
# figure 11
TARGETS["buffer_zone"] = draw(
    f"{STRESS_FIGURES}.windows",
    settings={"family": STRESS.families.ellipse1, "mesh": STRESS.mesh},
)
# figure 12
TARGETS["examples_1ellipse"] = draw(
    f"{STRESS_FIGURES}.structures", settings={"family": STRESS.families.ellipse1}
)
# figure 16
TARGETS["full_image_tiling"] = draw(
    f"{STRESS_FIGURES}.structures", settings=THREE_ELLIPSES
)
# figure 18
TARGETS["examples_3ellipses"] = draw(
    f"{STRESS_FIGURES}.structures", settings={"family": STRESS.families.ellipse3}
)
