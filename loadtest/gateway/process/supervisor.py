"""``python -m loadtest.gateway.process.supervisor``: runs the gateway of ``loadtest boot --detach``.

Its order is an :class:`~loadtest.gateway.process.detached.Order`.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec

from loadtest.gateway.boot import booted
from loadtest.gateway.install.source import Pinned, parse_source
from loadtest.gateway.process.daemon import Started
from loadtest.gateway.process.detached import SUPERVISOR, Order
from loadtest.gateway.running import RunningGateway


@contextlib.contextmanager
def begin(text: bytes) -> Iterator[Started[RunningGateway]]:
    """Boot what the order asks for; the gateway runs until the end of the block."""
    order = msgspec.json.decode(text, type=Order)
    home = Path(order.home)
    source = parse_source(order.source)
    if isinstance(source, Pinned):
        source = replace(source, notes=order.notes)
    with booted(
        source,
        home=home,
        port=order.port,
        database=order.database,
        overrides=order.overrides,
        custom=order.custom,
    ) as gateway:
        children = tuple(pid for pid in (gateway.pid, gateway.backends_pid) if pid)
        yield Started(home=home, running=gateway, children=children)


if __name__ == "__main__":
    sys.exit(SUPERVISOR.run(begin))
