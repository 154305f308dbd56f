"""Run Locust only: no gateway is booted and nothing is judged."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from loadtest.app.distributed import MasterOptions
from loadtest.app.enrich import enrich
from loadtest.app.locust_process import STOP_WITHIN, in_terminal, locust_environment
from loadtest.app.paired import base_of, only_process
from loadtest.app.reports_directory import clear_reports, reserve_reports
from loadtest.app.scenarios.custom import check_operations_of, check_sources
from loadtest.app.scenarios.generated import generate_requests
from loadtest.client.connection.trust import read_trust
from loadtest.client.session import connect
from loadtest.core import settings
from loadtest.core.address import given_address, looks_like_address, parse_address
from loadtest.core.errors import ExitCode, InconclusiveError, UsageError
from loadtest.core.files import prepare_directory
from loadtest.core.progress import progress
from loadtest.core.signals import Stopped, StopRequest, listening
from loadtest.engine.locust_options import Mode, check_arguments, configured_host, read_config
from loadtest.engine.target import DEFAULT_HOST, PairPlan, Replica, Target, target_from
from loadtest.gateway.process.detached import read_state
from loadtest.gateway.running import RunningGateway
from loadtest.results.run import RunState, read_run, write_run
from loadtest.scenarios.backends import backend_names
from loadtest.scenarios.source import ScenarioSource
from loadtest.workload.profiles import Size

ONLY_PRINT = frozenset(("--list", "-l", "--help", "-h"))
"""Arguments with which Locust prints something and generates no load."""


def target_of(
    gateway: RunningGateway,
    size: Size,
    reports: Path,
    replicas: Sequence[RunningGateway] = (),
    base: RunningGateway | None = None,
    pairs: PairPlan | None = None,
    custom: Sequence[ScenarioSource] = (),
) -> Target:
    """Return the configuration of a Locust process that tests ``gateway``, with ``replicas`` in the first sweep.

    With a ``base``, it is called in ``pairs``. ``custom`` scenarios are run as well.
    """
    target = Target(
        host=parse_address(gateway.host, "GATEWAY"),
        credentials=gateway.credentials,
        secrets=tuple(
            secret
            for one in (gateway, *replicas, *([base] if base else ()))
            for secret in (*one.secrets, *one.credentials.secrets())
        ),
        source=gateway.source,
        data=gateway.data_version,
        switches=gateway.switches,
        deployment=gateway.deployment,
        changed=gateway.changed,
        backends=gateway.backends.urls,
        failed_backends=gateway.backends.failed,
        replicas=tuple(
            Replica(host=one.host, credentials=one.credentials, backends=one.backends.urls)
            for one in replicas
        ),
        pid=only_process(gateway) if base else None,
        base=base_of(base) if base else None,
        pairs=pairs,
    )
    return _with_custom(_with_size(target, size, reports), custom)


def as_master(target: Target, master: MasterOptions) -> Target:
    """Return ``target`` for a master, which waits for its workers."""
    return replace(target, mode=Mode.MASTER, expect_workers=master.expect, workers_within=master.within)


def drive_alone(
    size: Size,
    *,
    home: Path,
    reports: Path,
    ui: bool = False,
    master: MasterOptions | None = None,
    explicit: frozenset[str] = frozenset(),
    arguments: Sequence[str] = (),
    custom: Sequence[ScenarioSource] = (),
    generated_only: bool = False,
    environ: Mapping[str, str] = os.environ,
) -> int:
    """Run Locust in this terminal, against LOADTEST_HOST, GATEWAY, or the gateway of ``boot --detach``.

    If none of them names an address, LOCUST_HOST or a configuration file of Locust does. With ``master``, workers on
    other machines generate the load. With ``generated_only``, all scenarios are disabled. With ``ui``, nothing is sent
    before the load is started on the web page, and operations without a scenario are not called.

    Returns 0 if there are measurements, 3 if there are none, and 128 plus the signal number after a signal. Failed
    requests do not change the code.

    Raises:
        UsageError: ``reports`` cannot be written to, options contradict each other, or a scenario is not valid.
    """
    if ui and generated_only:
        raise UsageError("--generated-only: expected a load without --ui, which makes no generated calls")
    check_sources(custom, None)
    config = read_config(arguments)
    held, target = _find_target(size, home, reports, config, environ)
    target = replace(_with_custom(target, custom), ui=ui, generated_only=generated_only)
    if master is not None:
        target = as_master(target, master)
    check_arguments(arguments, target.host, ui=ui)
    if target.host.startswith("https://"):
        read_trust()
    if master is not None:
        arguments = (*master.arguments(), *arguments)
    with contextlib.ExitStack() as stack:
        stop = stack.enter_context(listening())
        measures = ONLY_PRINT.isdisjoint(arguments)
        if measures:
            stack.enter_context(reserve_reports(prepare_directory(reports)))
            clear_reports(reports)
            if not ui:
                target = replace(target, generated=_generated(target, arguments, home))
        environment = locust_environment(target, size, explicit=explicit, config=config, environ=environ)
        stop.handle()
        with in_terminal(arguments, environment) as locust:
            locust.wait()
            if locust.exit_status is None:
                locust.stop(STOP_WITHIN)
        if measures:
            _finish(reports, held, stop)
    if stop.signal is not None:
        return int(ExitCode.after(stop.signal))
    # If Locust cannot load the scenarios its exit status is 1, which would mean that the gateway failed.
    conclusive = (int(ExitCode.PASS), int(ExitCode.USAGE))
    return locust.exit_status if locust.exit_status in conclusive else int(ExitCode.INCONCLUSIVE)


def _generated(target: Target, arguments: Sequence[str], home: Path) -> str:
    """Return the file with requests for operations without a scenario; empty if the gateway does not respond.

    Locust then reports why.

    Raises:
        UsageError: a custom scenario calls an operation that is unknown.
    """
    try:
        session = connect(target.host, target.credentials, data=target.version_data)
    except InconclusiveError:
        return ""
    check_operations_of(target.custom, session)
    with progress() as shown:
        return generate_requests(
            session, target.custom, arguments, Path(target.reports), home, shown, only=target.generated_only
        )


def _finish(reports: Path, held: RunningGateway | None, stop: StopRequest) -> None:
    """Complete the run, if Locust has written one, with data that is only available in this process."""
    path = reports / "run.json"
    if not path.exists():
        return
    run = read_run(path)
    if stop.signal is not None and run.state is RunState.RUNNING:
        reason = f"{Stopped(stop.signal)}; Locust did not end in time"
        run = replace(run, state=RunState.INTERRUPTED, signal=stop.signal, reason=reason)
    if held is not None:
        run = enrich(run, held)
        held.copy_log(reports / "gateway.log")
    write_run(run, path)


def _find_target(
    size: Size, home: Path, reports: Path, config: Mapping[str, str], environ: Mapping[str, str]
) -> tuple[RunningGateway | None, Target]:
    """Return the target, and the gateway of ``boot --detach`` if that is the target."""
    gateway = settings.GATEWAY.read(environ) or ""
    given = given_address(gateway if looks_like_address(gateway) else None, environ)
    name = settings.HOST.variable if settings.HOST.read(environ) else settings.GATEWAY.variable
    address = parse_address(given, name) if given else None
    held = read_state(home)
    if held is not None and address in (None, parse_address(held.host, "GATEWAY")):
        return held, target_of(held, size, reports)
    if address is None:
        theirs = configured_host(config, environ)
        address = parse_address(theirs, "LOCUST_HOST") if theirs else DEFAULT_HOST
    return None, _with_size(target_from(address, environ), size, reports)


def _with_custom(target: Target, custom: Sequence[ScenarioSource]) -> Target:
    """Return ``target`` with ``custom`` scenarios; those of their backends that do not run count as failed.

    Raises:
        UsageError: two backends share a name.
    """
    missing = backend_names(custom) - target.backends.keys() - target.failed_backends.keys()
    why = "does not run: boot the gateway with `loadtest boot --scenarios`"
    failed = target.failed_backends | dict.fromkeys(sorted(missing), why)
    return replace(target, custom=tuple(custom), failed_backends=failed)


def _with_size(target: Target, size: Size, reports: Path) -> Target:
    return replace(
        target,
        mode=Mode.ALONE,
        reports=str(reports),
        profile=size.profile,
        processes=size.processes,
        soak=size.soak,
        rate=size.rate,
        deep=size.deep,
        breadth=size.breadth,
        run_time=size.run_time,
    )
