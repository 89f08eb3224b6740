# SPDX-License-Identifier: GPL-3.0-or-later
"""Before any test imports JAX: the CPU, and no more memory than needed."""

import os
import re

import pytest

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")


@pytest.fixture
def rounded_products():
    """Function that lists the float32 products of a computation that a GPU may round to TensorFloat-32."""
    import jax

    def listed(function, *arguments):
        text = jax.jit(function).lower(*arguments).as_text()
        products = re.findall(r".*stablehlo\.(?:dot_general|convolution)\b.*", text)
        assert products, "nothing is multiplied here"
        single = [line for line in products if "f32>" in line]
        return [line for line in single if line.count("HIGHEST") != 2]

    return listed
