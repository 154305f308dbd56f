"""Free ports of loopback, each reserved until its run ends."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from loadtest.core.errors import InconclusiveError, UsageError
from loadtest.core.locks import if_free
from loadtest.gateway.workspace import LOOPBACK

PORTS = range(20_000, 32_000)
"""Range of free ports, below those of outgoing connections on Linux and macOS."""

ATTEMPTS = 200
"""Ports that are tried before none counts as free."""


@contextlib.contextmanager
def reserved_ports(number: int) -> Iterator[tuple[int, ...]]:
    """Reserve ``number`` unused ports until the end of the block.

    Nothing listens on them yet. No other run of this user gets them, even while the server that is to listen is still
    starting.

    Raises:
        InconclusiveError: not enough were found.
        UsageError: the lock files cannot be written.
    """
    directory = _lock_directory()
    ports: list[int] = []
    with contextlib.ExitStack() as stack:
        for port in random.sample(PORTS, ATTEMPTS):
            if len(ports) == number:
                break
            lock = if_free(directory / f"{port}.lock")
            if lock is None:
                continue
            stack.enter_context(lock)
            if is_free(port):
                ports.append(port)
        if len(ports) < number:
            raise InconclusiveError(
                f"{len(ports)} free ports between {PORTS.start} and {PORTS.stop} on {LOOPBACK}, expected {number}"
            )
        yield tuple(ports)


def require_free(port: int) -> None:
    """Check that ``port`` is unused.

    Raises:
        UsageError: it is in use, or this process may not listen on it.
    """
    if refusal := _refusal(port):
        raise UsageError(f"port {port} on {LOOPBACK} cannot be used ({refusal}), expected a free one")


def is_free(port: int) -> bool:
    """Return whether this process can listen on ``port``."""
    return _refusal(port) is None


def _lock_directory() -> Path:
    """Return the directory of the lock files, one for all runs of this user."""
    directory = Path(tempfile.gettempdir()) / f"contextforge-loadtest-ports-{os.getuid()}"
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{directory}: cannot be written: {error.strerror}") from error
    return directory


def _refusal(port: int) -> str | None:
    with socket.socket() as listener:
        # As servers do, so that closing connections of an earlier run do not count.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
            listener.listen()
        except OSError as error:
            return error.strerror
        except OverflowError:
            return "not between 1 and 65535"
    return None
