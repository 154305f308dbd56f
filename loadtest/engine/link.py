"""One of the gateways that a load calls."""

from __future__ import annotations

from dataclasses import dataclass, field

from loadtest.client.session import Session
from loadtest.fixtures.fixture import Fixture


@dataclass(slots=True)
class GatewayLink:
    """The session with one gateway, and the fixture that was created in it."""

    session: Session
    fixture: Fixture = field(default_factory=Fixture)
    pid: int | None = None
    """The process that answers all calls, if it is only one and runs on this machine."""
