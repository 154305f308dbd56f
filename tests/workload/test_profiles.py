"""Profiles and the size of a run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.app.supervision import OVERTIME
from loadtest.core.errors import UsageError
from loadtest.workload import profiles as module
from loadtest.workload.profiles import criteria_of, profiles, size, sweep_grace


def test_a_value_that_is_given_replaces_that_of_the_profile() -> None:
    assert size().users == profiles()["pr"].users == 20
    assert size(profile="light").spawn_rate == profiles()["light"].spawn_rate
    assert size(profile="light", users=3, run_time=5.0).words == "3 users for 5 s"


def test_an_unknown_profile_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="unknown profile 'huge': expected pr, deep, light, soak"):
        size(profile="huge")
    assert criteria_of("huge") == ()


def test_a_rate_is_that_of_the_plan_or_of_the_mix() -> None:
    assert (size().rate, size(rate=5.0).rate, size(profile="soak", rate=5.0).rate) == (None, 5.0, None)
    assert size(rate=5.0).words == "20 users, 5 scenarios/s for 60 s"
    plan = profiles()["soak"].plan
    assert plan is not None
    doubled = size(profile="soak", rate=2 * plan.rate)
    assert doubled.soak is not None
    assert doubled.soak.rate == 2 * plan.rate
    assert doubled.users - plan.streams == 2 * (profiles()["soak"].users - plan.streams)


def test_a_wrong_run_time_in_the_file_is_named(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = {"pr": profiles()["pr"].__class__(users=1, spawn_rate=1, run_time="soon", about="")}
    monkeypatch.setattr(module, "profiles", lambda: broken)
    with pytest.raises(UsageError, match=r"^profiles.toml: pr.run_time = soon: expected a duration"):
        size()


@given(st.floats(1, 1e6), st.integers(0, 10_000))
def test_a_load_is_stopped_only_after_the_first_sweep_had_its_time(run_time: float, scenarios: int) -> None:
    assert 0 < sweep_grace(run_time, scenarios) < OVERTIME


@pytest.mark.parametrize(
    ("run_time", "scenarios", "grace"),
    [(1.0, 1, 8.0), (30.0, 749, 600.0), (30.0, 400, 400.0), (60.0, 200, 480.0)],
)
def test_a_short_load_waits_for_a_long_sweep(run_time: float, scenarios: int, grace: float) -> None:
    assert sweep_grace(run_time, scenarios) == grace
