"""One Locust process's part in the run: the session, the sweep, the recorder, wired to Locust's events.

The same wiring serves a single process, a master and a worker: Locust's local runner delivers the messages
to itself.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, Protocol, cast

import gevent
from gevent.event import Event
from locust.env import Environment
from locust.runners import WorkerRunner

from loadtest.catalogue import catalogue, planned
from loadtest.client.session import Session, connect
from loadtest.errors import LoadTestError
from loadtest.recorder import Recorder
from loadtest.run import Scenario
from loadtest.settings import Target, read_target
from loadtest.stage import Stage, clear_stage, count_entities, set_stage
from loadtest.sweep import SLOW, Deck, Hand, order

logger = logging.getLogger(__name__)

Task = Callable[[Any], None]

STAGED_WITHIN = 60.0
"""Seconds that a user waits for the stage before it gives up."""


class _Message(Protocol):
    data: Any
    node_id: str


class Load:
    """Everything that the users of one process share."""

    session: Session

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.target: Target = read_target()
        self.recorder = Recorder(environment, self.target)
        self.stage = Stage()
        self.scenarios: dict[str, tuple[type, Task]] = {}
        self.deck = Deck(())
        self.hand = Hand(self._ask, self._tell_done)
        self._staged = Event()
        self._is_worker = isinstance(environment.runner, WorkerRunner)
        self._register()

    def wait_until_staged(self) -> None:
        """Wait for the backends to be registered with the gateway; for 60 seconds at most."""
        self._staged.wait(STAGED_WITHIN)

    def _register(self) -> None:
        runner, events = self.environment.runner, self.environment.events
        if runner is None:
            return
        events.test_start.add_listener(self._on_test_start)
        events.test_stop.add_listener(self._on_test_stop)
        if self._is_worker:
            runner.register_message("loadtest-stage", self._on_stage)
            runner.register_message("loadtest-deal", self._on_deal)
            return
        events.worker_connect.add_listener(self._on_worker_connect)
        runner.register_message("loadtest-hello", self._on_hello)
        runner.register_message("loadtest-want", self._on_want)
        runner.register_message("loadtest-done", self._on_done)
        if not self._has_workers:
            runner.register_message("loadtest-deal", self._on_deal)

    @property
    def _has_workers(self) -> bool:
        return hasattr(self.environment.runner, "clients")

    # Every process

    def _on_test_start(self, **_: Any) -> None:
        try:
            host = (self.environment.host or self.target.host).rstrip("/")
            self.environment.host = host
            self.session = connect(host, self.target.credentials)
            self.scenarios = self._tasks()
            if self._is_worker:
                self._send("loadtest-hello", {})
            else:
                self._begin(host)
        except LoadTestError as error:
            logger.error("%s", error)  # noqa: TRY400 - one line for people; there is no bug to trace
            self.recorder.abort(str(error))
            gevent.spawn(self._quit)
            if not self._is_worker:
                # Ends the greenlet that is about to spawn users.
                raise gevent.GreenletExit from error

    def _quit(self) -> None:
        if self.environment.runner is not None:
            self.environment.runner.quit()

    def _on_test_stop(self, **_: Any) -> None:
        if self._is_worker or not hasattr(self, "session"):
            return
        clear_stage(self.session, self.stage)
        self.recorder.entities_after(count_entities(self.session))
        self.recorder.swept(self.deck.record())

    def _tasks(self) -> dict[str, tuple[type, Task]]:
        return {
            f"{user_class.__name__}.{getattr(task, '__name__', task)}": (user_class, cast("Task", task))
            for user_class in self.environment.user_classes
            for task in user_class.tasks
        }

    # Master, or the only process

    def _begin(self, host: str) -> None:
        plan = planned(self.scenarios, catalogue())
        self.recorder.start(host, self.session, plan, [c.__name__ for c in self.environment.user_classes])
        self.recorder.entities_before(count_entities(self.session))
        self.stage = set_stage(self.session, self.target.backends)
        self.recorder.staged(self.stage.problems)
        self.deck = Deck(order(plan, self._slow(plan)))
        self.recorder.begin_load(self.deck)
        if self._has_workers:
            self._send("loadtest-stage", self.stage.packed())
        else:
            self._staged.set()

    def _slow(self, plan: tuple[Scenario, ...]) -> frozenset[str]:
        return frozenset(
            scenario.name
            for scenario in plan
            if SLOW in getattr(self.scenarios[scenario.name][1], "locust_tag_set", ())
        )

    def _on_worker_connect(self, **_: Any) -> None:
        self.recorder.worker_count += 1

    def _on_hello(self, msg: _Message, **_: Any) -> None:
        self._send("loadtest-stage", self.stage.packed(), msg.node_id)

    def _on_want(self, msg: _Message, **_: Any) -> None:
        name = self.deck.deal(msg.node_id)
        self._send("loadtest-deal", {"ticket": msg.data["ticket"], "name": name}, msg.node_id)

    def _on_done(self, msg: _Message, **_: Any) -> None:
        self.deck.done(msg.data["name"], time.time() - self.recorder.started)

    # Worker, or the only process

    def _on_stage(self, msg: _Message, **_: Any) -> None:
        self.stage = Stage.unpacked(msg.data)
        self._staged.set()

    def _ask(self, ticket: int) -> None:
        self._send("loadtest-want", {"ticket": ticket})

    def _tell_done(self, name: str) -> None:
        self._send("loadtest-done", {"name": name})

    def _on_deal(self, msg: _Message, **_: Any) -> None:
        self.hand.deal(msg.data["ticket"], msg.data["name"])

    def _send(self, message: str, data: Any, node: str | None = None) -> None:
        runner = self.environment.runner
        if runner is None:
            return
        if self._is_worker or not self._has_workers:
            runner.send_message(message, data)
        else:
            runner.send_message(message, data, node)


def load_of(environment: Environment) -> Load:
    """Return the load that was attached to ``environment`` when Locust started."""
    load = environment.__dict__["loadtest"]
    assert isinstance(load, Load)  # noqa: S101 - for the type checker; attach() is the only writer
    return load


def attach(environment: Environment, **_: Any) -> None:
    """Attach a load to a starting Locust (a listener of its ``init`` event)."""
    environment.__dict__["loadtest"] = Load(environment)
