"""Locks between processes, released when the process that holds them ends."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
from filelock import FileLock, Timeout

from loadtest.core.errors import InconclusiveError, UsageError
from loadtest.core.signals import stop_request

SILENT = 1.0
"""Seconds after which waiting for a lock is reported."""
POLL = 0.05
"""Seconds between two attempts."""


@contextlib.contextmanager
def exclusively(path: Path, what: str, *, within: float) -> Iterator[None]:
    """Hold the lock file ``path``, waiting up to ``within`` seconds for it.

    Waiting for more than a second is reported on stderr; ``what`` describes the lock.

    Raises:
        InconclusiveError: another process held the lock for the whole time.
        UsageError: the file cannot be opened.
        Stopped: a stop signal arrived while waiting.
    """
    lock = _file_lock(path)
    deadline = time.monotonic() + within
    silent_until = time.monotonic() + SILENT
    stop = stop_request()
    while not _acquired(lock, path):
        now = time.monotonic()
        if now >= deadline:
            raise InconclusiveError(f"{what}: another process took more than {within:g} s ({path})")
        if now >= silent_until:
            silent_until = deadline
            click.echo(f"waiting for another process: {what} ({path})", err=True)
        stop.pause(POLL)
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def reserved(path: Path, what: str) -> Iterator[None]:
    """Hold the lock file ``path``, or fail at once.

    Raises:
        UsageError: another process holds it (the message is ``what``), or the file cannot be opened.
    """
    lock = if_free(path)
    if lock is None:
        raise UsageError(what)
    with lock:
        yield


@contextlib.contextmanager
def polled(path: Path, pause: Callable[[], object]) -> Iterator[None]:
    """Hold the lock file ``path``, calling ``pause`` between attempts while another process holds it.

    Raises:
        UsageError: the file cannot be opened.
    """
    lock = _file_lock(path)
    while not _acquired(lock, path):
        pause()
    try:
        yield
    finally:
        lock.release()


def if_free(path: Path) -> contextlib.AbstractContextManager[object] | None:
    """Lock the file ``path`` until the end of the returned block; None if it is locked already.

    Raises:
        UsageError: the file cannot be opened.
    """
    lock = _file_lock(path)
    if not _acquired(lock, path):
        return None
    held = contextlib.ExitStack()
    held.callback(lock.release)
    return held


def is_held(path: Path) -> bool:
    """Return whether a process holds the lock file ``path``."""
    if not path.exists():
        return False
    lock = if_free(path)
    if lock is None:
        return True
    with lock:
        return False


def _file_lock(path: Path) -> FileLock:
    return FileLock(path)


def _acquired(lock: FileLock, path: Path) -> bool:
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return False
    except OSError as error:
        raise UsageError(f"{path}: cannot be locked: {error.strerror}") from error
    return True
