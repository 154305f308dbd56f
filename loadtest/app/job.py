"""The whole job: boot a gateway, run the load, judge the run, write the reports, stop everything."""

from __future__ import annotations

import contextlib
import datetime as dt
import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as replace_job
from pathlib import Path
from urllib.parse import urlsplit

from msgspec.structs import asdict, replace

from loadtest.app.distributed import MasterOptions
from loadtest.app.drive import as_master, target_of
from loadtest.app.enrich import enrich, enrich_base, enrich_handlers, enrich_replica, started_at
from loadtest.app.judging import (
    FailureCounter,
    JudgingOptions,
    ReportError,
    check_options,
    criteria_in,
    judge_and_report,
    judge_run,
)
from loadtest.app.locust_process import locust_environment
from loadtest.app.paired import (
    confirmation,
    on_own_cores,
    unconfirmed,
    with_commit,
    with_confirmation,
    with_contracts,
)
from loadtest.app.preflight import check_criteria, reachable_operations, selected_scenarios
from loadtest.app.reports_directory import clear_reports, reserve_reports
from loadtest.app.scenarios.custom import check_operations_of, check_sources
from loadtest.app.scenarios.generated import generate_requests
from loadtest.app.supervision import run_locust
from loadtest.client.session import Session, connect
from loadtest.core.address import looks_like_address, parse_address
from loadtest.core.errors import BootError, LoadTestError, UsageError
from loadtest.core.files import prepare_directory
from loadtest.core.progress import Progress
from loadtest.core.redact import redact
from loadtest.core.settings import BASE, BASE_OVERRIDES, PROCESSES, REPLICAS
from loadtest.core.signals import Stopped, StopRequest, listening, stop_request
from loadtest.engine.locust_options import check_arguments, own_run_time, read_config
from loadtest.engine.target import PairPlan
from loadtest.gateway.boot import Boot, starting
from loadtest.gateway.database import deployment_of
from loadtest.gateway.install.installation import INSTALL_LOG
from loadtest.gateway.install.source import Pinned, Running, Source
from loadtest.gateway.overrides import check_overrides, shown
from loadtest.gateway.process.detached import read_state
from loadtest.gateway.running import RunningGateway
from loadtest.judge.verdict import Verdict
from loadtest.pairs.assess import alarms
from loadtest.pairs.statistics import require_scipy
from loadtest.results.deployment import SQLITE, Deployment
from loadtest.results.run import Phase, Run, RunState, Settings, read_run, write_run
from loadtest.results.target import Gateway
from loadtest.scenarios.source import ScenarioSource
from loadtest.workload.plan import MAX_SWEEP_TIME
from loadtest.workload.profiles import Size

MOST_REPLICAS = 3
"""Gateways that a job boots unless told otherwise; with more, the slowest scenarios determine the time."""
SWEEP_IN_PAIRS = 240.0
"""Seconds in which every scenario has run once in pairs, usually."""
QUIET = 12.0
"""Seconds without load after a soak, in which the gateway closes idle connections; the others are reported."""


@dataclass(frozen=True)
class Job:
    """The options of one job."""

    source: Source
    size: Size
    home: Path
    reports: Path
    options: JudgingOptions
    explicit: frozenset[str] = frozenset()
    """Locust options that were given to ``loadtest``, in contrast to those of the profile."""
    locust: tuple[str, ...] = ()
    """Arguments for Locust."""
    custom: tuple[ScenarioSource, ...] = ()
    """Where custom scenarios are."""
    generated_only: bool = False
    """Disable all scenarios, so that every operation is called from the contract."""
    master: MasterOptions | None = None
    """Options of the master if workers on other machines generate the load."""
    held: RunningGateway | None = None
    """The gateway of ``boot --detach`` if it is tested, instead of booting ``source``."""
    port: int | None = None
    overrides: Mapping[str, str] = field(default_factory=dict)
    """Settings of the booted gateway that override those of its version."""
    database: str | None = None
    """``sqlite``, ``postgres``, or None for the default."""
    replicas: int | None = None
    """Gateways to boot, which share the first sweep; None for the default."""
    base: Source | None = None
    """The gateway before the change, to compare with."""
    base_overrides: Mapping[str, str] = field(default_factory=dict)
    pairs_for: float = 0.0
    """Seconds for pairs of calls after the first sweep."""
    set_up_seconds: float = 0.0
    """Time that the set-up of this program took."""
    today: dt.date = field(default_factory=lambda: dt.datetime.now(dt.UTC).date())


