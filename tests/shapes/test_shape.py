"""Shapes of JSON values: what merging keeps, and what a comparison finds."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from loadtest.shapes.expected import LITERAL_RUNS, certain_schema, compare, exact_schema
from loadtest.shapes.literal import SENT
from loadtest.shapes.notation import from_stored, to_stored
from loadtest.shapes.shape import (
    FEWEST_VARYING,
    MOST_FIELDS,
    MOST_LITERALS,
    Shape,
    Within,
    depends_on_scenarios,
    literals_at,
    merge,
    shape_of,
    with_sent,
    without_literals,
)

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3)
)
keys = st.sampled_from(["id", "name", "tags", "url", "x_1"]) | st.text(max_size=3)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=15,
)
records = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.fixed_dictionaries({"id": st.text(max_size=2)}, optional={"name": inner, "tags": inner})
    ),
    max_leaves=15,
)


def merged(samples: list[Any], *, runs: int = 3) -> Shape:
    """Merge the samples as those of each of several runs."""
    shape = Shape()
    for _ in range(runs):
        run = Shape()
        for sample in samples:
            run = merge(run, shape_of(sample), Within.RUN)
        shape = merge(shape, run, Within.VERSION)
    return shape


@given(st.lists(values | records, min_size=1, max_size=6))
def test_a_merged_sample_never_differs(samples: list[Any]) -> None:
    shape = merged(samples)
    exact = jsonschema_rs.validator_for(exact_schema(shape))
    for sample in samples:
        assert compare(shape, sample) == ((), ())
        assert exact.is_valid(sample)


@given(st.lists(values | records, min_size=1, max_size=4), st.lists(values | records, max_size=4))
def test_a_merged_sample_never_differs_from_the_stored_form_however_much_is_added(
    samples: list[Any], later: list[Any]
) -> None:
    stored = json.loads(json.dumps(to_stored(merged(samples))))
    shape = from_stored(stored)
    assert to_stored(shape) == stored
    for sample in later:
        shape = merge(shape, shape_of(sample), Within.VERSION)
    for sample in samples + later:
        assert not compare(from_stored(to_stored(shape)), sample).differences


@given(st.lists(values | records, min_size=1, max_size=4), values | records)
def test_the_schema_of_what_is_certain_agrees_with_the_comparison(samples: list[Any], value: Any) -> None:
    for runs in (1, 2, 3):
        shape = merged(samples, runs=runs)
        certain = jsonschema_rs.validator_for(certain_schema(shape)).is_valid(value)
        differences = compare(shape, value).differences
        assert not (certain and differences)
        assert certain or differences or any(type(one) is list for one in (value, *under(value)))


def under(value: Any) -> Iterator[Any]:
    """Yield every value in ``value``."""
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield one
        yield from under(one)


@given(values | records, values | records, values | records)
def test_the_order_of_samples_does_not_matter(one: Any, two: Any, three: Any) -> None:
    def types(shape: Shape) -> Any:
        return exact_schema(shape)

    def sorted_schema(schema: Any) -> str:
        return json.dumps(schema, sort_keys=True)

    samples = [shape_of(one), shape_of(two), shape_of(three)]
    left = merge(merge(samples[0], samples[1], Within.RUN), samples[2], Within.RUN)
    right = merge(samples[1], merge(samples[2], samples[0], Within.RUN), Within.RUN)
    assert _unordered(types(left)) == _unordered(types(right)), sorted_schema(types(left))


def _unordered(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {
            key: sorted(value) if key in ("type", "required") else _unordered(value)
            for key, value in schema.items()
        }
    return schema


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every key in ``value``, in the objects of lists as well."""
    found = []
    if isinstance(value, dict):
        for key, one in value.items():
            found += [(*path, key), *places(one, (*path, key))]
    elif isinstance(value, list):
        for index, one in enumerate(value):
            found += places(one, (*path, index))
    return found


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    value = copy.deepcopy(value)
    at = value
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = new
    return value


def dropped(value: Any, path: tuple[Any, ...]) -> Any:
    """Return ``value`` without the key at ``path``, in every item of the lists on the way."""
    key, *rest = path
    if isinstance(value, list):
        return [dropped(one, tuple(rest)) for one in value]
    if rest:
        return value | {key: dropped(value[key], tuple(rest))} if key in value else value
    return {name: one for name, one in value.items() if name != key}


