# SPDX-License-Identifier: GPL-3.0-or-later
"""Before any test imports JAX: the CPU, and no more memory than needed."""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
