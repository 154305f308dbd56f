"""Local servers that the gateway connects to, all in one process.

``python -m loadtest.backends`` starts every module of :mod:`loadtest.backends.peers` on a free port, prints
one JSON line (:class:`Ready`) and ends when its standard input does. Adding a backend is adding a module
there: an asynchronous context manager ``running()`` that yields the address under which the gateway finds it.
Modules beside custom scenarios are backends as well.

They are started with :func:`command`; :func:`read_ready` reads the line.
"""

from __future__ import annotations

import os
import pkgutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from loadtest.core.record import Record
from loadtest.core.settings import BACKENDS_ADDRESS
from loadtest.scenarios.backends import backend_sources
from loadtest.scenarios.source import ScenarioSource

LOOPBACK = "127.0.0.1"
RESERVED = ("mail", "siem", "llm")
"""The backends whose ports are settings of the gateway; they are chosen before both are started."""
PEERS = Path(__file__).parent / "peers"
CHECK = "--check"
"""Import the backends of custom scenarios, and serve nothing."""


def names() -> tuple[str, ...]:
    """Return the names of the built-in backends."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules([str(PEERS)])))


def command(custom: Iterable[ScenarioSource] = (), *, check: bool = False) -> tuple[str, ...]:
    """Return the command that serves the backends, those of ``custom`` scenarios included, or only checks the latter.

    A check exits with 2 and one line on standard error if a module of theirs is not valid.
    """
    sources = (msgspec.json.encode(one).decode() for one in backend_sources(custom))
    return (sys.executable, "-m", "loadtest.backends", *([CHECK] if check else ()), *sources)


def address(environ: Mapping[str, str] = os.environ) -> str:
    """Return the address on which the backends listen: loopback, or LOADTEST_BACKENDS_ADDRESS."""
    return BACKENDS_ADDRESS.get(environ)


def port_variable(name: str) -> str:
    """Return the environment variable with the loopback port of a :data:`RESERVED` backend."""
    return f"LOADTEST_{name.upper()}_PORT"


def chosen_port(variable: str) -> int:
    """Return the port in the environment ``variable``, or 0 for a free one."""
    return int(os.environ.get(variable) or 0)


class Ready(Record, frozen=True, kw_only=True):
    """Addresses of the backends, by the name of their module."""

    urls: dict[str, str]
    failed: dict[str, str] = msgspec.field(default_factory=dict)
    """Why a backend did not start, in one line."""


def read_ready(output: str) -> Ready | None:
    """Return the line that the backends print when they are ready, or None if it is not in ``output``."""
    for line in output.splitlines(keepends=True):
        if line.startswith("{") and line.endswith("\n"):
            return msgspec.json.decode(line, type=Ready)
    return None
