"""A soak's plan fits its time whatever that is, and its users share the work."""

from __future__ import annotations

import itertools
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from loadtest.core.errors import UsageError
from loadtest.core.files import read_toml
from loadtest.workload.execution import FAST_RATE, Execution
from loadtest.workload.plan import (
    MAX_SWEEP_TIME,
    Soak,
    Staffing,
    allocate_users,
    arrival_rate,
    mix_rate,
    plan_stages,
)
from loadtest.workload.profiles import Profile, profiles, size


def usual() -> Soak:
    found = profiles()["soak"].plan
    assert found is not None
    return found


SOAK = usual()
RUN_TIMES = st.floats(min_value=10, max_value=6 * 3600)


@given(RUN_TIMES, st.integers(min_value=1, max_value=500))
def test_the_stages_fill_the_run_time_without_gaps(run_time: float, users: int) -> None:
    stages = plan_stages(SOAK, allocate_users(SOAK, users), run_time)
    assert [one.name for one in stages] == ["ramp-up", "plateau", "spike", "recovery", "cool-down"]
    assert stages[0].start == 0.0
    assert stages[-1].end == run_time
    for one, following in itertools.pairwise(stages):
        assert one.start < one.end == following.start
    lengths = {one.name: one.end - one.start for one in stages}
    assert lengths["plateau"] == max(lengths.values())
    assert lengths["ramp-up"] <= 120 + 1e-6
    assert stages[-1].rate == 0.0


def test_a_longer_run_has_a_longer_plateau_not_a_longer_spike() -> None:
    three_hours = {
        one.name: one.end - one.start for one in plan_stages(SOAK, allocate_users(SOAK, 36), 10_800)
    }
    assert three_hours["spike"] == 300
    assert three_hours["plateau"] == 10_800 - 120 - 300 - 900 - 300


def test_the_mix_has_half_of_the_rate_that_each_gateway_had_in_the_sweep() -> None:
    assert mix_rate(scenarios=120, seconds=30.0, gateways=2) == 1.0
    assert mix_rate(scenarios=120, seconds=30.0, gateways=1) == 2.0


def test_a_stage_without_duration_is_left_out() -> None:
    none = replace(SOAK.spike, share=0.0)
    names = [
        one.name
        for one in plan_stages(replace(SOAK, spike=none, ramp_up=none), allocate_users(SOAK, 36), 600)
    ]
    assert names == ["plateau", "recovery", "cool-down"]


@given(
    st.integers(min_value=1, max_value=1000),
    st.floats(min_value=0.1, max_value=100),
    st.floats(min_value=1, max_value=4),
)
def test_all_users_together_start_at_the_rate(users: int, rate: float, factor: float) -> None:
    soak = replace(SOAK, rate=rate, spike_factor=factor)
    hands = allocate_users(soak, users)
    assert hands.plateau == users
    assert hands.paced >= 1
    period = arrival_rate(soak, hands, 1800).period
    assert hands.paced / period == pytest.approx(rate)
    spike = next(one for one in plan_stages(soak, hands, 1800) if one.name == "spike")
    assert (hands.paced + hands.extra) / period == pytest.approx(spike.rate)
    assert spike.rate == pytest.approx(rate * factor, abs=0.501 * rate / hands.paced)


def test_without_streams_all_users_start_scenarios() -> None:
    assert allocate_users(SOAK, 36, streams=False) == Staffing(holders=0, paced=36, extra=54)
    assert allocate_users(SOAK, 36) == Staffing(holders=6, paced=30, extra=45)
    assert allocate_users(SOAK, 5) == Staffing(holders=2, paced=3, extra=4)


def test_streams_are_shorter_in_a_short_run() -> None:
    assert arrival_rate(SOAK, allocate_users(SOAK, 36), 180).held == 45
    assert arrival_rate(SOAK, allocate_users(SOAK, 36), 7200).held == SOAK.held


