# SPDX-License-Identifier: GPL-3.0-or-later
"""Slotted strips at finite strain."""
