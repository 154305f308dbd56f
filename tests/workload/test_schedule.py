"""Intended starts do not drift, a stall becomes a backlog that is caught up, and the measured times show it."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from loadtest.results.latency import Histogram
from loadtest.workload.schedule import Schedule, phase

PERIODS = st.floats(min_value=0.01, max_value=60)
PHASES = st.floats(min_value=0, max_value=1, exclude_max=True)
CLOCKS = st.floats(min_value=0, max_value=1e6)


@given(CLOCKS, PERIODS, PHASES)
def test_the_first_start_is_the_next_one_with_its_phase(now: float, period: float, wanted: float) -> None:
    first = Schedule.after(now, period, wanted).due
    assert now <= first <= now + period * (1 + 1e-9) + 1e-6
    off = (first / period - wanted) % 1.0
    assert min(off, 1 - off) < 1e-6 * max(first / period, 1)


@given(CLOCKS, PERIODS, PHASES, st.integers(min_value=1, max_value=10_000))
def test_the_rate_does_not_drift(now: float, period: float, wanted: float, turns: int) -> None:
    schedule = Schedule.after(now, period, wanted)
    first = schedule.due
    for _ in range(turns):
        # Each wake-up is a little late; a schedule that counts from the last start would shift by all of it.
        schedule.begin(schedule.due + period * 0.3)
    assert schedule.due == pytest.approx(first + turns * period, abs=1e-9 * (now + turns * period))


@given(PERIODS, st.lists(st.floats(min_value=0, max_value=200), min_size=1, max_size=50))
def test_no_start_is_early_lost_or_repeated(period: float, lasts: list[float]) -> None:
    schedule = Schedule(period, first=0.0)
    now = 0.0
    dues = []
    for duration in lasts:
        now += schedule.wait(now)
        start = schedule.begin(now)
        dues.append(start.due)
        # A sum of floats may fall short of the intended start by its last bit.
        assert now >= start.due or now == pytest.approx(start.due, rel=1e-12)
        assert start.late == max(now - start.due, 0.0)
        now += duration
    assert dues == [number * period for number in range(len(lasts))]
    assert schedule.backlog(now) == max(math.floor(now / period) + 1 - len(lasts), 0)


def test_a_late_user_starts_at_once_until_it_has_caught_up() -> None:
    schedule = Schedule(1.0, first=0.0)
    schedule.wait(0.0)
    schedule.begin(0.0)
    now = 3.5  # the first answer took so long
    waits, lates = [], []
    for _ in range(5):
        wait = schedule.wait(now)
        start = schedule.begin(now + wait)
        waits.append(wait)
        lates.append(start.late)
        now += wait + 0.25
    assert waits == [0.0, 0.0, 0.0, 0.0, 0.5]
    assert lates == [2.5, 1.75, 1.0, 0.25, 0.0]


def test_only_the_delay_of_an_idle_user_counts_for_the_generator() -> None:
    schedule = Schedule(1.0, first=0.0)
    schedule.wait(0.5)  # the next start is past: busy
    assert not schedule.begin(0.5).free
    schedule.wait(0.6)
    assert schedule.begin(1.2).free


def test_starts_after_the_end_are_no_backlog() -> None:
    schedule = Schedule(10.0, first=5.0)
    assert schedule.backlog(4.9) == 0
    assert schedule.backlog(5.0) == 1
    assert schedule.backlog(24.9) == 2
    schedule.begin(5.0)
    assert schedule.backlog(24.9) == 1


@given(st.integers(min_value=2, max_value=300), st.integers(min_value=0, max_value=20))
def test_users_are_spread_evenly_whichever_leave(users: int, process: int) -> None:
    phases = sorted(phase(user, process) for user in range(users))
    gaps = [b - a for a, b in zip(phases, [*phases[1:], phases[0] + 1], strict=True)]
    # Of the golden ratio (three-distance theorem): no gap is longer than 2.7 times the even one.
    assert max(gaps) < 2.7 / users


def test_processes_do_not_start_together() -> None:
    assert len({round(phase(0, process), 3) for process in range(20)}) == 20


@given(
    st.integers(min_value=1, max_value=20),
    st.floats(min_value=1.0, max_value=30.0),
    st.integers(min_value=200, max_value=1000),
)
def test_a_stall_is_measured_as_it_was(rate: int, stall: float, answers: int) -> None:
    """One user at ``rate``; the gateway responds immediately, except to what is due during one stall.

    What is due t seconds after the stall began waits for its end: stall - t. So of the n = rate * stall answers
    that were due in it, the latencies are stall, stall - 1/rate, stall - 2/rate, … A user that waits for the slow
    response before its next request measures the first of them only.
    """
    lasts = answers / rate
    assume(lasts > stall + 2)
    open_loop, closed_loop = Histogram(), Histogram()
    schedule = Schedule(1 / rate, first=0.0)
    begins, now = 1.0, 0.0
    while schedule.due <= lasts:
        now += schedule.wait(now)
        start = schedule.begin(now)
        answered = begins + stall if begins <= now < begins + stall else now
        open_loop.add((answered - start.due) * 1000)
        closed_loop.add((answered - now) * 1000)
        now = answered
    expected = Histogram()
    for number in range(len(open_loop)):
        due = number / rate
        inside = begins - 1e-9 <= due < begins + stall
        expected.add((begins + stall - due) * 1000 if inside else 0.0)
    ours, theirs = open_loop.summary(), expected.summary()
    assert ours is not None
    assert theirs is not None
    assert ours.percentiles == pytest.approx(theirs.percentiles, rel=0.02, abs=1)
    assert ours.mean == pytest.approx(theirs.mean, rel=0.02, abs=1)
    slow = sum(many for ms, many in closed_loop.recorded() if ms > 1)
    assert slow == 1