TOOL = {
    "id": "1",
    "name": "echo",
    "enabled": True,
    "version": 1,
    "tags": ["a", "b"],
    "auth": {"type": "bearer", "token": {"value": "x", "expires": None}},
    "metrics": {"total": 4, "rate": 0.5},
    "parameters": [{"name": "a", "required": True}, {"name": "b", "required": False}],
    "headers": {"X-Team": "platform", "accept": "text/plain"},
}
BODIES: tuple[Any, ...] = (
    TOOL,
    [TOOL, TOOL | {"id": "2"}],
    {"tools": [TOOL], "nextCursor": None},
    {"jsonrpc": "2.0", "id": "lt-1", "result": {"tools": [TOOL], "meta": {"pages": [[{"n": 1}]]}}},
)
OTHERS = ("text", 5, True, ["text"], {"key": "value"})


def another(value: Any) -> list[Any]:
    """Return values of other types."""
    kind = "number" if type(value) in (int, float) else type(value).__name__
    return [one for one in OTHERS if ("number" if type(one) is int else type(one).__name__) != kind]


@pytest.mark.parametrize("body", BODIES)
def test_every_dropped_or_retyped_key_is_found(body: Any) -> None:
    shape = from_stored(to_stored(merged([body], runs=4)))
    missed = []
    total = 0
    for path in places(body):
        original = body
        for key in path:
            original = original[key]
        if "headers" in path[:-1]:
            continue  # a map of texts
        total += 1
        if not compare(shape, dropped(body, path)).differences:
            missed.append(("dropped", path))
        if original is None:
            continue
        for new in another(original):
            total += 1
            if not compare(shape, changed(body, path, new)).differences:
                missed.append((f"retyped to {new!r}", path))
    assert total > 60
    assert missed == []


@given(records, st.data())
def test_a_dropped_key_that_was_always_there_is_found(sample: Any, data: st.DataObject) -> None:
    at = [path for path in places(sample) if path[-1] == "id" and not any(type(key) is int for key in path)]
    assume(at)
    shape = merged([sample])
    path = data.draw(st.sampled_from(at))
    assume("any" not in json.dumps(to_stored(shape)) and "*" not in json.dumps(to_stored(shape)))
    found = compare(shape, dropped(sample, path)).differences
    assert [one.actual for one in found if one.path.endswith("id")] == [""]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "expected key id (string), missing"),
        ({"id": 5}, "expected id to be string, got number"),
        ({"id": "1", "items": [{}, {}]}, "expected key items[].n (number), missing"),
        ({"id": "1", "items": None}, "expected items to be array, got null"),
        ({"id": "1", "sizes": {"a-b": "x"}}, "expected sizes.* to be number, got string"),
        ([], "expected the body to be object, got array"),
    ],
)
def test_a_difference_states_the_expectation_first(body: Any, text: str) -> None:
    shape = merged([{"id": "a", "items": [{"n": 1}], "sizes": {"a/b": 1}}], runs=12)
    assert text in [str(one) for one in compare(shape, body).differences]


@pytest.mark.parametrize("odd", [{"id": "2"}, {"id": "2", "name": None}])
def test_entities_of_other_callers_in_a_list_are_no_difference(odd: Any) -> None:
    shape = merged([[{"id": "1", "name": "echo"}]], runs=12)
    assert not compare(shape, [{"id": "1", "name": "echo"}, odd]).differences
    assert compare(shape, [odd, odd]).differences
    assert bool(compare(shape, [odd]).differences) is ("name" not in odd)
    assert compare(shape, [{"id": "1", "name": "echo"}, {"id": "2", "name": 5}]).differences


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ([{"id": "1", "capabilities": {}}], False),
        ([{"id": "1", "capabilities": {}}] * 2, False),
        ([{"id": "1", "capabilities": {}}] * 9, False),
        ([{"id": "1", "capabilities": {"tools": 1}}, *[{"id": "1", "capabilities": {}}] * 3], False),
        ([{"id": "1", "capabilities": {"other": 1}}], True),
        ([{"capabilities": {"tools": 1}}], True),
        ([{"id": "1"}], True),
        ([{}], True),
        ({"id": "1", "capabilities": {}}, True),
    ],
)
def test_an_object_may_be_empty_in_the_entities_of_other_callers(body: Any, found: bool) -> None:
    item = {"id": "1", "capabilities": {"tools": 1}}
    shape = merged([item if isinstance(body, dict) else [item]], runs=12)
    assert bool(compare(shape, body).differences) is found


def test_an_added_key_is_no_difference() -> None:
    shape = merged([{"items": [{"n": 1}]}])
    assert compare(shape, {"items": [{"n": 1, "more": 2}], "new": {}}) == ((), ("items[].more", "new"))


