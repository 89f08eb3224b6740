# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks with point or Gaussian weights; they know nothing but arrays. Import from the modules."""
