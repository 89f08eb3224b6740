# SPDX-License-Identifier: GPL-3.0-or-later
# Stress in porous plates: patches and whole structures to look at, and the figures that show fields.


include: "stress_pictures_files.smk"


wildcard_constraints:
    index=r"\d+",


rule show_patches:
    """Predict a few whole patches, chosen at random by what they show."""
    input:
        weights="results/{scale}/stress/fits/{network}/{model}/repeat0.weights.zarr.zip",
        patches="results/{scale}/stress/{family}/patches.zarr.zip",
        prediction="results/{scale}/stress/predictions/{network}/{model}/{family}/repeat0.zarr.zip",
    output:
        store=update("results/{scale}/stress/shown/{network}/{model}/{family}.zarr.zip"),
    log:
        "logs/{scale}/show_patches/{network}_{model}_{family}.log",
    benchmark:
        "results/{scale}/benchmarks/show_patches/{network}_{model}_{family}.tsv"
    wildcard_constraints:
        family="|".join((*FAMILIES, "strip")),
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(patches_mem_mb),
        runtime=grows(30),
    params:
        **call(
            "mesobayes.studies.stress.models.show:show_patches",
            model=pick(STRESS.models, "model"),
            each=4,
            precision=precision_of_network,
        ),
    message:
        "show_patches: {wildcards.family} by {wildcards.network}, {wildcards.model}"
    shell:
        RUN


rule stitch_structure:
    """Put the prediction of a whole held-out structure together from its windows."""
    input:
        fit="results/{scale}/stress/fits/{network}/{model}/repeat0.zarr.zip",
        weights="results/{scale}/stress/fits/{network}/{model}/repeat0.weights.zarr.zip",
        structures="results/{scale}/stress/{family}/structures.zarr.zip",
        patches="results/{scale}/stress/{family}/patches.zarr.zip",
    output:
        store=update(
            "results/{scale}/stress/stitched/{network}/{model}/{family}_{index}.zarr.zip"
        ),
    log:
        "logs/{scale}/stitch_structure/{network}_{model}_{family}_{index}.log",
    benchmark:
        "results/{scale}/benchmarks/stitch_structure/{network}_{model}_{family}_{index}.tsv"
    wildcard_constraints:
        family="|".join((*FAMILIES, "strip")),
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(patches_mem_mb),
        runtime=grows(30),
    params:
        **call(
            "mesobayes.studies.stress.models.stitch:stitch_structure",
            model=pick(STRESS.models, "model"),
            index=wildcard("index", int),
            draws=STRESS.predictions.draws,
            precision=precision_of_network,
        ),
    message:
        "stitch_structure: {wildcards.family} {wildcards.index} by {wildcards.network}, {wildcards.model}"
    shell:
        RUN


TARGETS["patches_1ellipse"] = draw(
    f"{STRESS_FIGURES}.patches",
    predictions=predictions("ellipse1_full"),
    shown=shown("ellipse1_full"),
)
TARGETS["full_structure_1ellipse"] = draw(
    f"{STRESS_FIGURES}.whole_structures",
    predictions=predictions("ellipse1_full"),
    stitched=stitched("ellipse1_full"),
)
TARGETS["train_size_example"] = draw(
    f"{STRESS_FIGURES}.comparisons",
    predictions_part=predictions("ellipse1_part"),
    predictions_full=predictions("ellipse1_full"),
)
TARGETS["rotation_example"] = draw(
    f"{STRESS_FIGURES}.comparisons",
    settings={"pixels_per_radius": STRESS.pixels_per_radius},
    predictions0=predictions("rotations0"),
    predictions6=predictions("rotations6"),
    predictions12=predictions("rotations12"),
    structures=f"{STRESS_FOLDER}/ellipse3/structures.zarr.zip",
)
TARGETS["patches_rot6"] = draw(
    f"{STRESS_FIGURES}.patches",
    predictions=predictions("rotations6"),
    shown=shown("rotations6"),
)
TARGETS["overlap_consistency"] = draw(
    f"{STRESS_FIGURES}.whole_structures",
    predictions=predictions("rotations6"),
    stitched=stitched("rotations6"),
)
TARGETS["bnn_roi_examples"] = draw(
    f"{STRESS_FIGURES}.uncertain_patches",
    predictions=predictions("bayes_learned"),
)
TARGETS["patches_nonlinear"] = draw(
    f"{STRESS_FIGURES}.patches",
    predictions=predictions("strip"),
    shown=shown("strip"),
)
TARGETS["full_structure_nonlinear_1"] = draw(
    f"{STRESS_FIGURES}.whole_structures",
    predictions=predictions("strip"),
    stitched=stitched("strip"),
)
TARGETS["full_structure_nonlinear_2"] = draw(
    f"{STRESS_FIGURES}.whole_structures",
    predictions=predictions("strip"),
    stitched=stitched("strip", 1),
)
TARGETS["ood_roi_examples"] = draw(
    f"{STRESS_FIGURES}.uncertain_patches",
    predictions=predictions("bayes_full"),
    predictions_ood=predictions("bayes_full", "ellipse3_ood"),
)
TARGETS["homogenisation_varying_patch"] = draw(
    f"{STRESS_FIGURES}.homogenisation",
    predictions_full=predictions("ellipse3_full"),
    predictions_average=predictions("average_input"),
    shown_full=shown("ellipse3_full"),
    shown_average=shown("average_input"),
)
TARGETS["homogenisation_constant_patch"] = draw(
    f"{STRESS_FIGURES}.homogenisation",
    predictions_full=predictions("ellipse3_full"),
    predictions_average=predictions("average_input"),
    shown_full=shown("ellipse3_full"),
    shown_average=shown("average_input"),
)
