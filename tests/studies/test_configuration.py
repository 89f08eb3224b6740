# SPDX-License-Identifier: GPL-3.0-or-later
import json
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import jsonschema
import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from mesobayes.record.errors import SettingsError
from mesobayes.record.settings import FROM_DATA, Count, Share, build, json_schema, narrowed, plain, settings
from mesobayes.studies.configuration import (
    SCALES,
    configuration_record,
    configuration_schema,
    leaves,
    merge,
    overrides,
    read_scale,
    resolve,
    sections,
)
from mesobayes.studies.stress.settings import ChainSettings

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "workflow" / "scales"
CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())
SCHEMA = yaml.safe_load((ROOT / "workflow" / "schemas" / "config.schema.yaml").read_text())


@settings
class Layer:
    """A record for these tests."""

    name: str
    filters: Count
    kind: Literal["dense", "sparse"]
    sizes: tuple[Count, ...]
    inputs: Annotated[int, FROM_DATA] = 3
    dropout: Share | None = None

    def __post_init__(self) -> None:
        if self.kind == "sparse" and self.dropout is None:
            raise ValueError("a sparse layer needs a dropout")


@settings
class Network:
    """Two layers."""

    first: Layer
    last: Layer


LAYER = {"filters": 8, "kind": "dense", "sizes": [3, 3], "dropout": None}


def resolved(scale="small", **changes):
    return resolve(merge({**CONFIG, "scale": scale}, changes), FOLDER)


@pytest.mark.parametrize("scale", SCALES)
def test_every_scale_resolves_and_fits_the_schema(scale):
    assert resolved(scale).scale == scale
    jsonschema.validate(merge(read_scale({"scale": scale}, FOLDER), {**CONFIG, "scale": scale}), SCHEMA)


def test_the_schema_in_the_tree_is_the_one_of_the_settings():
    assert configuration_schema() == SCHEMA, "run `make schema`"


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
    for path in FOLDER.glob("*.yaml"):
        assert not dict(leaves(yaml.safe_load(path.read_text()))).keys() & dict(leaves(CONFIG)).keys(), path


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
        ({"stress": {"mesh": {"order": 4}}}, "'stress.mesh.order' must be at most 2, not 4"),
        ({"stress": {"mesh": {"order": 0}}}, "'stress.mesh.order' must be at least 1, not 0"),
        (
            {"stress": {"mesh": {"growth": float("nan")}}},
            "'stress.mesh.growth' must be a finite number, not nan",
        ),
        (
            {"permeability": {"materials": {"inclusion": "inf"}}},
            "'permeability.materials.inclusion' must be a finite number, not inf",
        ),
        (
            {"permeability": {"split": {"validation": 0.6, "test": 0.6}}},
            "the shares of validation and test leave nothing for training",
        ),
        ({"stress": {"networks": {"modern": {"roi": 16}}}}, "unknown key 'stress.networks.modern.roi'"),
        (
            {"stress": {"fits": {"printed": {"epochs": 5.0}}}},
            "steps = 100, epochs = 5.0: give exactly one of the two",
        ),
        (
            {"stress": {"validation_structures": {"ellipse1": 999}}},
            "validation_structures.ellipse1 is 999, but ellipse1 has only",
        ),
        ({"stress": {"models": {"rotations6": {"whole_structures": False}}}}, "set whole_structures"),
        ({"stress": {"models": {"cross_validation": {"folds": 1}}}}, "a cross validation needs two"),
        ({"stress": 3}, "stress must be a mapping of keys to values, not 3"),
    ],
)
def test_a_wrong_key_or_value_gives_one_sentence_with_its_name(changes, words):
    with pytest.raises(SettingsError) as caught:
        resolve(merge(CONFIG, changes), FOLDER)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_numbers_from_the_command_line_may_be_text():
    changes = {"selective": {"draws": "7"}, "mesh": {"growth": "0.6", "curved": "false"}}
    stress = resolved(stress=changes | {"fits": {"printed": {"clip_norm": "null"}}}).stress
    assert (stress.selective.draws, stress.mesh.growth, stress.mesh.curved) == (7, 0.6, False)
    assert stress.fits.printed.clip_norm is None


def test_numbers_without_a_point_that_yaml_takes_for_text_are_numbers():
    changes = {"tolerance": "1e-9", "own": {"threshold": "1e3"}}
    permeability = resolved(permeability=changes).permeability
    assert (permeability.tolerance, permeability.own.threshold) == (1e-9, 1000.0)
    assert changed(permeability={"tolerance": "1e-8"}) == ()  # what stands there anyway


def test_a_missing_key_is_named():
    without = {key: value for key, value in CONFIG.items() if key != "seed"}
    with pytest.raises(SettingsError, match=r"'seed' is missing: set it in config\.yaml"):
        resolve(without, FOLDER)


def test_every_study_with_settings_has_its_section():
    studies = {path.parent.name for path in (ROOT / "src/mesobayes/studies").glob("*/settings.py")}
    assert set(sections()) == studies
    assert [field.name for field in fields(configuration_record())] == ["scale", "seed", *sorted(studies)]


