"""Two users in lockstep, without a gateway: greenlets that make calls, and what became of them."""

from __future__ import annotations

import os
import random
from collections.abc import Callable

import gevent
import pytest

from loadtest.client.answer import Problem
from loadtest.engine.paired.cpu import cpu_time, cpu_times
from loadtest.engine.paired.lockstep import Lockstep, Side
from loadtest.results.failures import ProblemKind, fingerprint

PROBLEM = Problem(ProblemKind.STATUS, "Internal Server Error", status=500)

Scenario = Callable[[Side], None]


def calls(*operations: str, status: int = 200) -> Scenario:
    def scenario(side: Side) -> None:
        for operation in operations:
            call(side, operation, status)

    return scenario


def call(side: Side, operation: str, status: int = 200, duration: float = 5.0) -> None:
    side.before(operation)
    gevent.sleep(0)
    side.after(operation, status, duration)


def run(head: Scenario, base: Scenario, seed: int = 0) -> Lockstep:
    lockstep = Lockstep(random.Random(seed))

    def one(side: Side, scenario: Scenario) -> None:
        side.start()
        try:
            scenario(side)
        finally:
            side.end()

    greenlets = [gevent.spawn(one, lockstep.head, head), gevent.spawn(one, lockstep.base, base)]
    done = gevent.joinall(greenlets, timeout=5)
    assert len(done) == 2, "one side waits for ever"
    for greenlet in greenlets:
        greenlet.get()
    return lockstep


def paired(lockstep: Lockstep) -> list[str]:
    return [pair.operation for pair in lockstep.pairs() if pair.comparable]


@pytest.mark.parametrize("seed", range(4))
def test_the_same_calls_are_pairs(seed: int) -> None:
    assert paired(run(calls("A", "B", "A"), calls("A", "B", "A"), seed)) == ["A", "B", "A"]


@pytest.mark.parametrize(
    ("head", "base", "pairs"),
    [
        ("ABPPPC", "ABPC", "ABPC"),  # a polling loop
        ("ABPC", "ABPPPPPC", "ABPC"),
        ("AXC", "AYC", "AC"),  # another operation on one side
        ("ABCD", "A", "A"),  # base ends early
        ("", "ABC", ""),
    ],
)
def test_calls_that_differ(head: str, base: str, pairs: str) -> None:
    assert "".join(paired(run(calls(*head), calls(*base)))) == pairs


def test_both_send_at_the_same_moment_in_random_order() -> None:
    orders = set()
    for seed in range(20):
        sent: list[str] = []

        def scenario(name: str, sent: list[str] = sent) -> Scenario:
            def calling(side: Side) -> None:
                for _ in range(3):
                    side.before("A")
                    sent.append(name)
                    gevent.sleep(0.001)
                    side.after("A", 200, 1.0)

            return calling

        run(scenario("head"), scenario("base"), seed)
        assert all({sent[index], sent[index + 1]} == {"head", "base"} for index in (0, 2, 4)), sent
        orders.add(tuple(sent))
    assert len(orders) > 2


def test_a_response_is_checked_only_when_both_have_arrived() -> None:
    events: list[str] = []

    def scenario(name: str, seconds: float) -> Scenario:
        def calling(side: Side) -> None:
            side.before("A")
            gevent.sleep(seconds)
            events.append(f"{name} received")
            side.after("A", 200, 1.0)
            events.append(f"{name} checks")

        return calling

    run(scenario("head", 0.0), scenario("base", 0.05))
    assert events[:2] == ["head received", "base received"]


def test_after_a_failure_the_other_side_continues_alone() -> None:
    def failing(side: Side) -> None:
        call(side, "A")
        call(side, "B", 500)
        side.failed("B", PROBLEM)
        call(side, "DELETE", 500)
        side.failed("DELETE", PROBLEM)

    lockstep = run(failing, calls("A", "B", "C", "DELETE"))
    assert paired(lockstep) == ["A"]
    cause = fingerprint("B", PROBLEM.kind, 500, None, PROBLEM.message)
    # What the clean-up after a failure does is no trial.
    assert lockstep.tried() == {"A": ("", ""), "B": (cause, "")}


def test_a_failure_on_both_sides_is_seen_on_both() -> None:
    def failing(side: Side) -> None:
        call(side, "A", 500)
        side.failed("A", PROBLEM)

    head, base = run(failing, failing).tried()["A"]
    assert head == base != ""


def test_other_status_classes_are_no_pairs() -> None:
    assert paired(run(calls("A"), calls("A", status=302))) == []
    assert paired(run(calls("A", status=201), calls("A"))) == ["A"]


def test_a_second_greenlet_of_a_user_does_not_wait() -> None:
    def scenario(side: Side) -> None:
        other = gevent.spawn(call, side, "A")
        call(side, "B")
        other.join()

    lockstep = run(scenario, calls("B"))
    assert paired(lockstep) == ["B"]
    assert {one.operation for one in lockstep.head.calls} == {"A", "B"}


def test_a_stream_counts_until_its_first_event() -> None:
    def scenario(side: Side) -> None:
        call(side, "GET /sse", duration=3.0)
        side.first_event("GET /sse", 40.0)

    (pair,) = run(scenario, scenario).pairs()
    assert (pair.head.duration, pair.base.duration) == (40.0, 40.0)


def test_the_end_of_the_load_releases_both() -> None:
    lockstep = Lockstep(random.Random(0))

    def waiting() -> None:
        lockstep.head.start()
        lockstep.head.before("A")
        lockstep.head.after("A", 200, 1.0)

    greenlet = gevent.spawn(waiting)
    gevent.sleep(0.01)
    assert not greenlet.dead
    lockstep.separate()
    greenlet.join(timeout=2)
    assert greenlet.successful()


def test_the_cpu_time_is_that_until_both_have_responded() -> None:
    readings = iter([(100.0, 50.0), (112.0, 53.0)])
    lockstep = Lockstep(random.Random(0), lambda: next(readings))

    def scenario(side: Side) -> None:
        side.start()
        call(side, "A")
        side.end()

    gevent.joinall([gevent.spawn(scenario, side) for side in (lockstep.head, lockstep.base)], timeout=5)
    (pair,) = lockstep.pairs()
    assert pair.cpu == (12.0, 3.0)


def test_without_a_clock_there_is_no_cpu_time() -> None:
    (pair,) = run(calls("A"), calls("A")).pairs()
    assert pair.cpu is None


def test_the_cpu_time_of_a_process() -> None:
    first = cpu_time(os.getpid())
    assert first is not None
    sum(number * number for number in range(300_000))
    assert (cpu_time(os.getpid()) or 0.0) > first
    assert cpu_time(None) is None
    assert cpu_times(os.getpid(), None) is None
