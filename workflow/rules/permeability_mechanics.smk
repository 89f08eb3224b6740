# SPDX-License-Identifier: GPL-3.0-or-later
# Permeability from mechanics in the image: cells -> graphs and bounds -> contacts, stopped -> curves, costs, coverage.


rule cell_mechanics:
    """Find inclusions, contacts, dipoles and the bounds of a stopped solver in the images of a family."""
    input:
        cells="results/{scale}/permeability/{cells}/cells.zarr.zip",
    output:
        store=update("results/{scale}/permeability/{cells}/mechanics.zarr.zip"),
    log:
        "logs/{scale}/cell_mechanics/{cells}.log",
    benchmark:
        "results/{scale}/benchmarks/cell_mechanics/{cells}.tsv"
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(6000),
        runtime=grows(120),
    params:
        **call(
            "mesobayes.studies.permeability.mechanics:cell_mechanics",
            family=pick(PERMEABILITY.families, "cells"),
            materials=PERMEABILITY.materials,
            settings=PERMEABILITY.mechanics,
        ),
    message:
        "cell_mechanics: all cells of {wildcards.cells}"
    shell:
        RUN


rule fit_stopped:
    """Fit a regression on the bounds of a stopped solver and predict the test cells of a family."""
    input:
        cells="results/{scale}/permeability/{cells}/cells.zarr.zip",
        mechanics="results/{scale}/permeability/{cells}/mechanics.zarr.zip",
    output:
        fit=update("results/{scale}/permeability/fits/{cells}_stopped.zarr.zip"),
    log:
        "logs/{scale}/fit_stopped/{cells}.log",
    benchmark:
        "results/{scale}/benchmarks/fit_stopped/{cells}.tsv"
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(4000),
        runtime=grows(30),
    params:
        **call(
            "mesobayes.studies.permeability.stopped:fit_stopped",
            steps=PERMEABILITY.contacts.stopped_steps,
            split=PERMEABILITY.split,
            prediction=PERMEABILITY.prediction,
        ),
    message:
        "fit_stopped: {wildcards.cells}"
    shell:
        RUN


rule fit_contacts:
    """Fit the conductances between the inclusions of a family and predict its test cells."""
    input:
        cells="results/{scale}/permeability/{cells}/cells.zarr.zip",
        mechanics="results/{scale}/permeability/{cells}/mechanics.zarr.zip",
        stopped="results/{scale}/permeability/fits/{cells}_stopped.zarr.zip",
    output:
        fit=update("results/{scale}/permeability/fits/{cells}_contacts.zarr.zip"),
        weights=update(
            "results/{scale}/permeability/fits/{cells}_contacts.weights.zarr.zip"
        ),
    log:
        "logs/{scale}/fit_contacts/{cells}.log",
    benchmark:
        "results/{scale}/benchmarks/fit_contacts/{cells}.tsv"
    wildcard_constraints:
        cells="|".join(SEPARATE),
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(4000),
        runtime=grows(120),
    params:
        **call(
            "mesobayes.studies.permeability.contacts:fit_contacts",
            network=lambda wildcards: PERMEABILITY.contacts_of(wildcards.cells),
            settings=PERMEABILITY.contacts,
            split=PERMEABILITY.split,
            prediction=PERMEABILITY.prediction,
        ),
    message:
        "fit_contacts: {wildcards.cells}"
    shell:
        RUN


rule label_curve:
    """Score the cheap models of a family for growing numbers of training cells."""
    input:
        cells="results/{scale}/permeability/{cells}/cells.zarr.zip",
        mechanics="results/{scale}/permeability/{cells}/mechanics.zarr.zip",
    output:
        store=update("results/{scale}/permeability/{cells}/curve.zarr.zip"),
    log:
        "logs/{scale}/label_curve/{cells}.log",
    benchmark:
        "results/{scale}/benchmarks/label_curve/{cells}.tsv"
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(4000),
        runtime=grows(240),
    params:
        **call(
            "mesobayes.studies.permeability.curve:label_curve",
            network=contact_network_of,
            settings=PERMEABILITY.contacts,
            split=PERMEABILITY.split,
        ),
    message:
        "label_curve: {wildcards.cells}"
    shell:
        RUN


rule time_mechanics:
    """Time a label and everything that replaces it on the same cells."""
    input:
        cells="results/{scale}/permeability/{cells}/cells.zarr.zip",
        contacts="results/{scale}/permeability/fits/{cells}_contacts.weights.zarr.zip",
        printed="results/{scale}/permeability/fits/{cells}_printed.weights.zarr.zip",
        modern="results/{scale}/permeability/fits/{cells}_modern.weights.zarr.zip",
    output:
        store=update("results/{scale}/permeability/{cells}/costs.zarr.zip"),
    log:
        "logs/{scale}/time_mechanics/{cells}.log",
    benchmark:
        "results/{scale}/benchmarks/time_mechanics/{cells}.tsv"
    wildcard_constraints:
        cells="mono|spheres",
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(4000),
        runtime=grows(60),
    params:
        **call(
            "mesobayes.studies.permeability.costs:time_mechanics",
            family=pick(PERMEABILITY.families, "cells"),
            materials=PERMEABILITY.materials,
            tolerance=PERMEABILITY.tolerance,
            mechanics=PERMEABILITY.mechanics,
            settings=PERMEABILITY.timing,
        ),
    message:
        "time_mechanics: {wildcards.cells}"
    shell:
        RUN


rule cover_families:
    """Count how often intervals of models of discs of one size hold the labels of other families."""
    input:
        cells=[cells_store(family) for family in SHIFTED],
        mechanics=[mechanics_store(family) for family in SHIFTED],
        fits=[permeability_fit(f"mono_{model}") for model in COVERED],
        weights=[permeability_weights(f"mono_{model}") for model in COVERED[:-1]],
    output:
        store=update("results/{scale}/permeability/coverage.zarr.zip"),
    log:
        "logs/{scale}/cover_families.log",
    benchmark:
        "results/{scale}/benchmarks/cover_families.tsv"
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(4000),
        runtime=grows(60),
    params:
        **call(
            "mesobayes.studies.permeability.coverage:cover_families",
            split=PERMEABILITY.split,
            prediction=PERMEABILITY.prediction,
        ),
    message:
        "cover_families: intervals of discs of one size"
    shell:
        RUN


TARGETS["permeability_tradeoff"] = draw(
    f"{PERMEABILITY_FIGURES}.mechanics",
    square_curve=curve_store("mono"),
    square_costs=costs_store("mono"),
    square_printed=permeability_fit("mono_printed"),
    square_modern=permeability_fit("mono_modern"),
    volume_curve=curve_store("spheres"),
    volume_costs=costs_store("spheres"),
    volume_printed=permeability_fit("spheres_printed"),
    volume_modern=permeability_fit("spheres_modern"),
)
TARGETS["permeability_labels"] = draw(
    f"{PERMEABILITY_FIGURES}.mechanics",
    curves=[curve_store(family) for family in CURVES],
)
TARGETS["permeability_mechanics"] = draw(
    f"{PERMEABILITY_FIGURES}.tables",
    curves=[curve_store(family) for family in CURVES],
    costs=[costs_store(family) for family in ("mono", "spheres")],
)
TARGETS["permeability_coverage"] = draw(
    f"{PERMEABILITY_FIGURES}.coverage",
    coverage=f"{PERMEABILITY_FOLDER}/coverage.zarr.zip",
    fits=[permeability_fit(name) for name in OWN_FITS],
)
