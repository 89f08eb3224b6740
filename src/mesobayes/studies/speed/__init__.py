# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast the stages are, beside the code of others and against the size of the problem."""
