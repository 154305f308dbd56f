"""Running a program to its end: with a timeout, and with everything that it starts."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from loadtest.core.errors import InconclusiveError
from loadtest.core.signals import stop_request
from loadtest.gateway.process.program import Program

STEP = 0.02
"""Seconds between looks at whether a program has ended."""
GRACE = 2.0
"""Seconds that a program has to end when it is out of time."""


class CommandError(InconclusiveError):
    """A program could not be started, failed, or was out of time; the message ends with its last line."""

    def __init__(self, message: str, output: str = "") -> None:
        super().__init__(message)
        self.output = output
        """Everything that it printed."""


class CommandTimeoutError(CommandError):
    """A program was out of time."""


@dataclass(frozen=True)
class Finished:
    """What a program that succeeded has printed."""

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
    """Run ``command`` to its end, ``within`` so many seconds; nothing that it starts outlives it, or us.

    ``name`` is what it is called in messages. Secrets belong into ``environment``.

    Raises:
        CommandError: it could not be started, ended with a status other than 0, or was out of time.
        Stopped: a signal asked to stop meanwhile.
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
                stop.pause(STEP)
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
