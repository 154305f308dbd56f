"""Coordinator of a load: creates the fixture, distributes the sweep, starts and ends the load, writes the run.

It runs in the master, or in the only process.
"""

from __future__ import annotations

import functools
import itertools
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import gevent
from gevent.pool import Group
from locust import argument_parser
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner
from msgspec.structs import asdict, replace

from loadtest.client.session import Session
from loadtest.core import clock
from loadtest.core.address import is_loopback
from loadtest.core.errors import ExitCode, InconclusiveError, LoadTestError
from loadtest.core.files import write_atomically
from loadtest.core.operations import base
from loadtest.core.redact import redact
from loadtest.engine.link import GatewayLink
from loadtest.engine.messages import (
    FixtureReady,
    LoadStarted,
    NextScenario,
    ScenarioDone,
    ScenarioRequest,
    WorkerReady,
    listen,
    publish_config,
    send,
)
from loadtest.engine.pacing import MixController, SoakController, holds_streams, is_deep, user_count
from loadtest.engine.paired.director import PairDirector
from loadtest.engine.process import LoadProcess
from loadtest.engine.run_writer import RunWriter
from loadtest.engine.scenario_plan import discover_scenarios, select_scenarios, with_generated
from loadtest.engine.signals import handle_stop_signals
from loadtest.engine.sweep import SweepQueue, covers, recorded_cover, sweep_order, sweep_repeats
from loadtest.engine.web_page import protect
from loadtest.engine.workers import WorkerPool
from loadtest.fixtures.fixture import create_fixture, delete_fixture
from loadtest.fixtures.inventory import Leftovers, count_entities, delete_leftovers, is_empty
from loadtest.generated.requests import GeneratedOperation, read_requests
from loadtest.results.deployment import SQLITE
from loadtest.results.pairs import BaseRun
from loadtest.results.run import Scenario
from loadtest.results.target import Gateway
from loadtest.scenarios.data_files import CustomFixture, custom_fixtures
from loadtest.workload.profiles import sweep_grace

logger = logging.getLogger(__name__)

POLL_INTERVAL = 0.5
"""Seconds between two checks whether the sweep has finished."""

SEPARATE_WRITERS = (
    "writers are serialized on each machine separately and can overlap: "
    "drive this gateway on SQLite from one machine"
)
"""Note for a gateway that does not support concurrent writers when several machines drive it."""


