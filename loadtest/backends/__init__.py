"""Real local peers that the gateway talks to, all in one process of their own.

``python -m loadtest.backends`` starts every module of :mod:`loadtest.backends.peers` on a free port, prints
one JSON line (:class:`Ready`) and ends when its standard input does. Adding a backend is adding a module
there: an asynchronous context manager ``running()`` that yields the address under which the gateway finds it.

Whoever boots a gateway starts them with :data:`COMMAND` and reads the line with :func:`read_ready`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

import msgspec

from loadtest.core.record import Record
from loadtest.core.settings import BACKENDS_ADDRESS

LOOPBACK = "127.0.0.1"
RESERVED = ("mail", "siem", "llm")
"""The backends whose port the gateway must know when it boots: whoever boots it chooses the ports and tells both."""
COMMAND = (sys.executable, "-m", "loadtest.backends")


def address(environ: Mapping[str, str] = os.environ) -> str:
    """Return the address of this machine on which backends listen, for a gateway on another one than loopback."""
    return BACKENDS_ADDRESS.get(environ)


def port_variable(name: str) -> str:
    """Return the environment variable that says on which port of loopback a :data:`RESERVED` backend listens."""
    return f"LOADTEST_{name.upper()}_PORT"


def chosen_port(variable: str) -> int:
    """Return the port that somebody chose by the environment ``variable``, or 0 for a free one."""
    return int(os.environ.get(variable) or 0)


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
