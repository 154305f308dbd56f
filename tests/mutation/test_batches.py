"""Faults of one load share no scenario, except in a load of all scenarios."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from loadtest.mutation.batches import MAX_LITERALS, MAX_STALLS, callers, make_batches
from loadtest.mutation.faults import LITERAL, Fault, FaultKind
from loadtest.results.run import PlannedCall, Scenario

OPERATIONS = tuple(f"GET /{letter}" for letter in "abcdef")
PLANS = st.dictionaries(
    st.sampled_from([f"User.task{number}" for number in range(8)]), st.sets(st.sampled_from(OPERATIONS[:5]))
)
FAULTS = st.lists(
    st.builds(Fault, kind=st.sampled_from(FaultKind), operation=st.sampled_from(OPERATIONS)), unique=True
)


def plan(calls: dict[str, set[str]]) -> list[Scenario]:
    return [
        Scenario(
            name=name,
            area="",
            file="",
            line=1,
            calls=tuple(PlannedCall(operation=operation, line=1) for operation in sorted(operations)),
        )
        for name, operations in calls.items()
    ]


@given(PLANS, FAULTS)
def test_every_fault_is_in_one_batch_and_batches_share_no_scenario(
    calls: dict[str, set[str]], faults: list[Fault]
) -> None:
    scenarios = callers(plan(calls))
    batches, uncalled = make_batches(faults, scenarios)
    placed = [fault for batch in batches for fault in batch.faults]
    assert sorted(map(repr, (*placed, *uncalled))) == sorted(map(repr, faults))
    assert all(fault.operation not in scenarios for fault in uncalled)
    for batch in batches:
        assert len({fault.operation for fault in batch.faults}) == len(batch.faults)
        assert {fault.kind in LITERAL for fault in batch.faults} == {batch.of_all}
        if batch.of_all:
            assert len(batch.faults) <= MAX_LITERALS
            continue
        calling = [scenarios[fault.operation] for fault in batch.faults]
        assert sum(map(len, calling)) == len(frozenset().union(*calling)) == len(batch.scenarios)
        assert sum(fault.kind is FaultKind.STALL for fault in batch.faults) <= MAX_STALLS


def test_changed_texts_and_numbers_share_one_load_of_all_scenarios() -> None:
    scenarios = callers(plan({"A.a": {"GET /a", "GET /b"}}))
    faults = [
        Fault(kind=kind, operation=name)
        for kind, name in ((FaultKind.TEXT_CHANGED, "GET /a"), (FaultKind.NUMBER_CHANGED, "GET /b"))
    ]
    batches, _ = make_batches(faults, scenarios)
    assert [(batch.of_all, len(batch.faults)) for batch in batches] == [(True, 2)]


def test_faults_of_different_scenarios_share_a_load() -> None:
    scenarios = callers(plan({"A.a": {"GET /a"}, "B.b": {"GET /b"}}))
    faults = [Fault(kind=FaultKind.HTML, operation=name) for name in ("GET /a", "GET /b")]
    batches, _ = make_batches(faults, scenarios)
    assert [batch.scenarios for batch in batches] == [{"A.a", "B.b"}]
