"""Starting Locust on our user classes, with the settings that a person, the environment or a profile gave.

Our settings are Locust's own environment variables. What was given to ``loadtest`` goes before Locust's variables
and configuration files, what only the profile says goes after them; see :mod:`loadtest.engine.locust_options`.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from loadtest.app.distributed import MasterOptions
from loadtest.app.enrich import complete
from loadtest.client.connection.trust import read_trust
from loadtest.core import settings
from loadtest.core.address import given_address, looks_like_address, parse_address
from loadtest.core.errors import ExitCode
from loadtest.core.files import prepare_directory
from loadtest.core.locks import reserved
from loadtest.core.signals import Stopped, StopRequest, listening
from loadtest.engine.locust_options import (
    LOOPBACK,
    Mode,
    check_arguments,
    configured_host,
    mode_environment,
    read_config,
)
from loadtest.engine.target import DEFAULT_HOST, Target, target_environment, target_from
from loadtest.gateway.install.installation import INSTALL_LOG
from loadtest.gateway.process import reaper
from loadtest.gateway.process.detached import read_state
from loadtest.gateway.running import RunningGateway
from loadtest.reports.formats import FORMATS
from loadtest.results.run import RunState, read_run, write_run
from loadtest.workload.profiles import Size

LOCUSTFILE = Path(__file__).parents[1] / "locustfile.py"
RESERVATION = ".lock"
"""In the directory of reports: held by the job that writes them."""
STOP_TIMEOUT = 40
"""Seconds in which users end the call that they are in and undo what their scenario made."""
STOP_WITHIN = 60.0
"""Seconds that Locust has to end after it was asked to: its users, and the reports that it writes then."""
POLL = 0.2
"""Seconds between looks at whether it has."""
OUTPUTS = (
    "locust_report.html",
    "locust_stats.csv",
    "locust_stats_history.csv",
    "locust_failures.csv",
    "locust_exceptions.csv",
    "locust.log",
)
"""What Locust writes into the directory of reports."""


def locust_command(arguments: Sequence[str] = ()) -> list[str]:
    """Return the command that starts Locust; ``arguments`` are a person's own and go before variables and files."""
    return [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), *arguments]


