# SPDX-License-Identifier: GPL-3.0-or-later
# Stress in porous plates: accuracies, densities and tables of what the networks predict.


rule collect_maxima:
    """Collect the largest stress of every patch, and one factor on the macroscopic one."""
    input:
        patches="results/{scale}/stress/{family}/patches.zarr.zip",
    output:
        store=update("results/{scale}/stress/{family}/maxima.zarr.zip"),
    log:
        "logs/{scale}/collect_maxima/{family}.log",
    benchmark:
        "results/{scale}/benchmarks/collect_maxima/{family}.tsv"
    wildcard_constraints:
        family="strip",  # of plates there is more mechanics
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(patches_mem_mb),
        runtime=grows(30),
    params:
        **call(
            "mesobayes.studies.stress.mechanics.maxima:collect_maxima",
            threshold=STRESS.selective.threshold,
        ),
    message:
        "collect_maxima: largest stresses of the patches of {wildcards.family}"
    shell:
        RUN


rule time_networks:
    """Take the CPU time of fitted networks for a patch."""
    input:
        weights=[
            f"{STRESS_FOLDER}/fits/{network}/bayes_full/repeat0.weights.zarr.zip"
            for network in STRESS.models.bayes_full.networks
        ],
        patches=f"{STRESS_FOLDER}/ellipse3/patches.zarr.zip",
        channels=f"{STRESS_FOLDER}/ellipse3/channels.zarr.zip",
    output:
        store=update(f"{STRESS_FOLDER}/timing.zarr.zip"),
    log:
        f"{LOGS}/time_networks.log",
    benchmark:
        f"{BENCHMARKS}/time_networks.tsv"
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(patches_mem_mb),
        runtime=grows(30),
    params:
        **call(
            "mesobayes.studies.stress.timing:time_networks",
            networks=STRESS.models.bayes_full.networks,
            draws=STRESS.predictions.draws,
            settings=STRESS.timing,
        ),
    message:
        "time_networks: CPU time of networks for a patch"
    shell:
        RUN


WIDTHS = {"networks": STRESS.networks}

TARGETS["accuracy_threshold_1ellipse"] = draw(
    f"{STRESS_FIGURES}.accuracy",
    settings=WIDTHS,
    ellipse1_full=predictions("ellipse1_full"),
    mechanics=mechanics_of("ellipse1"),
)
TARGETS["accuracy_threshold_nonlinear"] = draw(
    f"{STRESS_FIGURES}.accuracy",
    settings=WIDTHS,
    strip=predictions("strip"),
    mechanics=f"{STRESS_FOLDER}/strip/maxima.zarr.zip",
)
TARGETS["rotation_augmentation"] = draw(
    f"{STRESS_FIGURES}.accuracy",
    settings={**WIDTHS, "fits": STRESS.fits},
    rotations0=predictions("rotations0"),
    rotations6=predictions("rotations6"),
    rotations12=predictions("rotations12"),
    ellipse3_full=predictions("ellipse3_full"),
    mechanics=mechanics_of("ellipse3"),
)
TARGETS["homogenisation_vs_cnn"] = draw(
    f"{STRESS_FIGURES}.accuracy",
    settings=WIDTHS,
    ellipse3_full=predictions("ellipse3_full"),
    average_input=predictions("average_input"),
    mechanics=mechanics_of("ellipse3"),
)
TARGETS["split_by_patch"] = draw(
    f"{STRESS_FIGURES}.accuracy",
    settings=WIDTHS,
    by_structure=predictions("ellipse3_full"),
    by_patch=predictions("split_by_patch"),
    mechanics=mechanics_of("ellipse3"),
)
TARGETS["bnn_optimised_prior"] = draw(
    f"{STRESS_FIGURES}.density",
    settings=WIDTHS,
    bayes_learned=predictions("bayes_learned"),
    point_weights=predictions("point_weights"),
)
TARGETS["bnn_fixed_prior"] = draw(
    f"{STRESS_FIGURES}.density",
    settings=WIDTHS,
    bayes_fixed=predictions("bayes_fixed"),
    bayes_learned=predictions("bayes_learned"),
)
TARGETS["ood_density"] = draw(
    f"{STRESS_FIGURES}.density",
    settings=WIDTHS,
    unseen=predictions("bayes_full", family="ellipse3_ood"),
    home=predictions("bayes_full"),
)
TARGETS["ood_error_vs_uncertainty"] = draw(
    f"{STRESS_FIGURES}.density",
    settings=WIDTHS,
    unseen=predictions("bayes_full", family="ellipse3_ood"),
)
TARGETS["cross_dataset"] = draw(
    f"{STRESS_FIGURES}.tables",
    A1_on_A1=predictions("ellipse1_full"),
    A1_on_A2=predictions("ellipse1_full", family="ellipse3"),
    A2_on_A2=predictions("ellipse3_full"),
    A2_on_A1=predictions("ellipse3_full", family="ellipse1"),
    mechanics_A1=mechanics_of("ellipse1"),
    mechanics_A2=mechanics_of("ellipse3"),
)
TARGETS["se_ablation"] = draw(
    f"{STRESS_FIGURES}.tables",
    with_se=predictions("ellipse3_full"),
    without_se=predictions("no_squeeze"),
)
TARGETS["cross_validation"] = draw(
    f"{STRESS_FIGURES}.tables", folds=predictions("cross_validation")
)
TARGETS["mechanics_cost"] = draw(
    f"{STRESS_FIGURES}.cost",
    settings={**WIDTHS, "structures": STRESS.structures.ellipse3},
    mechanics=mechanics_of("ellipse3"),
    timing=f"{STRESS_FOLDER}/timing.zarr.zip",
    few=predictions("few_labels"),
    some=predictions("some_labels"),
    full=predictions("bayes_full"),
    solves=structure_times("ellipse3"),
    channels=[f"{BENCHMARKS}/compute_channels/ellipse3.tsv"],
)
TARGETS["costs_krokos"] = draw(
    f"{STRESS_FIGURES}.tables",
    settings={
        "counts": STRESS.structures,
        "strip_number": STRESS.strips.number,
        "strip_batch": STRESS.strips.batch,
    },
    ellipse1=structure_times("ellipse1"),
    ellipse3=structure_times("ellipse3"),
    strips=strip_times(),
    fits=fit_times("ellipse1_full", "strip", "point_weights", "bayes_learned"),
    ellipse1_full=predictions("ellipse1_full"),
    strip=predictions("strip"),
    point_weights=predictions("point_weights"),
    bayes_learned=predictions("bayes_learned"),
)
