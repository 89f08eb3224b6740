# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `mesobayes`: what a user asks of a working folder beside the results themselves."""