def test_an_optional_key_and_a_union_are_not_expected_to_stay() -> None:
    shape = merged([{"a": 1, "b": "x"}, {"a": "1"}])
    assert not compare(shape, {"a": 2}).differences
    assert not compare(shape, {"a": "2", "b": "y"}).differences
    assert [str(one) for one in compare(shape, {"a": []}).differences] == [
        "expected a to be number or string, got array"
    ]


@pytest.mark.parametrize(
    ("samples", "runs", "certain"), [(1, 2, False), (3, 1, False), (2, 2, True), (1, 3, True)]
)
def test_few_samples_make_no_claim(samples: int, runs: int, *, certain: bool) -> None:
    shape = merged([{"a": 1}] * samples, runs=runs)
    for body in ({}, {"a": "x"}):
        assert bool(compare(shape, body).differences) is certain


def test_a_null_is_only_unexpected_after_more_samples() -> None:
    assert not compare(merged([{"a": 1}] * 3, runs=3), {"a": None}).differences
    assert compare(merged([{"a": 1}] * 4, runs=3), {"a": None}).differences


def test_a_value_that_was_always_null_can_be_anything() -> None:
    shape = merged([{"a": None}] * 9)
    assert not compare(shape, {"a": {"b": 1}}).differences
    assert compare(shape, {}).differences


def test_an_array_that_was_always_empty_can_hold_anything() -> None:
    assert not compare(merged([[]] * 9), [1, {}]).differences


@pytest.mark.parametrize(
    "varying",
    [
        {"GET /a": 1},
        {"3f2c9c1e": 1},
        {"user@example.com": 1},
        {"X-Header": 1},
        {"200": 1},
        {f"key{number}": 1 for number in range(MOST_FIELDS + 1)},
    ],
)
def test_an_object_whose_keys_are_data_is_a_map(varying: dict[str, int]) -> None:
    shape = merged([{"stats": varying}])
    assert to_stored(shape) == {"stats": {"*": "number 3/3"}} or to_stored(shape)["stats"]["*"]
    assert not compare(shape, {"stats": {"other": 5}}).differences
    assert compare(shape, {"stats": {"other": "text"}}).differences


def test_a_map_of_texts_can_have_other_values() -> None:
    shape = merged([{"attributes": {"http.method": "GET"}}])
    assert not compare(shape, {"attributes": {"http.status": 200}}).differences


def test_an_object_without_a_constant_key_becomes_a_map() -> None:
    few = merged([{f"key{number}": 1} for number in range(FEWEST_VARYING)])
    many = merged([{f"key{number}": 1} for number in range(FEWEST_VARYING + 1)])
    assert (few.values, many.fields) == (None, {})
    assert compare(few, {"new": 1}).added == ("new",)
    assert compare(many, {"new": 1}).added == ()


def test_a_json_schema_can_be_anything() -> None:
    shape = merged([{"inputSchema": {"type": "object", "properties": {"a": {"type": "string"}}}}])
    assert to_stored(shape)["inputSchema"].startswith("any")
    assert not compare(shape, {"inputSchema": {"type": "object", "properties": {}}}).differences
    assert compare(shape, {}).differences


def test_a_value_of_many_types_can_be_anything() -> None:
    varied: tuple[Any, ...] = ("a", 1, True, [])
    shape = merged([{"value": one} for one in varied])
    assert to_stored(shape)["value"].startswith("any")


@pytest.mark.parametrize(
    ("samples", "stored"),
    [
        (["a"], {"|": "string", "=": ["a"]}),
        ([None, "a", 1], {"|": "null|number|string", "=": ["a", 1]}),
        ([["a"], []], [{"|": "string", "=": ["a"]}]),
        ([[]], []),
        ([{"a": 1.5}, {"a": 2, "b": None}], {"a": {"|": "number", "=": [1.5, 2]}, "b?": "null"}),
        ([{"a": [{"b": {}}]}], {"a": [{"b": {}}]}),
        ([{"a": {"b": True}}, {"a": None}], {"a": {"|": "null|object", "b": {"|": "boolean", "=": [True]}}}),
        ([{"a": [1.5]}, {"a": "x" * 300}], {"a": {"|": "array|string", "[]": {"|": "number", "=": [1.5]}}}),
        (
            [{"a": [0.5]}, {"a": "x"}],
            {"a": {"|": "array|string", "=": ["x"], "[]": {"|": "number", "=": [0.5]}}},
        ),
        ([{"x-y": [1.5]}], {"*": ["number"]}),
    ],
)
def test_the_stored_form(samples: list[Any], stored: Any) -> None:
    shape = merged(samples * 10, runs=LITERAL_RUNS)
    assert to_stored(shape) == stored
    assert to_stored(from_stored(stored)) == stored


