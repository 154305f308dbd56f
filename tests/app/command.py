"""Running ``loadtest`` as its users do, and finding what it left behind."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import psutil

from loadtest.results.run import Run, read_run

WITHIN = 180.0
"""Seconds in which something that is waited for must come true."""


def environment(**more: str) -> dict[str, str]:
    """Return our environment without settings of a load test, and with ``more``."""
    mine = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LOADTEST_", "LOCUST_", "GATEWAY", "DATABASE", "REDIS"))
    }
    return mine | {"LOADTEST_HOME": os.environ.get("LOADTEST_HOME", str(Path(".loadtest").absolute()))} | more


def loadtest(
    *arguments: str, timeout: float = 300, more: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "loadtest", *arguments],
        env=environment(**(more or {})),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@contextlib.contextmanager
def started(
    arguments: Sequence[str],
    more: Mapping[str, str],
    where: Callable[..., list[str]] = lambda *command: list(command),
) -> Iterator[subprocess.Popen[str]]:
    """Start the command as set in ``where``, and kill it if it still runs at the end of the block."""
    process = subprocess.Popen(
        where(sys.executable, "-m", "loadtest", *arguments),
        env=environment(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def until(condition: Callable[[], bool], what: str, meanwhile: subprocess.Popen[str] | None = None) -> None:
    """Wait for ``condition`` to hold; fail at once if the process that is to bring it about has ended."""
    deadline = time.monotonic() + WITHIN
    while not condition():
        assert meanwhile is None or meanwhile.poll() is None, f"{what}: the process has ended"
        assert time.monotonic() < deadline, f"{what}: not within {WITHIN:g} s"
        time.sleep(0.1)


def under_load(reports: Path, requests: int = 20) -> Callable[[], bool]:
    """Return a condition: the run that is being written has so many requests."""

    def condition() -> bool:
        run = _run(reports)
        return run is not None and run.requests >= requests

    return condition


def _run(reports: Path) -> Run | None:
    path = reports / "run.json"
    return read_run(path) if path.exists() else None


def family(pid: int) -> list[psutil.Process]:
    """Return every process under ``pid``."""
    return psutil.Process(pid).children(recursive=True)


def alive(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    """Return those of ``processes`` that still run."""
    return [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def find(processes: Sequence[psutil.Process], *words: str) -> psutil.Process:
    """Return the process whose command line has all ``words``, and which is no reaper."""
    for one in processes:
        with contextlib.suppress(psutil.Error):
            line = " ".join(one.cmdline())
            if all(word in line for word in words) and "reaper.py" not in line:
                return one
    raise AssertionError(f"no process with {words}")
