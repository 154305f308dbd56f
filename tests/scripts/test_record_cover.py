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
    assert made_by(calls) == {"a": Made(frozenset({"GET /a"}), 2), "b": Made(frozenset({"GET /b"}), 1)}


def test_the_scenario_with_most_operations_for_a_request_comes_first() -> None:
    made = {
        "long": Made(frozenset({"GET /a", "GET /b", "GET /c"}), 6),
        "short": Made(frozenset({"GET /a", "GET /b"}), 2),
        "useless": Made(frozenset({"GET /b"}), 1),
    }
    assert cover(made) == ("short", "long")


@given(st.dictionaries(st.text(max_size=2), st.frozensets(st.sampled_from("abcdef")), max_size=8))
def test_a_cover_has_every_operation(operations: dict[str, frozenset[str]]) -> None:
    made = {name: Made(found, len(found) + 1) for name, found in operations.items()}
    order = cover(made)
    assert frozenset[str]().union(*(operations[one] for one in order)) == frozenset[str]().union(
        *operations.values()
    )
    covered = set[str]()
    for name in order:
        assert not operations[name] <= covered
        covered |= operations[name]


def test_the_recorded_scenarios_exist() -> None:
    names = {one.name for one in discover_scenarios()}
    assert recorded_cover()
    assert [one for one in recorded_cover() if one not in names] == []
