"""Run a program to its end, with a timeout."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from loadtest.core.errors import InconclusiveError
from loadtest.core.signals import stop_request
from loadtest.gateway.process.program import Program

POLL = 0.02
"""Seconds between two checks whether a program has ended."""
GRACE = 2.0
"""Seconds between SIGTERM and SIGKILL after a timeout."""


class CommandError(InconclusiveError):
    """A program could not be started, failed, or timed out; the message ends with its last line."""

    def __init__(self, message: str, output: str = "") -> None:
        super().__init__(message)
        self.output = output
        """Everything it printed."""


class CommandTimeoutError(CommandError):
    """A program timed out."""


@dataclass(frozen=True)
class Finished:
    """Output of a program that succeeded."""

    output: str
    errors: str


def run_command(
    command: Sequence[str | Path],
    *,
    name: str,
    environment: Mapping[str, str],
    within: float,
    directory: Path | None = None,
) -> Finished:
    """Run ``command`` to its end, for at most ``within`` seconds. Its child processes end with it, and it with us.

    ``name`` is used in messages. Pass secrets in ``environment``, not in ``command``.

    Raises:
        CommandError: it could not be started, exited with a status other than 0, or timed out.
        Stopped: a signal asked to stop.
    """
    stop = stop_request()
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        try:
            program = Program(
                [str(part) for part in command],
                environment=environment,
                directory=directory or Path.cwd(),
                output=output,
                errors=errors,
                grace=GRACE,
            )
        except InconclusiveError as error:
            raise CommandError(f"{name}: {error}") from error
        with program:
            deadline = time.monotonic() + within
            while (death := program.death()) is None and time.monotonic() < deadline and not stop.urgent:
                stop.pause(POLL)
        printed = []
        for file in (output, errors):
            file.seek(0)
            printed.append(file.read().decode(errors="replace"))
    last = next((text.strip().splitlines()[-1] for text in reversed(printed) if text.strip()), "no output")
    if death is None:
        raise CommandTimeoutError(f"{name} did not end within {within:g} s: {last}", "".join(printed))
    if death.exit_status != 0:
        raise CommandError(f"{name} failed{death.how}: {last}", "".join(printed))
    return Finished(*printed)
