# SPDX-License-Identifier: GPL-3.0-or-later
"""Plates of users: read from their images, predicted by a fitted network, solved on request."""
