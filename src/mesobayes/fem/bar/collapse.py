# SPDX-License-Identifier: GPL-3.0-or-later
"""Loading beyond the first failure: voxels are deleted as they fail, and the histories are recorded."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from mesobayes.fem.bar.explicit import (
    ExplicitSettings,
    FirstFailure,
    axial_stress,
    contraction_at,
    largest_damage,
    mean_damage,
    start,
    step,
)
from mesobayes.fem.bar.settings import Material

REMAINING_STRESS = 0.1  # a specimen has collapsed when its stress is below this share of its largest


class Record(NamedTuple):
    """History at (record, b): steps done, largest φ so far, axial stress in MPa, number of failed voxels.

    phi: (record, b, x, y, z) float16, element means, φ_max in failed voxels; shape (record, 0) when not kept.
    Records after collapse hold steps = 0.
    """

    steps: jax.Array
    largest: jax.Array
    stress: jax.Array
    failed: jax.Array
    phi: jax.Array


@partial(jax.jit, static_argnames=("material", "settings", "every", "keep_fields"))
def run_to_collapse(
    pores: jax.Array, material: Material, settings: ExplicitSettings, every: int, keep_fields: bool
) -> tuple[FirstFailure, Record, jax.Array]:
    """Load specimens (b, nx, ny, nz) to collapse or to the maximum strain, with a record `every` so many
    steps.

    Returns the first failures (those of :func:`run_to_failure`), the records and the failed voxels
    (b, x, y, z) at the end.
    """
    batch = pores.shape[0]
    n_records = round(settings.maximum_strain / settings.strain_step) // every
    solid = ~pores

    def advance(count, carry):
        specimen, first = carry
        new = step(specimen, contraction_at(count, material, settings), material, settings)
        damage = largest_damage(new)
        broken = damage >= material.maximum_damage
        fresh = jnp.any(broken, axis=(1, 2, 3)) & ~first.failed

        def note(first: FirstFailure) -> FirstFailure:
            here = fresh[:, None, None, None]
            return FirstFailure(
                jnp.where(here, mean_damage(new), first.phi),
                jnp.where(here, damage, first.largest),
                jnp.where(fresh, count + 1, first.steps),
                first.failed | fresh,
            )

        first = lax.cond(jnp.any(fresh), note, lambda first: first, first)
        return new._replace(alive=new.alive & ~broken), first

    def unfinished(carry):
        index, _, _, record, peak = carry
        last = record.stress[jnp.maximum(index - 1, 0)]
        standing = (peak == 0.0) | (last > REMAINING_STRESS * peak)
        return (index < n_records) & jnp.any(standing)

    def write(carry):
        index, specimen, first, record, peak = carry
        specimen, first = lax.fori_loop(index * every, (index + 1) * every, advance, (specimen, first))
        stress = axial_stress(specimen)
        dead = solid & ~specimen.alive
        field = jnp.where(dead, material.maximum_damage, mean_damage(specimen))
        top = jnp.where(
            first.failed, material.maximum_damage, jnp.max(largest_damage(specimen), axis=(1, 2, 3))
        )
        entry = Record(
            jnp.full(batch, (index + 1) * every, jnp.int32),
            top,
            stress,
            jnp.sum(dead, axis=(1, 2, 3), dtype=jnp.int32),
            field.astype(jnp.float16) if keep_fields else jnp.zeros(0, jnp.float16),
        )
        record = jax.tree.map(lambda rows, row: rows.at[index].set(row), record, entry)
        return index + 1, specimen, first, record, jnp.maximum(peak, stress)

    specimen = start(pores, material, settings)
    zero = jnp.zeros(pores.shape, jnp.float32)
    first = FirstFailure(zero, zero, jnp.zeros(batch, jnp.int32), jnp.zeros(batch, bool))
    fields = (n_records, *pores.shape) if keep_fields else (n_records, 0)
    record = Record(
        jnp.zeros((n_records, batch), jnp.int32),
        jnp.zeros((n_records, batch), jnp.float32),
        jnp.zeros((n_records, batch), jnp.float32),
        jnp.zeros((n_records, batch), jnp.int32),
        jnp.zeros(fields, jnp.float16),
    )
    carry = (jnp.int32(0), specimen, first, record, jnp.zeros(batch, jnp.float32))
    _, specimen, first, record, _ = lax.while_loop(unfinished, write, carry)
    unbroken = FirstFailure(
        jnp.where(first.failed[:, None, None, None], first.phi, mean_damage(specimen)),
        jnp.where(first.failed[:, None, None, None], first.largest, largest_damage(specimen)),
        first.steps,
        first.failed,
    )
    return unbroken, record, solid & ~specimen.alive
