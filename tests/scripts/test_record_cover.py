"""The recorded cover contains every operation that any scenario covered, and its scenarios exist."""

from hypothesis import given
from hypothesis import strategies as st
from record_cover import Made, cover, made_by

from loadtest.engine.scenario_plan import discover_scenarios
from loadtest.engine.sweep import recorded_cover
from loadtest.results.trace import TracedCall


def call(scenario: str, operation: str, *, covers: bool = True) -> TracedCall:
    return TracedCall(
        operation=operation, scenario=scenario, covers=covers, status=200, duration=1.0, finished=1.0
    )


def test_a_scenario_covers_the_operations_of_its_valid_responses() -> None:
    calls = (call("a", "GET /a"), call("a", "GET /b", covers=False), call("b", "GET /b"), call("", "GET /c"))
    assert made_by(calls) == {"a": Made(frozenset({"GET /a"}), 2.0), "b": Made(frozenset({"GET /b"}), 1.0)}


def test_the_scenario_with_most_operations_in_the_same_time_comes_first() -> None:
    made = {
        "long": Made(frozenset({"GET /a", "GET /b", "GET /c"}), 6.0),
        "short": Made(frozenset({"GET /a", "GET /b"}), 2.0),
        "useless": Made(frozenset({"GET /b"}), 1.0),
    }
    assert cover({"long": made["long"], "useless": made["useless"]}) == ("long",)
    assert cover(made | {"long": Made(frozenset({"GET /c"}), 6.0)}) == ("short", "long")


def test_a_scenario_whose_operations_others_have_as_well_is_left_out() -> None:
    made = {
        "both": Made(frozenset({"GET /a", "GET /b"}), 2.0),
        "first": Made(frozenset({"GET /a", "GET /c", "GET /d"}), 4.0),
        "second": Made(frozenset({"GET /b", "GET /e"}), 4.0),
    }
    assert cover(made) == ("first", "second")


@given(st.dictionaries(st.text(max_size=2), st.frozensets(st.sampled_from("abcdef")), max_size=8))
def test_a_cover_has_every_operation(operations: dict[str, frozenset[str]]) -> None:
    made = {name: Made(found, len(found) + 1.0) for name, found in operations.items()}
    order = cover(made)
    assert frozenset[str]().union(*(operations[one] for one in order)) == frozenset[str]().union(
        *operations.values()
    )
    for name in order:
        others = frozenset[str]().union(*(operations[one] for one in order if one != name))
        assert not operations[name] <= others


def test_the_recorded_scenarios_exist() -> None:
    names = {one.name for one in discover_scenarios()}
    assert recorded_cover()
    assert [one for one in recorded_cover() if one not in names] == []
