# SPDX-License-Identifier: GPL-3.0-or-later
"""What every stage needs to read and write."""
