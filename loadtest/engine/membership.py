"""Membership of the workers: when each joined, left, was lost or came back, as the master sees it.

Times are in Unix seconds; the records count seconds from the start of the load.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from loadtest.recording.recorder import WorkerTotals
from loadtest.results.run import Worker

ID_DIGITS = 4
"""Digits of a worker's id that distinguish it from others on its machine."""

CLOCK_TOLERANCE = 3.0
"""Seconds by which two clocks may seem to differ because a message took its time."""


@dataclass
class _Member:
    joined: float
    last_seen: float
    left: float | None = None
    back: float | None = None
    reason: str = ""
    lost: bool = False
    """It is away, and its last counts did not arrive."""
    late: bool = False
    clock_ahead: float = 0.0

    @property
    def away(self) -> bool:
        return self.left is not None and self.back is None


class Membership:
    """The workers of one load, past and present."""

    def __init__(self) -> None:
        self._members: dict[str, _Member] = {}
        self._closed = False

    def begin(self, present: Collection[str], at: float) -> None:
        """Start a new load with the workers that are ``present``; others that join are late."""
        self._members = {one: _Member(joined=at, last_seen=at) for one in present}
        self._closed = False

    def close(self) -> None:
        """End the load: workers that leave from now on are not lost."""
        self._closed = True

    def seen(self, worker: str, at: float) -> None:
        """Record that ``worker`` is alive; one that is not a member joins late."""
        member = self._members.setdefault(worker, _Member(joined=at, last_seen=at, late=True))
        member.last_seen = at

    def compare_clock(self, worker: str, clock: float, at: float) -> float:
        """Return the seconds by which the ``clock`` of ``worker`` is ahead of ours; 0 within the tolerance."""
        self.seen(worker, at)
        ahead = clock - at
        self._members[worker].clock_ahead = ahead if abs(ahead) > CLOCK_TOLERANCE else 0.0
        return self._members[worker].clock_ahead

    def left(self, worker: str, at: float, reason: str, *, lost: bool = False) -> None:
        """Record that ``worker`` announced its end; it counts as ``lost`` if it took no part in the load."""
        if self._closed:
            return
        self.seen(worker, at)
        member = self._members[worker]
        member.left, member.back, member.reason, member.lost = at, None, reason, lost

    def update(self, present: Collection[str], at: float) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Compare with the workers ``present`` now; return those lost and those back since the last call."""
        if self._closed:
            return (), ()
        lost, returned = [], []
        for name, member in self._members.items():
            if name in present and member.away and member.lost and not member.reason:
                member.back, member.lost = at, False
                returned.append(name)
            elif name not in present and not member.away:
                member.left, member.back, member.lost = member.last_seen, None, True
                lost.append(name)
        return tuple(lost), tuple(returned)

    def away(self) -> frozenset[str]:
        """Return the workers that left or were lost."""
        return frozenset(name for name, member in self._members.items() if member.away)

    def records(self, totals: dict[str, WorkerTotals], started: float) -> tuple[Worker, ...]:
        """Return a record of each worker, by name; ``started`` is the start of the load."""

        def after(moment: float | None) -> float | None:
            return None if moment is None else round(max(moment - started, 0.0), 1)

        names = _short_names(self._members)
        records = []
        for worker, member in self._members.items():
            counted = totals.get(worker, WorkerTotals())
            records.append(
                Worker(
                    name=names[worker],
                    lost=member.lost,
                    requests=counted.received,
                    unreported=max(counted.claimed - counted.received, 0),
                    joined_at=(after(member.joined) or 0.0) if member.late else 0.0,
                    left_at=after(member.left),
                    back_at=after(member.back),
                    last_report=after(counted.last_report),
                    clock_ahead=round(member.clock_ahead, 1),
                    detail=member.reason,
                )
            )
        return tuple(sorted(records, key=lambda record: record.name))


def _short_names(workers: Collection[str]) -> dict[str, str]:
    """Return a short name for each of Locust's ids, ``HOSTNAME_32HEXDIGITS``."""
    split = {worker: worker.rpartition("_") for worker in workers}
    machines = Counter(machine for machine, _, _ in split.values())
    return {
        worker: machine if machines[machine] == 1 and machine else f"{machine}_{own[:ID_DIGITS]}".lstrip("_")
        for worker, (machine, _, own) in split.items()
    }
