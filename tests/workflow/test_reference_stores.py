# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated data of all studies at scale smoke are the recorded ones: names, shapes, types, moments.

``reference_stores.json`` holds moments of every variable of every store that no network has touched. Whoever
changes data on purpose records them again, ``python tests/workflow/test_reference_stores.py results/smoke``,
and says in the commit what moved and by how much.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from mesobayes.record.store import open_store

PATH = Path(__file__).with_name("reference_stores.json")
REFERENCE = json.loads(PATH.read_text(encoding="utf-8"))
TOLERANCE = 1e-6  # of a moment, relative to the size of the values


def facts(path):
    """Return dimensions, type and moments of every variable of a store but the measured times."""
    data = open_store(path)
    return {str(name): moments(data[name]) for name in data.variables if "seconds" not in str(name)}


def moments(variable):
    values = variable.values
    found = {"dims": list(variable.dims), "shape": list(values.shape), "dtype": str(values.dtype)}
    if values.dtype.kind not in "fiub":  # text
        return found
    finite = values[np.isfinite(values)].astype(float)
    found["finite"] = finite.size
    return found | ({"mean": finite.mean(), "std": finite.std()} if finite.size else {})


@pytest.mark.parametrize("name", REFERENCE)
def test_a_store_holds_the_recorded_data(finished, name):
    found, recorded = facts(finished.path / "results/smoke" / name), REFERENCE[name]
    assert set(found) == set(recorded)
    for variable, expected in recorded.items():
        assert {key: found[variable].get(key) for key in expected} == {
            **expected,
            **{
                key: pytest.approx(
                    expected[key], rel=0, abs=TOLERANCE * (abs(expected["mean"]) + expected["std"])
                )
                for key in ("mean", "std")
                if key in expected
            },
        }, variable


def record(results):
    """Write the facts of all recorded stores anew, a line for each variable."""
    stores = {
        name: ",\n".join(
            f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in facts(results / name).items()
        )
        for name in REFERENCE
    }
    text = ",\n".join(f"{json.dumps(name)}: {{\n{lines}\n}}" for name, lines in stores.items())
    PATH.write_text(f"{{\n{text}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    record(Path(sys.argv[1]))