def run_job(job: Job, progress: Progress) -> tuple[Run, Verdict]:
    """Do the job; return the run and its verdict.

    However the job ends, all processes that it started are stopped, and the measurements are reported.

    Raises:
        UsageError: an option is not valid, or another job uses the reports directory; nothing was booted.
        ReportError: reports could not be written.
    """
    check_options(job.options)
    _check_locust(job)
    check_sources(job.custom, job.source.data.version if isinstance(job.source, Pinned) else None)
    _check_criteria(job)
    check_overrides(job.overrides, job.source)
    _check_base(job)
    if job.overrides and job.held is not None:
        raise UsageError(
            f"--set: {job.held.source} at {job.held.host} runs already, expected to boot a gateway"
        )
    # Determined before anything can fail, so that a run without a gateway shows the intended deployment.
    deployment = (
        job.held.deployment if job.held else deployment_of(job.source, job.database, job.home, os.environ)
    )
    replicas = replica_count(job, deployment)
    prepare_directory(job.reports)
    with reserve_reports(job.reports), listening() as stop:
        clear_reports(job.reports)
        phases: list[Phase] = []
        try:
            run = _booted_run(job, replicas, phases, stop, progress)
        except Stopped as stopped:
            run = _unmeasured(job, deployment, str(stopped), stopped_by=stopped.signal)
        except LoadTestError as error:
            run = _cut_short(job, deployment, error)
        return _report(job, replace(_stopped(run, stop), phases=tuple(phases)), progress)


def _check_locust(job: Job) -> None:
    """Refuse configuration files and arguments of Locust that contradict the job, before anything is booted."""
    read_config(job.locust)
    host = job.source.url if isinstance(job.source, Running) else "that of the booted gateway"
    check_arguments(job.locust, host)


def _check_criteria(job: Job) -> None:
    """Refuse criteria for what no scenario of this job calls, or not often enough, before anything is booted."""
    criteria = criteria_in(job.options)
    if any(one.scope for one in criteria):
        scenarios = selected_scenarios(
            job.locust, soak=job.size.soak is not None, deep=job.size.deep, custom=job.custom
        )
        version = job.source.data.version if isinstance(job.source, Pinned) else None
        check_criteria(criteria, reachable_operations(scenarios, version), job.size)


def _check_base(job: Job) -> None:
    """Refuse a base where it cannot be compared with.

    Raises:
        UsageError: there is a reason, in one line.
    """
    if job.base is None:
        if job.base_overrides:
            raise UsageError(f"{BASE_OVERRIDES.option}: expected together with {BASE.option}")
        return
    for where, reason in (
        (isinstance(job.base, Running), "runs already, expected a version or path:DIR, which is booted"),
        (
            job.held is not None or isinstance(job.source, Running),
            "the gateway runs already, expected to boot it",
        ),
        (job.size.soak is not None, "a soak has no base"),
        (job.master is not None, "a master has no base"),
        (job.size.processes > 1, f"expected {PROCESSES.option} 1"),
        ((job.replicas or 1) > 1, f"expected {REPLICAS.option} 1"),
    ):
        if where:
            raise UsageError(f"{BASE.option} {job.base.text}: {reason}")
    require_scipy()


def replica_count(job: Job, deployment: Deployment) -> int:
    """Return the number of gateways to boot.

    A gateway on SQLite is one process, which uses one core: further ones shorten the first sweep. They are not worth
    their boot time if arguments for Locust select some of the scenarios.

    Raises:
        UsageError: several are requested where one is tested.
    """
    sole = (
        "a gateway that already runs"
        if job.held is not None or isinstance(job.source, Running)
        else "a soak"
        if job.size.soak
        else "a master"
        if job.master
        else ""
    )
    if job.base is not None:
        return 1
    if sole:
        if (job.replicas or 1) > 1:
            raise UsageError(f"{REPLICAS.option} {job.replicas}: {sole} tests one gateway, expected 1")
        return 1
    several = deployment.database == SQLITE and not job.locust
    return job.replicas or (min(os.cpu_count() or 1, MOST_REPLICAS) if several else 1)