class Coordinator:
    """One per load, in the master or in the only process."""

    def __init__(self, process: LoadProcess) -> None:
        self.process = process
        self.environment = process.environment
        self.queue = SweepQueue(())
        self.workers = WorkerPool(
            process.environment, process.recorder, lambda worker: self.queue.requeue(worker)
        )
        self.run_writer = RunWriter(
            process.environment, process.target, process.recorder, self.workers.records, self._base_record
        )
        self.run_time = _take_run_time(process.environment)
        self.soak = SoakController(process.environment, process.target)
        self.mix = self.run_writer.mix = MixController(process.environment, process.target)
        self._counts_before: tuple[dict[str, int | None], ...] = ()
        """Of each gateway."""
        self._generated: tuple[GeneratedOperation, ...] = ()
        self._selected: frozenset[str] = frozenset()
        """Names of scenarios."""
        self._tags: set[str] = set()
        process.abort = self._abort
        events = self.environment.events
        events.test_start.add_listener(self._on_test_start)
        # Before the listener of the run writer, which writes the run.
        events.test_stop._handlers.insert(0, self._on_test_stop)  # noqa: SLF001 - Locust has no order of listeners
        listen(self.environment, WorkerReady, self._on_worker_ready)
        listen(self.environment, ScenarioRequest, self._on_scenario_request)
        listen(self.environment, ScenarioDone, self._on_scenario_done)

    def wait_for_workers(self) -> None:
        """Wait for the expected workers; if they do not connect, write the run and exit."""
        target = self.process.target
        options = self.environment.parsed_options
        if not target.expect_workers or options is None or not options.headless:
            return
        try:
            self.workers.wait_for(
                target.expect_workers, target.workers_within, lambda: self.run_writer.signal is not None
            )
        except (InconclusiveError, KeyboardInterrupt) as end:
            reason = str(end) or "stopped while waiting for workers"
            logger.error("%s", reason)  # noqa: TRY400 - one line for people
            self.run_writer.abort(reason)
            self._quit()
            self.environment.events.quit.fire(exit_code=int(ExitCode.INCONCLUSIVE))
            raise SystemExit(int(ExitCode.INCONCLUSIVE)) from end

    def _on_test_start(self, **_: Any) -> None:
        try:
            self._begin()
        except LoadTestError as error:
            logger.error("%s", error)  # noqa: TRY400 - one line for people; there is no bug to trace
            self._give_up(str(error), error)
        except Exception as error:  # the edge: Locust would log it and drive on, with no plan and no end
            logger.exception("The load could not begin")
            self._give_up(f"the load could not begin: {type(error).__name__}: {error}", error)

    def _abort(self, reason: str) -> None:
        self.run_writer.abort(reason)
        gevent.spawn(self._quit)

    def _give_up(self, reason: str, error: Exception) -> NoReturn:
        self.run_writer.abort(reason)
        gevent.spawn(self._quit)
        # Ends the greenlet that is about to spawn users.
        raise gevent.GreenletExit from error

    def _begin(self) -> None:
        process, target = self.process, self.process.target
        publish_config(self.environment, target.deployment, self._process_count())
        process.connect()
        session = process.session
        serialized = session.data is not None and session.data.turns is not None
        if serialized and target.expect_workers and target.deployment.database == SQLITE:
            session.limiter.notes += (SEPARATE_WRITERS,)
        self.workers.begin()
        shape = self.soak.shape
        self._generated = read_requests(target.generated)
        scenarios = with_generated(
            discover_scenarios(custom=target.custom, soak=shape is not None, deep=target.deep),
            [one.operation for one in self._generated],
        )
        self._selected = frozenset(process.scenarios.keys() & (target.only or process.scenarios))
        plan = select_scenarios(self._selected, scenarios)
        self.queue = self._sweep(plan)
        self.run_writer.shape = shape
        self.mix.reset()
        self.run_writer.begin(
            str(self.environment.host),
            session,
            plan,
            [user_class.__name__ for user_class in self.environment.user_classes],
            self.queue,
            None if target.only or process.paired else self.run_time,
            len(scenarios) - len(plan),
            {one.operation: one.withheld for one in self._generated},
        )
        if process.base is not None:
            path = Path(target.reports) / "openapi-base.json"
            write_atomically(path, process.base.session.contract.encoded())
        self._tags = {link.session.tag for link in process.all_links}
        self._counts_before = tuple(
            Group().imap(
                functools.partial(_prepare, deep=target.deep, custom=custom_fixtures(target.custom)),
                process.all_links,
            )
        )
        problems = {
            name: reason
            for link in reversed(process.all_links)
            for name, reason in link.fixture.problems.items()
        }
        self.run_writer.fixture_ready(problems, self._total(self._counts_before))
        self.soak.begin(self.run_time, lambda: self.queue.finished, self._announce)
        self._announce()
        self._send_fixture()
        if process.paired is not None:
            gevent.spawn(self._run_pairs, process.paired)
        elif self.run_time is not None and shape is None:
            logger.info("Fixture created; the load runs for %g s", self.run_time)
            gevent.spawn(self._end_after, self.run_time)

    def _run_pairs(self, paired: PairDirector) -> None:
        """Make all pairs, then end the load."""
        users = user_count(self.environment)
        logger.info("Fixtures created; the load is made in pairs with the base")
        try:
            paired.run(self.queue, users, lambda: clock.now() - self.run_writer.started)
        except Exception as error:  # the edge: gevent would print it, and the load would never end
            logger.exception("The pairs ended")
            self.run_writer.abort(f"the pairs ended: {type(error).__name__}: {error}")
        self._quit()

    def _total(self, counts: Sequence[Mapping[str, int | None]]) -> dict[str, int | None]:
        """Return the totals of the gateways under test, without the base, which comes last."""
        return _total(counts[: len(self.process.links)])

    def _base_record(self) -> BaseRun | None:
        """Return what was measured on base and in pairs so far; None without a base."""
        process = self.process
        if process.base is None or process.paired is None or process.target.base is None:
            return None
        session, base, tally = process.base.session, process.target.base, process.paired.tally
        failures = process.for_base().recorder.aggregator.failure_records(self.run_writer.started)
        return BaseRun(
            gateway=Gateway(
                version=session.version,
                source=redact(base.source),
                data=base.data,
                prefix=session.contract.prefix,
                changed=base.changed,
                **asdict(process.target.deployment),
            ),
            budget=process.paired.plan.budget,
            incomplete=process.paired.incomplete,
            pairs=tally.pairs(),
            trials=tally.trials(),
            failures=tuple(replace(one, examples=()) for one in failures),
        )

    def _sweep(self, plan: tuple[Scenario, ...]) -> SweepQueue:
        classes = {name: user_class for name, (user_class, _) in self.process.scenarios.items()}
        swept = tuple(one for one in plan if not holds_streams(classes[one.name]))
        deep = frozenset(one.name for one in swept if is_deep(classes[one.name]))
        contract = self.process.session.contract.operations
        operations_of = covers(swept, lambda name: base(name) in contract, deep)
        order = sweep_order(swept, operations_of, self.process.slow, deep, recorded_cover())
        if self.process.target.breadth and self.process.paired is None:
            return SweepQueue(order, operations_of, breadth=True)
        repeats = sweep_repeats(swept, _intermittent(self.process.session))
        return SweepQueue(order + repeats, operations_of)

    def _end_after(self, run_time: float) -> None:
        """End the load after ``run_time`` seconds, or later if the first sweep is incomplete then."""
        if self.process.target.only:
            self._wait_for_sweep(run_time)
            self._quit()
            return
        gevent.sleep(run_time)
        grace = sweep_grace(run_time, self.queue.record().planned)
        if not self.queue.finished:
            logger.info("The first sweep is incomplete; the load continues for %g s at most", grace)
        self._wait_for_sweep(grace)
        self._quit()

    def _wait_for_sweep(self, within: float) -> None:
        latest = time.monotonic() + within
        while time.monotonic() < latest and not self.queue.finished:
            gevent.sleep(POLL_INTERVAL)

    def _on_test_stop(self, **_: Any) -> None:
        if self.run_writer.shape is not None:
            self.run_writer.shape.over = True
        self.workers.stop()
        if isinstance(self.environment.runner, MasterRunner) and not self.workers.present():
            # Locust ends the test in this case, but its process goes on.
            self.run_writer.abort("every worker was lost")
            gevent.spawn(self._quit)
        self.process.target.writer_lock.unlink(missing_ok=True)
        links = self.process.all_links
        cleaned = tuple(Group().imap(self._clean_up, links, self._counts_before or ({},) * len(links)))
        if cleaned:
            after, leftovers = zip(*cleaned, strict=True)
            deleted = {kind: number or 0 for kind, number in self._total(leftovers).items()}
            self.run_writer.cleaned_up(self._total(after), deleted)

    def _clean_up(
        self, link: GatewayLink, before: Mapping[str, int | None]
    ) -> tuple[dict[str, int | None], dict[str, int]]:
        """Delete the fixture; if entities are left over, delete those as well.

        Returns the number of entities of each kind afterwards, and of deleted leftovers.
        """
        delete_fixture(link.session, link.fixture, custom_fixtures(self.process.target.custom))
        after, leftovers = count_entities(link.session), Leftovers()
        if before and after != before:
            leftovers = delete_leftovers(link.session, self._tags)
            after = count_entities(link.session, leftovers.absent)
        return after, dict(leftovers.deleted)

    def _quit(self) -> None:
        if self.environment.runner is not None:
            self.environment.runner.quit()

    def _process_count(self) -> int:
        """Return the number of processes that share the concurrency limits of the gateway."""
        target = self.process.target
        return max(len(self.workers.present()), target.expect_workers, target.processes)

    def _announce(self, worker: str | None = None) -> None:
        send(
            self.environment,
            LoadStarted(
                started=self.run_writer.started,
                rate=self.soak.rate or self.mix.rate,
                paced_since=self.soak.paced_since or self.mix.paced_since,
                scenarios=self._selected,
            ),
            worker,
        )

    def _send_fixture(self, worker: str | None = None) -> None:
        send(
            self.environment,
            FixtureReady(
                fixtures=tuple(link.fixture.without_token() for link in self.process.all_links),
                generated=self._generated,
                new=all(map(is_empty, self._counts_before)),
            ),
            worker,
        )

    def _on_worker_ready(self, message: WorkerReady, worker: str) -> None:
        self.workers.ready(worker, message.clock)
        self._announce(worker)
        self._tags.add(message.tag)
        self._send_fixture(worker)

    def _on_scenario_request(self, message: ScenarioRequest, worker: str) -> None:
        self.workers.check()
        counts = self.process.recorder.aggregator
        name = self.queue.next(worker, counts.covered(), counts.called())
        if self.mix.begin(self.queue, self.run_writer.started, len(self.process.links)):
            # Before the reply, after which users look for the rate.
            self._announce()
        reply = NextScenario(ticket=message.ticket, name=name, sweep_over=self.queue.finished)
        send(self.environment, reply, worker)

    def _on_scenario_done(self, message: ScenarioDone, worker: str) -> None:
        self.queue.done(message.name, worker, clock.now() - self.run_writer.started)


