"""A gateway that stays after the command that booted it: who holds it, where it is, how to stop it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import psutil

from loadtest.errors import InconclusiveError, UsageError
from loadtest.files import write_atomically
from loadtest.gateway.boot import BootError
from loadtest.gateway.install import exclusively
from loadtest.gateway.place import same_process
from loadtest.gateway.running import RunningGateway
from loadtest.gateway.source import Running, Source
from loadtest.record import Record

FILE = "gateway.json"
SUPERVISOR_LOG = "supervisor.log"

STOP_TIME = 20.0
"""Seconds that a supervisor has to end before it is killed; what it guarded ends then, too."""

STEP = 0.02
"""Seconds between looks."""


class State(Record, frozen=True, kw_only=True):
    """What the file in LOADTEST_HOME says; it holds secrets and is readable by its owner alone."""

    gateway: RunningGateway
    supervisor: int
    """Process id of who holds gateway and backends."""
    created: float
    """When that process was created, so that another one with its id is not taken for it."""


class Order(Record, frozen=True, kw_only=True):
    """What a supervisor is asked to boot."""

    source: str
    home: str
    port: int | None
    database: str | None = None


class Outcome(Record, frozen=True, kw_only=True):
    """What a supervisor answers, once."""

    error: str | None = None
    usage: bool = False
    log_tail: tuple[str, ...] = ()


def read_state(home: Path) -> RunningGateway | None:
    """Return the gateway that a supervisor holds for ``home``, or None if there is none.

    A file whose supervisor is gone, or whose process id belongs to another process by now, says nothing; it is
    removed. The gateway itself may have died: ask its ``death()``.

    Raises:
        UsageError: the file is not ours, or of another version of the program.
    """
    state = _read(home / FILE)
    return state.gateway if state else None


def status(home: Path) -> str:
    """Return one line on the gateway that a supervisor holds for ``home``.

    Raises:
        UsageError: as :func:`read_state`.
    """
    gateway = read_state(home)
    if gateway is None:
        return "no gateway runs"
    if (death := gateway.death()) is not None:
        how = f"signal {death.signal}" if death.signal else f"status {death.exit_status}"
        return f"{gateway.source} at {gateway.host} ended with {how}"
    return f"{gateway.source} runs at {gateway.host} (version {gateway.version}, process {gateway.pid})"


def boot_detached(
    source: Source, *, home: Path, port: int | None = None, database: str | None = None
) -> RunningGateway:
    """Boot ``source`` under a supervisor that stays when we end, and return the gateway when it is up.

    Raises:
        UsageError: a gateway runs for ``home`` already, or as :func:`loadtest.gateway.boot.booted`.
        BootError: it did not come up; the error holds the last lines of its log.
        InconclusiveError: as :func:`loadtest.gateway.boot.booted`.
    """
    if isinstance(source, Running):
        raise UsageError(f"GATEWAY={source.text}: runs already, expected a version or path:DIR to boot")
    home.mkdir(parents=True, exist_ok=True)
    home = home.resolve()
    with exclusively(home / f"{FILE}.lock"):
        if (state := _read(home / FILE)) is not None:
            raise UsageError(f"{state.gateway.source} runs at {state.gateway.host}: stop it first")
        order = Order(source=_absolute(source), home=str(home), port=port, database=database)
        outcome = _supervise(order, home / SUPERVISOR_LOG)
        if outcome.error is not None:
            if outcome.usage:
                raise UsageError(outcome.error)
            if outcome.log_tail:
                raise BootError(outcome.error, outcome.log_tail)
            raise InconclusiveError(outcome.error)
        gateway = read_state(home)
    if gateway is None:
        raise InconclusiveError(f"the supervisor ended at once: see {home / SUPERVISOR_LOG}")
    return gateway


def stop_detached(home: Path) -> bool:
    """Stop gateway and backends that a supervisor holds for ``home``; False if there is none.

    Raises:
        UsageError: as :func:`read_state`.
    """
    state = _read(home / FILE)
    if state is None:
        return False
    guarded = [pid for pid in (state.gateway.pid, state.gateway.backends_pid) if pid]
    for number, limit in ((signal.SIGTERM, STOP_TIME), (signal.SIGKILL, STOP_TIME)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(state.supervisor, number)
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline:
            held = same_process(state.supervisor, state.created)
            if not held and not any(psutil.pid_exists(pid) for pid in guarded):
                (home / FILE).unlink(missing_ok=True)
                return True
            time.sleep(STEP)
    raise InconclusiveError(f"process {state.supervisor} did not stop")


def _read(path: Path) -> State | None:
    try:
        state = msgspec.json.decode(path.read_bytes(), type=State)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise UsageError(f"{path}: is not the state of a gateway ({error}): remove it") from error
    if not same_process(state.supervisor, state.created):
        path.unlink(missing_ok=True)
        return None
    return state


def _absolute(source: Source) -> str:
    """Return ``source`` as text that means the same in any working directory."""
    directory: Path | None = getattr(source, "directory", None)
    return f"path:{directory}" if directory else source.text


def _supervise(order: Order, log: Path) -> Outcome:
    """Start a supervisor and return what it answers: that the gateway is up, or why it is not."""
    log.touch(mode=0o600)
    with log.open("wb") as errors:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "loadtest.gateway.supervisor"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    assert supervisor.stdin is not None  # noqa: S101 - PIPE was asked for
    assert supervisor.stdout is not None  # noqa: S101 - PIPE was asked for
    with supervisor.stdout, supervisor.stdin:
        supervisor.stdin.write(msgspec.json.encode(order))
        supervisor.stdin.close()
        supervisor.wait()
        # The one that we started has left its child behind; whoever gives up waiting ends the boot.
        answer = supervisor.stdout.read()
    if not answer:
        raise InconclusiveError(f"the supervisor ended without a word: see {log}")
    return msgspec.json.decode(answer, type=Outcome)


def write_state(gateway: RunningGateway, home: Path) -> None:
    """Write that this process holds ``gateway``; called by the supervisor."""
    me = psutil.Process()
    state = State(gateway=gateway, supervisor=me.pid, created=me.create_time())
    write_atomically(home / FILE, msgspec.json.encode(state), mode=0o600)
