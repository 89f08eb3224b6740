# SPDX-License-Identifier: GPL-3.0-or-later
import math
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mesobayes.drawing.drawing import Number
from mesobayes.drawing.judge import claim_region, equals_setting, judge, scale_label
from mesobayes.drawing.registry import CLAIMS, PrintedValue, read_registry

REGISTRY = read_registry(Path(__file__).parents[2] / "workflow" / "figures.yaml")
SHOWN, NOT_SHOWN, CONTRADICTS = "shown", "not shown at this scale", "contradicts the paper"

WITHIN = PrintedValue("a", 0.5, "within", tolerance=0.1)
RELATIVE = PrintedValue("a", -0.5, "within", relative=0.2)
AT_LEAST = PrintedValue("a", 0.9, "at_least")
AT_MOST = PrintedValue("a", "<0.1", "at_most", bound=0.1, number="error")
EQUALS = PrintedValue("a", 224, "equals")
GROWS = PrintedValue("a", "grows", "trend", sign="positive", number="slope")
FALLS = PrintedValue("a", "falls clearly", "trend", sign="negative", margin=0.02, number="slope")

# claim, then intervals: inside, outside, and across its border
CASES = [
    (WITHIN, (0.45, 0.55), (0.7, 0.8), (0.55, 0.65)),
    (WITHIN, (0.4, 0.6), (0.1, 0.3), (0.3, 0.7)),
    (RELATIVE, (-0.55, -0.45), (0.45, 0.55), (-0.7, -0.5)),
    (AT_LEAST, (0.9, 0.95), (0.8, 0.89), (0.85, 0.95)),
    (AT_MOST, (0.05, 0.1), (0.11, 0.2), (0.05, 0.15)),
    (EQUALS, (224, 224), (225, 225), (220, 230)),
    (GROWS, (0.1, 0.2), (-0.2, 0.0), (-0.1, 0.2)),
    (FALLS, (-0.3, -0.1), (-0.02, 0.5), (-0.3, -0.01)),
]


def with_interval(low, high, **options):
    return Number((low + high) / 2, low, high, **({"n": 5} | options))


@pytest.mark.parametrize(("claim", "inside", "outside", "across"), CASES)
def test_a_claim_is_shown_contradicted_or_left_open_by_the_whole_interval(claim, inside, outside, across):
    assert judge(claim, with_interval(*inside), "paper").verdict == SHOWN
    assert judge(claim, with_interval(*outside), "paper").verdict == CONTRADICTS
    verdict, reason = judge(claim, with_interval(*across), "paper")
    assert verdict == NOT_SHOWN
    assert "leaves open whether" in reason


def test_what_was_chosen_to_meet_a_value_is_calibrated_however_well_it_does():
    strain = PrintedValue("a", 0.04, "calibrated", because="the element was chosen to meet it")
    for number in (with_interval(0.039, 0.041), with_interval(0.08, 0.09), None):
        verdict, reason = judge(strain, number, "paper")
        assert verdict == "calibrated"
        assert "the element was chosen to meet it" in reason


@pytest.mark.parametrize(("claim", "inside", "outside", "across"), CASES)
def test_only_the_printed_settings_contradict(claim, inside, outside, across):
    assert judge(claim, with_interval(*inside), "small").verdict == SHOWN
    assert judge(claim, with_interval(*outside), "small").verdict == NOT_SHOWN
    assert judge(claim, with_interval(*inside), "paper", ["stress.fit.steps"]).verdict == SHOWN
    verdict, reason = judge(claim, with_interval(*outside), "paper", ["stress.fit.steps"])
    assert verdict == NOT_SHOWN
    assert reason.endswith("with modified settings")


@pytest.mark.parametrize(("claim", "inside", "outside", "across"), CASES)
def test_smoke_gives_no_verdict(claim, inside, outside, across):
    for interval in (inside, outside, across):
        assert judge(claim, with_interval(*interval), "smoke").verdict == "no verdict"
    assert judge(claim, None, "smoke").verdict == "no verdict"


@pytest.mark.parametrize("claim", [WITHIN, AT_LEAST, AT_MOST, EQUALS])
def test_a_single_run_shows_but_never_contradicts(claim):
    assert judge(claim, Number(claim.compared), "paper").verdict == SHOWN
    for value in (-1e6, 1e6):
        assert judge(claim, Number(value), "paper").verdict in (SHOWN, NOT_SHOWN)
    assert (
        judge(claim, Number(claim.compared + (1 if claim is not AT_LEAST else -1)), "paper").verdict
        == NOT_SHOWN
    )


@pytest.mark.parametrize("value", [-1.0, 0.0, 1.0])
def test_a_single_run_says_nothing_of_a_direction(value):
    verdict, reason = judge(GROWS, Number(value), "paper")
    assert verdict == NOT_SHOWN
    assert "without an interval" in reason


@pytest.mark.parametrize(
    "number", [None, Number(None), Number(math.nan), Number(math.inf, 0, 1), Number("text")]
)
@pytest.mark.parametrize("scale", ["small", "paper"])
def test_a_claim_without_a_number_is_not_shown(number, scale):
    verdict, reason = judge(AT_LEAST, number, scale)
    assert verdict == NOT_SHOWN
    assert reason == "no number of ours stands for it"


def test_the_note_of_a_missing_number_says_why_it_is_missing():
    reason = judge(AT_LEAST, Number(None, note="one cluster only"), "paper").reason
    assert reason == "no number of ours stands for it; one cluster only"


def test_the_reason_holds_the_numbers_and_the_note():
    number = Number(0.95, 0.925, 0.975, 5, "mean of five folds")
    assert judge(AT_LEAST, number, "small").reason == (
        "0.95 (95 % interval 0.925 to 0.975, n = 5) is at least 0.9; mean of five folds"
    )
    assert judge(EQUALS, Number.exact(250), "paper").reason == "250 is not equal to 224"


