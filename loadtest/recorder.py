"""From Locust's events to ``run.json``, rewritten while the load runs so that a crash loses seconds at most."""

from __future__ import annotations

import datetime as dt
import os
import platform
import signal
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import gevent
import locust
import psutil
from locust.env import Environment
from locust.html import get_html_report
from locust.runners import MasterRunner, WorkerRunner
from msgspec.structs import replace

import loadtest
from loadtest import run as record
from loadtest.client.problem import Problem
from loadtest.files import prepare_directory, write_atomically
from loadtest.operations import area_of
from loadtest.outcome import Fault, Outcome, StreamOutcome
from loadtest.redact import redact
from loadtest.run import EntityCount, ProblemKind, Run, RunState, Scenario, Settings, write_run
from loadtest.settings import Target
from loadtest.sweep import Deck
from loadtest.tally import Tally, pack, unpack

if TYPE_CHECKING:
    from loadtest.client.caller import Call, Caller
    from loadtest.client.session import Session

INTERVAL = 2.0
"""Seconds between two writes of the unfinished run."""
SATURATED = 90.0
"""Percent of one core at which a Locust process is taken to be the bottleneck, as Locust itself warns."""
EARLY = 1.5
"""Seconds by which a run may fall short of its run time and still count as having taken it."""


class Recorder:
    """Counts in every process; in the master, or the only one, also writes the run."""

    def __init__(self, environment: Environment, target: Target) -> None:
        self.environment = environment
        self.target = target
        self.tally = Tally()
        self.started = time.time()
        self.worker_count = 0
        self.run: Run | None = None
        self.path = Path(target.reports) / "run.json"
        self._deck: Deck | None = None
        self._users: dict[int, int] = {}
        self._workers: dict[str, int] = {}
        self._signal: int | None = None
        self._process = psutil.Process()
        self._busy_seconds = 0
        self._last_cpu = 0.0
        self._finished = False
        self._is_worker = isinstance(environment.runner, WorkerRunner)
        self._listen()

    def _listen(self) -> None:
        events = self.environment.events
        events.request.add_listener(self._on_request)
        if self._is_worker:
            events.report_to_master.add_listener(self._on_report)
            return
        prepare_directory(self.path.parent)
        events.worker_report.add_listener(self._on_worker_report)
        events.test_stop.add_listener(self._on_test_stop)
        events.quitting.add_listener(self._on_quitting)
        events.quit.add_listener(self._on_quit)
        gevent.signal_handler(signal.SIGTERM, self._note_signal, signal.SIGTERM)
        usual = signal.getsignal(signal.SIGINT)

        def interrupted(number: int, frame: FrameType | None) -> None:
            self._note_signal(number)
            if callable(usual):
                usual(number, frame)

        signal.signal(signal.SIGINT, interrupted)

    def _note_signal(self, number: int) -> None:
        self._signal = number

    # What users tell

    def _on_request(
        self,
        request_type: str,
        name: str,
        response_time: float | None,
        response_length: int | None,
        exception: BaseException | None,
        context: Mapping[str, Any],
        response: Any = None,
        **_: Any,
    ) -> None:
        call: Call | None = context.get("call") if context else None
        operation = f"{request_type} {name}"
        self.tally.add(
            Outcome(
                operation=operation,
                area=call.area if call else area_of(operation),
                scenario=call.scenario if call else None,
                finished=time.time(),
                duration=response_time or 0.0,
                status=getattr(response, "status_code", 0) or 0,
                received=response_length or 0,
                validated=call.validated if call else False,
                drift=call.drift if call else False,
                accepted=call.accepted if call else None,
                fault=_fault(exception, call) if exception else None,
            )
        )

    def stream(self, outcome: StreamOutcome) -> None:
        """Count a finished event stream."""
        self.tally.add_stream(outcome)

    def scenario_error(self, caller: Caller, error: Exception) -> None:
        """Report a scenario that raised: the load test's own fault, told with its traceback."""
        operation = caller.last_operation or "POST /unknown"
        method, _, name = operation.partition(" ")
        where = traceback.extract_tb(error.__traceback__)[-1]
        words = f"{caller.scenario}: {type(error).__name__}: {error} ({Path(where.filename).name})"
        story = "".join(traceback.format_exception(error))
        found = Problem(ProblemKind.SCENARIO, redact(words))
        self.environment.stats.log_error(method, name, str(found))
        self.tally.add(
            Outcome(
                operation=operation,
                area=caller.area,
                scenario=caller.scenario,
                finished=time.time(),
                duration=0.0,
                status=0,
                received=0,
                fault=Fault(
                    problem=found.kind,
                    message=found.message,
                    example=record.Example(at=time.time(), log=tuple(redact(story).splitlines()[-30:])),
                ),
            )
        )

    # Between processes

    def _on_report(self, data: dict[str, Any], **_: Any) -> None:
        data["loadtest"] = pack(self.tally)
        data["loadtest_busy"] = self._cpu_seconds()
        self.tally = Tally()

    def _on_worker_report(self, client_id: str, data: dict[str, Any], **_: Any) -> None:
        packed = data.pop("loadtest", None)
        if packed:
            part = unpack(packed)
            self._workers[client_id] = self._workers.get(client_id, 0) + part.requests
            self.tally.merge(part)

    # The master, or the only process

    def start(self, host: str, session: Session, plan: tuple[Scenario, ...], classes: list[str]) -> None:
        """Begin a new run: nothing was measured yet, the gateway and the plan are known."""
        options = self.environment.parsed_options
        self.tally, self._users, self._workers = Tally(), {}, {}
        self._finished = False
        self.started = time.time()
        self.run = Run(
            started=_iso(self.started),
            settings=Settings(
                host=redact(host),
                profile=self.target.profile,
                users=getattr(options, "num_users", None) or 0,
                spawn_rate=getattr(options, "spawn_rate", None) or 0.0,
                run_time=float(options.run_time) if options and options.run_time else None,
                processes=max(getattr(options, "processes", None) or 1, 1),
                tags=tuple(sorted(getattr(options, "tags", None) or ())),
                exclude_tags=tuple(sorted(getattr(options, "exclude_tags", None) or ())),
                user_classes=tuple(sorted(classes)),
                seed=self.target.seed,
            ),
            environment=_environment(),
            gateway=record.Gateway(
                version=session.version,
                source=redact(self.target.source or host),
                data=self.target.data or (session.data.version if session.data else None),
                prefix=session.contract.prefix,
                database=self.target.database,
            ),
            backends=tuple(
                record.Backend(name=name, up=True, detail="") for name in sorted(self.target.backends)
            )
            + tuple(
                record.Backend(name=name, up=False, detail=why)
                for name, why in sorted(self.target.failed_backends.items())
            ),
            contract=tuple(sorted(session.contract.operations)),
            plan=plan,
        )
        document = Path(self.target.reports) / "openapi.json"
        write_atomically(document, session.contract.encoded())

    def entities_before(self, counts: Mapping[str, int | None]) -> None:
        """Note how many entities of each kind the gateway held before the load."""
        self._replace(
            entities=tuple(EntityCount(kind=k, before=n, after=None) for k, n in sorted(counts.items()))
        )

    def entities_after(self, counts: Mapping[str, int | None]) -> None:
        """Note how many it holds after the load has cleaned up."""
        if self.run is not None:
            self._replace(
                entities=tuple(
                    EntityCount(kind=e.kind, before=e.before, after=counts.get(e.kind))
                    for e in self.run.entities
                )
            )

    def staged(self, problems: Mapping[str, str]) -> None:
        """Note which backends the gateway did not take."""
        if self.run is not None and problems:
            self._replace(
                backends=tuple(
                    record.Backend(
                        name=b.name, up=b.up and b.name not in problems, detail=problems.get(b.name, b.detail)
                    )
                    for b in self.run.backends
                )
            )

    def begin_load(self, deck: Deck) -> None:
        """The load begins now: start the clock and the regular writing."""
        self._deck = deck
        self.started = time.time()
        self._replace(started=_iso(self.started))
        self._last_cpu = self._cpu_seconds()
        gevent.spawn(self._watch)

    def swept(self, sweep: record.Sweep) -> None:
        """Note how far the first sweep came."""
        self._replace(sweep=sweep)

    def abort(self, reason: str) -> None:
        """The run cannot go on; ``reason`` is one sentence."""
        if self.run is None:
            self.run = Run(
                started=_iso(time.time()),
                settings=Settings(host=redact(self.target.host), profile=self.target.profile),
                environment=_environment(),
                gateway=record.Gateway(
                    version=None, source=redact(self.target.source), data=self.target.data
                ),
            )
        self._replace(state=RunState.ABORTED, reason=redact(reason))

    def _watch(self) -> None:
        written = time.time()
        while not self._finished:
            runner = self.environment.runner
            self._users[int(time.time())] = runner.user_count if runner else 0
            cpu = self._cpu_seconds()
            if (cpu - self._last_cpu) * 100 > SATURATED:
                self._busy_seconds += 1
            self._last_cpu = cpu
            if time.time() - written >= INTERVAL:
                self._write()
                written = time.time()
            gevent.sleep(1.0)

    def _replace(self, **changes: Any) -> None:
        if self.run is not None:
            self.run = replace(self.run, **changes)

    def _write(self) -> None:
        if self.run is None:
            return
        self._replace(
            duration=round(max(time.time() - self.started, 0.0), 3)
            if not self._finished
            else self.run.duration,
            operations=self.tally.operation_records(),
            failures=self.tally.failure_records(self.started),
            streams=self.tally.stream_records(),
            timeline=self.tally.timeline(self.started, self._users),
            sweep=self._deck.record() if self._deck else None,
            generator=self._generator(),
            workers=self._worker_records(),
        )
        write_run(self.run, self.path)

    def _on_test_stop(self, **_: Any) -> None:
        self._write()
        self._finished = True

    def _on_quitting(self, **_: Any) -> None:
        # Locust's own exit code counts any failure, known or not; the verdict is the judge's.
        measured = self.tally.requests > 0 and self.run is not None and self.run.state is not RunState.ABORTED
        self.environment.process_exit_code = 0 if measured else 3

    def _on_quit(self, **_: Any) -> None:
        self._finished = True
        if self.run is None:
            self.abort("no load was started")
        if self.run is not None and self.run.state is RunState.RUNNING:
            self._replace(**self._ending())
        self._write()
        self._save_html()

    def _ending(self) -> dict[str, Any]:
        assert self.run is not None  # noqa: S101 - for the type checker
        wanted = self.run.settings.run_time
        if self._signal is not None:
            name = signal.Signals(self._signal).name
            return {
                "state": RunState.INTERRUPTED,
                "signal": int(self._signal),
                "reason": f"{name} ended the run after {self.run.duration:.0f} s",
            }
        if wanted is not None and self.run.duration < wanted - EARLY:
            reason = f"Locust stopped after {self.run.duration:.0f} of {wanted:.0f} s; its output says why"
            return {"state": RunState.ABORTED, "reason": reason}
        return {"state": RunState.COMPLETE}

    def _save_html(self) -> None:
        options = self.environment.parsed_options
        path = getattr(options, "html_file", None)
        if path and not Path(path).exists() and self.environment.stats.history:
            write_atomically(Path(path), get_html_report(self.environment, show_download_link=False))

    def _generator(self) -> record.Generator:
        busy = self._busy_seconds
        return record.Generator(
            cpu=round(self._cpu_seconds(), 2),
            saturated=busy >= 5,
            detail=f"a Locust process was above {SATURATED:g} % of a core for {busy} s" if busy else "",
        )

    def _cpu_seconds(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def _worker_records(self) -> tuple[record.Worker, ...]:
        runner = self.environment.runner
        if not isinstance(runner, MasterRunner):
            return ()
        missing = {client.id for client in runner.clients.missing}
        return tuple(
            record.Worker(name=name, lost=name in missing, requests=count)
            for name, count in sorted(self._workers.items())
        )


def _fault(exception: BaseException, call: Call | None) -> Fault:
    example = call.example if call else None
    if isinstance(exception, Problem):
        return Fault(
            problem=exception.kind,
            message=exception.message,
            status=exception.status,
            code=exception.code,
            example=example,
        )
    return Fault(problem=ProblemKind.OTHER, message=redact(str(exception)), example=example)


def _environment() -> record.Environment:
    return record.Environment(
        loadtest=loadtest.__version__,
        locust=locust.__version__,
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        cpus=os.cpu_count() or 1,
        memory=int(psutil.virtual_memory().total),
        commit=os.environ.get("GITHUB_SHA"),
    )


def _iso(moment: float) -> str:
    return dt.datetime.fromtimestamp(moment, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
