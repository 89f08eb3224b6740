# SPDX-License-Identifier: GPL-3.0-or-later
"""Before any test imports JAX: the CPU, and no more memory than needed."""

import gc
import os
import re
import sys

import pytest
from hypothesis import settings

settings.register_profile("same", derandomize=True)  # the same examples in every run
settings.load_profile("same")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")


@pytest.fixture(scope="module", autouse=True)
def programs_of_a_module_are_dropped_at_its_end():
    """Every compiled program holds pieces of the address space, of which a process may have 65,530."""
    yield
    if "jax" in sys.modules:
        sys.modules["jax"].clear_caches()
        gc.collect()


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