def _booted_run(job: Job, replicas: int, phases: list[Phase], stop: StopRequest, progress: Progress) -> Run:
    progress.log("boot", job.source.text)
    stopping = time.monotonic()
    try:
        with _gateways(job, replicas) as (gateway, *others):
            base = others.pop() if job.base is not None else None
            ports = tuple(urlsplit(one.host).port for one in (gateway, base) if one)
            phases += _boot_phases(gateway, job.set_up_seconds)
            session = connect(gateway.host, gateway.credentials, data=gateway.data)
            check_operations_of(job.custom, session)
            for note in gateway.notes:
                progress.log("note", note)
            wanted = f"{job.size.words} on {gateway.host}"
            progress.log("load", wanted)
            began = time.monotonic()
            try:
                plan = PairPlan(budget=job.pairs_for) if base else None
                silent_since = _drive(job, session, gateway, others, progress, base=base, pairs=plan)
                phases.append(_phase("load", began))
                began = time.monotonic()
                if job.size.profile == "soak" and stop.signal is None:
                    progress.update("waiting for idle connections to close")
                    stop.sleep(QUIET)
                run = _with_gateways(job, gateway, others, base)
                run = _stopped(_unresponsive(run, silent_since), stop)
                run = enrich_handlers(run, job.source, job.reports / "openapi.json")
                phases.append(_phase("report", began))
                _secure(job, run, gateway)
            finally:
                progress.update("stopping the gateway")
                stopping = time.monotonic()
    finally:
        # Without a phase the gateway did not boot.
        phases.append(_phase("stop" if phases else "boot", stopping))
    if run.base is not None and run.state is RunState.COMPLETE and stop.signal is None:
        began = time.monotonic()
        run = _confirmed(job, run, ports, stop, progress)
        phases.append(_phase("load", began))
    return run


def _confirmed(job: Job, run: Run, ports: Sequence[int | None], stop: StopRequest, progress: Progress) -> Run:
    """Return ``run`` with fresh pairs of what was suspicious, after another boot with ports and order swapped."""
    if run.base is None or not (raised := alarms(run.base)):
        return run
    plan = confirmation(run.base, raised)
    progress.log("confirm", f"{len(plan.confirm)} operations; boots both gateways again")
    reports = job.reports / "confirm"
    try:
        prepare_directory(reports)
        with _gateways(job, 1, ports=tuple(reversed(ports)), swapped=True) as (gateway, base):
            again = replace_job(job, reports=reports)
            session = connect(gateway.host, gateway.credentials, data=gateway.data)
            _drive(again, session, gateway, (), progress, base=base, pairs=plan)
            second = _measured(again, gateway.deployment)
    except LoadTestError as error:
        return unconfirmed(run, f"nothing could be confirmed: {redact(str(error))}")
    if second.state is not RunState.COMPLETE or stop.signal is not None:
        return unconfirmed(run, f"nothing could be confirmed: {second.reason or 'it was stopped'}")
    return with_confirmation(run, second)


def _secure(job: Job, run: Run, gateway: RunningGateway) -> None:
    """Write the measurements before the gateway is stopped, as an interrupted job may be killed meanwhile."""
    try:
        write_run(run, job.reports / "run.json")
        if run.state is RunState.INTERRUPTED:
            gateway.copy_log(job.reports / "gateway.log")
            judge_and_report(run, job.options, job.reports, job.today)
    except LoadTestError:
        # They are written again when the gateway has stopped; an error is reported then.
        return


def _unresponsive(run: Run, since: float | None) -> Run:
    """Return ``run`` as aborted if the gateway has not responded ``since`` that time (monotonic clock)."""
    if since is None or run.gateway is None or run.gateway.death is not None:
        return run
    at = max(since - started_at(run), 0.0)
    return replace(
        run,
        state=RunState.ABORTED,
        reason=f"the gateway did not respond after {at:.0f} s of load",
        gateway=replace(run.gateway, unresponsive_at=round(at, 3)),
    )


def _stopped(run: Run, stop: StopRequest) -> Run:
    """Return ``run`` as interrupted if a signal has asked this job to end."""
    if stop.signal is None:
        return run
    words = str(Stopped(stop.signal))
    if run.reason.startswith(words):
        return run
    # Locust itself is always stopped by SIGINT, so the run does not contain the signal.
    when = (
        "after the load had ended"
        if run.state is RunState.COMPLETE
        else f"after {run.duration:.0f} s of load"
    )
    return replace(run, state=RunState.INTERRUPTED, signal=stop.signal, reason=f"{words} {when}")


