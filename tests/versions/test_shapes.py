"""Which shapes are recorded of operations whose responses depend on the machine or the deployment."""

import re

import pytest

from loadtest.shapes.expected import compare
from loadtest.shapes.notation import from_stored
from loadtest.shapes.shape import literals_at, properties, shape_of
from loadtest.shapes.stored import read_shapes
from loadtest.versions.data import available
from loadtest.versions.shapes import path_of, with_items_of_others, without_random, without_varying


@pytest.mark.parametrize(
    ("operation", "differences"),
    [
        ("GET /tools", ['a to be "x"', "b to be", "key c"]),
        ("GET /admin/performance/system", ["key c"]),
        ("GET /version", []),
    ],
)
def test_the_parts_of_a_shape_that_vary_are_not_recorded(operation: str, differences: list[str]) -> None:
    shape = from_stored({"a": {"|": "string", "=": ["x"]}, "b": "string", "c": ["string"]})
    (statuses,) = without_varying({operation: {"200": shape}}).values()
    found = [str(one) for one in compare(statuses["200"], {"a": "y", "b": None}).differences]
    assert [bool(text in one) for text, one in zip(differences, found, strict=True)] == [True] * len(found)


def test_another_type_is_a_difference_where_only_keys_are_recorded() -> None:
    shape = from_stored({"a": {"|": "string", "=": ["x"]}})
    (statuses,) = without_varying({"GET /admin/system/stats": {"200": shape}}).values()
    assert compare(statuses["200"], {"a": 6}).differences


@pytest.mark.parametrize("name", ["extensionMetadata", "oauthConfig", "usage_limits"])
def test_the_keys_that_a_creator_chooses_are_compared_outside_of_lists_only(name: str) -> None:
    shape = from_stored({"tools": [{name: {"one": {"deep": "string"}}}], name: {"one": "string"}})
    (statuses,) = without_varying({"GET /tools": {"200": shape}}).values()
    assert not compare(statuses["200"], {"tools": [{name: {"two": 2}}], name: {"one": "x"}}).differences
    assert compare(statuses["200"], {"tools": [{name: {"two": 2}}], name: {"two": "x"}}).differences
    assert compare(statuses["200"], {"tools": [{name: 2}], name: {"one": "x"}}).differences
    assert compare(statuses["200"], {"tools": [{}], name: {"one": "x"}}).differences


@pytest.mark.parametrize(
    ("operation", "kept"),
    [
        ("GET /tools", {"limit", "list[].limit", "name", "retention_days"}),
        ("POST /api/metrics/cleanup", {"name", "retention_days"}),
        ("GET /observability/stats", {"name"}),
        ("POST /admin/config/passthrough-headers/invalidate-cache", {"name"}),
    ],
)
def test_measured_numbers_can_be_any(operation: str, kept: set[str]) -> None:
    value = {
        "limit": 50,
        "list": [{"limit": 50, "latencyMs": 12, "metrics": {"totalExecutions": 2}}],
        "name": "a",
        "retention_days": 7,
    }
    (statuses,) = without_varying({operation: {"200": shape_of(value)}}).values()
    every = (*properties(statuses["200"]),)
    assert {place for place in every if literals_at(statuses["200"], place)} == kept


@pytest.mark.parametrize("version", [one for one in available() if path_of(one).is_file()])
def test_no_recorded_text_names_a_directory_of_a_machine(version: str) -> None:
    assert not re.findall(
        r"[^\"]*/(?:\.loadtest|home|root|Users)/[^\"]*", path_of(version).read_text("utf-8")
    )


def test_what_each_run_saw_differently_is_left_out() -> None:
    shape = from_stored(
        {
            "cursor": {"|": "string", "=": {'"a"': 1, '"b"': 1}},
            "state": {"|": "string", "=": {'"on"': 1, '"off"': 3}},
        }
    )
    (statuses,) = without_random({"GET /tools": {"200": shape}}).values()
    assert literals_at(statuses["200"], "cursor") == frozenset()
    assert literals_at(statuses["200"], "state") == {'"on"', '"off"'}


@pytest.mark.parametrize("operation", ["GET /servers", "GET /servers/", "GET /tools/{tool_id}/servers"])
@pytest.mark.parametrize("page", [False, True])
@pytest.mark.parametrize(
    ("text", "unexpected"),
    [
        ({}, False),
        ({"visibility": "team"}, False),
        ({"visibility": "other"}, True),
        ({"name": "any text"}, False),
        ({"unlike": "other"}, True),
    ],
)
def test_an_item_of_a_list_can_have_what_the_entity_alone_had(
    operation: str, page: bool, text: dict[str, str], unexpected: bool
) -> None:
    usual = {"name": "a", "visibility": "public", "unlike": "x"}
    stored = {key: {"|": "string", "=": [one]} for key, one in usual.items()}
    alone = {"name": "string", "visibility": {"|": "string", "=": {'"team"': 1}}, "id": "string"}
    shapes = {
        operation: {"200": from_stored({"servers": [stored]} if page else [stored])},
        "GET /servers/{server_id}": {"200": from_stored(alone)},
        "GET /other": {"200": from_stored([stored])},
    }
    found = with_items_of_others(shapes)
    items = [usual | text]
    differences = compare(found[operation]["200"], {"servers": items} if page else items).differences
    assert bool(differences) is unexpected
    assert found["GET /other"] == shapes["GET /other"]


@pytest.mark.parametrize("version", [one for one in available() if path_of(one).is_file()])
def test_the_recorded_lists_have_what_their_entities_had(version: str) -> None:
    recorded = read_shapes(path_of(version)).decoded(path_of(version))
    assert with_items_of_others(recorded) == recorded
