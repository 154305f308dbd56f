"""Options that no scenario can satisfy are refused before anything is booted."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from supported import NEWEST

from loadtest.app.preflight import check_criteria, reachable_operations, selected_scenarios
from loadtest.core.errors import UsageError
from loadtest.judge.criteria.criterion import parse
from loadtest.openapi.contracts import contract_of
from loadtest.versions import data as versions
from loadtest.workload.profiles import profiles, size

PR = size(profile="pr", users=None, spawn_rate=None, run_time=None, processes=None, rate=None)
SCENARIOS = selected_scenarios((), soak=False, deep=False)
REACHABLE = reachable_operations(SCENARIOS, NEWEST)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("GET /tool: p95 < 1s", "no scenario calls GET /tool, expected GET /tools, "),
        ("GET /zzz/qqq/zzz: p95 < 1s", "no scenario calls GET /zzz/qqq/zzz, expected "),
        (
            "area reading: p95 < 1s",
            "no scenario calls the area reading, expected a2a-agent-plugin-bindings, ",
        ),
        ("GET /roots: p99.9 < 1s", "needs 1000 requests, and this run makes about "),
        ("GET /version: p95 < 1s", "needs 20 requests, and this run makes about "),
        ("area tags: availability >= 99.99%", "needs 10000 requests, and this run makes about "),
    ],
)
def test_refused(text: str, words: str) -> None:
    with pytest.raises(UsageError) as error:
        check_criteria([parse(text)], REACHABLE, PR)
    assert str(error.value).startswith(f"--criteria: '{text}': {words}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        "p95 < 1s",
        "p99.9 < 1s",
        "rps > 1",
        "GET /tools: p95 < 1s",
        "GET /tools: p99.9 < 1s, min-samples 5",
        "GET /version: max < 1s, min-samples 1",
        "POST /rpc: error-rate < 1%",
        "POST /rpc tools/call: p95 < 1s",
        "area tools: p95 < 1s",
        "area Admin UI: p99 < 1s",
        "area teams: operations >= 10",
    ],
)
def test_accepted(text: str) -> None:
    check_criteria([parse(text)], REACHABLE, PR)


def test_a_longer_run_has_more_requests() -> None:
    for text in ("GET /version: p95 < 1s", "GET /tools: p99.9 < 1s"):
        check_criteria([parse(text)], REACHABLE, replace(PR, users=50, run_time=3600.0))


def test_a_checkout_may_have_areas_that_no_known_version_has() -> None:
    reachable = reachable_operations(SCENARIOS, None)
    check_criteria([parse("area brand-new: p95 < 1s")], reachable, PR)
    with pytest.raises(UsageError, match="no scenario calls GET /brand/new"):
        check_criteria([parse("GET /brand/new: p95 < 1s")], reachable, PR)


@pytest.mark.parametrize("version", versions.available())
def test_every_area_of_a_version_that_scenarios_call_is_a_scope(version: str) -> None:
    reachable = reachable_operations(SCENARIOS, version)
    for area in {reachable.area(name) for name in reachable.calls}:
        assert reachable.within(f"area {area}")
    assert set(contract_of(version).areas.values()) >= {reachable.area(name) for name in reachable.calls}


def test_selected_by_tag_and_by_class() -> None:
    slow = selected_scenarios(("--tags", "slow"), soak=False, deep=False)
    assert slow
    assert all("slow" in one.tags for one in slow)
    with pytest.raises(UsageError, match=r"--tags nosuchtag: no scenario has this tag, expected .*, teams, "):
        selected_scenarios(("--tags", "nosuchtag"), soak=False, deep=False)


def test_a_class_of_another_profile_is_named() -> None:
    usual = {one.name for one in SCENARIOS}
    deep = next(one.name for one in selected_scenarios((), soak=False, deep=True) if one.name not in usual)
    name = deep.partition(".")[0]
    with pytest.raises(UsageError, match=f"{name}.*: runs with another profile only, such as pr or soak"):
        selected_scenarios((name,), soak=False, deep=False)


def test_the_criteria_of_the_profiles_are_possible() -> None:
    for name, profile in profiles().items():
        used = size(profile=name, users=None, spawn_rate=None, run_time=None, processes=None, rate=None)
        check_criteria([parse(text) for text in profile.criteria], REACHABLE, used)
