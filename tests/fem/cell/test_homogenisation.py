# SPDX-License-Identifier: GPL-3.0-or-later
"""The fast homogenisation solver against JAX-FEM, itself at another precision, and its own parts."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mesobayes.fem.cell.homogenisation import _solve, effective_permeability, homogenise
from mesobayes.fem.cell.preconditioner import apply_inverse, make_inverse
from mesobayes.fem.cell.reference import reference_matrix, reference_permeability
from mesobayes.fem.cell.stencil import apply_stencil, element_matrix, gradient_load, make_stencil
from mesobayes.fem.errors import SolveError

SHAPES = [(12, 9), (5, 6, 7)]


@pytest.fixture
def double():
    with jax.enable_x64(True):
        yield


def noise_image(shape, share=0.4, seed=0):
    return np.random.default_rng(seed).random(shape) < share


def periodic_numbering(shape):
    nodes = np.indices(np.add(shape, 1)).reshape(len(shape), -1)
    return np.ravel_multi_index(nodes % np.reshape(shape, (-1, 1)), shape)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_stencil_equals_the_assembled_matrix_of_jax_fem(double, shape):
    permeability = np.random.default_rng(0).uniform(1, 250, shape)
    u = np.random.default_rng(1).normal(size=shape)
    number = periodic_numbering(shape)
    product = np.bincount(number, reference_matrix(permeability) @ u.ravel()[number])
    ours = apply_stencil(make_stencil(jnp.asarray(permeability)), jnp.asarray(u))
    np.testing.assert_allclose(np.ravel(ours), product, rtol=0, atol=1e-10 * np.abs(product).max())


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_gradient_load_is_the_operator_on_a_linear_field(double, shape):
    permeability = np.random.default_rng(0).uniform(1, 250, shape)
    matrix, number = reference_matrix(permeability), periodic_numbering(shape)
    for axis in range(len(shape)):
        linear = np.indices(np.add(shape, 1))[axis].ravel().astype(float)
        expected = np.bincount(number, matrix @ linear)
        np.testing.assert_allclose(
            np.ravel(gradient_load(jnp.asarray(permeability), axis)), expected, rtol=0, atol=1e-9
        )


def test_element_matrix_of_the_square_is_the_textbook_one():
    expected = np.array([[4, -1, -1, -2], [-1, 4, -2, -1], [-1, -2, 4, -1], [-2, -1, -1, 4]]) / 6
    np.testing.assert_allclose(element_matrix(2), expected, atol=1e-15)


@pytest.mark.parametrize("boundary", ["periodic", "dirichlet", "neumann"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_conjugate_gradients_equal_a_direct_solution_of_the_jax_fem_matrix(shape, boundary):
    image = noise_image(shape)
    exact = reference_permeability(np.where(image, 250.0, 1.0), boundary)
    ours = homogenise(image, tolerance=1e-9, boundary=boundary).permeability
    np.testing.assert_allclose(ours, exact, rtol=1e-8, atol=1e-8 * np.abs(exact).max())


@pytest.mark.parametrize("shape", [(9, 16), (7, 6, 5)], ids=str)
def test_matrix_products_invert_like_the_fft(double, shape):
    r = np.random.default_rng(0).normal(size=shape)
    inverses = [make_inverse(shape, "periodic", fourier=kind) for kind in (True, False)]
    spectral = [apply_inverse(inverse, jnp.asarray(r)) for inverse in inverses]
    np.testing.assert_allclose(*spectral, rtol=0, atol=1e-12)


@pytest.mark.parametrize("boundary", ["periodic", "dirichlet", "neumann"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_preconditioner_inverts_a_homogeneous_image(double, shape, boundary):
    open_grid = np.ones(shape) if boundary == "periodic" else np.pad(np.ones(shape), [(0, 1)] * len(shape))
    u = np.random.default_rng(0).normal(size=open_grid.shape)
    if boundary == "dirichlet":
        for axis in range(u.ndim):
            np.moveaxis(u, axis, 0)[[0, -1]] = 0.0
    else:
        u -= u.mean()
    residual = apply_stencil(make_stencil(jnp.asarray(open_grid)), jnp.asarray(u))
    back = np.asarray(apply_inverse(make_inverse(shape, boundary, fourier=False), residual))
    if boundary != "dirichlet":
        back = back - back.mean()
    np.testing.assert_allclose(back, u, atol=1e-11)


def test_a_homogeneous_volume_takes_no_iteration_and_a_prime_size_no_fft(double):
    result = homogenise(np.zeros((11, 11, 11), bool), matrix=3.7)
    np.testing.assert_array_equal(result.permeability, 3.7 * np.eye(3))
    assert result.iterations.max() == 0
    assert type(make_inverse((101, 101, 101), "periodic", np.float32)).__name__ == "BasisInverse"
    assert type(make_inverse((256, 256), "periodic")).__name__ == "FourierInverse"


def test_single_loads_are_the_diagonal_of_the_tensor():
    image = noise_image((8, 8, 8))
    full = homogenise(image).permeability
    for load in range(3):
        np.testing.assert_allclose(
            homogenise(image, loads=(load,)).permeability, [[full[load, load]]], rtol=1e-9
        )


def test_error_of_the_energy_is_the_square_of_the_residual():
    image = noise_image((32, 32))
    exact = effective_permeability(image, tolerance=1e-11)
    coarse = effective_permeability(image, tolerance=1e-4)
    assert np.abs(coarse - exact).max() < 1e-6 * exact.max()


@pytest.mark.parametrize(
    ("image", "settings", "message"),
    [
        (np.zeros((8, 8)), {}, "must be boolean"),
        (np.zeros(8, bool), {}, "two or three axes"),
        (np.zeros((8, 1), bool), {}, "at least two pixels"),
        (np.zeros((8, 8), bool), {"inclusion": -1.0}, "inclusion must be positive"),
        (np.zeros((8, 8), bool), {"matrix": np.nan}, "matrix must be positive"),
        (np.zeros((8, 8), bool), {"matrix": "1"}, "matrix must be a number, not '1'"),
        (np.zeros((8, 8), bool), {"tolerance": 2.0}, "tolerance is a relative residual, at most 0.1"),
        (np.zeros((8, 8), bool), {"tolerance": 0.0}, "tolerance must be positive"),
    ],
)
def test_bad_images_and_materials_are_refused(image, settings, message):
    with pytest.raises(ValueError, match=message):
        effective_permeability(image, **settings)


def test_an_unreachable_tolerance_is_an_error_with_the_residual_reached():
    with pytest.raises(SolveError, match="relative residual stayed at"):
        effective_permeability(noise_image((16, 16)), tolerance=1e-19)


def test_neumann_conditions_need_all_loads():
    with pytest.raises(ValueError, match="need all loads"):
        homogenise(noise_image((8, 8)), boundary="neumann", loads=(0,))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"boundary": "Periodic"}, "'Periodic' is unknown: choose one of periodic, dirichlet, neumann"),
        ({"loads": (0, 0)}, r"each once; got \(0, 0\)"),
        ({"loads": (2,)}, "0 to 1, each once"),
        ({"loads": (0.5,)}, "0 to 1, each once"),
        ({"loads": ()}, "0 to 1, each once"),
    ],
)
def test_unknown_boundaries_and_repeated_loads_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        homogenise(noise_image((8, 8)), **settings)


SQUARE = np.pad(np.ones((8, 8), bool), 4)


@pytest.mark.parametrize("boundary", ["periodic", "dirichlet", "neumann"])
@pytest.mark.parametrize("contrast", [1e-16, 1e-12, 1e-6, 1e-3, 1e3, 1e6, 1e8])
def test_the_bound_of_the_error_holds_the_error(contrast, boundary):
    # the answer is analytic in 1/contrast (or in contrast), so that of the limit differs by its first order
    limit = 1e5 if contrast > 1 else 1e-5
    found = homogenise(SQUARE, 1.0, contrast, boundary=boundary)
    tight = homogenise(SQUARE, 1.0, contrast, boundary=boundary, tolerance=1e-12)
    distance = abs(found.permeability - tight.permeability).max() / tight.permeability[0, 0]
    assert distance <= found.error + tight.error
    assert found.error <= 1e-6
    if contrast in (1e-16, 1e-12, 1e6, 1e8):
        near = homogenise(SQUARE, 1.0, limit, boundary=boundary).permeability[0, 0]
        assert found.permeability[0, 0] == pytest.approx(near, rel=5e-5)


def test_a_loose_residual_at_a_high_contrast_is_continued_until_the_answer_is_right():
    exact = reference_permeability(np.where(SQUARE, 1e4, 1.0))
    found = homogenise(SQUARE, 1.0, 1e4, tolerance=0.1)
    assert found.error <= 0.1
    np.testing.assert_allclose(found.permeability, exact, atol=0.1 * exact.max())


@pytest.mark.parametrize("contrast", [1e10, 1e12, 1e14, 1e16, 1e18, 1e300])
@pytest.mark.parametrize("shape", [(16, 16), (8, 8, 8)], ids=str)
def test_contrasts_beyond_double_precision_are_refused(contrast, shape):
    image = np.zeros(shape, bool)
    image[tuple(slice(n // 4, -(n // 4)) for n in shape)] = True
    with pytest.raises(SolveError, match=r"lower the contrast|residual stayed"):
        effective_permeability(image, 1.0, contrast)


@pytest.mark.parametrize("shape", [(64, 64), (11, 11, 11)], ids=str)
def test_no_product_of_the_solver_is_rounded_on_a_gpu(double, rounded_products, shape):
    inverse = make_inverse(shape, "periodic", np.float64 if len(shape) == 2 else np.float32)
    fields = jnp.asarray(np.where(noise_image(shape), 250.0, 1.0))

    def solve(fields):
        return _solve(fields, inverse, jnp.asarray(1e-8), "periodic", (0,))

    assert rounded_products(solve, fields) == []