def locust_environment(
    size: Size,
    target: Target,
    *,
    explicit: frozenset[str] = frozenset(),
    config: Mapping[str, str] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> dict[str, str]:
    """Return the environment of a Locust process; it holds secrets.

    ``explicit`` names the settings that a person gave to us (``users``, ``spawn-rate``, ``run-time``,
    ``processes``): those go before Locust's configuration files (``config``) and variables, the others after.
    Address and mode are always those of ``target``.
    """
    config = config or {}
    reports = Path(target.reports)
    ours = {
        "users": str(size.users),
        "spawn-rate": f"{size.spawn_rate:g}",
        "stop-timeout": str(STOP_TIMEOUT),
        "html": str(reports / OUTPUTS[0]),
        "csv": str(reports / "locust"),
    }
    if target.ui:
        ours |= {"web-host": LOOPBACK}
    else:
        ours |= {"run-time": f"{size.run_time:g}s", "only-summary": "true"}
    if size.processes > 1:
        ours |= {"processes": str(size.processes)}
    environment = dict(environ) | target_environment(target)
    for option, value in ours.items():
        name = "LOCUST_" + option.upper().replace("-", "_")
        if option in explicit or not (environ.get(name) or option in config):
            environment[name] = value
    environment |= mode_environment(target.mode or Mode.ALONE, target.host, config, environ, ui=target.ui)
    if target.expect_workers:
        environment["LOCUST_EXPECT_WORKERS"] = str(target.expect_workers)
    return environment


def target_of(gateway: RunningGateway, size: Size, reports: Path) -> Target:
    """Return what a Locust process must know to drive ``gateway``."""
    return Target(
        host=parse_address(gateway.host, "GATEWAY"),
        mode=Mode.ALONE,
        credentials=gateway.credentials,
        secrets=gateway.secrets,
        source=gateway.source,
        data=gateway.data_version,
        switches=gateway.switches,
        deployment=gateway.deployment,
        changed=gateway.changed,
        profile=size.profile,
        processes=size.processes,
        soak=size.soak,
        run_time=size.run_time,
        backends=gateway.backends.urls,
        failed_backends=gateway.backends.failed,
        reports=str(reports),
    )


def as_master(target: Target, master: MasterOptions) -> Target:
    """Return ``target`` for a master, which waits for its workers."""
    return replace(target, mode=Mode.MASTER, expect_workers=master.expect, workers_within=master.within)


def reserve_reports(directory: Path) -> contextlib.AbstractContextManager[None]:
    """Keep ``directory`` for this process while the context lasts.

    Raises:
        UsageError: another job uses it.
    """
    what = f"{directory}: another job writes its reports there, expected a directory of its own"
    return reserved(directory / RESERVATION, what)


def clear_reports(directory: Path) -> None:
    """Delete what an earlier run left, so that nobody takes an old report for this run's."""
    ours = (
        "run.json",
        "openapi.json",
        "gateway.log",
        INSTALL_LOG,
        *OUTPUTS,
        *(one.FILENAME for one in FORMATS),
    )
    for name in ours:
        (directory / name).unlink(missing_ok=True)


def drive_alone(
    size: Size,
    *,
    home: Path,
    reports: Path,
    ui: bool = False,
    master: MasterOptions | None = None,
    explicit: frozenset[str] = frozenset(),
    arguments: Sequence[str] = (),
    environ: Mapping[str, str] = os.environ,
) -> int:
    """Run Locust in this terminal, against LOADTEST_HOST, GATEWAY, or the gateway held for ``home``.

    Where none of them names an address, LOCUST_HOST or a configuration file of Locust does.
    As a ``master``, if there is one, it lets workers on other machines make the load.

    Returns 0 if anything was measured, 3 if not, 128 and its number if a signal ended it; failures are for the judge.

    Raises:
        UsageError: ``reports`` cannot be written to, or what was given contradicts itself.
    """
    config = read_config(arguments)
    held, target = _alone(size, home, reports, config, environ)
    target = replace(target, ui=ui)
    if master is not None:
        target = as_master(target, master)
    check_arguments(arguments, target.host, ui=ui)
    if target.host.startswith("https://"):
        read_trust()
    if master is not None:
        arguments = (*master.arguments(), *arguments)
    environment = locust_environment(size, target, explicit=explicit, config=config, environ=environ)
    environment["LOADTEST_PARENT"] = str(os.getpid())
    with contextlib.ExitStack() as stack:
        stop = stack.enter_context(listening())
        stop.handle()
        measures = not {"--list", "-l", "--help", "-h"} & set(arguments)
        if measures:
            stack.enter_context(reserve_reports(prepare_directory(reports)))
            clear_reports(reports)
        code = _run(locust_command(arguments), environment, stop)
        if measures:
            _finish(reports, held, stop)
    if stop.signal is not None:
        return int(ExitCode.after(stop.signal))
    # Where Locust could not load the scenarios its own code is 1, which would say that the gateway failed.
    return code if code in (int(ExitCode.PASS), int(ExitCode.USAGE)) else int(ExitCode.INCONCLUSIVE)


def _finish(reports: Path, held: RunningGateway | None, stop: StopRequest) -> None:
    """Add to the run what only this process knows, if Locust has written one."""
    path = reports / "run.json"
    if not path.exists():
        return
    run = read_run(path)
    if stop.signal is not None and run.state is RunState.RUNNING:
        reason = f"{Stopped(stop.signal)}; Locust did not end in time"
        run = replace(run, state=RunState.INTERRUPTED, signal=stop.signal, reason=reason)
    if held is not None:
        run = complete(run, held)
        held.copy_log(reports / "gateway.log")
    write_run(run, path)


def _run(command: Sequence[str], environment: Mapping[str, str], stop: StopRequest) -> int:
    """Run Locust in this terminal until it ends; return its exit status.

    A signal is passed on. Locust then has the time that its users need, or until a further signal.
    """
    # The terminal sends Ctrl-C to Locust, too, which takes it for the same.
    locust = subprocess.Popen(command, env=dict(environment), preexec_fn=_end_with_us)
    deadline = math.inf
    try:
        while locust.poll() is None and time.monotonic() < deadline and not stop.urgent:
            if stop.signal is not None and deadline == math.inf:
                locust.send_signal(signal.SIGINT)
                deadline = time.monotonic() + STOP_WITHIN
            stop.sleep(POLL)
    finally:
        if locust.poll() is None:
            locust.kill()
    return locust.wait()


def _end_with_us() -> None:
    """Ask the kernel (Linux) to interrupt Locust when this process is killed."""
    reaper.prctl(reaper.DEATH_SIGNAL, signal.SIGINT)


def _alone(
    size: Size, home: Path, reports: Path, config: Mapping[str, str], environ: Mapping[str, str]
) -> tuple[RunningGateway | None, Target]:
    """Return what Locust alone drives, and the gateway held for ``home`` if it is that one."""
    gateway = settings.GATEWAY.read(environ) or ""
    given = given_address(gateway if looks_like_address(gateway) else None, environ)
    address = (
        parse_address(given, "LOADTEST_HOST" if settings.HOST.read(environ) else "GATEWAY") if given else None
    )
    held = read_state(home)
    if held is not None and address in (None, parse_address(held.host, "GATEWAY")):
        return held, target_of(held, size, reports)
    if address is None:
        theirs = configured_host(config, environ)
        address = parse_address(theirs, "LOCUST_HOST") if theirs else DEFAULT_HOST
    target = replace(
        target_from(address, environ),
        mode=Mode.ALONE,
        reports=str(reports),
        profile=size.profile,
        soak=size.soak,
        run_time=size.run_time,
    )
    return None, target