def test_a_record_without_a_name_takes_the_key_under_which_it_stands():
    network = build(Network, {"first": LAYER, "last": {**LAYER, "name": "output"}}, "network")
    assert (network.first.name, network.last.name) == ("first", "output")
    families = resolved().stress.families
    assert {field.name: getattr(families, field.name).name for field in fields(families)} == {
        "ellipse1": "ellipse1",
        "ellipse3": "ellipse3",
        "ellipse3_ood": "ellipse3_ood",
    }


def test_the_family_that_no_network_sees_differs_in_the_shape_of_its_pores_only():
    seen, unseen = resolved().stress.families.ellipse3, resolved().stress.families.ellipse3_ood
    assert (seen.pore_aspect_max, unseen.pore_aspect_max) == (1.0, 2.0)
    assert replace(unseen, name=seen.name, pore_aspect_max=1.0) == seen


def test_a_value_that_comes_from_the_data_is_no_key_of_the_configuration():
    layer = build(Layer, {"name": "a", **LAYER})
    assert layer.inputs == 3
    assert replace(layer, inputs=5).inputs == 5
    with pytest.raises(SettingsError, match=r"unknown key 'net\.inputs'"):
        build(Layer, {"name": "a", **LAYER, "inputs": 5}, "net")
    schema = json_schema(Layer)
    assert "inputs" not in schema["properties"]
    assert schema["required"] == [
        "filters",
        "kind",
        "sizes",
        "dropout",
    ]  # not the name, and a default is no excuse


def test_a_rule_between_keys_is_told_with_the_place_of_the_record():
    with pytest.raises(SettingsError, match=r"'net\.last': .*a sparse layer needs a dropout"):
        build(Network, {"first": LAYER, "last": {**LAYER, "kind": "sparse"}}, "net")
    with pytest.raises(ValidationError, match="a sparse layer needs a dropout"):
        Layer("a", 8, "sparse", (3,))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"filters": 0}, "'net.filters' must be at least 1, not 0"),
        ({"filters": True}, "'net.filters' must be a whole number, not True"),
        ({"filters": 2.5}, "'net.filters' must be a whole number, not 2.5"),
        ({"kind": "dens"}, "'net.kind' cannot be 'dens'; did you mean 'dense'?"),
        ({"sizes": 3}, "'net.sizes' must be a list, not 3"),
        ({"sizes": [3, 0]}, "'net.sizes[1]' must be at least 1, not 0"),
        ({"dropout": 1.5}, "must be at most 1, not 1.5"),
        ({"filter": 8}, "unknown key 'net.filter'; did you mean 'filters'?"),
    ],
)
def test_a_wrong_value_of_a_record_is_told_in_one_sentence(changes, words):
    with pytest.raises(SettingsError) as caught:
        build(Layer, {"name": "a", **LAYER, **changes}, "net")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_key_is_stated_even_where_the_record_has_a_default():
    with pytest.raises(SettingsError, match=r"'net\.dropout' is missing"):
        build(Layer, {key: value for key, value in LAYER.items() if key != "dropout"}, "net")


def test_records_are_frozen_and_can_be_keys():
    layer = build(Layer, {"name": "a", **LAYER})
    assert {layer: 1}[replace(layer)] == 1
    with pytest.raises((ValidationError, AttributeError)):
        layer.filters = 3


def test_a_part_of_a_record_is_the_record_it_is_made_of():
    selective = resolved().stress.selective
    chain = narrowed(selective, ChainSettings)
    assert type(chain) is ChainSettings
    assert all(getattr(chain, field.name) == getattr(selective, field.name) for field in fields(chain))
    assert len(fields(chain)) < len(fields(selective))


def changed(scale="smoke", **changes):
    return overrides(merge({**CONFIG, "scale": scale}, changes), CONFIG, read_scale({"scale": scale}, FOLDER))


def test_a_scale_as_it_stands_has_no_overrides():
    for scale in SCALES:
        assert changed(scale) == ()


def test_overrides_are_the_keys_whose_values_are_not_those_of_the_scale():
    assert changed(stress={"mesh": {"growth": 0.6}, "selective": {"draws": 5}}) == (
        "stress.mesh.growth",
        "stress.selective.draws",
    )
    assert changed(stress={"selective": {"acquisitions": {"modern": ["random"]}}}) == (
        "stress.selective.acquisitions.modern",
    )
    assert changed(seed="another") == ("seed",)


def test_a_value_given_again_as_it_is_overrides_nothing():
    growth = CONFIG["stress"]["mesh"]["growth"]
    assert changed(stress={"mesh": {"growth": str(growth)}}) == ()
    assert changed("smoke", stress={"selective": {"draws": 4}}) == ()


def records(value):
    if is_dataclass(value):
        yield value
        for field in fields(value):
            yield from records(getattr(value, field.name))


@pytest.mark.parametrize("scale", SCALES)
def test_every_record_survives_the_way_to_its_job(scale):
    found = list(records(resolved(scale)))
    assert len(found) > 30
    for record in found[1:]:  # as workflow/run.py rebuilds it
        assert TypeAdapter(type(record)).validate_json(json.dumps(plain(record))) == record
