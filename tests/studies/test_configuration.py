# SPDX-License-Identifier: GPL-3.0-or-later
import dataclasses
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import pytest
import yaml

from mesobayes.fem.plate.settings import MeshSettings
from mesobayes.geometry import PlateFamily
from mesobayes.learning.settings import FitSettings
from mesobayes.nets.settings import StressNetworkSettings
from mesobayes.record.errors import SettingsError
from mesobayes.record.validation import json_schema, plain
from mesobayes.studies.configuration import Configuration, flat, grouped, merge, resolve
from mesobayes.studies.stress.fit import ChainSettings

ROOT = Path(__file__).parents[2]
SCALES = ROOT / "workflow" / "scales"
CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())
SCHEMA = yaml.safe_load((ROOT / "workflow" / "schemas" / "config.schema.yaml").read_text())


def resolved(scale="small", **changes):
    return resolve(merge({**CONFIG, "scale": scale}, changes), SCALES)


def leaves(tree, where=()):
    if not isinstance(tree, dict):
        return {where}
    return {leaf for key, value in tree.items() for leaf in leaves(value, (*where, key))}


@pytest.mark.parametrize("scale", ["smoke", "small", "paper"])
def test_every_scale_resolves_and_fits_the_schema(scale):
    jsonschema.validate(plain(resolved(scale)), SCHEMA)


def test_the_schema_is_the_one_of_the_typed_settings():
    assert {key: value for key, value in SCHEMA.items() if key != "$schema"} == json_schema(Configuration)


def test_no_object_of_the_schema_allows_unknown_keys():
    def objects(node):
        if isinstance(node, dict):
            if node.get("type") == "object":
                yield node
            for inner in node.values():
                yield from objects(inner)

    assert len(list(objects(SCHEMA))) > 10
    assert all(node["additionalProperties"] is False for node in objects(SCHEMA))


def test_each_key_stands_in_one_file_only():
    for path in SCALES.glob("*.yaml"):
        assert not leaves(yaml.safe_load(path.read_text())) & leaves(CONFIG), path.name


def test_the_paper_scale_holds_the_printed_settings_of_figure_33():
    chain = resolved("paper").stress.selective
    printed = (chain.initial, chain.pool, chain.validation, chain.query_rate, chain.draws, chain.repeats)
    assert printed == (2500, 2500, 11000, 500, 50, 5)
    assert resolved("paper").stress.fits.printed.epochs == 50
    assert resolved("paper").stress.pixels_per_radius == 4


def test_a_key_given_by_the_user_wins_over_the_scale():
    assert resolved("small", stress={"selective": {"draws": 7}}).stress.selective.draws == 7


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scale": "smal"}, "unknown scale 'smal'; did you mean 'small'?"),
        ({"scale": 3}, "unknown scale 3; choose one of: paper, small, smoke"),
        ({"sede": 1}, "unknown key 'sede'; did you mean 'seed'?"),
        ({"stress": {"selective": {"inital": 3}}}, "'stress.selective.inital'; did you mean 'initial'?"),
        (
            {"stress": {"selective": {"initial": "three"}}},
            "'stress.selective.initial' must be a whole number, not 'three'",
        ),
        ({"stress": {"selective": {"initial": True}}}, "must be a whole number, not True"),
        ({"stress": {"selective": {"initial": 0}}}, "'stress.selective.initial' must be at least 1, not 0"),
        ({"stress": {"selective": {"pool": 3}}}, "need a pool of"),
        (
            {"stress": {"selective": {"acquisitions": {"modern": ["randm"]}}}},
            "cannot be 'randm'; did you mean 'random'?",
        ),
        ({"stress": {"selective": {"acquisitions": {"modern": "random"}}}}, "must be a list, not 'random'"),
        ({"stress": {"mesh": {"order": 4}}}, "'stress.mesh.order' must be at least 1 and at most 2, not 4"),
        ({"stress": {"fits": {"printed": {"epochs": 5.0}}}}, "exactly one of steps and epochs"),
        ({"stress": {"validation_structures": 999}}, "some must remain for training"),
        ({"stress": 3}, "stress must be a mapping of keys to values, not 3"),
    ],
)
def test_a_wrong_key_or_value_gives_one_sentence_with_its_name(changes, words):
    with pytest.raises(SettingsError) as caught:
        resolve(merge(CONFIG, changes), SCALES)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_numbers_from_the_command_line_may_be_text():
    changes = {"selective": {"draws": "7"}, "mesh": {"growth": "0.6", "curved": "false"}}
    stress = resolved(stress=changes | {"fits": {"printed": {"clip_norm": "null"}}}).stress
    assert (stress.selective.draws, stress.mesh.growth, stress.mesh.curved) == (7, 0.6, False)
    assert stress.fits.printed.clip_norm is None


def test_a_missing_key_is_named():
    without = {key: value for key, value in CONFIG.items() if key != "seed"}
    with pytest.raises(SettingsError, match=r"'seed' is missing: set it in config\.yaml"):
        resolve(without, SCALES)


@pytest.mark.parametrize(
    ("kind", "pick", "elsewhere"),
    [
        (PlateFamily, lambda s: s.families.ellipse3, {"name"}),
        (MeshSettings, lambda s: s.mesh, set()),
        (StressNetworkSettings, lambda s: s.networks.modern, {"name", "roi"}),
        (FitSettings, lambda s: s.fits.printed, set()),
        (ChainSettings, lambda s: s.selective, set()),
    ],
)
def test_the_configuration_holds_every_field_of_the_record_a_study_builds(kind, pick, elsewhere):
    stress = resolved().stress
    given = {field.name for field in dataclasses.fields(pick(stress))}
    needed = {field.name for field in dataclasses.fields(kind)} - elsewhere
    assert needed <= given
    if kind is not ChainSettings:  # a chain also says how many repeats of it there are, and with what
        assert needed == given
    further = {"name": "modern", "roi": 16}
    params = SimpleNamespace(**flat("a", pick(stress)))
    built = grouped(kind, params, "a", **{key: further[key] for key in elsewhere})
    assert all(getattr(built, key) == getattr(pick(stress), key) for key in needed)
