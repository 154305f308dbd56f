"""The arrival rate of a soak: planned by the master, followed by every process."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from locust import User, tag, task
from locust.env import Environment
from locust.user.task import LOCUST_STATE_WAITING

from loadtest.client.auth import Credentials
from loadtest.engine.pacing import Pacing, SoakController, holds_streams
from loadtest.engine.sweep import SLOW
from loadtest.engine.target import Target
from loadtest.users.base import GatewayUser
from loadtest.workload.plan import ArrivalRate
from loadtest.workload.profiles import profiles
from loadtest.workload.shape import SoakShape

RATE = ArrivalRate(period=3.0, realistic=0.5, held=60.0)
SOAK = profiles()["soak"].plan


class RealisticUser(User):
    area = "realistic"

    @task(3)
    def often(self) -> None: ...


class ToolsUser(User):
    @task
    def lifecycle(self) -> None: ...


class SlowUser(User):
    @tag(SLOW)
    @task
    def long(self) -> None: ...


class StreamsUser(User):
    holds_streams = True

    @task
    def sse(self) -> None: ...


CLASSES: list[type[User]] = [RealisticUser, ToolsUser, SlowUser, StreamsUser]
SCENARIOS: dict[str, Any] = {
    f"{one.__name__}.{getattr(method, '__name__', method)}": (one, method)
    for one in CLASSES
    for method in one.tasks
}


def pacing() -> Pacing:
    made = Pacing(Environment())
    made.update(RATE, started=True, scenarios=SCENARIOS)
    return made


@pytest.mark.parametrize("stopped", [False, True])
def test_a_user_that_is_stopped_begins_nothing_even_if_its_timer_has_fired(stopped: bool) -> None:
    """Between the stop and the exception that ends the user, a timer that is due may resume it."""
    begun: list[object] = []
    made = pacing()
    user = GatewayUser.__new__(GatewayUser)
    vars(user).update(
        schedule=made.schedule(0.0),
        process=SimpleNamespace(pacing=made, recorder=SimpleNamespace(scenario_begins=begun.append)),
        perform=lambda name, due: begun.append(name),
        _stopped_at=None,
        _state=LOCUST_STATE_WAITING,
        _group=SimpleNamespace(killone=lambda greenlet: None),
        _greenlet=None,
    )
    if stopped:
        user.stop()
    user.start_next()
    assert len(begun) == (0 if stopped else 2)


def test_a_load_of_constant_size_has_no_schedule() -> None:
    made = Pacing(Environment())
    made.update(None, started=False, scenarios=SCENARIOS)
    assert made.schedule(0.0) is None


def test_each_user_has_the_period_and_a_phase_of_its_own() -> None:
    made = pacing()
    schedules = [made.schedule(0.0) for _ in range(4)]
    assert [one.period for one in schedules if one] == [3.0] * 4
    assert len({one.first for one in schedules if one}) == 4


def test_users_that_hold_streams_begin_with_different_ones() -> None:
    made = pacing()
    assert [made.stream_offset() for _ in range(3)] == [0, 1, 2]


def test_the_mix_has_neither_slow_scenarios_nor_those_that_hold_streams() -> None:
    made = pacing()
    assert {made.mix.next() for _ in range(200)} == {"RealisticUser.often", "ToolsUser.lifecycle"}
    assert made.slow == ("SlowUser.long",)


def test_slow_scenarios_run_if_there_are_no_others() -> None:
    made = Pacing(Environment())
    made.update(RATE, started=True, scenarios={"SlowUser.long": SCENARIOS["SlowUser.long"]})
    assert made.mix.next() == "SlowUser.long"


def controller(target: Target, **options: object) -> SoakController:
    defaults = {"num_users": 20, "spawn_rate": 2.0}
    environment = Environment(
        user_classes=list(CLASSES), parsed_options=SimpleNamespace(**defaults | options)
    )
    environment.create_local_runner()
    return SoakController(environment, target)


def target(**settings: Any) -> Target:
    return Target(host="http://127.0.0.1:9", credentials=Credentials(email="a@b"), **settings)


def test_without_a_soak_no_user_holds_streams_and_there_is_no_shape() -> None:
    made = controller(target())
    assert not any(holds_streams(one) for one in made.environment.user_classes)
    assert made.shape is None
    made.begin(60.0, lambda: True, lambda: pytest.fail("there is no plan to announce"))
    assert made.rate is None


def test_a_soak_sweeps_then_announces_that_its_plan_starts() -> None:
    made, announced = controller(target(soak=SOAK, seed=7)), list[bool]()
    shape = made.shape
    assert isinstance(shape, SoakShape)
    assert SOAK is not None
    assert shape.tick() == (min(SOAK.sweepers, 20), 2.0)
    swept = False
    made.begin(600.0, lambda: swept, lambda: announced.append(made.plan_started))
    assert made.rate is not None
    assert made.rate.seed == 7
    assert (made.plan_started, announced) == (False, [])
    swept = True
    shape.tick()
    shape.tick()
    assert (made.plan_started, announced) == (True, [True])
    assert StreamsUser.fixed_count == min(SOAK.streams, 10)
