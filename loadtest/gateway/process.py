"""A program that we started, and that does not outlive us: see :mod:`loadtest.gateway.guard`."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from loadtest.errors import InconclusiveError
from loadtest.gateway import guard
from loadtest.run import Death

GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL."""

START = 10.0
"""Seconds that a guard has to come up."""


class Program:
    """A running program with its whole tree of processes, held by a guard.

    Everything that it prints goes to ``output``. Secrets belong into ``environment``, never into ``command``.

    Raises:
        InconclusiveError: it cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        directory: Path,
        output: Path,
        grace: float = GRACE,
    ) -> None:
        output.touch(mode=0o600)
        self._grace = grace
        self._buffer = b""
        self._death: Death | None = None
        self._stopped = False
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", guard.__file__, str(grace), str(output), *command],
            env=dict(environment),
            cwd=directory,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert self._guard.stdout is not None  # noqa: S101 - PIPE was asked for
        self._reports = self._guard.stdout.fileno()
        os.set_blocking(self._reports, False)
        self.pid = self._wait_for_pid(command[0])

    def _wait_for_pid(self, name: str) -> int:
        deadline = time.monotonic() + START
        while time.monotonic() < deadline:
            select.select([self._reports], [], [], max(0.0, deadline - time.monotonic()))
            for fact in self._facts():
                if "pid" in fact:
                    return int(fact["pid"])
                raise InconclusiveError(f"cannot be started: {fact.get('error', name)}")
            if self._guard.poll() is not None:
                break
        self.stop()
        raise InconclusiveError(f"cannot be started: the guard of {name} did not come up")

    def _facts(self) -> list[dict[str, Any]]:
        try:
            while data := os.read(self._reports, 4096):
                self._buffer += data
        except BlockingIOError:
            pass
        *lines, self._buffer = self._buffer.split(b"\n")
        return [json.loads(line) for line in lines]

    def death(self) -> Death | None:
        """Return how the program ended, ``at`` in seconds since the epoch; None while it lives.

        A program that we stopped did not die: its end is not told.
        """
        if self._death is None and not self._stopped:
            for fact in self._facts():
                if "ended" in fact:
                    self._death = Death(
                        at=fact["ended"], signal=fact.get("signal"), exit_status=fact.get("exit_status")
                    )
            if self._death is None and self._guard.poll() is not None:
                self._death = Death(at=time.time(), signal=9)
        return self._death

    def stop(self) -> None:
        """End the program and everything that it started; returns when all of it is gone."""
        self.death()
        self._stopped = True
        assert self._guard.stdin is not None  # noqa: S101 - PIPE was asked for
        assert self._guard.stdout is not None  # noqa: S101 - PIPE was asked for
        self._guard.stdin.close()
        self._guard.wait()
        self._guard.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
