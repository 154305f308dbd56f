"""The direction of a load: the stage is set, the sweep dealt, the workers told, the record kept; once for all of them.

It is done by the master, or by the only process there is.
"""

from __future__ import annotations

import functools
import itertools
import logging
import time
from typing import Any, NoReturn

import gevent
from locust import argument_parser
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from loadtest.client.session import Session
from loadtest.core.errors import ExitCode, InconclusiveError, LoadTestError
from loadtest.engine.pacing import SoakController, holds_streams
from loadtest.engine.process import LoadProcess
from loadtest.engine.run_writer import RunWriter
from loadtest.engine.scenario_plan import discover_scenarios, select_scenarios
from loadtest.engine.signals import handle_stop_signals
from loadtest.engine.sweep import SLOW, SweepQueue, sweep_order, sweep_repeats
from loadtest.engine.web_page import is_loopback, protect
from loadtest.engine.workers import Message, WorkerPool, tell
from loadtest.fixtures.fixture import create_fixture, delete_fixture
from loadtest.fixtures.inventory import count_entities, delete_leftovers
from loadtest.results.deployment import SQLITE
from loadtest.results.run import Scenario

logger = logging.getLogger(__name__)

OVERTIME = 4
"""Run times that a load continues beyond its own until the first sweep is complete, so that a slow machine gets a
verdict, too."""

LONGEST_OVERTIME = 240.0
"""Seconds."""

POLL_INTERVAL = 0.5
"""Seconds between two looks at whether it is."""

SEPARATE_WRITERS = (
    "writers take turns on each machine by itself and can meet: drive this gateway on SQLite from one machine"
)
"""Said of a gateway that cannot have two writers, when several machines drive it."""


class Coordinator:
    """The master's part: sets the stage, deals the sweep, sees to the chronicle."""

    def __init__(self, load: LoadProcess) -> None:
        self.process = load
        self.environment = load.environment
        self.workers = WorkerPool(load.environment, load.recorder, lambda worker: self.queue.lost(worker))
        self.run_writer = RunWriter(load.environment, load.target, load.recorder, self.workers.records)
        self.queue = SweepQueue(())
        self._before: dict[str, int | None] = {}
        self._tags: set[str] = set()
        self.run_time = _take_run_time(load.environment)
        self.soak = SoakController(load.environment, load.target)
        events = self.environment.events
        events.test_start.add_listener(self._on_test_start)
        # Before the chronicle's own listener, which writes the run.
        events.test_stop._handlers.insert(0, self._on_test_stop)  # noqa: SLF001 - Locust has no order of listeners
        runner = self.environment.runner
        if runner is not None:
            runner.register_message("loadtest-hello", self._on_hello)
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

    def await_workers(self) -> None:
        """Wait for the workers that are expected; end this process with a record if they do not come."""
        target = self.process.target
        options = self.environment.parsed_options
        if not target.expect_workers or options is None or not options.headless:
            return
        try:
            self.workers.expect(
                target.expect_workers, target.workers_within, lambda: self.run_writer.signal is not None
            )
        except (InconclusiveError, KeyboardInterrupt) as end:
            reason = str(end) or "stopped while it waited for workers"
            logger.error("%s", reason)  # noqa: TRY400 - one line for people
            self.run_writer.abort(reason)
            self._quit()
            self.environment.events.quit.fire(exit_code=int(ExitCode.INCONCLUSIVE))
            raise SystemExit(int(ExitCode.INCONCLUSIVE)) from end

    def _give_up(self, reason: str, error: Exception) -> NoReturn:
        self.run_writer.abort(reason)
        gevent.spawn(self._quit)
        # Ends the greenlet that is about to spawn users.
        raise gevent.GreenletExit from error

    def _begin(self) -> None:
        load = self.process
        tell(self.environment, load.target.deployment, self._sharing())
        load.connect()
        turns = load.session.data is not None and load.session.data.turns is not None
        if turns and load.target.expect_workers and load.target.deployment.database == SQLITE:
            load.session.limiter.notes += (SEPARATE_WRITERS,)
        self.workers.begin()
        shape = self.soak.shape
        scenarios = discover_scenarios(soak=shape is not None)
        plan = select_scenarios(load.scenarios, scenarios)
        swept = tuple(one for one in plan if not holds_streams(load.scenarios[one.name][0]))
        self.queue = SweepQueue(
            sweep_order(swept, self._slow(swept)) + sweep_repeats(swept, _chancy(load.session))
        )
        self.run_writer.shape = shape
        classes = [user_class.__name__ for user_class in self.environment.user_classes]
        self.run_writer.begin(
            str(self.environment.host),
            load.session,
            plan,
            classes,
            self.queue,
            self.run_time,
            len(scenarios) - len(plan),
        )
        self._before = count_entities(load.session)
        self._tags = {load.session.tag}
        load.fixture = create_fixture(load.session, load.target.backends)
        self.run_writer.staged(load.fixture.problems, self._before)
        self.soak.begin(self.run_time, lambda: self.queue.over, lambda: self._tell_begin(None))
        self._tell_begin(None)
        self._tell("loadtest-stage", load.fixture.packed(), None)
        if self.run_time is not None and shape is None:
            logger.info("The stage is set; the load takes %g s", self.run_time)
            gevent.spawn(self._end_after, self.run_time)

    def _end_after(self, run_time: float) -> None:
        """End the load after ``run_time`` seconds, or a little later if the first sweep is not done by then."""
        gevent.sleep(run_time)
        more = min(run_time * OVERTIME, LONGEST_OVERTIME)
        latest = time.monotonic() + more
        if not self.queue.over:
            logger.info("The first sweep is incomplete; the load continues for %g s at most", more)
        while time.monotonic() < latest and not self.queue.over:
            gevent.sleep(POLL_INTERVAL)
        self._quit()

    def _tell_begin(self, node: str | None) -> None:
        begin = {"started": self.run_writer.started, "pacing": self.soak.message}
        self._tell("loadtest-begin", begin, node)

    def _on_test_stop(self, **_: Any) -> None:
        if self.run_writer.shape is not None:
            self.run_writer.shape.over = True
        self.workers.stop()
        if isinstance(self.environment.runner, MasterRunner) and not self.workers.present():
            # Locust ends the test then, and stays.
            self.run_writer.abort("every worker was lost")
            gevent.spawn(self._quit)
        self.process.target.turn_file.unlink(missing_ok=True)
        if self.process.connected:
            self._clear(self.process.session)

    def _clear(self, session: Session) -> None:
        """Take the stage away, and what scenarios left behind if anything did not come out even."""
        delete_fixture(session, self.process.fixture)
        after, left = count_entities(session), dict[str, int]()
        if self._before and after != self._before:
            left = delete_leftovers(session, self._tags)
            after = count_entities(session)
        self.run_writer.cleared(after, left)

    def _quit(self) -> None:
        if self.environment.runner is not None:
            self.environment.runner.quit()

    def _sharing(self) -> int:
        """Return how many processes share what the gateway takes at once."""
        target = self.process.target
        return max(len(self.workers.present()), target.expect_workers, target.processes)

    def _slow(self, plan: tuple[Scenario, ...]) -> frozenset[str]:
        return frozenset(
            scenario.name
            for scenario in plan
            if SLOW in getattr(self.process.scenarios[scenario.name][1], "locust_tag_set", ())
        )

    def _on_hello(self, msg: Message, **_: Any) -> None:
        self.workers.at_work(msg.node_id, msg.data["clock"])
        self._tell_begin(msg.node_id)
        self._tags.add(msg.data["tag"])
        self._tell("loadtest-stage", self.process.fixture.packed(), msg.node_id)

    def _on_want(self, msg: Message, **_: Any) -> None:
        self.workers.look()
        name = self.queue.deal(msg.node_id)
        answer = {"ticket": msg.data["ticket"], "name": name, "over": self.queue.over}
        self._tell("loadtest-deal", answer, msg.node_id)

    def _on_done(self, msg: Message, **_: Any) -> None:
        self.queue.done(msg.data["name"], msg.node_id, time.time() - self.run_writer.started)

    def _tell(self, message: str, data: Any, node: str | None) -> None:
        runner = self.environment.runner
        if isinstance(runner, MasterRunner):
            runner.send_message(message, data, node)
        elif runner is not None:
            runner.send_message(message, data)


