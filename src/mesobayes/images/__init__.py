# SPDX-License-Identifier: GPL-3.0-or-later
"""Between fields and pixels."""
