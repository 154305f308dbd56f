"""A worker on this machine: Locust, told where its master is and how to sign in, and ended with the command."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from loadtest.address import parse_address
from loadtest.drive import locust_command
from loadtest.errors import ExitCode, UsageError
from loadtest.gateway.running import RunningGateway
from loadtest.gateway.state import read_state
from loadtest.locust_options import Mode, check_arguments, mode_environment, read_config
from loadtest.role import Servant
from loadtest.settings import Target, credentials, hand_on


def work(
    servant: Servant,
    *,
    home: Path,
    processes: int = 1,
    arguments: Sequence[str] = (),
    environ: Mapping[str, str] = os.environ,
) -> int:
    """Run a worker, or several ``processes`` of it, until its master is done; it writes no reports.

    Returns 0 if it took part to the end, 3 if it could not, 130 or 143 if a signal ended it.

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
            | hand_on(target)
            | mode_environment(Mode.WORKER, target.host, {}, environ)
            | {"LOADTEST_PARENT": str(os.getpid())}
        )
        if processes > 1:
            environment["LOCUST_PROCESSES"] = str(processes)
        command = locust_command((*servant.arguments(), *arguments))
        received: list[int] = []
        started: list[int] = []

        def stop(number: int, _frame: object) -> None:
            received.append(number)
            # The parent of several processes ends by SIGTERM at once and leaves them behind.
            for group in started:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(group, signal.SIGINT)

        # Before Locust is started: it would ignore what this process was made to ignore, as a job in the background is.
        usual = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        # In a session of its own, so that Ctrl-C in the terminal comes from us, and once.
        locust = subprocess.Popen(command, env=environment, start_new_session=True)
        started.append(locust.pid)
        if received:
            stop(received.pop(), None)
        code = locust.wait()
        for number, handler in usual.items():
            signal.signal(number, handler)
    if received:
        return 128 + received[0]
    return int(ExitCode.INCONCLUSIVE) if code else int(ExitCode.PASS)


def _host(held: RunningGateway | None, environ: Mapping[str, str]) -> str:
    """Return the only address to which this worker may send its credentials; empty if the master may name any."""
    if held is not None:
        return parse_address(held.host, "GATEWAY")
    return parse_address(environ["LOADTEST_HOST"], "LOADTEST_HOST") if environ.get("LOADTEST_HOST") else ""
