# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesobayes.record.seeds import rng_from_name, seed_from_name

WORDS = st.text(st.characters(exclude_characters="\x1f", exclude_categories=["Cs"]), max_size=8)
NAMES = st.lists(st.one_of(WORDS, st.integers()), min_size=1)


def test_a_seed_is_pinned_to_its_name_for_ever():
    assert seed_from_name("mesobayes", "ellipse3", 17) == 9048024445869576901


@given(NAMES)
def test_a_seed_has_63_bits_and_follows_from_its_name(name):
    seed = seed_from_name(*name)
    assert 0 <= seed < 2**63
    assert seed == seed_from_name(*name)


@given(NAMES, NAMES)
def test_different_names_have_different_seeds(first, second):
    same = [str(part) for part in first] == [str(part) for part in second]
    assert (seed_from_name(*first) == seed_from_name(*second)) == same


def test_half_a_surrogate_pair_is_refused():
    with pytest.raises(ValueError, match="surrogates not allowed"):
        seed_from_name("\ud800")


def test_an_index_may_be_a_numpy_integer():
    assert seed_from_name("a", np.int64(3)) == seed_from_name("a", 3)


def test_generators_of_neighbouring_samples_are_uncorrelated():
    draws = np.array([rng_from_name("study", index).standard_normal(2000) for index in range(10)])
    correlation = np.corrcoef(draws) - np.eye(10)
    assert np.abs(correlation).max() < 5 / np.sqrt(2000)


@pytest.mark.parametrize("parts", [(), (1.5,), (True,), ("a\x1fb",), (None,)])
def test_what_is_no_name_is_refused(parts):
    with pytest.raises(ValueError, match="seed"):
        seed_from_name(*parts)
