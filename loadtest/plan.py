"""What a run means to do: its scenarios with the operations that they call, and the first pass through them."""

from __future__ import annotations

from loadtest.record import Count, Record, Seconds


class Call(Record, frozen=True, kw_only=True):
    """Where a scenario calls an operation."""

    operation: str
    line: Count


class Scenario(Record, frozen=True, kw_only=True):
    """One Locust task of the plan."""

    name: str
    """``TeamsCRUDUser.lifecycle``."""
    area: str
    file: str
    """Path from the root of the project, ``loadtest/users/teams.py``."""
    line: Count
    calls: tuple[Call, ...] = ()


class CutShort(Record, frozen=True, kw_only=True):
    """Why a scenario ended before its last step: the failure of one of its steps."""

    operation: str
    fingerprint: str
    """Of the failure."""
    count: Count


class ScenarioRuns(Record, frozen=True, kw_only=True):
    """How often one scenario was begun and how it ended; what is left of ``started`` was under way at the end."""

    name: str
    """``TeamsCRUDUser.lifecycle``, as in the plan."""
    started: Count = 0
    completed: Count = 0
    """To its last step."""
    stopped: Count = 0
    """By the end of the load."""
    skipped: Count = 0
    """It needs an operation or a backend that is not there."""
    cut_short: tuple[CutShort, ...] = ()
    """By a failure, the most frequent first."""

    @property
    def cut(self) -> int:
        """How often it was cut short by a failure."""
        return sum(one.count for one in self.cut_short)


class Sweep(Record, frozen=True, kw_only=True):
    """The first pass that deals every scenario once."""

    planned: Count = 0
    done: Count = 0
    finished_at: Seconds | None = None
    unfinished: tuple[str, ...] = ()
    """Names of scenarios that were dealt and not done, or never dealt."""
