# SPDX-License-Identifier: GPL-3.0-or-later
# Stress in porous plates (Krokos et al. 2022): structures -> patches -> fits -> learning curves.


wildcard_constraints:
    scale=SCALE,
    family="ellipse1|ellipse3",
    batch=r"\d+",
    network="printed|modern",
    acquisition="initial|random|max_variance|relative_spread|oracle",
    repeat=r"\d+",
    query=r"\d+",


rule simulate_structures:
    """Solve one batch of random plates, with and without pores."""
    output:
        "results/{scale}/stress/{family}/batches/{batch}.zarr.zip",
    log:
        "logs/{scale}/simulate_structures/{family}_{batch}.log",
    benchmark:
        "results/{scale}/benchmarks/simulate_structures/{family}_{batch}.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        **by_wildcard("family", "family", STRESS.families),
        **flat("mesh", STRESS.mesh),
        code=code_hash("mesobayes.jobs.simulate_structures"),
        indices=batch_indices,
        pixels_per_radius=STRESS.pixels_per_radius,
        scale=SCALE,
        seed=SEED,
    message:
        "simulate_structures: structures {params.indices} of {wildcards.family}"
    script:
        "../scripts/simulate_structures.py"


rule measure_label_noise:
    """Compare labels with those of a refined mesh."""
    output:
        "results/{scale}/stress/{family}/label_noise.zarr.zip",
    log:
        "logs/{scale}/measure_label_noise/{family}.log",
    benchmark:
        "results/{scale}/benchmarks/measure_label_noise/{family}.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=60,
    params:
        **by_wildcard("family", "family", STRESS.families),
        **flat("mesh", STRESS.mesh),
        code=code_hash("mesobayes.jobs.measure_label_noise"),
        pixels_per_radius=STRESS.pixels_per_radius,
        refinement=STRESS.label_noise.refinement,
        scale=SCALE,
        seed=SEED,
        structures=STRESS.label_noise.structures,
    message:
        "measure_label_noise: label noise of {wildcards.family} on {params.structures} structures"
    script:
        "../scripts/measure_label_noise.py"


rule merge_structures:
    """Join the batches of a family and store the label noise with them."""
    input:
        batches=structure_batches,
        label_noise="results/{scale}/stress/{family}/label_noise.zarr.zip",
    output:
        "results/{scale}/stress/{family}/structures.zarr.zip",
    log:
        "logs/{scale}/merge_structures/{family}.log",
    benchmark:
        "results/{scale}/benchmarks/merge_structures/{family}.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        mem_mb=patches_mem_mb,
        runtime=30,
    params:
        code=code_hash("mesobayes.jobs.merge_structures"),
        failed_share_max=STRESS.structures.failed_share_max,
        scale=SCALE,
        seed=SEED,
    message:
        "merge_structures: all structures of {wildcards.family}"
    script:
        "../scripts/merge_structures.py"


rule cut_patches:
    """Cut the structures of a family into patches, split by structure."""
    input:
        "results/{scale}/stress/{family}/structures.zarr.zip",
    output:
        "results/{scale}/stress/{family}/patches.zarr.zip",
    log:
        "logs/{scale}/cut_patches/{family}.log",
    benchmark:
        "results/{scale}/benchmarks/cut_patches/{family}.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        mem_mb=patches_mem_mb,
        runtime=30,
    params:
        code=code_hash("mesobayes.jobs.cut_patches"),
        pixels_per_radius=STRESS.pixels_per_radius,
        scale=SCALE,
        seed=SEED,
        validation_structures=STRESS.validation_structures,
    message:
        "cut_patches: patches of {wildcards.family}"
    script:
        "../scripts/cut_patches.py"


rule fit_selective:
    """Label, fit and evaluate one query of one selective-learning chain."""
    input:
        patches=PATCHES,
        previous=previous_fit,
    output:
        "results/{scale}/stress/selective/{network}/{acquisition}/repeat{repeat}/query{query}.zarr.zip",
    log:
        "logs/{scale}/fit_selective/{network}_{acquisition}_repeat{repeat}_query{query}.log",
    benchmark:
        "results/{scale}/benchmarks/fit_selective/{network}_{acquisition}_repeat{repeat}_query{query}.tsv"
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=patches_mem_mb,
        runtime=240,
    params:
        **by_wildcard("fit", "network", STRESS.fits),
        **by_wildcard("network", "network", STRESS.networks),
        # survives an interruption, because it is no output that Snakemake would delete
        checkpoint="results/{scale}/checkpoints/selective/{network}_{acquisition}_repeat{repeat}_query{query}.npz",
        code=code_hash("mesobayes.jobs.fit_selective"),
        chain_draws=CHAIN.draws,
        chain_initial=CHAIN.initial,
        chain_pool=CHAIN.pool,
        chain_queries=CHAIN.queries,
        chain_query_rate=CHAIN.query_rate,
        chain_validation=CHAIN.validation,
        network_roi=ROI_RADII * STRESS.pixels_per_radius,
        scale=SCALE,
        seed=SEED,
    message:
        "fit_selective: {wildcards.network}, {wildcards.acquisition}, repeat {wildcards.repeat}, query {wildcards.query}"
    script:
        "../scripts/fit_selective.py"


rule collect_selective:
    """Put the scores of all chains beside the baseline and the ceiling."""
    input:
        fits=all_fits,
        patches=PATCHES,
    output:
        "results/{scale}/stress/selective/curves.zarr.zip",
    log:
        "logs/{scale}/collect_selective.log",
    benchmark:
        "results/{scale}/benchmarks/collect_selective.tsv"
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=patches_mem_mb,
        runtime=30,
    params:
        code=code_hash("mesobayes.jobs.collect_selective"),
        scale=SCALE,
        seed=SEED,
    message:
        "collect_selective: learning curves of all chains"
    script:
        "../scripts/collect_selective.py"


FIGURES["selective_learning"] = {
    "input": {"curves": f"{RESULTS}/stress/selective/curves.zarr.zip"},
    "params": {
        "code": code_hash("mesobayes.jobs.fig_selective_learning"),
        "scale": SCALE,
        "seed": SEED,
    },
    "conda": "../../envs/figures.yaml",
}