def _prepare(link: GatewayLink, *, deep: bool, custom: tuple[CustomFixture, ...]) -> dict[str, int | None]:
    """Create the fixture of one gateway; return the number of entities of each kind before it."""
    counts = count_entities(link.session)
    link.fixture = create_fixture(link.session, link.fixture.backends, deep=deep, custom=custom)
    return counts


def _total(counts: Iterable[Mapping[str, int | None]]) -> dict[str, int | None]:
    """Return the sums over all gateways; None where one of them does not list the kind."""
    kinds: dict[str, list[int | None]] = {}
    for one in counts:
        for kind, number in one.items():
            kinds.setdefault(kind, []).append(number)
    return {
        kind: None if None in numbers else sum(number or 0 for number in numbers)
        for kind, numbers in kinds.items()
    }


def _intermittent(session: Session) -> frozenset[str]:
    """Return the operations that succeed only now and then on a gateway with several workers."""
    if session.data is None:
        return frozenset()
    return frozenset(
        entry.operation for entry in session.data.known if entry.sometimes and entry.workers == "many"
    )


def _take_run_time(environment: Environment) -> float | None:
    """Return the run time in seconds, and remove it from Locust's options.

    Without a web page Locust would count it from a time before the fixture is created.
    """
    options = environment.parsed_options
    run_time = getattr(options, "run_time", None)
    if options is not None and options.headless:
        options.run_time = None
    return float(run_time) if run_time else None


