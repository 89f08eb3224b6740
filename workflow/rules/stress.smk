# SPDX-License-Identifier: GPL-3.0-or-later
# Stress in porous plates (Krokos et al. 2022): structures -> patches -> fits -> learning curves.


include: "stress_files.smk"


wildcard_constraints:
    scale=SCALE,
    family="|".join(FAMILIES),
    batch=r"\d+",
    network="|".join(vars(STRESS.networks)),
    experiment="|".join(EXPERIMENTS),
    acquisition="initial|random|max_variance|predicted_maximum|batchbald|relative_spread|oracle",
    repeat=r"\d+",


rule simulate_structures:
    """Solve one batch of random plates, with and without pores."""
    output:
        store=update("results/{scale}/stress/{family}/batches/{batch}.zarr.zip"),
    log:
        "logs/{scale}/simulate_structures/{family}_{batch}.log",
    benchmark:
        "results/{scale}/benchmarks/simulate_structures/{family}_{batch}.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(2000),
        runtime=grows(60),
    params:
        **call(
            "mesobayes.studies.stress.data:simulate_structures",
            family=pick(STRESS.families, "family"),
            indices=structures_of_batch,
            mesh=STRESS.mesh,
            solver=STRESS.solver,
            pixels_per_radius=STRESS.pixels_per_radius,
        ),
    message:
        "simulate_structures: batch {wildcards.batch} of {wildcards.family}"
    shell:
        RUN


rule measure_label_noise:
    """Compare labels with those of a refined mesh."""
    output:
        store=update("results/{scale}/stress/{family}/label_noise.zarr.zip"),
    log:
        "logs/{scale}/measure_label_noise/{family}.log",
    benchmark:
        "results/{scale}/benchmarks/measure_label_noise/{family}.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(3000),
        runtime=grows(60),
    params:
        **call(
            "mesobayes.studies.stress.label_noise:measure_label_noise",
            family=pick(STRESS.families, "family"),
            mesh=STRESS.mesh,
            pixels_per_radius=STRESS.pixels_per_radius,
            refinement=STRESS.label_noise.refinement,
            structures=STRESS.label_noise.structures,
            threshold=STRESS.selective.threshold,
        ),
    message:
        "measure_label_noise: label noise of {wildcards.family}"
    shell:
        RUN


rule merge_structures:
    """Join the batches of a family and store the label noise with them."""
    input:
        batches=structure_batches,
        noise="results/{scale}/stress/{family}/label_noise.zarr.zip",
    output:
        store=update("results/{scale}/stress/{family}/structures.zarr.zip"),
    log:
        "logs/{scale}/merge_structures/{family}.log",
    benchmark:
        "results/{scale}/benchmarks/merge_structures/{family}.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(structures_mem_mb),
        runtime=grows(30),
    params:
        **call(
            "mesobayes.studies.stress.data:merge_structures",
            failed_share_max=STRESS.structures.failed_share_max,
        ),
    message:
        "merge_structures: all structures of {wildcards.family}"
    shell:
        RUN


rule cut_patches:
    """Cut the structures of a family into patches, split by structure."""
    input:
        structures="results/{scale}/stress/{family}/structures.zarr.zip",
    output:
        store=update("results/{scale}/stress/{family}/patches.zarr.zip"),
    log:
        "logs/{scale}/cut_patches/{family}.log",
    benchmark:
        "results/{scale}/benchmarks/cut_patches/{family}.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(structures_mem_mb),
        runtime=grows(30),
    params:
        **call(
            "mesobayes.studies.stress.patches:cut_patches",
            pixels_per_radius=STRESS.pixels_per_radius,
            validation_structures=validation_of_family,
        ),
    message:
        "cut_patches: patches of {wildcards.family}"
    shell:
        RUN


rule compute_channels:
    """Read pores and edges from the images, and what mechanics makes of them, for every patch of a family."""
    input:
        patches="results/{scale}/stress/{family}/patches.zarr.zip",
        structures="results/{scale}/stress/{family}/structures.zarr.zip",
    output:
        store=update("results/{scale}/stress/{family}/channels.zarr.zip"),
    log:
        "logs/{scale}/compute_channels/{family}.log",
    benchmark:
        "results/{scale}/benchmarks/compute_channels/{family}.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(channels_mem_mb),
        runtime=grows(60),
    params:
        **call("mesobayes.studies.stress.mechanics.channels:compute_channels"),
    message:
        "compute_channels: nearest edges and mechanics of {wildcards.family}"
    shell:
        RUN


