# SPDX-License-Identifier: GPL-3.0-or-later
# Permeability of two-phase cells (Aldakheel et al. 2023): cells -> fits -> figures, a user's own image.


include: "permeability_files.smk"
include: "permeability_mechanics.smk"


wildcard_constraints:
    cells="mono|poly|overlap|spheres",
    fit="|".join(FITS),
    name=r"[^/]+",


rule generate_cells:
    """Draw one batch of periodic cells and compute their permeability."""
    output:
        store=update("results/{scale}/permeability/{cells}/batches/{batch}.zarr.zip"),
    log:
        "logs/{scale}/generate_cells/{cells}_{batch}.log",
    benchmark:
        "results/{scale}/benchmarks/generate_cells/{cells}_{batch}.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(3000),
        runtime=grows(60),
    params:
        **call(
            "mesobayes.studies.permeability.data:generate_cells",
            family=pick(PERMEABILITY.families, "cells"),
            indices=cells_of_batch,
            materials=PERMEABILITY.materials,
            tolerance=PERMEABILITY.tolerance,
            components=lambda wildcards: getattr(
                PERMEABILITY.cells, wildcards.cells
            ).components,
        ),
    message:
        "generate_cells: batch {wildcards.batch} of {wildcards.cells}"
    shell:
        RUN


rule merge_cells:
    """Join the batches of a family."""
    input:
        batches=cell_batches,
    output:
        store=update("results/{scale}/permeability/{cells}/cells.zarr.zip"),
    log:
        "logs/{scale}/merge_cells/{cells}.log",
    benchmark:
        "results/{scale}/benchmarks/merge_cells/{cells}.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(8000),
        runtime=grows(30),
    params:
        **call("mesobayes.studies.permeability.merge:merge_cells"),
    message:
        "merge_cells: all cells of {wildcards.cells}"
    shell:
        RUN


rule fit_permeability:
    """Fit one network to a family of cells and predict its test cells."""
    input:
        cells=cells_of_fit,
        start=start_of_fit,
    output:
        fit=update("results/{scale}/permeability/fits/{fit}.zarr.zip"),
        weights=update("results/{scale}/permeability/fits/{fit}.weights.zarr.zip"),
    log:
        "logs/{scale}/fit_permeability/{fit}.log",
    benchmark:
        "results/{scale}/benchmarks/fit_permeability/{fit}.tsv"
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(4000),
        runtime=grows(600),
    params:
        **call(
            "mesobayes.studies.permeability.fit:fit_permeability",
            name=wildcard("fit"),
            network=lambda wildcards: PERMEABILITY.network_of(wildcards.fit),
            settings=lambda wildcards: PERMEABILITY.fit_of(wildcards.fit),
            split=PERMEABILITY.split,
            prediction=PERMEABILITY.prediction,
        ),
    message:
        "fit_permeability: {wildcards.fit}"
    shell:
        RUN


rule time_permeability:
    """Time finite elements and networks on the same images."""
    input:
        cells=cells_store("mono"),
        printed=permeability_weights("mono_printed"),
        modern=permeability_weights("mono_modern"),
    output:
        store=update("results/{scale}/permeability/timing.zarr.zip"),
    log:
        "logs/{scale}/time_permeability.log",
    benchmark:
        "results/{scale}/benchmarks/time_permeability.tsv"
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(4000),
        runtime=grows(30),
    params:
        **call(
            "mesobayes.studies.permeability.timing:time_permeability",
            settings=PERMEABILITY.timing,
            materials=PERMEABILITY.materials,
            tolerance=PERMEABILITY.tolerance,
        ),
    message:
        f"time_permeability: {PERMEABILITY.timing.images} images"
    shell:
        RUN