@contextlib.contextmanager
def _gateways(
    job: Job, replicas: int, *, ports: Sequence[int | None] = (), swapped: bool = False
) -> Iterator[tuple[RunningGateway, ...]]:
    """Boot the gateways of the job at the same time.

    The first is the one of the run, the others its replicas; the last one is the base, if the job has one. ``ports``
    are those of the first and the base in a second boot; with ``swapped`` the base is started first.
    """
    if job.held is not None:
        try:
            yield (job.held,)
        finally:
            job.held.copy_log(job.reports / "gateway.log")
        return
    with contextlib.ExitStack() as stack:
        again = "-confirm" if ports else ""
        first_port, base_port = ports or (job.port, None)

        def start(number: int) -> Boot:
            return stack.enter_context(
                starting(
                    job.source,
                    home=job.home,
                    port=None if number else first_port,
                    database=job.database,
                    overrides=job.overrides,
                    log_copy=job.reports / f"gateway{f'-{number + 1}' if number else again}.log",
                    install_log=None if number or again else job.reports / INSTALL_LOG,
                    custom=job.custom,
                )
            )

        def start_base() -> list[Boot]:
            if job.base is None:
                return []
            return [
                stack.enter_context(
                    starting(
                        job.base,
                        home=job.home,
                        port=base_port,
                        database=job.database,
                        overrides=job.base_overrides,
                        log_copy=job.reports / f"base{again}.log",
                        custom=job.custom,
                    )
                )
            ]

        before = start_base() if swapped else []
        boots = [*(start(number) for number in range(replicas)), *(before or start_base())]
        for one in boots:
            stack.callback(one.begin_stop)
        gateways = tuple(one.wait() for one in boots)
        if job.base is not None:
            stack.enter_context(on_own_cores(gateways))
        yield gateways


def master_target(gateway: str | None, home: Path) -> tuple[str, RunningGateway | None]:
    """Return the address that a master tests, and the gateway of ``boot --detach`` if it is that one.

    Raises:
        UsageError: no running gateway is given.
    """
    held = read_state(home)
    if not gateway and held is not None:
        return held.host, held
    if not gateway or not looks_like_address(gateway):
        raise UsageError(
            "--master: expected LOADTEST_HOST=http://… or GATEWAY=http://…, an address that every worker reaches: "
            "a gateway that is booted for a run is reachable from this machine only"
        )
    same = held is not None and parse_address(gateway, "GATEWAY") == parse_address(held.host, "GATEWAY")
    return gateway, held if same else None


def _drive(
    job: Job,
    session: Session,
    gateway: RunningGateway,
    others: Sequence[RunningGateway],
    progress: Progress,
    *,
    base: RunningGateway | None = None,
    pairs: PairPlan | None = None,
) -> float | None:
    target = replace(
        target_of(gateway, job.size, job.reports, others, base, pairs, job.custom),
        generated=generate_requests(
            session, job.custom, job.locust, job.reports, job.home, progress, only=job.generated_only
        ),
        generated_only=job.generated_only,
    )
    config = read_config(job.locust)
    arguments = job.locust
    if job.master is not None:
        target = as_master(target, job.master)
        arguments = (*job.master.arguments(), *arguments)
    environment = locust_environment(target, job.size, explicit=job.explicit, config=config)
    own_time = own_run_time(job.locust, job.explicit, config, os.environ)
    waits = (MAX_SWEEP_TIME if job.size.soak else 0.0) + (job.master.within if job.master else 0.0)
    takes = job.size.run_time if pairs is None else SWEEP_IN_PAIRS + 2 * pairs.budget
    return run_locust(
        arguments,
        environment,
        takes=math.inf if own_time else takes + waits,
        reports=job.reports,
        gateways=(gateway, *others, *([base] if base else ())),
        progress=progress,
        report=lambda: _report_so_far(job, gateway, others, base),
        count=FailureCounter(job.options, job.today),
    )


