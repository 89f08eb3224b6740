# SPDX-License-Identifier: GPL-3.0-or-later
# Strips at finite strain (Krokos et al. 2022, section 4.2): strips -> patches, and their figures.


include: "strip_files.smk"


rule simulate_strips:
    """Bend one batch of random strips, with and without pores."""
    output:
        store=update("results/{scale}/stress/strip/batches/{batch}.zarr.zip"),
    log:
        "logs/{scale}/simulate_strips/{batch}.log",
    benchmark:
        "results/{scale}/benchmarks/simulate_strips/{batch}.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(2000),
        runtime=grows(60),
    params:
        **call(
            "mesobayes.studies.stress.strip.data:simulate_strips",
            family=STRIPS.family,
            indices=batch_items(range(STRIPS.number), STRIPS.batch),
            mesh=STRIPS.mesh,
            solver=STRIPS.solver,
            pixels_per_unit=STRIPS.pixels_per_unit,
        ),
    message:
        "simulate_strips: batch {wildcards.batch} of the strips at finite strain"
    shell:
        RUN


rule measure_strip_noise:
    """Compare labels of strips with those of a refined mesh."""
    output:
        store=update("results/{scale}/stress/strip/label_noise.zarr.zip"),
    log:
        "logs/{scale}/measure_strip_noise.log",
    benchmark:
        "results/{scale}/benchmarks/measure_strip_noise.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(3000),
        runtime=grows(60),
    params:
        **call(
            "mesobayes.studies.stress.strip.label_noise:measure_strip_noise",
            family=STRIPS.family,
            mesh=STRIPS.mesh,
            solver=STRIPS.solver,
            pixels_per_unit=STRIPS.pixels_per_unit,
            pixels_per_radius=STRESS.pixels_per_radius,
            refinement=STRESS.label_noise.refinement,
            structures=STRESS.label_noise.structures,
            threshold=STRESS.selective.threshold,
        ),
    message:
        "measure_strip_noise: label noise of the strips at finite strain"
    shell:
        RUN


rule merge_strips:
    """Join the batches of strips and count those that reached their load."""
    input:
        batches=strip_batches(),
        noise="results/{scale}/stress/strip/label_noise.zarr.zip",
    output:
        store=update("results/{scale}/stress/strip/structures.zarr.zip"),
    log:
        "logs/{scale}/merge_strips.log",
    benchmark:
        "results/{scale}/benchmarks/merge_strips.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(strip_patches_mem_mb),
        runtime=grows(30),
    params:
        **call(
            "mesobayes.studies.stress.strip.merge:merge_strips",
            failed_share_max=STRIPS.failed_share_max,
        ),
    message:
        "merge_strips: all strips at finite strain"
    shell:
        RUN


rule cut_strip_patches:
    """Cut the strips into patches, split by structure."""
    input:
        structures="results/{scale}/stress/strip/structures.zarr.zip",
    output:
        store=update("results/{scale}/stress/strip/patches.zarr.zip"),
    log:
        "logs/{scale}/cut_strip_patches.log",
    benchmark:
        "results/{scale}/benchmarks/cut_strip_patches.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(strip_patches_mem_mb),
        runtime=grows(30),
    params:
        **call(
            "mesobayes.studies.stress.strip.patches:cut_strip_patches",
            pixels_per_radius=STRESS.pixels_per_radius,
            patches_per_structure=STRIPS.patches_per_structure,
            stress_unit=STRIPS.stress_unit,
            validation_structures=STRESS.validation_structures.strip,
        ),
    message:
        "cut_strip_patches: patches of the strips at finite strain"
    shell:
        RUN


rule simulate_figure_strip:
    """Bend the strip of figures 26, 27 and 30."""
    output:
        store=update("results/{scale}/stress/strip/figure.zarr.zip"),
    log:
        "logs/{scale}/simulate_figure_strip.log",
    benchmark:
        "results/{scale}/benchmarks/simulate_figure_strip.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(2000),
        runtime=grows(20),
    params:
        **call(
            "mesobayes.studies.stress.strip.data:simulate_figure_strip",
            family=STRIPS.family,
            figure=STRIPS.figure,
            mesh=STRIPS.mesh,
            solver=STRIPS.solver,
        ),
    message:
        "simulate_figure_strip: the strip of figures 26, 27 and 30"
    shell:
        RUN


# figure 26
TARGETS["nonlinear_geometry"] = draw(
    f"{STRESS_FIGURES}.strip",
    settings={"family": STRIPS.family, "strip": STRIPS.figure},
)
# figure 27
TARGETS["nonlinear_deformed"] = draw(
    f"{STRESS_FIGURES}.strip",
    settings={"strip": STRIPS.figure},
    structure=f"{STRIP_FOLDER}/figure.zarr.zip",
)
# figure 30
TARGETS["nonlinear_vs_linear_fe"] = draw(
    f"{STRESS_FIGURES}.strip",
    structure=f"{STRIP_FOLDER}/figure.zarr.zip",
    structures=f"{STRIP_FOLDER}/structures.zarr.zip",
)
