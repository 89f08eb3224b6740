# SPDX-License-Identifier: GPL-3.0-or-later
"""The explicit solver against an implicit one on JAX-FEM's own elements."""

import jax.numpy as jnp
import numpy as np

from mesobayes.fem.explicit import ExplicitSettings, run_to_failure
from mesobayes.fem.implicit import ImplicitSettings, fail_implicitly
from mesobayes.fem.viscoplastic import Material
from mesobayes.geometry.porosity import PorosityField
from mesobayes.seeds import rng_from_name

SHAPE = (4, 4, 8)
MATERIAL = Material(damage_exponent=5.0)


def specimens(count):
    field = PorosityField(SHAPE, 0.02)
    found = []
    index = 0
    while len(found) < count:
        pores = field.sample(rng_from_name("implicit", index))
        index += 1
        if 3 <= pores.sum() <= 5:  # with more the weakest section snaps, and dynamics matter
            found.append(pores)
    return found


def test_explicit_and_implicit_solvers_fail_ten_specimens_at_the_same_place_and_strain():
    correlations = []
    for pores in specimens(10):
        implicit = fail_implicitly(pores, MATERIAL, ImplicitSettings(strain_step=4e-4))
        explicit = run_to_failure(
            jnp.asarray(pores)[None], MATERIAL, ExplicitSettings("full", strain_step=5e-5)
        )
        strain = float(explicit.steps[0]) * 5e-5
        assert abs(strain - implicit.strain) < 0.05 * implicit.strain
        failed = np.asarray(explicit.largest[0]).ravel() >= 0.5
        assert failed[int(implicit.largest.argmax())]
        assert failed.sum() <= 4  # at most a cluster of neighbours
        solid = ~pores
        damage = np.minimum(np.asarray(explicit.phi[0])[solid], 0.5), np.minimum(implicit.phi[solid], 0.5)
        correlations.append(np.corrcoef(*damage)[0, 1])
    assert np.median(correlations) > 0.998
    assert min(correlations) > 0.97  # a section that snaps within a step