def _report_so_far(
    job: Job, gateway: RunningGateway, others: Sequence[RunningGateway], base: RunningGateway | None
) -> None:
    """Report what was measured before a signal while Locust is still ending, as the job may be killed before it has.

    Locust goes on writing ``run.json``.
    """
    try:
        run = _with_gateways(job, gateway, others, base)
        run = _stopped(run, stop_request())
        gateway.copy_log(job.reports / "gateway.log")
        judge_and_report(run, job.options, job.reports, job.today)
    except LoadTestError:
        # They are written again when Locust has ended; an error is reported then.
        return


def _with_gateways(
    job: Job, gateway: RunningGateway, others: Sequence[RunningGateway], base: RunningGateway | None
) -> Run:
    """Return Locust's run with what is known of the gateways."""
    run = enrich(_measured(job, gateway.deployment), gateway)
    if base is not None:
        run = with_commit(with_contracts(enrich_base(run, base), job.reports), job.base)
    for number, other in enumerate(others, 2):
        run = enrich_replica(run, other, number)
    return run


def _measured(job: Job, deployment: Deployment) -> Run:
    """Return Locust's run; a run that is still marked as running was left by a crash."""
    path = job.reports / "run.json"
    if not path.exists():
        return _unmeasured(job, deployment, "Locust ended before it measured anything: see locust.log")
    run = read_run(path)
    if run.state is RunState.RUNNING:
        return replace(run, state=RunState.ABORTED, reason="Locust ended in the middle: see locust.log")
    return run


def _cut_short(job: Job, deployment: Deployment, error: LoadTestError) -> Run:
    """Return the measurements before ``error``, or a run without measurements that contains the reason.

    Raises:
        UsageError: ``error`` is one, and there are no measurements.
    """
    path = job.reports / "run.json"
    if path.exists():
        # The error happened after the load.
        with contextlib.suppress(UsageError):
            run = read_run(path)
            state = RunState.ABORTED if run.state is RunState.RUNNING else run.state
            return replace(run, state=state, reason=run.reason or redact(str(error)))
    if isinstance(error, UsageError):
        raise error
    log_tail = error.log_tail if isinstance(error, BootError) else ()
    return _unmeasured(job, deployment, str(error), log_tail=log_tail)


def _unmeasured(
    job: Job,
    deployment: Deployment,
    reason: str,
    *,
    log_tail: tuple[str, ...] = (),
    stopped_by: int | None = None,
) -> Run:
    return Run(
        started=dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
        state=RunState.INTERRUPTED if stopped_by else RunState.ABORTED,
        signal=stopped_by,
        reason=redact(reason),
        settings=Settings(
            host="",
            profile=job.size.profile,
            users=job.size.users,
            spawn_rate=job.size.spawn_rate,
            run_time=job.size.run_time,
        ),
        gateway=Gateway(
            version=None,
            source=redact(job.source.text),
            changed=shown(job.overrides),
            log_tail=log_tail,
            notes=getattr(job.source, "notes", ()),
            **asdict(deployment),
        ),
    )


def _report(job: Job, run: Run, progress: Progress) -> tuple[Run, Verdict]:
    began = time.monotonic()
    # A report that cannot be written is an error of its own, and must not prevent the other reports.
    failed: ReportError | None = None
    try:
        verdict = judge_and_report(run, job.options, job.reports, job.today)
    except ReportError as error:
        failed, verdict = error, error.verdict
    except UsageError as error:
        # The options have been checked: the directory cannot be written to any more.
        verdict = judge_run(run, job.options, job.today)
        failed = ReportError(run, verdict, (str(error),))
    spent = next((phase.seconds for phase in run.phases if phase.name == "report"), 0.0)
    report = Phase(name="report", seconds=round(spent + time.monotonic() - began, 2))
    phases = (*(phase for phase in run.phases if phase.name != "report"), report)
    try:
        write_run(replace(run, phases=phases), job.reports / "run.json")
    except UsageError as error:
        failed = ReportError(run, verdict, (*(failed.problems if failed else ()), str(error)))
    progress.log("phases", " · ".join(f"{phase.name} {phase.seconds:.1f} s" for phase in phases))
    if failed is not None:
        raise failed
    return run, verdict


def _boot_phases(gateway: RunningGateway, before: float) -> Iterator[Phase]:
    for phase in gateway.phases:
        more = before if phase.name == "set-up" else 0.0
        yield replace(phase, seconds=round(phase.seconds + more, 2))


def _phase(name: str, began: float) -> Phase:
    return Phase(name=name, seconds=round(time.monotonic() - began, 2))  # type: ignore[arg-type]
