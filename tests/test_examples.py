# SPDX-License-Identifier: GPL-3.0-or-later
"""Every name that the library offers shows an example in its docstring, and the example is true."""

import doctest
import importlib
import inspect

import pytest

LIBRARY = ("mesobayes.fem", "mesobayes.geometry")
FURTHER = (
    ("mesobayes.fem.bar.connected", "why_cut_through"),
    ("mesobayes.fem.cell.energies", "stopped_bounds"),
)
NAMES = [(where, name) for where in LIBRARY for name in importlib.import_module(where).__all__]


@pytest.mark.parametrize(("where", "name"), [*NAMES, *FURTHER], ids=lambda part: part.rpartition(".")[2])
def test_the_example_of_a_public_name_is_true(where, name):
    shown = getattr(importlib.import_module(where), name)
    home = importlib.import_module(shown.__module__)
    example = doctest.DocTestParser().get_doctest(inspect.getdoc(shown), dict(vars(home)), name, None, None)
    assert example.examples, f"{where}.{name} has no example"
    said = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    runner.run(example, out=said.append)
    assert runner.failures == 0, "".join(said)
