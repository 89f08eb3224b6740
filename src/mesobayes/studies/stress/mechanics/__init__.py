# SPDX-License-Identifier: GPL-3.0-or-later
"""What mechanics knows without a label: channels of pixel networks, and the scores of mechanics alone."""
