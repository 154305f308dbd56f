"""Run a Locust worker on this machine."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from loadtest.app.distributed import WorkerOptions
from loadtest.app.locust_process import STOP_WITHIN, in_background, locust_environment
from loadtest.core import settings
from loadtest.core.address import parse_address
from loadtest.core.errors import ExitCode, UsageError
from loadtest.core.signals import listening
from loadtest.engine.locust_options import Mode, check_arguments, read_config
from loadtest.engine.target import Target, target_from
from loadtest.gateway.process.detached import read_state
from loadtest.scenarios.source import ScenarioSource


def run_worker(
    worker: WorkerOptions,
    *,
    home: Path,
    processes: int = 1,
    arguments: Sequence[str] = (),
    custom: Sequence[ScenarioSource] = (),
    environ: Mapping[str, str] = os.environ,
) -> int:
    """Run a worker with the number of ``processes`` until its master has finished; it writes no reports.

    It needs the same ``custom`` scenarios as the master.

    Returns 0 if it took part until the end, 3 if not, and 128 plus the signal number after a signal.

    Raises:
        UsageError: there are no credentials, or Locust's own settings contradict ``loadtest``.
    """
    read_config(arguments)
    check_arguments(arguments, "the one that the master names")
    target = _target(home, environ)
    if not (target.credentials.token or target.credentials.jwt_secret):
        raise UsageError(
            "LOADTEST_TOKEN or LOADTEST_JWT_SECRET: expected one of them, the same as on the master: "
            "a worker signs in to the gateway by itself"
        )
    with tempfile.TemporaryDirectory(prefix="loadtest-") as scratch:
        target = replace(target, mode=Mode.WORKER, processes=processes, reports=scratch, custom=tuple(custom))
        with (
            listening() as stop,
            os.fdopen(os.dup(sys.stdout.fileno()), "wb") as output,
            os.fdopen(os.dup(sys.stderr.fileno()), "wb") as errors,
            in_background(
                (*worker.arguments(), *arguments),
                locust_environment(target, environ=environ),
                output,
                errors,
            ) as locust,
        ):
            stop.handle()
            locust.wait()
            exit_status = locust.exit_status
            if exit_status is None:
                # The parent of several processes ends at once after SIGTERM and leaves them behind.
                locust.stop(STOP_WITHIN, group=True)
    if stop.signal is not None:
        return int(ExitCode.after(stop.signal))
    return int(ExitCode.PASS if exit_status == 0 else ExitCode.INCONCLUSIVE)


def _target(home: Path, environ: Mapping[str, str]) -> Target:
    """Return the configuration of a worker.

    Its host is the only address to which it sends its credentials; it is empty if the master may name any.
    """
    held = read_state(home)
    if held is not None:
        target = target_from(parse_address(held.host, "GATEWAY"), environ)
        return replace(target, credentials=held.credentials)
    host = settings.HOST.read(environ)
    return target_from(parse_address(host, "LOADTEST_HOST") if host else "", environ)
