"""Negative cases of a run: requests that must be refused. They are counted apart from the calls of operations."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from loadtest.core.record import Count, Record


class Standing(StrEnum):
    """How the outcome of a negative case compares with the recorded one."""

    AS_RECORDED = "as recorded"
    """Refused as recorded, or answered for a reason in the data."""
    NOT_RECORDED = "not recorded"
    """No outcome is recorded, and none can be derived from the contract."""
    PERMITTED = "permitted"
    """Answered for a user without roles, and no outcome is recorded: whether that is intended, no contract states."""
    STRICTER = "stricter"
    """Refused, though it was answered when the outcome was recorded."""
    UNDECIDED = "undecided"
    """It could not be sent, or there was no response."""
    FAILED = "failed"
    """A failure, which is also among the failures of the run."""


class Refusals(Record, frozen=True, kw_only=True):
    """The negative cases of a run."""

    requests: Count = 0
    standings: dict[Standing, dict[str, Count]] = msgspec.field(default_factory=dict)
    """Cases by standing, ``GET /tools: no token``, with the number of requests; those as recorded are only counted,
    under the empty name."""
    reasons: dict[str, Count] = msgspec.field(default_factory=dict)
    """Why requests were answered without a refusal, with the number of requests."""
    outcomes: dict[str, dict[str, tuple[str, ...]]] = msgspec.field(default_factory=dict)
    """Operation → label of the case → distinct outcomes: ``401``, ``200 -32601``, ``303 error``."""

    def cases(self, standing: Standing) -> tuple[str, ...]:
        """Return the names of the cases with this ``standing``."""
        return tuple(name for name in sorted(self.standings.get(standing, ())) if name)

    def count(self, standing: Standing) -> int:
        """Return the number of requests with this ``standing``."""
        return sum(self.standings.get(standing, {}).values())
