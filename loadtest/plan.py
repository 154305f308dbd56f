"""What a run means to do: its scenarios with the operations that they call, and the first pass through them."""

from __future__ import annotations

from loadtest.record import Record


class Call(Record, frozen=True, kw_only=True):
    """Where a scenario calls an operation."""

    operation: str
    line: int


class Scenario(Record, frozen=True, kw_only=True):
    """One Locust task of the plan."""

    name: str
    """``TeamsCRUDUser.lifecycle``."""
    area: str
    file: str
    """Path from the root of the project, ``loadtest/users/teams.py``."""
    line: int
    calls: tuple[Call, ...] = ()


class Sweep(Record, frozen=True, kw_only=True):
    """The first pass that deals every scenario once."""

    planned: int = 0
    done: int = 0
    finished_at: float | None = None
    unfinished: tuple[str, ...] = ()
    """Names of scenarios that were dealt and not done, or never dealt."""