@pytest.mark.parametrize("scale", ["smoke", "small", "paper"])
def test_a_setting_is_no_claim_and_says_whether_ours_is_the_papers(scale):
    setting = PrintedValue("a", 250, "setting")
    assert judge(setting, Number(250.0), scale) == ("setting", "ours is the paper's")
    assert judge(setting, Number(10.0), scale) == ("setting", "ours is 10, not 250")
    assert judge(setting, None, scale) == ("setting", "no number of ours stands for it")
    text = PrintedValue("a", "uniform", "setting")
    assert judge(text, Number("uniform"), scale).reason == "ours is the paper's"
    assert judge(text, Number("normal"), scale).reason == "ours is normal, not uniform"
    assert equals_setting(PrintedValue("a", 0.3, "setting"), 0.1 + 0.2)


@pytest.mark.parametrize("scale", ["smoke", "small", "paper"])
def test_a_misprint_is_a_misprint_whatever_our_number(scale):
    misprint = PrintedValue("a", 0.008, "misprint", because="Table 1 has 0.08")
    for number in (None, Number(0.08), Number.exact(0.08)):
        assert judge(misprint, number, scale) == ("misprint", "Table 1 has 0.08")


@pytest.mark.parametrize("seconds", [0.1, 1e6])
def test_times_on_somebodys_machine_are_reported_and_not_judged(seconds):
    verdict, reason = judge(PrintedValue("a", 40, "hardware"), Number.exact(seconds, "one core"), "paper")
    assert verdict == "hardware"
    assert reason.endswith("; one core")


def test_a_modified_scale_is_called_so():
    assert scale_label("small", ()) == "small"
    assert scale_label("small", ("seed",)) == "small, modified"


def test_every_claim_of_the_papers_can_be_shown_and_contradicted():
    kinds = set()
    for target in REGISTRY.targets:
        for printed in filter(lambda value: value.is_claim, target.printed):
            region = claim_region(printed)
            inside = printed.compared
            if printed.compare == "trend":
                inside += 1 if printed.sign == "positive" else -1
            outside = region.low - 1 if math.isfinite(region.low) else region.high + 1
            assert judge(printed, Number(inside, inside, inside, 5), "paper").verdict == SHOWN, printed
            assert judge(printed, Number(outside, outside, outside, 5), "paper").verdict == CONTRADICTS, (
                printed
            )
            kinds.add(printed.compare)
    assert kinds == set(CLAIMS)


numbers = st.floats(-1e6, 1e6)
claims = st.one_of(
    st.builds(PrintedValue, st.just("a"), numbers, st.sampled_from(["at_least", "at_most", "equals"])),
    st.builds(PrintedValue, st.just("a"), numbers, st.just("within"), tolerance=st.floats(1e-6, 1e3)),
    st.builds(PrintedValue, st.just("a"), numbers, st.just("within"), relative=st.floats(1e-6, 1.0)),
    st.builds(
        PrintedValue,
        st.just("a"),
        st.just("grows"),
        st.just("trend"),
        sign=st.sampled_from(["positive", "negative"]),
        margin=st.floats(0, 10),
    ),
)


def spread(draw_ends):
    low, middle, high = sorted(draw_ends)
    return Number(middle, low, high, 5)


spreads = st.tuples(numbers, numbers, numbers).map(spread)


@given(claims, spreads, st.sampled_from(["smoke", "small", "paper"]), st.booleans())
def test_a_contradiction_needs_paper_scale_no_override_and_an_interval_outside(
    claim, number, scale, modified
):
    verdict = judge(claim, number, scale, ["seed"] if modified else []).verdict
    region = claim_region(claim)
    if verdict == CONTRADICTS:
        assert scale == "paper"
        assert not modified
        assert region.excludes(number.low, number.high)
    if verdict == SHOWN:
        assert region.holds(number.low, number.high)
        assert scale != "smoke"


@given(claims, spreads, st.floats(0, 1e3), st.floats(0, 1e3))
def test_a_wider_interval_only_takes_certainty_away(claim, number, down, up):
    wider = Number(number.value, number.low - down, number.high + up, 5)
    before, after = judge(claim, number, "paper").verdict, judge(claim, wider, "paper").verdict
    assert after in (before, NOT_SHOWN)


@given(claims, numbers, st.sampled_from(["smoke", "small", "paper"]))
def test_one_run_never_contradicts(claim, value, scale):
    assert judge(claim, Number(value), scale).verdict != CONTRADICTS


@given(claims, spreads)
def test_the_mirrored_claim_on_the_mirrored_number_has_the_same_verdict(claim, number):
    assume(claim.compare != "equals")
    mirrored = Number(-number.value, -number.high, -number.low, 5)
    other = {"at_least": "at_most", "at_most": "at_least"}.get(claim.compare, claim.compare)
    sign = {"positive": "negative", "negative": "positive", None: None}[claim.sign]
    value = claim.value if isinstance(claim.value, str) else -claim.value
    twin = PrintedValue("a", value, other, None, claim.tolerance, claim.relative, sign, claim.margin)
    assert judge(claim, number, "paper").verdict == judge(twin, mirrored, "paper").verdict


@given(spreads, st.sampled_from(["positive", "negative"]))
def test_an_interval_that_holds_zero_shows_no_direction_and_contradicts_none(number, sign):
    assume(number.low < 0 < number.high)
    claim = PrintedValue("a", "grows", "trend", sign=sign, number="slope")
    assert judge(claim, number, "paper").verdict == NOT_SHOWN