def test_the_stored_form_states_few_samples() -> None:
    shape = merged([{"a": [0.5]}, {"a": [1.5], "b": {"c": "x"}}], runs=1)
    assert to_stored(shape) == {
        "|": "object 2/1",
        "a": {"|": "array 2/1", "[]": {"|": "number 2/1", "=": {"0.5": 1, "1.5": 1}}},
        "b?": {"|": "object 1/1", "c": {"|": "string 1/1", "=": {'"x"': 1}}},
    }


@pytest.mark.parametrize(
    "stored", [["string", "number"], 5, None, "string x/y", {"a": 5}, {"=": 5}, {"=": {"x": "y"}}]
)
def test_what_is_no_stored_form_is_rejected(stored: Any) -> None:
    with pytest.raises(ValueError, match=r"shape|invalid|literals"):
        from_stored(stored)


def test_a_literal_that_was_never_seen_is_a_difference_where_they_are_few() -> None:
    samples = [{"state": "on", "ok": True, "n": 1}, {"state": "off", "ok": True, "n": 1}]
    shape = merged(samples, runs=LITERAL_RUNS)
    assert not compare(shape, {"state": "off", "ok": True, "n": 1.0}).differences
    found = compare(shape, {"state": "x" * 300, "ok": False, "n": 2}).differences
    assert [str(one) for one in found] == [
        "expected n to be 1, got 2",
        "expected ok to be true, got false",
        'expected state to be "off" or "on", got a long text',
    ]


def test_every_literal_must_have_been_seen_in_several_runs() -> None:
    shape = merged([{"state": "on"}], runs=LITERAL_RUNS)
    assert compare(shape, {"state": "off"}).differences
    once = merge(shape, shape_of({"state": "standby"}), Within.VERSION)
    assert not compare(once, {"state": "off"}).differences, "others may come as rarely as this one"
    assert not compare(merged([{"state": "on"}], runs=LITERAL_RUNS - 1), {"state": "off"}).differences


def test_many_literals_can_be_any() -> None:
    samples = [{"name": chr(97 + number)} for number in range(MOST_LITERALS + 1)]
    assert not compare(merged(samples, runs=LITERAL_RUNS), {"name": "?"}).differences
    assert compare(merged(samples[1:], runs=LITERAL_RUNS), {"name": "?"}).differences


def test_what_maps_contain_can_be_any() -> None:
    shape = merged([{"x-y": "a"}], runs=LITERAL_RUNS)
    assert not compare(shape, {"x-y": "b"}).differences
    assert '"="' not in json.dumps(to_stored(shape))


ITEM = {"kind": "a", "on": True}


@pytest.mark.parametrize(
    ("items", "paths"),
    [
        ([ITEM, ITEM], []),
        ([ITEM | {"kind": "?"}], ["[].kind"]),
        ([ITEM | {"kind": "?"}, ITEM | {"kind": "!"}], ["[].kind"]),
        ([ITEM | {"kind": "?"}, ITEM], []),
        ([ITEM | {"kind": "?"}, ITEM | {"on": False}], []),
        ([ITEM | {"on": False}] * 3, ["[].on"]),
        ([ITEM | {"on": None}, ITEM | {"on": False}], []),
        ([], []),
    ],
)
def test_a_literal_must_be_unexpected_in_every_item(items: list[Any], paths: list[str]) -> None:
    shape = merged([[ITEM], [ITEM | {"kind": "b"}]], runs=LITERAL_RUNS)
    found = compare(shape, items).differences
    assert [one.path for one in found] == paths
    assert all(one.of_literal for one in found)


def test_texts_that_were_sent_are_one_literal() -> None:
    sent = {f"sent {number}" for number in range(MOST_LITERALS + 1)}
    shape = merged([{"name": "b"}, {"name": "c"}], runs=LITERAL_RUNS)
    for text in sorted(sent):
        shape = merge(shape, shape_of({"name": text}, sent=sent), Within.VERSION)
    assert shape.fields["name"].literals.keys() == {SENT, '"b"', '"c"'}
    assert from_stored(to_stored(shape)).fields["name"].literals.keys() == {SENT, '"b"', '"c"'}
    for name, differs in (("b", False), ("sent 1", False), ("others", False), ("x", True)):
        assert bool(compare(shape, {"name": name}, sent={"sent 1", "others"}).differences) is differs, name
    (found,) = compare(shape, {"name": "x"}).differences
    assert str(found) == 'expected name to be "b" or "c" or a text that was sent, got "x"'


