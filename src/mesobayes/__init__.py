# SPDX-License-Identifier: GPL-3.0-or-later
"""Learn fields and properties from microstructure images, with credible intervals, on finite-element data.

Importing the package imports nothing else: the workflow's front door and its scripts stay quick, and a
script can set thread counts before any numerical library is loaded.
"""

__version__ = "0.1.0"
