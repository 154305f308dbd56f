"""A worker on this machine: Locust, told where its master is and how to sign in, and ended with the command."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from loadtest.app.distributed import WorkerOptions
from loadtest.app.drive import POLL, STOP_WITHIN, locust_command
from loadtest.app.locust_process import end_locust
from loadtest.client.auth import credentials
from loadtest.core import settings
from loadtest.core.address import parse_address
from loadtest.core.errors import ExitCode, UsageError
from loadtest.core.signals import listening
from loadtest.engine.locust_options import Mode, check_arguments, mode_environment, read_config
from loadtest.engine.target import Target, target_environment
from loadtest.gateway.process.detached import read_state
from loadtest.gateway.process.program import Program
from loadtest.gateway.running import RunningGateway


def run_worker(
    worker: WorkerOptions,
    *,
    home: Path,
    processes: int = 1,
    arguments: Sequence[str] = (),
    environ: Mapping[str, str] = os.environ,
) -> int:
    """Run a worker, or several ``processes`` of it, until its master is done; it writes no reports.

    Returns 0 if it took part to the end, 3 if it could not, 128 and its number if a signal ended it.

    Raises:
        UsageError: nothing says how it signs in to the gateway, or Locust's own settings contradict ``loadtest``.
    """
    read_config(arguments)
    check_arguments(arguments, "the one that the master names")
    held = read_state(home)
    given = held.credentials if held else credentials(environ)
    if not (given.token or given.jwt_secret):
        raise UsageError(
            "LOADTEST_TOKEN or LOADTEST_JWT_SECRET: expected one of them, the same as on the master: "
            "a worker signs in to the gateway by itself"
        )
    with tempfile.TemporaryDirectory(prefix="loadtest-") as scratch:
        target = Target(host=_host(held, environ), mode=Mode.WORKER, credentials=given, reports=scratch)
        environment = (
            dict(environ)
            | target_environment(target)
            | mode_environment(Mode.WORKER, target.host, {}, environ)
            | {"LOADTEST_PARENT": str(os.getpid())}
        )
        if processes > 1:
            environment["LOCUST_PROCESSES"] = str(processes)
        command = locust_command((*worker.arguments(), *arguments))
        with (
            listening() as stop,
            os.fdopen(os.dup(sys.stdout.fileno()), "wb") as output,
            os.fdopen(os.dup(sys.stderr.fileno()), "wb") as errors,
            Program(
                command, environment=environment, directory=Path.cwd(), output=output, errors=errors
            ) as locust,
        ):
            stop.handle()
            while (death := locust.death()) is None and stop.signal is None:
                stop.sleep(POLL)
            if death is None:
                # The parent of several processes ends by SIGTERM at once and leaves them behind.
                end_locust(locust, STOP_WITHIN, group=True)
    if stop.signal is not None:
        return int(ExitCode.after(stop.signal))
    return int(ExitCode.PASS if death is not None and death.exit_status == 0 else ExitCode.INCONCLUSIVE)


def _host(held: RunningGateway | None, environ: Mapping[str, str]) -> str:
    """Return the only address to which this worker may send its credentials; empty if the master may name any."""
    if held is not None:
        return parse_address(held.host, "GATEWAY")
    host = settings.HOST.read(environ)
    return parse_address(host, "LOADTEST_HOST") if host else ""
