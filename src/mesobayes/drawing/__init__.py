# SPDX-License-Identifier: GPL-3.0-or-later
"""From opened stores to figures, tables and verdicts."""
