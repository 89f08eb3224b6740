# SPDX-License-Identifier: GPL-3.0-or-later
import json
from pathlib import Path

import pytest

from mesobayes.drawing.registry import read_registry
from mesobayes.drawing.target import make_target
from mesobayes.record.provenance import Run
from mesobayes.record.store import write_store
from mesobayes.studies.stress.figures import (
    patches,
    uncertain_patches,
    whole_structures,
)
from studies.stress.pictured import (
    ALL_KINDS,
    errors,
    prediction,
    repeats,
    shown,
    stitched,
)

REGISTRY = Path(__file__).parents[3] / "workflow" / "figures.yaml"
RUN = Run("stress", "small", "seed")
pytestmark = pytest.mark.usefixtures("style")


def test_every_number_has_its_place_in_the_registry(tmp_path):
    part, full = tmp_path / "part.zarr.zip", tmp_path / "full.zarr.zip"
    for path, store in ((part, prediction(errors(0, 0.2), labels=200)), (full, prediction(errors(3, 0.08)))):
        del store.attrs["scale"]
        write_store(store, path, "stress/prediction", RUN)
    files = {ending: tmp_path / f"fig.{ending}" for ending in ("pdf", "png", "json")}
    make_target(
        "train_size_example",
        "mesobayes.studies.stress.figures.comparisons:train_size_example",
        {},
        REGISTRY,
        {"predictions_part": [part], "predictions_full": [full]},
        files,
        RUN,
    )
    record = json.loads(files["json"].read_text())
    assert all(entry["ours"] is not None for entry in record["printed"])


def test_the_keys_of_all_numbers_are_printed_in_the_paper():
    registry = read_registry(REGISTRY)
    found = [shown(ALL_KINDS)]
    drawings = {
        "patches_nonlinear": patches.patches_nonlinear(repeats(0.1), found, RUN),
        "bnn_roi_examples": uncertain_patches.bnn_roi_examples(repeats(0.1), RUN),
        "overlap_consistency": whole_structures.overlap_consistency(repeats(0.1), [stitched()], RUN),
        "full_structure_nonlinear_1": whole_structures.full_structure_nonlinear_1(
            repeats(0.1), [stitched((44, 220))], RUN
        ),
    }
    for slug, drawing in drawings.items():
        assert set(drawing.numbers) == {value.key for value in registry[slug].printed}, slug
