"""Run writer: writes ``run.json`` every few seconds during the load, and at its end.

It runs in the master, or in the only process. A crash loses a few seconds of measurements at most.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import platform
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gevent
import locust
import psutil
from locust.env import Environment
from locust.html import get_html_report
from msgspec.structs import asdict, replace

import loadtest
from loadtest.client.session import Session
from loadtest.core import clock
from loadtest.core.errors import UsageError
from loadtest.core.files import prepare_directory, write_atomically
from loadtest.core.redact import redact
from loadtest.engine.pacing import MixController
from loadtest.engine.signals import handle_stop_signals
from loadtest.engine.sweep import SweepQueue
from loadtest.engine.target import Target
from loadtest.fixtures.inventory import DELETES
from loadtest.recording.generator_cpu import CpuMonitor
from loadtest.recording.recorder import Recorder
from loadtest.results.pairs import BaseRun
from loadtest.results.run import Environment as Machine
from loadtest.results.run import Run, RunState, Scenario, Settings, Worker, write_run
from loadtest.results.target import Backend, EntityCount, Gateway
from loadtest.shapes.shape import Shape, with_sent, without_literals
from loadtest.shapes.stored import converted, write_shapes
from loadtest.workload.profiles import criteria_of
from loadtest.workload.shape import SoakShape

logger = logging.getLogger(__name__)

WRITE_INTERVAL = 2.0
"""Minimum seconds between two writes of the unfinished run."""
MAX_WRITE_SHARE = 0.05
"""Share of the time that may be spent on writing; a large run is written less often."""
RUN_TIME_TOLERANCE = 1.5
"""Seconds by which a complete run may be shorter than its run time."""


class RunWriter:
    """Holds the record of the run so far."""

    def __init__(
        self,
        environment: Environment,
        target: Target,
        recorder: Recorder,
        workers: Callable[[float], tuple[Worker, ...]],
        base: Callable[[], BaseRun | None] = lambda: None,
    ) -> None:
        self.environment = environment
        self.target = target
        self.recorder = recorder
        self._base = base
        """Returns what was measured on base."""
        self._workers = workers
        """Returns the records of the workers, given the start of the load in Unix seconds."""
        self.started = clock.now()
        self.run: Run | None = None
        self.shape: SoakShape | None = None
        """The load shape of a soak."""
        self.mix: MixController | None = None
        self._path = Path(target.reports) / "run.json"
        self._queue = SweepQueue(())
        self._plan: tuple[Scenario, ...] = ()
        """The scenarios that were selected."""
        self._left_out = 0
        """Number of those that were not."""
        self._users: dict[int, int] = {}
        self._shapes_not_compared = ""
        self._documented: Mapping[str, tuple[str, ...]] = {}
        """The documented elements of each operation's input."""
        self.signal: int | None = None
        """The signal that ended the run."""
        self._cpu = CpuMonitor()
        self._over = False
        self._write_now = False
        self._write_error = ""
        """Why the last write failed."""
        prepare_directory(self._path.parent)
        events = environment.events
        events.test_stop.add_listener(self._on_test_stop)
        events.quitting.add_listener(self._on_quitting)
        events.quit.add_listener(self._on_quit)
        handle_stop_signals(environment, self._note_signal)

    def begin(
        self,
        host: str,
        session: Session,
        plan: tuple[Scenario, ...],
        classes: list[str],
        queue: SweepQueue,
        run_time: float | None,
        left_out: int,
        generated: Mapping[str, str],
    ) -> None:
        """Start a new record; the gateway and the plan are known, nothing has been measured."""
        options = self.environment.parsed_options
        self.recorder.reset()
        self._users, self._cpu, self._over, self._queue = {}, CpuMonitor(), False, queue
        self._plan, self._left_out = plan, left_out
        self._documented = session.contract.elements()
        self._shapes_not_compared = session.shapes.why_not
        self.started = clock.now()
        self.run = Run(
            started=_iso(self.started),
            started_monotonic=clock.monotonic(self.started),
            settings=Settings(
                host=redact(host),
                profile=self.target.profile,
                criteria=criteria_of(self.target.profile),
                users=getattr(options, "num_users", None) or 0,
                spawn_rate=getattr(options, "spawn_rate", None) or 0.0,
                run_time=run_time,
                processes=max(getattr(options, "processes", None) or 1, 1),
                tags=tuple(sorted(getattr(options, "tags", None) or ())),
                exclude_tags=tuple(sorted(getattr(options, "exclude_tags", None) or ())),
                user_classes=tuple(sorted(classes)),
                left_out=left_out,
                scenarios=tuple(one.text for one in self.target.custom if not one.installed),
                seed=self.target.seed,
            ),
            environment=_environment(),
            gateway=Gateway(
                version=session.version,
                source=redact(self.target.source or host),
                data=self.target.data or (session.data.version if session.data else None),
                prefix=session.contract.prefix,
                notes=(*_replica_notes(self.target), *session.limiter.notes),
                changed=self.target.changed,
                **asdict(self.target.deployment),
            ),
            backends=_backends(self.target),
            contract=tuple(sorted(session.contract.operations)),
            areas={name: known.area for name, known in sorted(session.contract.operations.items())},
            plan=plan,
            generated=dict(generated),
        )
        write_atomically(self._path.with_name("openapi.json"), session.contract.encoded())

    def fixture_ready(self, problems: Mapping[str, str], counts: Mapping[str, int | None]) -> None:
        """Record the start of the load: rejected backends, and the number of entities before it."""
        if self.run is None:
            return
        self.started = clock.now()
        self.recorder.begin(self.started)
        self.run = replace(
            self.run,
            started=_iso(self.started),
            started_monotonic=clock.monotonic(self.started),
            backends=tuple(
                Backend(name=one.name, up=False, detail=problems[one.name]) if one.name in problems else one
                for one in self.run.backends
            ),
            entities=tuple(
                EntityCount(kind=kind, before=count, after=None, deletes=DELETES.get(kind, ""))
                for kind, count in sorted(counts.items())
            ),
        )
        gevent.spawn(self._watch)

    def cleaned_up(self, counts: Mapping[str, int | None], leftovers: Mapping[str, int]) -> None:
        """Record the number of entities after the load, and of the ``leftovers`` that were deleted."""
        if self.run is not None:
            entities = (
                replace(one, after=counts.get(one.kind), left=leftovers.get(one.kind, 0))
                for one in self.run.entities
            )
            self.run = replace(self.run, entities=tuple(entities))

    def abort(self, reason: str) -> None:
        """Mark the run as aborted; ``reason`` is one sentence."""
        run = self.run or Run(
            started=_iso(clock.now()),
            settings=Settings(host=redact(self.target.host), profile=self.target.profile),
            environment=_environment(),
            gateway=Gateway(
                version=None,
                source=redact(self.target.source),
                data=self.target.data,
                changed=self.target.changed,
                **asdict(self.target.deployment),
            ),
        )
        state = RunState.ABORTED if self.signal is None else RunState.INTERRUPTED
        self.run = replace(run, state=state, signal=self.signal, reason=redact(reason))

    def _watch(self) -> None:
        parent = self.target.parent
        due = time.monotonic() + WRITE_INTERVAL
        self._cpu = CpuMonitor()
        while not self._over:
            runner = self.environment.runner
            self._users[int(clock.now())] = runner.user_count if runner else 0
            self._cpu.sample(runner)
            if time.monotonic() >= due or self._write_now:
                self._write_now = False
                began = time.monotonic()
                self._write()
                due = began + max(WRITE_INTERVAL, (time.monotonic() - began) / MAX_WRITE_SHARE)
            if parent and runner and not psutil.pid_exists(parent):
                self.abort("the process that started Locust was killed")
                runner.quit()
            gevent.sleep(1.0)

    def _write(self) -> None:
        if self.run is None:
            return
        counts = self.recorder.aggregator
        duration = self.run.duration if self._over else round(clock.now() - self.started, 3)
        plan = (self.shape.execution if self.shape else None) or self.mix
        stages = plan.stages(self.started, self.started + duration) if plan else ()
        scenarios = counts.scenario_records()
        ran = {one.name for one in scenarios}
        # The mix may run them after all.
        dropped = set(self._queue.dropped) - ran
        self.run = replace(
            self.run,
            plan=tuple(one for one in self._plan if one.name not in dropped),
            settings=replace(self.run.settings, left_out=self._left_out + len(dropped)),
            duration=duration,
            operations=counts.operation_records(self.started, self.run.area),
            elements=counts.element_records(self._documented),
            shapes=counts.shape_record(self._shapes_not_compared),
            failures=counts.failure_records(self.started, self.recorder.sent, complete=self._queue.finished),
            streams=counts.stream_records(),
            scenarios=scenarios,
            refusals=counts.refusal_record(),
            timeline=replace(counts.timeline(self.started, self._users), stretches=stages),
            sweep=self._queue.record(),
            generator=self._cpu.record(self.recorder),
            workers=self._workers(self.started),
            base=self._base(),
        )
        self._store(self.run)

    def _store(self, run: Run) -> None:
        """Write the run; log a failure and go on, since the next write may succeed."""
        try:
            prepare_directory(self._path.parent)
            write_run(run, self._path)
        except UsageError as error:
            if self._write_error != str(error):
                logger.error("%s", error)  # noqa: TRY400 - one line for people
            self._write_error = str(error)

    def _store_shapes(self) -> None:
        """Write the shapes of the sampled responses, which ``loadtest shapes record`` merges into a version's."""
        version = self.run.gateway.data if self.run and self.run.gateway else None
        if self.run is not None and version and self.recorder.aggregator.shapes:
            path = self._path.with_name("shapes.json")
            sent, seen = self.recorder.sent, self.recorder.aggregator.shapes
            shapes = converted(
                seen, lambda shape: without_literals(with_sent(shape, sent), self._contains_secret)
            )
            write_shapes(path, version, [self.run.started], shapes)

    def _contains_secret(self, _place: str, shape: Shape) -> bool:
        mask = self.recorder.redactor.mask
        return any(mask(one) != one for one in shape.literals)

    def _on_test_stop(self, **_: Any) -> None:
        self._write()
        self._over = True

    def _on_quitting(self, **_: Any) -> None:
        # Locust's own exit code counts every failure, also known ones; the verdict decides about failures.
        aborted = self.run is None or self.run.state is RunState.ABORTED
        self.environment.process_exit_code = 3 if aborted or not self.recorder.aggregator.requests else 0

    def _on_quit(self, **_: Any) -> None:
        self._over = True
        if self.run is None:
            self.abort("no load was started")
        elif self.run.state is RunState.RUNNING:
            self.run = self._ended(self.run)
        self._write()
        self._store_shapes()
        options = self.environment.parsed_options
        html = getattr(options, "html_file", None)
        if html and not Path(html).exists() and self.environment.stats.history:
            # Locust writes no report after SIGTERM.
            write_atomically(Path(html), get_html_report(self.environment, show_download_link=False))

    def _ended(self, run: Run) -> Run:
        run_time, took = run.settings.run_time, run.duration
        if self.signal is not None:
            name = signal.Signals(self.signal).name
            return replace(
                run,
                state=RunState.INTERRUPTED,
                signal=int(self.signal),
                reason=f"{name} ended the run after {took:.0f} s",
            )
        if self.shape is not None and not (self.shape.execution and self.shape.execution.finished):
            return replace(
                run,
                state=RunState.ABORTED,
                reason=f"the plan was not completed: it ended after {took:.0f} s of load",
            )
        if run_time is not None and took < run_time - RUN_TIME_TOLERANCE:
            reason = f"Locust stopped after {took:.0f} of {run_time:.0f} s; see its output for the reason"
            return replace(run, state=RunState.ABORTED, reason=reason)
        return replace(run, state=RunState.COMPLETE)

    def _note_signal(self, number: int) -> bool:
        """Record a signal and write the measurements so far; return whether it is the first one."""
        first = self.signal is None
        if first:
            self.signal = number
            self._write_now = True
        return first


def _replica_notes(target: Target) -> tuple[str, ...]:
    if not target.replicas:
        return ()
    return (f"{len(target.replicas) + 1} gateways shared the first sweep; resources are those of the first",)


def _backends(target: Target) -> tuple[Backend, ...]:
    up = (Backend(name=name, up=True) for name in sorted(target.backends))
    down = (Backend(name=name, up=False, detail=why) for name, why in sorted(target.failed_backends.items()))
    return (*up, *down)


def _environment() -> Machine:
    return Machine(
        loadtest=loadtest.__version__,
        locust=locust.__version__,
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        cpus=os.cpu_count() or 1,
        memory=int(psutil.virtual_memory().total),
        commit=os.environ.get("GITHUB_SHA"),
    )


def _iso(moment: float) -> str:
    return dt.datetime.fromtimestamp(moment, dt.UTC).isoformat(timespec="milliseconds")
