# SPDX-License-Identifier: GPL-3.0-or-later
"""Boundary-value problems on JAX-FEM's weak forms, one file per problem, with direct solvers.

Nothing is imported here: who homogenises an image needs neither gmsh nor the solvers of the plates.
"""
