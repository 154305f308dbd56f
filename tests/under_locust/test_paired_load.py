"""The stages of a load in pairs, with users that pretend to call gateways."""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from collections.abc import Mapping

import gevent
import pytest

from loadtest.client.answer import Problem
from loadtest.client.auth import Credentials
from loadtest.client.call_sync import CallSync
from loadtest.client.session import Session
from loadtest.engine.link import GatewayLink
from loadtest.engine.paired import director as directing
from loadtest.engine.paired.director import PairDirector
from loadtest.engine.sweep import SweepQueue
from loadtest.engine.target import PairPlan, Suspect
from loadtest.openapi.contract import read_contract
from loadtest.pairs.allocation import IMPROVED, JUDGED
from loadtest.pairs.assess import alarms, assess
from loadtest.results.failures import ProblemKind
from loadtest.results.pairs import BaseRun, PairStage
from loadtest.results.target import Gateway

PROBLEM = Problem(ProblemKind.STATUS, "Internal Server Error", status=500)
SCENARIOS = tuple(f"S.s{number}" for number in range(40))


def link(host: str) -> GatewayLink:
    paths = {"/first": {"get": {"responses": {"200": {"description": "ok"}}}}}
    document = {"openapi": "3.1.0", "info": {"version": "1"}, "paths": paths}
    return GatewayLink(Session(host, "t", Credentials(email="a@b"), read_contract(document), "1", None))


class FakeUser:
    """Calls one operation a scenario; durations are drawn, not waited for."""

    def __init__(self, slow: str = "", failing: str = "", seconds: Mapping[str, float] | None = None) -> None:
        self.slow, self.failing, self.seconds = slow, failing, seconds or {}
        self.chance = random.Random(1)
        self.runs: Counter[str] = Counter()
        self.link: GatewayLink | None = None
        self.named: list[str] = []

    def use(self, link: GatewayLink) -> None:
        self.link = link

    def perform(self, name: str, due: float | None = None, sync: CallSync | None = None) -> None:
        assert sync is not None
        assert self.link is not None
        self.runs[name] += 1
        self.named.append(self.link.session.name("tool"))
        operation = f"GET /{name}"
        sync.before(operation)
        gevent.sleep(self.seconds.get(name, 0.0005))
        duration = 20.0 * math.exp(self.chance.gauss(0, 0.05)) * (1.6 if name == self.slow else 1.0)
        fails = name == self.failing and self.runs[name] % 2 == 1
        sync.after(operation, 500 if fails else 200, duration)
        if fails:
            sync.failed(operation, PROBLEM)


class Load:
    """A director of a load with users."""

    def __init__(self, plan: PairPlan, head: FakeUser, base: FakeUser) -> None:
        self.director = PairDirector(
            plan,
            link("http://head"),
            link("http://base"),
            slow=("S.s3",),
            deep=("S.s11", "S.s12"),
            failures_of=lambda name: int(name == "S.s12"),
        )
        self.users = [gevent.spawn(self.director.serve, head, base) for _ in range(6)]
        self.sweep = SweepQueue(SCENARIOS)

    def run(self) -> BaseRun:
        self.director.run(self.sweep, 6, time.monotonic)
        self.director.stop()
        gevent.joinall(self.users, timeout=5, raise_error=True)
        tally = self.director.tally
        gateway = Gateway(version=None, source="")
        return BaseRun(gateway=gateway, pairs=tally.pairs(), trials=tally.trials())


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directing, "JUDGING_STEPS", (20, 24))


def test_every_scenario_runs_and_operations_are_screened_and_judged() -> None:
    head, base = FakeUser(slow="S.s7"), FakeUser()
    load = Load(PairPlan(budget=20.0), head, base)
    measured = load.run()
    assert load.sweep.finished
    assert set(head.runs) == set(SCENARIOS)
    assert head.runs - base.runs == Counter({"S.s11": 1, "S.s12": 1})
    assert base.runs["S.s11"] == 0, "nothing failed in it on head"
    assert base.runs["S.s12"] == 1, "base may fail in the same way"
    assert head.runs["S.s3"] == 1, "a slow scenario is not repeated"
    assert alarms(measured).operations == ("GET /S.s7",)
    assert not alarms(measured).failing
    judged = [one for one in measured.pairs if one.stage is PairStage.JUDGE]
    assert len({one.operation for one in judged}) == JUDGED + IMPROVED
    assert all(len(one.head) >= 20 for one in judged)


def test_the_operation_of_a_slow_scenario_leaves_time_for_others() -> None:
    head, base = FakeUser(slow="S.s7", seconds={"S.s7": 0.1}), FakeUser(seconds={"S.s7": 0.1})
    measured = Load(PairPlan(budget=3.0), head, base).run()
    judged = {one.operation for one in measured.pairs if one.stage is PairStage.JUDGE and len(one.head) >= 20}
    assert len(judged) >= JUDGED


def test_both_sides_use_the_same_names_and_no_two_runs_do() -> None:
    head, base = FakeUser(), FakeUser()
    Load(PairPlan(budget=0.5), head, base).run()
    assert set(base.named) < set(head.named)
    assert len(set(head.named)) == len(head.named)


def test_a_failure_on_head_is_repeated_until_it_is_decided() -> None:
    measured = Load(PairPlan(budget=2.0), FakeUser(failing="S.s5"), FakeUser()).run()
    rows = [row for row in measured.trials if row.operation == "GET /S.s5"]
    assert not any(row.base_failed for row in rows)
    (replayed,) = [row for row in rows if row.stage is PairStage.REPLAY]
    assert (replayed.runs, replayed.head_failed) == (40, 20)
    assert alarms(measured).failing == {"GET /S.s5"}


def test_the_time_budget_ends_the_load() -> None:
    load = Load(PairPlan(budget=0.3), FakeUser(), FakeUser())
    began = time.monotonic()
    load.run()
    assert time.monotonic() - began < 5


def test_the_second_boot_calls_the_suspects_only() -> None:
    suspects = (
        Suspect(operation="GET /S.s7", scenario="S.s7"),
        Suspect(operation="GET /S.s9", scenario="S.s9", failing=True),
    )
    head, base = FakeUser(slow="S.s7"), FakeUser()
    measured = Load(PairPlan(budget=20.0, confirm=suspects), head, base).run()
    assert set(head.runs) == {"S.s7", "S.s9"}
    assert {one.stage for one in measured.pairs} == {PairStage.CONFIRM}
    (confirmed,) = [one for one in measured.pairs if one.operation == "GET /S.s7"]
    assert len(confirmed.head) == 40
    (row,) = [row for row in measured.trials if row.operation == "GET /S.s9"]
    assert row.runs == 10
    assert not assess(measured).new


def test_users_end_when_the_load_is_stopped() -> None:
    load = Load(PairPlan(budget=60.0), FakeUser(), FakeUser())
    running = gevent.spawn(load.director.run, load.sweep, 6, time.monotonic)
    gevent.sleep(0.05)
    load.director.stop()
    assert len(gevent.joinall(load.users, timeout=5)) == 6
    running.kill()
