"""The recorded refusals of each version, and the reasons for what is not refused."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.client.refusal import is_refusal
from loadtest.openapi.contract import read_contract
from loadtest.openapi.contracts import contract_of
from loadtest.openapi.negative_cases import negative_cases
from loadtest.versions.data import available, load
from loadtest.versions.refusals import load_outcomes, load_rules, merged, path_of, stored_form
from loadtest.versions.shapes import path_of as shapes_of

RECORDED = [version for version in available() if path_of(version).is_file()]


def test_at_least_the_newest_version_with_recorded_shapes_has_recorded_refusals() -> None:
    """A version that was just added has neither."""
    assert next(version for version in available() if shapes_of(version).is_file()) in RECORDED


@pytest.mark.parametrize("version", RECORDED)
def test_whatever_is_not_refused_has_a_reason(version: str) -> None:
    rules = load_rules(version)
    assert [
        f"{operation}: {label}: {outcome}"
        for operation, cases in load_outcomes(version).items()
        for label, outcomes in cases.items()
        for outcome in outcomes
        if not is_refusal(outcome) and rules.reason(operation, label, outcome) is None
    ] == []


@pytest.mark.parametrize("version", RECORDED)
def test_every_case_of_the_contract_is_recorded(version: str) -> None:
    rules, outcomes, data = load_rules(version), load_outcomes(version), load(version)
    assert [
        f"{case.operation}: {case.label}"
        for case in negative_cases(read_contract(contract_of(version).document))
        if rules.sends(case.operation, case.label)
        and not any(fnmatchcase(case.operation, one.operations) for one in data.excluded)
        and case.label not in outcomes.get(case.operation, {})
    ] == []


@pytest.mark.parametrize("version", RECORDED)
def test_the_file_is_in_its_stored_form(version: str) -> None:
    assert stored_form(load_outcomes(version)) == path_of(version).read_text()


def test_every_reason_applies_to_a_recorded_outcome() -> None:
    applied = {
        rule
        for version in RECORDED
        for operation, cases in load_outcomes(version).items()
        for label, outcomes in cases.items()
        for outcome in outcomes
        if not is_refusal(outcome) and (rule := load_rules(version).reason(operation, label, outcome))
    }
    recorded = {label for version in RECORDED for cases in load_outcomes(version).values() for label in cases}
    rules = [one for one in load_rules().answered if recorded & set(one.cases)]
    assert [one.reason for one in rules if one not in applied] == []


outcomes_of_runs = st.dictionaries(
    st.sampled_from(["GET /a", "POST /b"]),
    st.dictionaries(
        st.sampled_from(["no token", "wrong type"]),
        st.sets(st.sampled_from(["401", "200 -32601", "303 error"]), min_size=1).map(
            lambda s: tuple(sorted(s))
        ),
        min_size=1,
    ),
)


@given(outcomes_of_runs, outcomes_of_runs)
def test_merging_keeps_every_outcome_in_any_order(
    one: dict[str, dict[str, tuple[str, ...]]], other: dict[str, dict[str, tuple[str, ...]]]
) -> None:
    both = merged([one, other])
    assert both == merged([other, one]) == merged([both, one])
    assert merged([one]) == one
    assert json.loads(stored_form(both)).keys() == both.keys()
