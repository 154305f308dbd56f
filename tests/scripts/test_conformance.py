"""Results of the conformance suite are compared with the failures that are expected."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from conformance import EXPECTED, HERE, read_results
from expectations import (
    Exclusion,
    Expectations,
    ExpectedFailure,
    compare,
    failure_of,
    read_expectations,
    table,
)

from loadtest.core.errors import InconclusiveError

TODAY = dt.date(2026, 12, 1)


def expectation(scenario: str, expires: dt.date = TODAY) -> ExpectedFailure:
    return ExpectedFailure(scenario=scenario, reason="not offered", owner="gateway", expires=expires)


@pytest.mark.parametrize(
    ("statuses", "failure"),
    [
        (["SUCCESS", "INFO", "WARNING"], None),
        (["SUCCESS", "FAILURE"], "FAILURE 1"),
        (["FAILURE", "FAILURE"], "FAILURE 0; FAILURE 1"),
        ([], "no check was made"),
    ],
)
def test_a_scenario_fails_with_one_of_its_checks(statuses: list[str], failure: str | None) -> None:
    checks = [
        {"status": status, "errorMessage": f"{status} {number}"} for number, status in enumerate(statuses)
    ]
    assert failure_of(checks) == failure


@pytest.mark.parametrize(
    ("results", "expected", "failed"),
    [
        ({"a": None}, [], False),
        ({"a": "x", "b": None}, [], True),
        ({"a": "x", "b": None}, ["a"], False),
        ({"a": None}, ["a"], False),
        ({}, [], True),
        ({"a": "x"}, ["a"], True),
    ],
)
def test_only_an_expected_failure_is_allowed(
    results: dict[str, str | None], expected: list[str], failed: bool
) -> None:
    expectations = Expectations(expected=tuple(map(expectation, expected)))
    assert compare(results, expectations, TODAY).failed is failed


def test_an_entry_expires_and_becomes_stale() -> None:
    expectations = Expectations(
        expected=(expectation("old", TODAY - dt.timedelta(days=1)), expectation("gone"), expectation("seen"))
    )
    found = compare({"old": "x", "gone": None, "seen": "y", "new": "z"}, expectations, TODAY)
    assert [one.scenario for one in found.expired] == ["old"]
    assert [one.scenario for one in found.stale] == ["gone"]
    assert [one.scenario for one in found.known] == ["seen"]
    assert found.new == {"new": "z"}


def test_an_excluded_scenario_is_shown_and_not_judged() -> None:
    expectations = Expectations(excluded=(Exclusion(scenario="a", reason="not offered"),))
    results = {"a": "x", "b": None}
    found = compare(results, expectations, TODAY)
    assert not found.failed
    assert "| `a` | excluded | not offered |" in list(table(results, found, expectations))


def test_results_are_read_from_the_output_of_the_suite(tmp_path: Path) -> None:
    directory = tmp_path / "server-tools-call-error-2026-12-01T10-00-00-000Z"
    directory.mkdir()
    (directory / "checks.json").write_text(json.dumps([{"status": "SUCCESS"}]))
    assert read_results(tmp_path) == {"tools-call-error": None}


def test_no_result_is_inconclusive(tmp_path: Path) -> None:
    with pytest.raises(InconclusiveError):
        read_results(tmp_path)


def test_the_lock_pins_the_suite_and_names_no_registry() -> None:
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]
    locked = json.loads((HERE / "package-lock.json").read_text())["packages"]
    for name, version in wanted.items():
        assert locked[f"node_modules/{name}"]["version"] == version
    assert all("resolved" not in entry for entry in locked.values())
    assert all("integrity" in entry for name, entry in locked.items() if name)


def test_every_expected_failure_has_a_reason_and_an_owner() -> None:
    for one in read_expectations(EXPECTED).expected:
        assert one.reason
        assert one.owner
