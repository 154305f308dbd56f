"""``python -m loadtest.gateway.process.supervisor``: holds a gateway for ``loadtest boot --detach``.

It reads an :class:`~loadtest.gateway.process.detached.Order`; :mod:`loadtest.gateway.process.daemon` describes its life
cycle.
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
from loadtest.gateway.process.daemon import run_daemon, this_process
from loadtest.gateway.process.detached import FILE, GatewayState, Order


@contextlib.contextmanager
def begin(text: bytes) -> Iterator[tuple[Path, GatewayState]]:
    """Boot what the order says, and lend the file that tells of it and what it says."""
    order = msgspec.json.decode(text, type=Order)
    home = Path(order.home)
    source = parse_source(order.source)
    if isinstance(source, Pinned):
        source = replace(source, notes=order.notes)
    with booted(
        source, home=home, port=order.port, database=order.database, overrides=order.overrides
    ) as gateway:
        pid, created = this_process()
        yield home / FILE, GatewayState(gateway=gateway, supervisor=pid, created=created)


if __name__ == "__main__":
    sys.exit(run_daemon(begin))
