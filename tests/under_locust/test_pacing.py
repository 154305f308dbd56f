"""The arrival rate of a soak: planned by the master, followed by every process."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from locust import User, tag, task
from locust.env import Environment
from locust.user.task import LOCUST_STATE_WAITING

from loadtest.client.auth import Credentials
from loadtest.core import clock
from loadtest.engine.pacing import MIN_COMPLETED, MixController, Pacing, SoakController, holds_streams
from loadtest.engine.sweep import SLOW, SweepQueue
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


def test_a_load_has_no_schedule_before_it_has_a_rate() -> None:
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


def queue(done: int, *, running: int = 0, waiting: int = 0) -> SweepQueue:
    """A sweep in which so many scenarios are done, running and waiting."""
    made = SweepQueue([f"s{number}" for number in range(done + running + waiting)])
    for number in range(done + running):
        name = made.next("w")
        if number < done:
            made.done(str(name), "w", 1.0)
    return made


def mix(monkeypatch: pytest.MonkeyPatch, **settings: Any) -> MixController:
    monkeypatch.setattr(clock, "now", lambda: 1060.0)
    return MixController(Environment(parsed_options=SimpleNamespace(num_users=20)), target(**settings))


def test_the_mix_starts_at_half_of_the_rate_of_the_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    made = mix(monkeypatch, seed=7)
    assert made.stages(1000.0, 1060.0) == ()
    assert made.begin(queue(done=240), 1000.0, gateways=2)
    assert made.rate is not None
    assert (made.rate.period, made.rate.seed) == (20 / 1.0, 7), "240 in a minute on two: half is 1 per second"
    assert not made.begin(queue(done=240), 1000.0, gateways=2), "it starts once"
    (stage,) = made.stages(1000.0, 1090.0)
    assert (stage.name, stage.start, stage.end, stage.rate) == ("mix", 60.0, 90.0, 1.0)
    made.reset()
    assert made.stages(1000.0, 1090.0) == ()
    assert made.rate is None


@pytest.mark.parametrize(
    ("swept", "starts"),
    [
        (queue(done=2), True),
        (queue(done=2, running=1), False),
        (queue(done=MIN_COMPLETED, running=1), True),
        (queue(done=MIN_COMPLETED, running=1, waiting=1), False),
        (queue(done=0), False),
    ],
)
def test_the_mix_waits_for_the_sweep_but_not_for_one_scenario_that_does_not_end(
    swept: SweepQueue, starts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert mix(monkeypatch).begin(swept, 1000.0, gateways=1) is starts


@pytest.mark.parametrize("settings", [{"soak": SOAK}, {"only": ("ToolsUser.lifecycle",)}])
def test_a_soak_and_selected_scenarios_have_no_mix(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = mix(monkeypatch, **settings)
    assert not made.begin(queue(done=240), 1000.0, gateways=1)
    assert made.rate is None


def test_a_rate_that_is_given_replaces_that_of_the_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    made = mix(monkeypatch, rate=5.0)
    assert made.begin(queue(done=240), 1000.0, gateways=2)
    assert made.rate is not None
    assert made.rate.period == 4.0


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
    made.begin(600.0, lambda: swept, lambda: announced.append(made.paced_since is not None))
    assert made.rate is not None
    assert made.rate.seed == 7
    assert (made.paced_since, announced) == (None, [])
    swept = True
    shape.tick()
    shape.tick()
    assert made.paced_since is not None
    assert announced == [True]
    assert StreamsUser.fixed_count == min(SOAK.streams, 10)
