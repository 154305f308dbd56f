"""Pauses of the load generator are measured, and tell which expired waits are no evidence."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.recording.aggregator import Aggregator
from loadtest.recording.pauses import (
    MAX_PAUSES,
    MIN_PAUSE,
    TICK,
    PauseInterval,
    PauseMonitor,
    stolen_seconds,
    united,
)


class Machine:
    """A machine whose time and stolen CPU time a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.stolen = 0.0
        self.monitor = PauseMonitor(lambda: self.now, lambda: self.stolen)

    def runs(self, seconds: float, *, stolen: float = 0.0) -> None:
        """Let the generator run; ``stolen`` is the share of the CPU time that others get."""
        for _ in range(round(seconds / TICK)):
            self.now += TICK
            self.stolen += stolen * TICK
            self.monitor.tick()

    def stops(self, seconds: float) -> None:
        """Let time pass without the generator."""
        self.now += seconds


def test_a_generator_that_runs_has_no_pause() -> None:
    machine = Machine()
    machine.runs(120, stolen=0.3)
    assert machine.monitor.take() == []
    assert not machine.monitor.may_explain(10.0)


def test_a_pause_is_measured_once() -> None:
    machine = Machine()
    machine.runs(5)
    machine.stops(4)
    machine.runs(5)
    (pause,) = machine.monitor.take()
    assert pause.start == pytest.approx(1005.0 + TICK)
    assert pause.seconds == pytest.approx(4.0)
    assert machine.monitor.take() == []


@pytest.mark.parametrize(
    ("paused", "waited", "explained"),
    [
        (MIN_PAUSE / 2, 1.0, False),
        (4.0, 10.0, True),
        (4.0, 60.0, False),
        (7.0, 60.0, True),
        (4.0, 0.0, False),
    ],
)
def test_a_pause_explains_a_wait_of_which_it_was_a_considerable_part(
    paused: float, waited: float, *, explained: bool
) -> None:
    machine = Machine()
    machine.runs(100)
    machine.stops(paused)
    assert machine.monitor.may_explain(waited) == explained, "before the next tick, too"


def test_a_pause_does_not_explain_a_later_wait() -> None:
    machine = Machine()
    machine.stops(20)
    machine.runs(15)
    assert not machine.monitor.may_explain(10.0)
    assert machine.monitor.may_explain(30.0)


def test_stolen_cpu_time_counts_as_a_pause() -> None:
    machine = Machine()
    machine.runs(10)
    machine.runs(10, stolen=0.8)
    assert machine.monitor.may_explain(10.0)
    assert sum(pause.seconds for pause in machine.monitor.take()) == pytest.approx(8.0, abs=1.0)


def test_stolen_time_is_never_negative() -> None:
    assert stolen_seconds() >= 0.0


intervals = st.lists(
    st.builds(PauseInterval, st.floats(0, 1000), st.floats(0.5, 50)), max_size=MAX_PAUSES // 4
)


@given(intervals, intervals)
def test_pauses_of_several_processes_merge_to_the_times_in_which_one_was_paused(
    some: list[PauseInterval], others: list[PauseInterval]
) -> None:
    here, there = Aggregator(), Aggregator()
    here.add_pauses(some)
    there.add_pauses(others)
    here.merge(there)
    merged = here.pauses
    assert merged == united([*some, *others])
    assert all(one.end < other.start for one, other in itertools.pairwise(merged))
    for pause in (*some, *others):
        assert any(one.start <= pause.start and pause.end <= one.end + 1e-6 for one in merged)


def test_the_number_of_pauses_is_bounded() -> None:
    counts = Aggregator()
    counts.add_pauses(PauseInterval(10.0 * number, 1.0) for number in range(3 * MAX_PAUSES))
    assert len(counts.pauses) == MAX_PAUSES
    assert sum(pause.seconds for pause in counts.pauses) == pytest.approx(3 * MAX_PAUSES)