def test_a_text_that_was_sent_is_expected_although_none_was_recorded() -> None:
    shape = merged([{"name": "b"}], runs=LITERAL_RUNS)
    assert not compare(shape, {"name": "a"}, sent={"a"}).differences
    assert compare(shape, {"name": "x"}, sent={"a"}).differences


def test_where_only_sent_texts_were_seen_others_are_a_difference() -> None:
    shape = Shape()
    for number in range(1, LITERAL_RUNS + 1):
        shape = merge(shape, shape_of({"name": "a"}, sent={"a"}), Within.VERSION)
        found = compare(shape, {"name": "x"}, sent={"b"}).differences
        assert bool(found) is (number == LITERAL_RUNS)
        assert not compare(shape, {"name": "b"}, sent={"b"}).differences
    assert str(found[0]) == 'expected name to be a text that was sent, got "x"'


def test_a_text_that_was_sent_later_is_one_literal_with_those_sent_before() -> None:
    shape = merged([{"name": "a", "n": 1, "list": [{"kind": "b"}, {"kind": "c"}], "map": {"x-y": ["a"]}}])
    sent = with_sent(merge(shape, shape_of({"name": "x"}, sent={"x"}), Within.RUN), {"a", "b", "1"})
    assert literals_at(sent, "name") == {SENT}
    assert literals_at(sent, "n") == {"1"}
    assert literals_at(sent, "list[].kind") == {SENT, '"c"'}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("state", {'"on"'}),
        ("tools[].kind", {'"a"'}),
        ("tools[].sizes[]", {'"xl"'}),
        ("tools[].other", set()),
        ("state.other", set()),
        ("", set()),
    ],
)
def test_the_literals_of_a_place(path: str, found: set[str]) -> None:
    shape = shape_of({"state": "on", "tools": [{"kind": "a", "sizes": ["xl"]}]})
    assert literals_at(shape, path) == found


def test_without_literals_any_is_expected() -> None:
    shape = without_literals(merged([{"a": {"kind": "a"}}, {"a": None}], runs=LITERAL_RUNS))
    assert not compare(shape, {"a": {"kind": "?"}}).differences
    assert [str(one) for one in compare(shape, {"a": {"kind": 1}}).differences] == [
        "expected a.kind to be string, got number"
    ]


def test_without_literals_where_one_was_sent_the_others_stay() -> None:
    shape = Shape()
    for _ in range(LITERAL_RUNS):
        for state in ("on", "sent"):
            one = {"state": state, "list": [{"kind": "a"}]}
            shape = merge(shape, shape_of(one, sent={"sent"}), Within.VERSION)
    assert [one.path for one in compare(shape, {"state": "?", "list": [{"kind": "?"}]}).differences] == [
        "list[].kind",
        "state",
    ]
    loosened = without_literals(shape, depends_on_scenarios)
    assert [one.path for one in compare(loosened, {"state": "?", "list": [{"kind": "?"}]}).differences] == [
        "list[].kind"
    ]


def test_numbers_are_compared_where_they_are_few() -> None:
    shape = merged([{"limit": 50, "share": 0.5}, {"limit": 100.0, "share": 0.5}], runs=LITERAL_RUNS)
    assert not compare(shape, {"limit": 100, "share": 0.5}).differences
    assert list(map(str, compare(shape, {"limit": 5, "share": 0.25}).differences)) == [
        "expected limit to be 100 or 50, got 5",
        "expected share to be 0.5, got 0.25",
    ]
    assert from_stored(to_stored(shape)).fields["limit"].literals == shape.fields["limit"].literals
    assert not compare(without_literals(shape, depends_on_scenarios), {"limit": 5, "share": 1}).differences


@pytest.mark.parametrize("place", ["", "a", "a.b", "a.list[]", "a.list[].x", "map.*", "map.*.x"])
def test_literals_are_left_out_at_a_place(place: str) -> None:
    value = {"a": {"b": "1", "list": [{"x": "2"}]}, "map": {"x-1": {"x": "3"}}}
    seen: set[str] = set()

    def note(at: str, _: Shape) -> bool:
        seen.add(at)
        return False

    without_literals(merged([value]), note)
    assert place in seen