rule score_mechanics:
    """Score mechanics without labels: largest stresses of the patches of a family."""
    input:
        patches="results/{scale}/stress/{family}/patches.zarr.zip",
        structures="results/{scale}/stress/{family}/structures.zarr.zip",
        channels="results/{scale}/stress/{family}/channels.zarr.zip",
    output:
        store=update("results/{scale}/stress/{family}/mechanics.zarr.zip"),
    log:
        "logs/{scale}/score_mechanics/{family}.log",
    benchmark:
        "results/{scale}/benchmarks/score_mechanics/{family}.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(channels_mem_mb),
        runtime=grows(60),
    params:
        **call(
            "mesobayes.studies.stress.mechanics.scores:score_mechanics",
            settings=STRESS.mechanics,
            threshold=STRESS.selective.threshold,
        ),
    message:
        "score_mechanics: {wildcards.family} without labels"
    shell:
        RUN


rule fit_selective:
    """Label, fit and evaluate, query by query: one chain of selective learning."""
    input:
        patches=patches_of_experiment,
        channels=channels_of_experiment,
        first=first_fit,
    output:
        store=update(
            "results/{scale}/stress/{experiment}/{network}/{acquisition}/repeat{repeat}.zarr.zip"
        ),
        weights=update(
            "results/{scale}/stress/{experiment}/{network}/{acquisition}/repeat{repeat}.weights.zarr.zip"
        ),
    log:
        "logs/{scale}/fit_selective/{experiment}_{network}_{acquisition}_repeat{repeat}.log",
    benchmark:
        "results/{scale}/benchmarks/fit_selective/{experiment}_{network}_{acquisition}_repeat{repeat}.tsv"
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(patches_mem_mb),
        runtime=grows(chain_minutes),
    params:
        **call(
            "mesobayes.studies.stress.selective.chain:fit_selective",
            acquisition=wildcard("acquisition"),
            chain=chain_of_experiment,
            network=pick(STRESS.networks, "network"),
            repeat=wildcard("repeat", int),
            settings=fit_of_experiment,
        ),
    message:
        "fit_selective: {wildcards.experiment}, {wildcards.network}, {wildcards.acquisition}, repeat {wildcards.repeat}"
    shell:
        RUN


rule collect_selective:
    """Put the scores of all chains beside the baseline and the ceiling."""
    input:
        fits=selective_chains,
        patches=patches_of_experiment,
        mechanics=mechanics_of_experiment,
    output:
        store=update("results/{scale}/stress/{experiment}/curves.zarr.zip"),
    log:
        "logs/{scale}/collect_selective/{experiment}.log",
    benchmark:
        "results/{scale}/benchmarks/collect_selective/{experiment}.tsv"
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(patches_mem_mb),
        runtime=grows(30),
    params:
        **call(
            "mesobayes.studies.stress.selective.scores:collect_selective",
            threshold=threshold_of_experiment,
        ),
    message:
        "collect_selective: learning curves of {wildcards.experiment}"
    shell:
        RUN


TARGETS["selective_learning"] = draw(
    "mesobayes.studies.stress.figures.selective",
    curves=curves_of("selective"),
)
TARGETS["selective_learning_large"] = draw(
    "mesobayes.studies.stress.figures.selective",
    curves=curves_of("selective_large"),
)
TARGETS["selective_structures"] = draw(
    "mesobayes.studies.stress.figures.selective",
    settings={"structures": STRESS.structures.ellipse3},
    curves=curves_of("selective_structures"),
    solves=structure_times("ellipse3"),
)
TARGETS["query_rate"] = draw(
    "mesobayes.studies.stress.figures.query_rates",
    low=curves_of("rate_low"),
    middle=curves_of("rate_middle"),
    high=curves_of("rate_high"),
)
TARGETS["selective_learning_full"] = draw(
    "mesobayes.studies.stress.figures.query_rates",
    curves=curves_of("selective_full"),
)
