# SPDX-License-Identifier: GPL-3.0-or-later
# Failure of porous bars: how every figure and table is drawn.

FAILURE_FIGURES = "mesobayes.studies.failure.figures"
COUNTED = {"figures": FAILURE.figures}
IN_MM = {"voxel_mm": FAILURE.specimens.voxel_mm}
HISTORIES = {"histories": f"{FAILURE_FOLDER}/fast/histories.zarr.zip"}
BOTH_HISTORIES = {
    **HISTORIES,
    "histories_printed": f"{FAILURE_FOLDER}/printed/histories.zarr.zip",
}
PERTURBED = failure_batches("fast/perturbed", REALIZATIONS, FAILURE.perturbed_batch)

TARGETS["damage_evolution"] = draw(
    f"{FAILURE_FIGURES}.specimens",
    settings={**COUNTED, **IN_MM},
    **BOTH_HISTORIES,
)
TARGETS["damage_histograms"] = draw(
    f"{FAILURE_FIGURES}.specimens", settings=COUNTED, **HISTORIES
)
TARGETS["ensemble_response"] = draw(f"{FAILURE_FIGURES}.specimens", **BOTH_HISTORIES)
TARGETS["failure_sensitivity"] = draw(
    f"{FAILURE_FIGURES}.sensitivity",
    settings={**COUNTED, **IN_MM},
    specimens=SPECIMENS,
    perturbed=PERTURBED,
)
TARGETS["damage_transform"] = draw(
    f"{FAILURE_FIGURES}.targets",
    settings={**COUNTED, **IN_MM, "transform": FAILURE.target},
    specimens=SPECIMENS,
)
TARGETS["damage_loss_histograms"] = draw(
    f"{FAILURE_FIGURES}.targets", scores=scores("point_t_uniform")
)
TARGETS["loss_weightings"] = draw(
    f"{FAILURE_FIGURES}.targets",
    settings={"transform": FAILURE.target, "weights": FAILURE.weights},
    scores=scores(
        *(f"point_t_{name}" for name in ("uniform", "logistic", "IH", "IHpr"))
    ),
    specimens=SPECIMENS,
)
TARGETS["heteroencoder_architecture"] = draw(
    f"{FAILURE_FIGURES}.network",
    settings={"network": FAILURE.networks.point, "porosity": FAILURE.porosity},
)
TARGETS["confusion_illustration"] = draw(
    f"{FAILURE_FIGURES}.network",
    settings={**COUNTED, **IN_MM},
    fit=damage_fit("point_t_IHpr", 0),
)
TARGETS["recall_precision_12_models"] = draw(
    f"{FAILURE_FIGURES}.models", settings=COUNTED, scores=scores(*GRID, *BASELINES)
)
TARGETS["damage_frequency_levelsets"] = draw(
    f"{FAILURE_FIGURES}.targets",
    scores=scores(*(f"point_{name}_uniform" for name in ("id", "g", "sigma", "t"))),
)
TARGETS["cnn_vs_sensitivity"] = draw(
    f"{FAILURE_FIGURES}.found",
    settings={**COUNTED, **IN_MM},
    fit=damage_fit("point_t_IHpr", 0),
    perturbed=PERTURBED,
    scores=scores("point_t_IHpr"),
)
TARGETS["bcnn_recall_precision"] = draw(
    f"{FAILURE_FIGURES}.models",
    settings=COUNTED,
    scores=scores(
        *("bayes_t_uniform", "bayes_t_IH", "longer_t_uniform", "longer_t_IH"),
        *("modern_t_uniform", "modern_t_IHpr", "baseline_t_uniform", "baseline_t_IH"),
    ),
)
TARGETS["bcnn_variance"] = draw(
    f"{FAILURE_FIGURES}.uncertainty",
    settings=COUNTED,
    fits=[damage_fit(f"bayes_t_{weighting}", 0) for weighting in ("uniform", "IH")],
)
TARGETS["cluster_cdfs"] = draw(
    f"{FAILURE_FIGURES}.uncertainty",
    settings={"ranking": FAILURE.ranking},
    fit=damage_fit("bayes_t_uniform", 0),
)
TARGETS["cluster_ranking"] = draw(
    f"{FAILURE_FIGURES}.ranking",
    settings={"ranking": FAILURE.ranking, **IN_MM},
    fit=damage_fit("bayes_t_uniform", 0),
    perturbed=PERTURBED,
    scores=scores(
        *("bayes_t_uniform", "longer_t_uniform"),
        *("modern_t_uniform", "baseline_t_uniform"),
    ),
)
TARGETS["weight_cv_by_layer"] = draw(
    f"{FAILURE_FIGURES}.uncertainty",
    fits=fits_of_variant("bayes_t_uniform"),
    weights=[
        fitted_weights("bayes_t_uniform", fold)
        for fold in range(len(fits_of_variant("bayes_t_uniform")))
    ],
)
TARGETS["failure_readings"] = draw(
    f"{FAILURE_FIGURES}.readings",
    settings=COUNTED,
    readings=failure_batches("readings", READINGS, FAILURE.readings_batch),
)
TARGETS["reference_posterior"] = draw(
    f"{FAILURE_FIGURES}.reference", reference=f"{FAILURE_FOLDER}/reference.zarr.zip"
)
TARGETS["failure_scores"] = draw(
    f"{FAILURE_FIGURES}.summary",
    settings=COUNTED,
    scores=scores(*GRID, *BEYOND, *BASELINES),
)
TARGETS["constitutive_parameters"] = draw(f"{FAILURE_FIGURES}.tables")
TARGETS["model_variants"] = draw(f"{FAILURE_FIGURES}.tables")
TARGETS["heteroencoder_layers"] = draw(
    f"{FAILURE_FIGURES}.tables", settings={"networks": FAILURE.networks}
)
