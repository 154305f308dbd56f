"""Which services run for a LOADTEST_HOME: started, found again, stopped, and cleaned up after a crash."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import psutil

from loadtest.errors import InconclusiveError, UsageError
from loadtest.files import write_atomically
from loadtest.gateway.install import exclusively
from loadtest.gateway.place import same_process
from loadtest.gateway.services.place import remove_data
from loadtest.gateway.services.services import Services, home_of
from loadtest.record import Record

FILE = "services.json"
HOLDER_LOG = "holder.log"

STOP_TIME = 20.0
"""Seconds that a holder has to end before it is killed; what it holds ends then, too."""

STEP = 0.02
"""Seconds between looks."""


class State(Record, frozen=True, kw_only=True):
    """What the file in LOADTEST_HOME says; it holds a password and is readable by its owner alone."""

    services: Services
    holder: int
    """Process id of who holds them."""
    created: float
    """When that process was created, so that another one with its id is not taken for it."""


class Outcome(Record, frozen=True, kw_only=True):
    """What a holder answers, once."""

    error: str | None = None
    usage: bool = False


def read_services(home: Path) -> Services | None:
    """Return the services that run for ``home``, or None. A file whose holder is gone says nothing.

    Raises:
        UsageError: the file is not ours, or of another version of the program.
    """
    state = _read(home / FILE)
    return state.services if state else None


def status(home: Path) -> str:
    """Return one line on the services that run for ``home``.

    Raises:
        UsageError: as :func:`read_services`.
    """
    services = read_services(home)
    if services is None:
        return "no services run"
    return (
        f"PostgreSQL runs on port {services.postgresql_port} (process {services.postgresql_pid}), "
        f"Redis on port {services.redis_port} (process {services.redis_pid})"
    )


def up(home: Path) -> Services:
    """Start both services under a holder that stays when we end, and return them when they are up.

    Raises:
        UsageError: they run already, their programs are missing, or there is no place for their data.
        InconclusiveError: one did not come up.
    """
    home.mkdir(parents=True, exist_ok=True)
    home = home.resolve()
    with exclusively(home / f"{FILE}.lock"):
        if _read(home / FILE) is not None:
            raise UsageError(f"{status(home)}: use them, or stop them first")
        remove_data(home_of(home))
        outcome = _hold(home)
        if outcome.error is not None:
            raise (UsageError if outcome.usage else InconclusiveError)(outcome.error)
        services = read_services(home)
    if services is None:
        raise InconclusiveError(f"their holder ended at once: see {home_of(home) / HOLDER_LOG}")
    return services


def down(home: Path) -> bool:
    """Stop the services that run for ``home`` and remove their data; False if none ran.

    What a crash left is removed, too.

    Raises:
        UsageError: as :func:`read_services`.
        InconclusiveError: they did not stop.
    """
    if not home.is_dir():
        return False
    with exclusively(home / f"{FILE}.lock"):
        state = _read(home / FILE)
        if state is not None:
            _stop(state)
            (home / FILE).unlink(missing_ok=True)
        remove_data(home_of(home))
        shutil.rmtree(home_of(home))
    return state is not None


def _stop(state: State) -> None:
    held = (state.services.postgresql_pid, state.services.redis_pid)
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(state.holder, number)
        deadline = time.monotonic() + STOP_TIME
        while time.monotonic() < deadline:
            if not same_process(state.holder, state.created) and not any(map(psutil.pid_exists, held)):
                return
            time.sleep(STEP)
    raise InconclusiveError(f"process {state.holder} did not stop")


def _read(path: Path) -> State | None:
    try:
        state = msgspec.json.decode(path.read_bytes(), type=State)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise UsageError(f"{path}: is not the state of services ({error}): remove it") from error
    if not same_process(state.holder, state.created):
        path.unlink(missing_ok=True)
        return None
    return state


def _hold(home: Path) -> Outcome:
    """Start a holder and return what it answers: that the services are up, or why they are not."""
    log = home_of(home) / HOLDER_LOG
    log.touch(mode=0o600)
    with log.open("wb") as errors:
        started = subprocess.run(
            [sys.executable, "-m", "loadtest.gateway.services.holder"],
            input=str(home).encode(),
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            check=False,
        )
    if not started.stdout:
        raise InconclusiveError(f"their holder ended without a word: see {log}")
    return msgspec.json.decode(started.stdout, type=Outcome)


def write_state(services: Services, home: Path) -> None:
    """Write that this process holds ``services``; called by the holder."""
    me = psutil.Process()
    state = State(services=services, holder=me.pid, created=me.create_time())
    write_atomically(home / FILE, msgspec.json.encode(state), mode=0o600)