def _chancy(session: Session) -> frozenset[str]:
    """Return the operations that several workers let succeed now and then."""
    if session.data is None:
        return frozenset()
    return frozenset(
        entry.operation for entry in session.data.known if entry.sometimes and entry.workers == "many"
    )


def _take_run_time(environment: Environment) -> float | None:
    """Return the run time in seconds, and keep Locust from counting it.

    Without a web page, Locust's own clock starts before the stage is set and would take that from the load.
    """
    options = environment.parsed_options
    run_time = getattr(options, "run_time", None)
    if options is not None and options.headless:
        options.run_time = None
    return float(run_time) if run_time else None


def _protect_web_page(environment: Environment, load: LoadProcess) -> None:
    page, options = environment.web_ui, environment.parsed_options
    if page is None or page.app is None:
        return
    # Forms show it, and send it back.
    environment.host = load.address
    bound_to = page.host or ""
    shown_as = getattr(options, "web_host_display_name", None)
    protect(page.app, bound_to=bound_to, shown_as=shown_as, address=lambda: load.address)
    if not is_loopback(bound_to):
        logger.warning(
            "The web page listens on %s: everyone who reaches this machine can start load on %s",
            bound_to or "every interface",
            load.address,
        )


def attach(environment: Environment, **_: Any) -> None:
    """Attach a load to a starting Locust (a listener of its ``init`` event)."""
    # A worker compares each option that the master sends with the defaults, and builds Locust's whole parser of
    # options for each of them anew: half a second, with every message that changes the number of users, in which
    # nobody is served.
    argument_parser.default_args_dict = functools.cache(argument_parser.default_args_dict)
    try:
        load = LoadProcess(environment)
    except LoadTestError as error:
        # Locust would log it, drive on without a load, and never end.
        logger.error("%s", error)  # noqa: TRY400 - one line for people
        raise SystemExit(int(error.exit_code)) from error
    environment.__dict__["loadtest"] = load
    _protect_web_page(environment, load)
    if isinstance(environment.runner, WorkerRunner):
        signals = itertools.count()
        handle_stop_signals(environment, lambda _number: next(signals) == 0)
    else:
        Coordinator(load).await_workers()
