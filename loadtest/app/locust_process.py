"""Start and stop Locust on the user classes of this package.

Locust receives its configuration in its environment: the record :class:`~loadtest.engine.target.Target` in one
variable, and Locust's own settings in ``LOCUST_*`` variables. What was given to ``loadtest`` overrides Locust's
variables and configuration files, the profile does not; see :mod:`loadtest.engine.locust_options`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from msgspec.structs import replace

from loadtest.core.settings import without_settings
from loadtest.core.signals import stop_request
from loadtest.engine.locust_options import ANY_PORT, LOCAL_PORTS, LOOPBACK, Mode, mode_environment
from loadtest.engine.target import Target, target_environment
from loadtest.gateway.ports import reserved_ports
from loadtest.gateway.process import reaper
from loadtest.gateway.process.program import Program
from loadtest.workload.profiles import Size

LOCUSTFILE = Path(__file__).parents[1] / "locustfile.py"
STOP_TIMEOUT = 40
"""Seconds in which users finish their current call and delete what their scenario created."""
STOP_WITHIN = 60.0
"""Seconds that Locust has to stop its users and write its reports after it was asked to stop."""
REPORT_AFTER = 2.0
"""Seconds after a signal from which on a job that still waits for Locust reports what was measured so far: GitHub kills
a cancelled job 10 s after the first signal."""
POLL = 0.2
"""Seconds between checks whether Locust has ended."""
OUTPUTS = (
    "locust_report.html",
    "locust_stats.csv",
    "locust_stats_history.csv",
    "locust_failures.csv",
    "locust_exceptions.csv",
    "locust.log",
)
"""Files that Locust writes into the reports directory."""


class Locust:
    """A running Locust command."""

    def __init__(self, pid: int, exit_status: Callable[[], int | None]) -> None:
        self.pid = pid
        self._exit_status = exit_status

    @property
    def exit_status(self) -> int | None:
        """The exit status; None while Locust runs, negative if a signal ended it."""
        return self._exit_status()

    def wait(self) -> None:
        """Wait until Locust ends or a signal asks this command to stop."""
        stop = stop_request()
        while self.exit_status is None and stop.signal is None:
            stop.sleep(POLL)

    def stop(
        self, within: float, *, group: bool = False, meanwhile: Callable[[], None] = lambda: None
    ) -> None:
        """Interrupt Locust and wait for at most ``within`` seconds, or until a second signal arrives.

        Unlike after SIGTERM, Locust writes its reports. With ``group`` all its processes are interrupted. ``meanwhile``
        is called once if Locust takes longer than :data:`REPORT_AFTER`.
        """
        stop = stop_request()
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(self.pid, signal.SIGINT)
        began, called = time.monotonic(), False
        while self.exit_status is None and not stop.urgent and time.monotonic() < began + within:
            if not called and time.monotonic() > began + REPORT_AFTER:
                called = True
                meanwhile()
            stop.sleep(POLL)


@contextlib.contextmanager
def in_terminal(arguments: Sequence[str], environment: Mapping[str, str]) -> Iterator[Locust]:
    """Run Locust in this terminal, with its keyboard shortcuts; it is killed at the end of the block.

    Raises:
        InconclusiveError: there is no free port for the master of its processes.
    """
    with _local_port(environment) as environment:
        # The terminal sends Ctrl-C to Locust as well; a second SIGINT makes no difference.
        process = subprocess.Popen(
            locust_command(arguments), env=environment, preexec_fn=_interrupt_with_parent
        )
        try:
            yield Locust(process.pid, process.poll)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


@contextlib.contextmanager
def in_background(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    output: Path | BinaryIO,
    errors: BinaryIO | None = None,
) -> Iterator[Locust]:
    """Run Locust in a session of its own; all its processes end at the end of the block.

    Raises:
        InconclusiveError: it cannot be started, or there is no free port for the master of its processes.
    """
    with (
        _local_port(environment) as environment,
        Program(
            locust_command(arguments),
            environment=environment,
            directory=Path.cwd(),
            output=output,
            errors=errors,
        ) as program,
    ):

        def exit_status() -> int | None:
            death = program.death()
            if death is None:
                return None
            return -(death.signal or 1) if death.exit_status is None else death.exit_status

        yield Locust(program.pid, exit_status)


@contextlib.contextmanager
def _local_port(environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Yield ``environment`` with a free port for a master on this machine, unless one is configured.

    With Locust's default, the processes of two loads on one machine would connect to the same master.
    """
    if any(environment.get(name) == ANY_PORT for name in LOCAL_PORTS):
        with reserved_ports(1) as (port,):
            yield dict(environment) | dict.fromkeys(LOCAL_PORTS, str(port))
    else:
        yield dict(environment)


def locust_command(arguments: Sequence[str] = ()) -> list[str]:
    """Return the command that starts Locust; ``arguments`` override variables and configuration files."""
    return [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), *arguments]


def locust_environment(
    target: Target,
    size: Size | None = None,
    *,
    explicit: frozenset[str] = frozenset(),
    config: Mapping[str, str] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> dict[str, str]:
    """Return the environment of a Locust process; it contains secrets.

    The size is None for a worker, whose master determines it. ``explicit`` contains the Locust options that were given
    to ``loadtest`` (``users``, ``spawn-rate``, ``run-time``, ``processes``): they override Locust's variables and
    configuration files (``config``), the other ones do not. Address and mode are always those of ``target``.
    """
    config = config or {}
    mode = target.mode or Mode.ALONE
    environment = without_settings(environ) | target_environment(replace(target, parent=os.getpid()))
    for option, value in _own_options(target, size).items():
        name = "LOCUST_" + option.upper().replace("-", "_")
        if mode is Mode.WORKER or option in explicit or not (environ.get(name) or option in config):
            environment[name] = value
    environment |= mode_environment(mode, target.host, config, environ, ui=target.ui)
    if target.expect_workers:
        environment["LOCUST_EXPECT_WORKERS"] = str(target.expect_workers)
    return environment


def _own_options(target: Target, size: Size | None) -> dict[str, str]:
    """Return the Locust options that result from ``target`` and ``size``."""
    options = {"processes": str(target.processes)} if target.processes > 1 else {}
    if size is None:
        return options
    reports = Path(target.reports)
    options |= {
        "users": str(size.users),
        "spawn-rate": f"{size.spawn_rate:g}",
        "stop-timeout": str(STOP_TIMEOUT),
        "html": str(reports / OUTPUTS[0]),
        "csv": str(reports / "locust"),
    }
    if target.ui:
        return options | {"web-host": LOOPBACK}
    return options | {"run-time": f"{size.run_time:g}s", "only-summary": "true"}


def _interrupt_with_parent() -> None:
    """Let the kernel (Linux) interrupt this process when its parent is killed."""
    reaper.prctl(reaper.DEATH_SIGNAL, signal.SIGINT)
