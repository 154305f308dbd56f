"""Real local peers that the gateway talks to, all in one process of their own.

``python -m loadtest.backends`` starts every module of :mod:`loadtest.backends.peers` on a free port, prints
one JSON line (:class:`Ready`) and ends when its standard input does. Adding a backend is adding a module
there: an asynchronous context manager ``running()`` that yields the address under which the gateway finds it.

Whoever boots a gateway starts them with :data:`COMMAND` and reads the line with :func:`read_ready`.
"""

from __future__ import annotations

import sys

import msgspec

from loadtest.record import Record

COMMAND = (sys.executable, "-m", "loadtest.backends")


class Ready(Record, frozen=True, kw_only=True):
    """Where the backends are, by the name of their module."""

    urls: dict[str, str]
    failed: dict[str, str] = msgspec.field(default_factory=dict)
    """Why a backend did not come up, in one line."""


def read_ready(output: str) -> Ready | None:
    """Return what the backends printed when they were ready, or None as long as the line is not there."""
    for line in output.splitlines(keepends=True):
        if line.startswith("{") and line.endswith("\n"):
            return msgspec.json.decode(line, type=Ready)
    return None
