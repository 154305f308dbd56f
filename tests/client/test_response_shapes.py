"""Comparison of the responses of a process with recorded shapes, and what it records."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.client.response_shapes import FIRST_COMPILED, MOST_NEW, SAMPLES, Examined, ResponseShapes
from loadtest.openapi.contract import read_contract
from loadtest.shapes.expected import compare
from loadtest.shapes.notation import from_stored
from loadtest.shapes.shape import Shape, Within, merge, shape_of

TOOLS = from_stored([{"id": "string", "name": "string", "note?": "null|string", "rare": "string 1/1"}])
TOOL = {"id": "1", "name": "a", "rare": "x"}
UNDOCUMENTED = read_contract({"paths": {"/other": {"get": {}}}})


def shapes() -> ResponseShapes:
    return ResponseShapes({"GET /tools": {"200": TOOLS}})


def examined(body: Any, using: ResponseShapes | None = None, **where: Any) -> Examined:
    """Examine a response as a call does."""
    using = using or shapes()
    operation, status = where.get("operation", "GET /tools"), where.get("status", "200")
    typical = using.is_typical(UNDOCUMENTED, operation, int(status), body)
    return using.examine(operation, status, body, typical=typical)


def test_a_response_like_the_recorded_ones_has_no_difference() -> None:
    found = examined([TOOL])
    assert (found.differences, found.added, found.compared) == ((), (), True)


def test_a_missing_key_and_another_type_are_differences_each_time() -> None:
    using = shapes()
    for _ in range(MOST_NEW + SAMPLES):
        found = examined([{"id": 5, "rare": "x"}], using)
    assert [str(one) for one in found.differences] == [
        "expected [].id to be string, got number",
        "expected key [].name (string), missing",
    ]


def test_a_response_with_a_difference_is_recorded_so_that_the_change_can_be_accepted() -> None:
    changed = [{"id": 5, "rare": "x"}]
    sample = examined(changed).sample
    assert sample is not None
    using = ResponseShapes({"GET /tools": {"200": merge(TOOLS, sample, Within.VERSION)}})
    assert examined(changed, using).differences == ()
    assert examined([TOOL], using).differences == ()


def test_an_added_key_is_reported_every_time_until_it_is_known() -> None:
    using = shapes()
    for _ in range(FIRST_COMPILED):
        assert examined([TOOL | {"new": 1}], using).added == ("[].new",)
    assert examined([TOOL | {"new": 1}], using).added == ()


def test_a_difference_is_found_after_responses_with_added_keys() -> None:
    using = shapes()
    for key in ("new", "x-data", "other"):
        examined([TOOL | {key: 1}], using)
    assert examined([{"id": "1", "rare": "x"}], using).differences


def test_another_status_or_operation_is_not_compared() -> None:
    for where in ({"status": 201}, {"operation": "POST /tools"}):
        found = examined({"anything": 1}, **where)
        assert (found.differences, found.added, found.compared) == ((), (), False)
        assert found.sample is not None


def test_only_the_first_of_equal_responses_are_recorded() -> None:
    using = shapes()
    recorded = [examined([TOOL], using).sample is not None for _ in range(FIRST_COMPILED + SAMPLES + 5)]
    assert sum(recorded) == FIRST_COMPILED + SAMPLES, "the first, and those like them"


def test_the_schema_of_typical_responses_is_compiled_ever_more_rarely() -> None:
    """A compilation takes as long as many comparisons, and many operations are called a few times only."""
    using = shapes()
    compiled = []
    for number in range(1, 200):
        entry = using._entries.get(("GET /tools", "200"))
        before = entry and entry._typical
        examined([TOOL | {f"key{number}": number}], using)
        entry = using._entries["GET /tools", "200"]
        if entry._typical is not before:
            compiled.append(number)
    assert compiled == [5, 9, 17, 33, 65, 129]


def test_a_new_response_is_recorded_after_many_equal_ones() -> None:
    using = shapes()
    for _ in range(SAMPLES + 1):
        examined([TOOL], using)
    assert examined([TOOL | {"rare": None}], using).sample is not None


def test_the_number_of_new_responses_is_limited() -> None:
    using = shapes()
    bodies = ({f"key{number}": {f"k{number}": number}} for number in range(MOST_NEW + 20))
    recorded = [examined(body, using, operation="GET /x").sample for body in bodies]
    assert 0 < sum(one is not None for one in recorded) <= MOST_NEW + SAMPLES


bodies = st.fixed_dictionaries(
    {"id": st.text(max_size=2) | st.integers(), "at": st.lists(st.integers() | st.none(), max_size=2)},
    optional={"a": st.none() | st.text("abc", max_size=1), "b-c": st.integers(), "d": st.just({"e": 1})},
)


@given(
    st.lists(bodies | st.none() | st.just([]), max_size=8),
    st.lists(bodies, min_size=3, max_size=6),
    st.sets(st.text("ab", max_size=1), max_size=3),
)
def test_the_fast_path_finds_what_a_comparison_of_every_key_finds(
    load: list[Any], recorded: list[Any], sent: set[str]
) -> None:
    shape = Shape()
    for body in recorded:
        shape = merge(shape, shape_of(body, sent=sent), Within.VERSION)
    using = ResponseShapes({"GET /x": {"200": shape}})
    using.sent(list(sent))
    for body in load:
        found = examined(body, using, operation="GET /x").differences
        assert found == compare(shape, body, sent).differences


STATE = from_stored({"state": {"|": "string", "=": ["off", "on"]}, "kinds": [{"|": "string", "=": ["a"]}]})


def states() -> ResponseShapes:
    return ResponseShapes({"GET /tools": {"200": STATE}})


def test_a_text_that_a_request_had_is_no_difference() -> None:
    using = states()
    body = {"state": "Renamed.", "kinds": []}
    using.sent(None, {"tool": {"states": ["Renamed."]}}, None)
    assert examined(body, using).differences == ()
    assert examined(body, states()).differences != ()
    assert [one.path for one in examined({"state": "x", "kinds": ["b"]}, using).differences] == [
        "kinds[]",
        "state",
    ]


@pytest.mark.parametrize(
    ("part", "echoed"),
    [
        ("x", True),
        ({"a": {"b": ("x",)}}, True),
        ('{"a": ["x"]}', True),
        ("w, x,y", True),
        ("{x", False),
        ("xx", False),
        (5, False),
        ({"x": 1}, False),
    ],
)
def test_the_texts_of_a_request(part: Any, echoed: bool) -> None:
    using = states()
    using.sent(part)
    assert (not examined({"state": "x", "kinds": []}, using).differences) is echoed


def test_the_form_of_a_generated_name_stays_expected_although_a_request_had_one() -> None:
    named = from_stored({"name": {"|": "string", "=": ["<run>-tool"]}})
    for name, differs in (("lt-4ef21a-tool", False), ("lt-4ef21a-toolx", True)):
        using = ResponseShapes({"GET /tools": {"200": named}})
        using.sent({"name": "lt-4ef21a-tool"})
        assert bool(examined({"name": name}, using).differences) is differs


def test_a_text_that_is_the_same_in_every_run_counts_as_itself_although_a_request_had_it() -> None:
    named = from_stored({"owner": {"|": "string", "=": ["admin@example.com"]}})
    using = ResponseShapes({"GET /tools": {"200": named}}, constant={"admin@example.com"})
    using.sent({"owner": "admin@example.com", "other": "somebody@example.com"})
    assert examined({"owner": "admin@example.com"}, using).differences == ()
    assert examined({"owner": "somebody@example.com"}, using).differences == ()
    assert examined({"owner": "nobody@example.com"}, using).differences
    sample = examined({"owner": "admin@example.com"}, using).sample
    assert sample is not None
    assert sample.fields["owner"].literals.keys() == {'"admin@example.com"'}