rule predict_image:
    """Predict the permeability of a user's own image, with its interval."""
    input:
        image=image_to_predict,
        square=models_of_images("mono", "mono_bayes", "overlap"),
        volume=models_of_images("spheres", "spheres_modern", "spheres"),
    output:
        prediction="results/predict/{name}.json",
    log:
        f"{LOGS}/predict_image/{{name}}.log",
    benchmark:
        f"{BENCHMARKS}/predict_image/{{name}}.tsv"
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(4000),
        runtime=grows(30),
    params:
        **call(
            "mesobayes.studies.permeability.user_image:predict_image",
            settings=PERMEABILITY.own,
            draws=PERMEABILITY.prediction.draws,
            image_hash=hash_of_image,
            square_family=PERMEABILITY.families.mono,
            volume_family=PERMEABILITY.families.spheres,
            materials=PERMEABILITY.materials,
            mechanics=PERMEABILITY.mechanics,
        ),
    message:
        "predict_image: {input.image}"
    shell:
        RUN


for slug in ("convolution_gray", "convolution_rgb", "pooling", "mlp"):
    TARGETS[slug] = draw(f"{PERMEABILITY_FIGURES}.operations")
TARGETS["magneto_workflow"] = draw(
    f"{PERMEABILITY_FIGURES}.workflow",
    settings={"materials": PERMEABILITY.materials},
    cells=cells_store("mono"),
)
for slug in (
    "microstructure_families",
    "sample_size_distributions",
    "microstructures_3d",
):
    TARGETS[slug] = draw(
        f"{PERMEABILITY_FIGURES}.cells",
        settings={
            "families": PERMEABILITY.families,
            "gallery": PERMEABILITY.gallery,
        },
    )
TARGETS["permeability_cnn"] = draw(
    f"{PERMEABILITY_FIGURES}.network",
    settings={"network": PERMEABILITY.network_of("mono_printed")},
)
TARGETS["feature_maps"] = draw(
    f"{PERMEABILITY_FIGURES}.network",
    cells=cells_store("mono"),
    weights=permeability_weights("mono_printed"),
)
TARGETS["permeability_mono"] = draw(
    f"{PERMEABILITY_FIGURES}.learning",
    cells=cells_store("mono"),
    **permeability_fits(
        printed="mono_printed",
        modern="mono_modern",
        bayes="mono_bayes",
        contacts="mono_contacts",
    ),
)
TARGETS["transfer_poly"] = draw(
    f"{PERMEABILITY_FIGURES}.learning",
    cells=cells_store("poly"),
    **permeability_fits(
        scratch="poly_scratch",
        transfer="poly_transfer",
        modern_scratch="poly_modern_scratch",
        modern_transfer="poly_modern_transfer",
        contacts="poly_contacts",
    ),
)
TARGETS["transfer_overlap"] = draw(
    f"{PERMEABILITY_FIGURES}.learning",
    cells=cells_store("overlap"),
    **permeability_fits(
        scratch="overlap_scratch",
        transfer="overlap_transfer",
        modern_scratch="overlap_modern_scratch",
        modern_transfer="overlap_modern_transfer",
        stopped="overlap_stopped",
    ),
)
TARGETS["permeability_3d"] = draw(
    f"{PERMEABILITY_FIGURES}.learning",
    cells=cells_store("spheres"),
    **permeability_fits(
        printed="spheres_printed", modern="spheres_modern", contacts="spheres_contacts"
    ),
)
TARGETS["magnetic_materials"] = draw(
    f"{PERMEABILITY_FIGURES}.tables", settings={"materials": PERMEABILITY.materials}
)
TARGETS["permeability_mono_metrics"] = draw(
    f"{PERMEABILITY_FIGURES}.tables",
    **permeability_fits(
        printed="mono_printed",
        modern="mono_modern",
        bayes="mono_bayes",
        contacts="mono_contacts",
    ),
)
TARGETS["permeability_timing"] = draw(
    f"{PERMEABILITY_FIGURES}.tables", timing=f"{PERMEABILITY_FOLDER}/timing.zarr.zip"
)
TARGETS["transfer_poly_metrics"] = draw(
    f"{PERMEABILITY_FIGURES}.tables",
    **permeability_fits(
        scratch="poly_scratch",
        transfer="poly_transfer",
        modern_scratch="poly_modern_scratch",
        modern_transfer="poly_modern_transfer",
        contacts="poly_contacts",
    ),
)
