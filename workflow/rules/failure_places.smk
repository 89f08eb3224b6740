# SPDX-License-Identifier: GPL-3.0-or-later
# Failure of porous bars: candidates -> rankers, and how soon every model finds the place of first failure.

PLACES = f"{FAILURE_FOLDER}/places"
PRINTED_PLACES = f"{PLACES}/printed_{FAILURE.rivals.printed_step:g}.zarr.zip"
COARSE_PLACES = [
    f"{PLACES}/fast_{step:g}.zarr.zip" for step in FAILURE.rivals.strain_steps
]
PLACED_NETWORKS = ["point_t_IHpr", "modern_t_IHpr"]
ALL_PLACES = [
    *(f"{PLACES}/{name}.zarr.zip" for name in ["baseline_t_uniform", *PLACED_NETWORKS]),
    *(f"{PLACES}/ranker_{ranker}.zarr.zip" for ranker in RANKERS),
    *COARSE_PLACES,
    PRINTED_PLACES,
]


wildcard_constraints:
    ranker="|".join(RANKERS),
    step=r"[\d.e-]+",


rule describe_specimens:
    """Describe the solid voxels that touch a void, by their surroundings and by a short elastic solve."""
    input:
        specimens=SPECIMENS,
    output:
        candidates=update("results/{scale}/failure/candidates.zarr.zip"),
    log:
        "logs/{scale}/describe_specimens.log",
    benchmark:
        "results/{scale}/benchmarks/describe_specimens.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(4000),
        runtime=grows(60),
    params:
        **call(
            "mesobayes.studies.failure.candidates:describe_specimens",
            settings=FAILURE.elastic,
        ),
    message:
        "describe_specimens: features of the solid voxels that touch a void"
    shell:
        RUN


rule rank_fold:
    """Fit one ranker on one fold, from few labels to all of them, and predict its test specimens."""
    input:
        specimens=SPECIMENS,
        candidates=f"{FAILURE_FOLDER}/candidates.zarr.zip",
    output:
        ranked=update("results/{scale}/failure/ranked/{ranker}/fold{fold}.zarr.zip"),
    log:
        "logs/{scale}/rank_fold/{ranker}_{fold}.log",
    benchmark:
        "results/{scale}/benchmarks/rank_fold/{ranker}_{fold}.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(6000),
        runtime=grows(60),
    params:
        **call(
            "mesobayes.studies.failure.rank_fit:rank_fold",
            ranker=wildcard("ranker"),
            fold=wildcard("fold", int),
            split=FAILURE.split,
            settings=FAILURE.ranker,
        ),
    message:
        "rank_fold: ranker {wildcards.ranker}, fold {wildcards.fold}"
    shell:
        RUN


rule score_rankers:
    """How soon one ranker finds the places of failure, by number of labels."""
    input:
        ranked=lambda w: ranked_folds(w.ranker),
    output:
        places=update("results/{scale}/failure/places/ranker_{ranker}.zarr.zip"),
    log:
        "logs/{scale}/score_rankers/{ranker}.log",
    benchmark:
        "results/{scale}/benchmarks/score_rankers/{ranker}.tsv"
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(4000),
        runtime=grows(60),
    params:
        **call(
            "mesobayes.studies.failure.places:score_rankers",
            ranking=FAILURE.ranking,
            transform=FAILURE.target,
            contrast=FAILURE.ranker.contrast,
        ),
    message:
        "score_rankers: ranker {wildcards.ranker}"
    shell:
        RUN


rule score_places:
    """How soon a network or the regression finds the places of failure."""
    input:
        fits=lambda w: fits_of_variant(w.variant),
    output:
        places=update("results/{scale}/failure/places/{variant}.zarr.zip"),
    log:
        "logs/{scale}/score_places/{variant}.log",
    benchmark:
        "results/{scale}/benchmarks/score_places/{variant}.tsv"
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(4000),
        runtime=grows(60),
    params:
        **call("mesobayes.studies.failure.places:score_places", ranking=FAILURE.ranking),
    message:
        "score_places: {wildcards.variant}"
    shell:
        RUN


rule run_rival:
    """How soon a simulation with coarse steps, or the other reading of the model, finds the places of failure."""
    input:
        specimens=SPECIMENS,
    output:
        places=update("results/{scale}/failure/places/{preset}_{step}.zarr.zip"),
    log:
        "logs/{scale}/run_rival/{preset}_{step}.log",
    benchmark:
        "results/{scale}/benchmarks/run_rival/{preset}_{step}.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(4000),
        runtime=grows(120),
    params:
        **call(
            "mesobayes.studies.failure.rivals:run_rival",
            preset=wildcard("preset"),
            strain_step=wildcard("step", float),
            number=rival_specimens,
            maximum_strain=FAILURE.specimens.maximum_strain,
            split=FAILURE.split,
            transform=FAILURE.target,
            ranking=FAILURE.ranking,
        ),
    message:
        "run_rival: preset {wildcards.preset}, strain steps of {wildcards.step}"
    shell:
        RUN


rule rank_other_size:
    """How soon the rankers find the places of failure in bars of another size, without a new fit."""
    input:
        ranked=[ranked_folds(ranker)[0] for ranker in RANKERS],
    output:
        places=update("results/{scale}/failure/places/other_size.zarr.zip"),
    log:
        "logs/{scale}/rank_other_size.log",
    benchmark:
        "results/{scale}/benchmarks/rank_other_size.tsv"
    conda:
        "../../envs/solve.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(4000),
        runtime=grows(120),
    params:
        **call(
            "mesobayes.studies.failure.other_size:rank_other_size",
            field=other_bars(),
            number=FAILURE.rivals.other_specimens,
            maximum_strain=FAILURE.specimens.maximum_strain,
            elastic=FAILURE.elastic,
            ranking=FAILURE.ranking,
        ),
    message:
        "rank_other_size: rankers on bars of another size"
    shell:
        RUN


rule time_places:
    """CPU time of a specimen for everything that says where it fails."""
    input:
        specimens=SPECIMENS,
        networks=[fitted_weights(name, 0) for name in PLACED_NETWORKS],
        ranked=[ranked_folds(ranker)[0] for ranker in RANKERS],
    output:
        times=update("results/{scale}/failure/place_times.zarr.zip"),
    log:
        "logs/{scale}/time_places.log",
    benchmark:
        "results/{scale}/benchmarks/time_places.tsv"
    conda:
        "../../envs/learn.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=grows(4000),
        runtime=grows(60),
    params:
        **call(
            "mesobayes.studies.failure.place_timing:time_places",
            elastic=FAILURE.elastic,
            rivals=FAILURE.rivals,
            split=FAILURE.split,
            maximum_strain=FAILURE.specimens.maximum_strain,
        ),
    message:
        "time_places: CPU time of everything that says where a specimen fails"
    shell:
        RUN


RANKING_INPUTS = {
    "places": ALL_PLACES,
    "times": f"{FAILURE_FOLDER}/place_times.zarr.zip",
}
TARGETS["failure_ranking_cost"] = draw(
    "mesobayes.studies.failure.figures.places", **RANKING_INPUTS
)
TARGETS["failure_ranking"] = draw(
    "mesobayes.studies.failure.figures.places",
    **RANKING_INPUTS,
    other=f"{PLACES}/other_size.zarr.zip",
)