def test_another_rate_changes_the_number_of_users() -> None:
    normal, fast = size(profile="soak"), size(profile="soak", rate=20)
    assert normal.soak is not None
    assert fast.soak is not None
    periods = [
        arrival_rate(one.soak or SOAK, allocate_users(one.soak or SOAK, one.users), 1800).period
        for one in (normal, fast)
    ]
    assert periods[0] == pytest.approx(periods[1], rel=0.05)
    assert fast.soak.rate == 20
    assert size(profile="soak", rate=20, users=9).users == 9
    assert fast.words == f"{fast.users} users, 20 scenarios/s for 1800 s"


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("rate", 0, "Expected `float` > 0.0 - at `$.plan.rate`"),
        ("spike_factor", 0.5, "$.plan.spike_factor"),
        ("realistic", 1.5, "$.plan.realistic"),
        ("streams", -1, "$.plan.streams"),
        ("spike", {"share": 1.0}, "$.plan.spike.share"),
        ("spike", {"share": 0.1, "least": 3}, "unknown field `least` - at `$.plan.spike`"),
        ("spike", {"share": 0.9}, "expected less than 1 in all - at `$.plan`"),
        ("speed", 1, "unknown field `speed`"),
    ],
)
def test_an_impossible_plan_is_rejected(key: str, value: object, expected: str) -> None:
    profile = msgspec.to_builtins(profiles()["soak"])
    profile["plan"][key] = value
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.convert(profile, Profile)
    assert expected in str(refused.value)


def test_an_error_in_the_file_names_it(tmp_path: Path) -> None:
    path = tmp_path / "profiles.toml"
    path.write_text('[x]\nusers = 1\nspawn_rate = 1\nrun_time = "1m"\nabout = ""\nplan = { rate = "fast" }\n')
    with pytest.raises(UsageError, match=r"profiles.toml: Expected `float`, got `str` - at `\$"):
        read_toml(path, dict[str, Profile])


HANDS = allocate_users(SOAK, 36)
RATE_OF_SWEEP = (20, 5.0)


class Story:
    """An execution on a clock that is moved by hand."""

    def __init__(self, run_time: float = 600.0) -> None:
        self.swept = False
        self.begun = 0
        self.plan = plan_stages(SOAK, HANDS, run_time)
        self.execution = Execution(
            self.plan, HANDS, RATE_OF_SWEEP, lambda: self.swept, self._begins, now=1000.0
        )

    def _begins(self) -> None:
        self.begun += 1

    def users(self, at: float, there: int = 0) -> tuple[int, float] | None:
        return self.execution.users(1000.0 + at, there)


def test_the_plan_waits_until_the_users_of_the_sweep_have_stopped() -> None:
    story = Story()
    assert story.users(0) == story.users(40, 20) == RATE_OF_SWEEP
    story.swept = True
    assert story.users(41, 20) == story.users(42, 3) == (0, FAST_RATE)
    assert story.begun == 0
    assert story.execution.stages(1000.0, 1042.0) == ()
    ramp = (36, 36 / 30)
    assert story.users(43, 0) == ramp
    assert story.users(44, 2) == ramp
    assert story.begun == 1


def test_a_hanging_scenario_delays_the_plan_only_up_to_a_limit() -> None:
    story = Story()
    assert story.users(MAX_SWEEP_TIME - 1, 20) == RATE_OF_SWEEP
    assert story.users(MAX_SWEEP_TIME, 20) == (0, FAST_RATE)


def test_the_plan_is_executed_and_recorded_with_actual_times() -> None:
    story = Story()
    story.swept = True
    story.users(50, 20)
    sizes: list[int] = []
    at, there = 51.0, 0
    while (users := story.users(at, there)) is not None:
        there = users[0]
        if not sizes or sizes[-1] != there:
            sizes.append(there)
        at += 1.0
    assert sizes == [36, 81, 36, 0]
    assert story.execution.finished
    recorded = story.execution.stages(1000.0, 1000.0 + at + 30)
    assert [(one.name, one.rate) for one in recorded] == [(one.name, one.rate) for one in story.plan]
    assert recorded[0].start == 51.0
    assert recorded[-1].end == 651.0
    for one, planned in zip(recorded, story.plan, strict=True):
        assert one.start - 51.0 == pytest.approx(planned.start, abs=1.0)


def test_an_unfinished_plan_records_its_stages_so_far() -> None:
    story = Story()
    story.swept = True
    story.users(10, 20)
    for at in range(11, 200):
        story.users(float(at), 0 if at == 11 else 36)
    recorded = story.execution.stages(1000.0, 1200.0)
    assert [one.name for one in recorded] == ["ramp-up", "plateau"]
    assert recorded[-1].end == 200.0
    assert not story.execution.finished