def _protect_web_page(environment: Environment, process: LoadProcess) -> None:
    page, options = environment.web_ui, environment.parsed_options
    if page is None or page.app is None:
        return
    # The page shows it in its forms, which send it back.
    environment.host = process.address
    bound_to = page.host or ""
    shown_as = getattr(options, "web_host_display_name", None)
    protect(page.app, bound_to=bound_to, shown_as=shown_as, address=lambda: process.address)
    if not is_loopback(bound_to):
        logger.warning(
            "The web page listens on %s: anyone who can reach this machine can start load on %s",
            bound_to or "every interface",
            process.address,
        )


def attach(environment: Environment, **_: Any) -> None:
    """Attach a load to a starting Locust (a listener of its ``init`` event)."""
    # A worker compares each option from the master with its default, and Locust builds its whole option parser anew
    # for each: half a second without any other work, with every message that changes the number of users.
    argument_parser.default_args_dict = functools.cache(argument_parser.default_args_dict)
    try:
        process = LoadProcess(environment)
    except LoadTestError as error:
        # Locust would log it, drive on without a load, and never end.
        logger.error("%s", error)  # noqa: TRY400 - one line for people
        raise SystemExit(int(error.exit_code)) from error
    environment.__dict__["loadtest"] = process
    _protect_web_page(environment, process)
    if isinstance(environment.runner, WorkerRunner):
        signals = itertools.count()
        handle_stop_signals(environment, lambda _number: next(signals) == 0)
    else:
        Coordinator(process).wait_for_workers()
