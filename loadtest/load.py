"""One Locust process's part in the run: the session, the sweep, the records, wired to Locust's events.

The same wiring serves a single process, a master and a worker: Locust's local runner delivers the messages
to itself.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, NoReturn, Protocol, cast

import gevent
from gevent.event import Event
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from loadtest.catalogue import catalogue, planned
from loadtest.chronicle import Chronicle
from loadtest.client.session import Session, connect
from loadtest.errors import LoadTestError
from loadtest.recorder import Recorder
from loadtest.run import Scenario
from loadtest.settings import Target, read_target
from loadtest.stage import Stage, clear_stage, count_entities, set_stage
from loadtest.sweep import SLOW, Deck, Hand, order

logger = logging.getLogger(__name__)

Task = Callable[[Any], None]

UNDONE_WITHIN = 10.0
"""Seconds that a worker has, beyond the time that its users have to stop, to say that they did."""

STAGED_WITHIN = 60.0
"""Seconds that a user waits for the stage before it goes on without."""


class _Message(Protocol):
    data: Any
    node_id: str


class Load:
    """What the users of one process share, and how it hears of the stage and of its share of the sweep."""

    session: Session

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.target: Target = read_target()
        self.recorder = Recorder(environment)
        self.stage = Stage()
        self.scenarios: dict[str, tuple[type, Task]] = {}
        self.hand = Hand(
            ask=lambda ticket: self.send("loadtest-want", {"ticket": ticket}),
            tell_done=lambda name: self.send("loadtest-done", {"name": name}),
        )
        self._staged = Event()
        environment.events.test_start.add_listener(self._on_test_start)
        environment.events.test_stopping.add_listener(self._on_test_stopping)
        if isinstance(environment.runner, WorkerRunner):
            environment.events.test_stop.add_listener(lambda **_: self.send("loadtest-stopped", {}))
        if environment.runner is not None and not isinstance(environment.runner, MasterRunner):
            environment.runner.register_message("loadtest-stage", self._on_stage)
            environment.runner.register_message("loadtest-deal", self._on_deal)
            environment.runner.register_message("loadtest-stop", self._on_stop)

    def wait_until_staged(self) -> None:
        """Wait for the backends to be registered with the gateway; for 60 seconds at most."""
        self._staged.wait(STAGED_WITHIN)

    def send(self, message: str, data: Any) -> None:
        """Send a message to the master, or to ourselves where there is no other."""
        if self.environment.runner is not None:
            self.environment.runner.send_message(message, data)

    def connect(self) -> None:
        """Learn the gateway's contract and which scenarios take part.

        Raises:
            LoadTestError: the gateway does not answer or refuses our token.
        """
        host = (self.environment.host or self.target.host).rstrip("/")
        self.environment.host = host
        self.hand.over = False
        self.session = connect(
            host,
            self.target.credentials,
            footing=self.target.footing,
            processes=self.target.processes,
            lock=self.target.turn_file,
        )
        self.scenarios = {
            f"{user_class.__name__}.{getattr(task, '__name__', task)}": (user_class, cast("Task", task))
            for user_class in self.environment.user_classes
            for task in user_class.tasks
        }

    def _on_test_start(self, **_: Any) -> None:
        if isinstance(self.environment.runner, WorkerRunner):
            self.connect()
            self.send("loadtest-hello", {})

    def _on_test_stopping(self, **_: Any) -> None:
        self.hand.over = True
        if hasattr(self, "session"):
            self.session.stopping = True

    def _on_stop(self, **_: Any) -> None:
        if self.environment.runner is not None:
            gevent.spawn(self.environment.runner.stop)

    def _on_stage(self, msg: _Message, **_: Any) -> None:
        self.stage = Stage.unpacked(msg.data)
        self._staged.set()

    def _on_deal(self, msg: _Message, **_: Any) -> None:
        self.hand.deal(msg.data["ticket"], msg.data["name"], msg.data["over"])


class Direction:
    """The master's part: sets the stage, deals the sweep, sees to the chronicle."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.environment = load.environment
        self.chronicle = Chronicle(load.environment, load.target, load.recorder)
        self.deck = Deck(())
        self._at_work: set[str] = set()
        self.run_time = _take_run_time(load.environment)
        events = self.environment.events
        events.test_start.add_listener(self._on_test_start)
        # Before the chronicle's own listener, which writes the run.
        events.test_stop._handlers.insert(0, self._on_test_stop)  # noqa: SLF001 - Locust has no order of listeners
        runner = self.environment.runner
        if runner is not None:
            runner.register_message("loadtest-hello", self._on_hello)
            runner.register_message("loadtest-stopped", self._on_stopped)
            runner.register_message("loadtest-want", self._on_want)
            runner.register_message("loadtest-done", self._on_done)

    def _on_test_start(self, **_: Any) -> None:
        try:
            self._begin()
        except LoadTestError as error:
            logger.error("%s", error)  # noqa: TRY400 - one line for people; there is no bug to trace
            self._give_up(str(error), error)
        except Exception as error:  # the edge: Locust would log it and drive on, with no plan and no end
            logger.exception("The load could not begin")
            self._give_up(f"the load could not begin: {type(error).__name__}: {error}", error)

    def _give_up(self, reason: str, error: Exception) -> NoReturn:
        self.chronicle.abort(reason)
        gevent.spawn(self._quit)
        # Ends the greenlet that is about to spawn users.
        raise gevent.GreenletExit from error

    def _begin(self) -> None:
        load = self.load
        self._at_work.clear()
        load.connect()
        scenarios = catalogue()
        plan = planned(load.scenarios, scenarios)
        self.deck = Deck(order(plan, self._slow(plan)))
        classes = [user_class.__name__ for user_class in self.environment.user_classes]
        self.chronicle.begin(
            str(self.environment.host),
            load.session,
            plan,
            classes,
            self.deck,
            self.run_time,
            len(scenarios) - len(plan),
        )
        counts = count_entities(load.session)
        load.stage = set_stage(load.session, load.target.backends)
        self.chronicle.staged(load.stage.problems, counts)
        self._tell("loadtest-stage", load.stage.packed(), None)
        if self.run_time is not None:
            logger.info("The stage is set; the load takes %g s", self.run_time)
            gevent.spawn_later(self.run_time, self._quit)

    def _on_test_stop(self, **_: Any) -> None:
        self._wait_for_workers()
        self.load.target.turn_file.unlink(missing_ok=True)
        if hasattr(self.load, "session"):
            clear_stage(self.load.session, self.load.stage)
            self.chronicle.cleared(count_entities(self.load.session))

    def _quit(self) -> None:
        if self.environment.runner is not None:
            self.environment.runner.quit()

    def _slow(self, plan: tuple[Scenario, ...]) -> frozenset[str]:
        return frozenset(
            scenario.name
            for scenario in plan
            if SLOW in getattr(self.load.scenarios[scenario.name][1], "locust_tag_set", ())
        )

    def _wait_for_workers(self) -> None:
        """Have the users of every worker stop, and wait until they have undone what they made.

        A Locust master that quits says that the test has stopped before it tells its workers.
        """
        runner = self.environment.runner
        if not isinstance(runner, MasterRunner):
            return
        for worker in self._at_work:
            self._tell("loadtest-stop", {}, worker)
        deadline = time.monotonic() + self.environment.stop_timeout + UNDONE_WITHIN
        while self._at_work - {client.id for client in runner.clients.missing}:
            if time.monotonic() > deadline:
                logger.warning("Workers that did not stop in time: %s", ", ".join(sorted(self._at_work)))
                return
            gevent.sleep(0.1)

    def _on_stopped(self, msg: _Message, **_: Any) -> None:
        self._at_work.discard(msg.node_id)

    def _on_hello(self, msg: _Message, **_: Any) -> None:
        self._at_work.add(msg.node_id)
        self._tell("loadtest-stage", self.load.stage.packed(), msg.node_id)

    def _on_want(self, msg: _Message, **_: Any) -> None:
        if isinstance(self.environment.runner, MasterRunner):
            for client in self.environment.runner.clients.missing:
                self.deck.lost(client.id)
        name = self.deck.deal(msg.node_id)
        answer = {"ticket": msg.data["ticket"], "name": name, "over": self.deck.over}
        self._tell("loadtest-deal", answer, msg.node_id)

    def _on_done(self, msg: _Message, **_: Any) -> None:
        self.deck.done(msg.data["name"], time.time() - self.chronicle.started)

    def _tell(self, message: str, data: Any, node: str | None) -> None:
        runner = self.environment.runner
        if isinstance(runner, MasterRunner):
            runner.send_message(message, data, node)
        elif runner is not None:
            runner.send_message(message, data)


def _take_run_time(environment: Environment) -> float | None:
    """Return the run time in seconds, and keep Locust from counting it.

    Without a web page, Locust's own clock starts before the stage is set and would take that from the load.
    """
    options = environment.parsed_options
    run_time = getattr(options, "run_time", None)
    if options is not None and options.headless:
        options.run_time = None
    return float(run_time) if run_time else None


def load_of(environment: Environment) -> Load:
    """Return the load that was attached to ``environment`` when Locust started."""
    return cast("Load", environment.__dict__["loadtest"])


def attach(environment: Environment, **_: Any) -> None:
    """Attach a load to a starting Locust (a listener of its ``init`` event)."""
    load = Load(environment)
    environment.__dict__["loadtest"] = load
    if not isinstance(environment.runner, WorkerRunner):
        Direction(load)
