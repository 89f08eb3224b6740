# SPDX-License-Identifier: GPL-3.0-or-later
# Permeability of two-phase cells (Aldakheel et al. 2023): cells -> fits -> scores, figures, a user's own image.


wildcard_constraints:
    cells="mono|poly|overlap|spheres",
    fit="|".join(PERMEABILITY_FITS),
    name=r"[\w-]+",


rule generate_cells:
    """Draw one batch of periodic cells and compute their permeability."""
    output:
        "results/{scale}/permeability/{cells}/batches/{batch}.zarr.zip",
    log:
        "logs/{scale}/generate_cells/{cells}_{batch}.log",
    benchmark:
        "results/{scale}/benchmarks/generate_cells/{cells}_{batch}.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        mem_mb=3000,
        runtime=60,
    params:
        **by_wildcard("family", "cells", PERMEABILITY.families),
        code=code_hash("mesobayes.jobs.generate_cells"),
        components=lambda wildcards: components_of(wildcards.cells),
        inclusion=PERMEABILITY.inclusion,
        indices=cell_indices,
        matrix=PERMEABILITY.matrix,
        scale=SCALE,
        seed=SEED,
        side=lambda wildcards: getattr(PERMEABILITY.cells, wildcards.cells).side,
        tolerance=PERMEABILITY.tolerance,
    message:
        "generate_cells: batch {wildcards.batch} of {wildcards.cells}"
    script:
        "../scripts/generate_cells.py"


rule merge_cells:
    """Join the batches of a family."""
    input:
        cell_batches,
    output:
        "results/{scale}/permeability/{cells}/cells.zarr.zip",
    log:
        "logs/{scale}/merge_cells/{cells}.log",
    benchmark:
        "results/{scale}/benchmarks/merge_cells/{cells}.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        mem_mb=8000,
        runtime=30,
    params:
        code=code_hash("mesobayes.jobs.merge_cells"),
        scale=SCALE,
        seed=SEED,
    message:
        "merge_cells: all cells of {wildcards.cells}"
    script:
        "../scripts/merge_cells.py"


rule fit_permeability:
    """Fit one network to a family of cells and predict its test cells."""
    input:
        cells=cells_of_fit,
        start=start_of_fit,
    output:
        fit="results/{scale}/permeability/fits/{fit}.zarr.zip",
        network="results/{scale}/permeability/fits/{fit}.network.npz",
    log:
        "logs/{scale}/fit_permeability/{fit}.log",
    benchmark:
        "results/{scale}/benchmarks/fit_permeability/{fit}.tsv"
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=600,
    params:
        **by_fit("network", PERMEABILITY.networks),
        **{
            key: value
            for key, value in by_fit("fit", PERMEABILITY.fits).items()
            if key != "fit_epochs"
        },
        checkpoint=lambda wildcards: f"results/{wildcards.scale}/checkpoints/permeability/{wildcards.fit}.npz",
        code=code_hash("mesobayes.jobs.fit_permeability"),
        draws=PERMEABILITY.draws,
        fit_epochs=epochs_of_fit,
        scale=SCALE,
        seed=SEED,
        test=PERMEABILITY.test,
        validation=PERMEABILITY.validation,
    message:
        "fit_permeability: {wildcards.fit}"
    script:
        "../scripts/fit_permeability.py"


rule time_permeability:
    """Time finite elements and networks on the same images."""
    input:
        cells=cells_store("mono"),
        printed=permeability_network("mono_printed"),
        modern=permeability_network("mono_modern"),
    output:
        "results/{scale}/permeability/timing.zarr.zip",
    log:
        "logs/{scale}/time_permeability.log",
    benchmark:
        "results/{scale}/benchmarks/time_permeability.tsv"
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        code=code_hash("mesobayes.jobs.time_permeability"),
        images=PERMEABILITY.timed_images,
        inclusion=PERMEABILITY.inclusion,
        matrix=PERMEABILITY.matrix,
        scale=SCALE,
        seed=SEED,
        tolerance=PERMEABILITY.tolerance,
    message:
        "time_permeability: {params.images} images"
    script:
        "../scripts/time_permeability.py"


rule predict_image:
    """Predict the permeability of a user's own image, with its interval."""
    input:
        image=image_to_predict,
        square=[
            permeability_network("mono_bayes"),
            permeability_fit("mono_bayes"),
        ],
        volume=[
            permeability_network("spheres_modern"),
            permeability_fit("spheres_modern"),
        ],
    output:
        "results/predict/{name}.json",
    log:
        f"{LOGS}/predict_image/{{name}}.log",
    benchmark:
        f"{BENCHMARKS}/predict_image/{{name}}.tsv"
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        code=code_hash("mesobayes.jobs.predict_image"),
        draws=PERMEABILITY.draws,
        pixels_max=PERMEABILITY.prediction_pixels_max,
        scale=SCALE,
        seed=SEED,
    message:
        "predict_image: {input.image}"
    script:
        "../scripts/predict_image.py"


PERMEABILITY_INPUTS = {
    "convolution_gray": {},
    "convolution_rgb": {},
    "pooling": {},
    "mlp": {},
    "magneto_workflow": {"cells": cells_store("mono")},
    "microstructure_families": {},
    "sample_size_distributions": {},
    "permeability_cnn": {},
    "feature_maps": {
        "cells": cells_store("mono"),
        "network": permeability_network("mono_printed"),
    },
    "permeability_mono": {
        "cells": cells_store("mono"),
        "printed": permeability_fit("mono_printed"),
        "modern": permeability_fit("mono_modern"),
        "bayes": permeability_fit("mono_bayes"),
    },
    "transfer_poly": {
        "cells": cells_store("poly"),
        "scratch": permeability_fit("poly_scratch"),
        "transfer": permeability_fit("poly_transfer"),
        "modern_scratch": permeability_fit("poly_modern_scratch"),
        "modern_transfer": permeability_fit("poly_modern_transfer"),
    },
    "transfer_overlap": {
        "cells": cells_store("overlap"),
        "scratch": permeability_fit("overlap_scratch"),
        "transfer": permeability_fit("overlap_transfer"),
        "modern_scratch": permeability_fit("overlap_modern_scratch"),
        "modern_transfer": permeability_fit("overlap_modern_transfer"),
    },
    "microstructures_3d": {},
    "permeability_3d": {
        "cells": cells_store("spheres"),
        "printed": permeability_fit("spheres_printed"),
        "modern": permeability_fit("spheres_modern"),
    },
    "magnetic_materials": {},
    "permeability_mono_metrics": {
        "printed": permeability_fit("mono_printed"),
        "modern": permeability_fit("mono_modern"),
        "bayes": permeability_fit("mono_bayes"),
    },
    "permeability_timing": {"timing": f"{PERMEABILITY_FOLDER}/timing.zarr.zip"},
    "transfer_poly_metrics": {
        "scratch": permeability_fit("poly_scratch"),
        "transfer": permeability_fit("poly_transfer"),
        "modern_scratch": permeability_fit("poly_modern_scratch"),
        "modern_transfer": permeability_fit("poly_modern_transfer"),
    },
}
FIGURES.update(
    {
        slug: {
            "input": inputs,
            "params": {
                "code": code_hash("mesobayes.jobs.fig_aldakheel"),
                "inclusion": PERMEABILITY.inclusion,
                "matrix": PERMEABILITY.matrix,
                "scale": SCALE,
                "seed": SEED,
            },
        }
        for slug, inputs in PERMEABILITY_INPUTS.items()
    }
)
