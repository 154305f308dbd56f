"""Who makes the load: every worker that ever reported for it, when it came, when it went and whether it came back.

Lives in the master. Times are seconds since the epoch; the records' are seconds since the start of the load.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from loadtest.recording.aggregator import WorkerTotals
from loadtest.results.run import Worker

ID_DIGITS = 4
"""Digits of its own id that tell a worker from the others of its machine."""


CLOCK_TOLERANCE = 3.0
"""Seconds between two clocks that are no delay of a message any more."""


@dataclass
class _Member:
    joined: float
    heard: float
    """The last sign of life."""
    left: float | None = None
    back: float | None = None
    why: str = ""
    silent: bool = False
    """It is away and did not hand in what it had counted."""
    late: bool = False
    ahead: float = 0.0

    @property
    def away(self) -> bool:
        return self.left is not None and self.back is None


class Membership:
    """Tells who is at work, and remembers who was."""

    def __init__(self) -> None:
        self._members: dict[str, _Member] = {}
        self._closed = False

    def begin(self, present: Collection[str], at: float) -> None:
        """Begin a new load with those who are present; who comes later is late."""
        self._members = {one: _Member(joined=at, heard=at) for one in present}
        self._closed = False

    def close(self) -> None:
        """The load is over: who goes from now on is not missed."""
        self._closed = True

    def heard(self, worker: str, at: float) -> None:
        """Note a sign of life, of one that comes late, too."""
        member = self._members.setdefault(worker, _Member(joined=at, heard=at, late=True))
        member.heard = at

    def clock(self, worker: str, says: float, at: float) -> float:
        """Compare the clock of ``worker`` with ours; return by how much it is ahead, 0 for what does not matter."""
        self.heard(worker, at)
        ahead = says - at
        self._members[worker].ahead = ahead if abs(ahead) > CLOCK_TOLERANCE else 0.0
        return self._members[worker].ahead

    def left(self, worker: str, at: float, why: str, *, silent: bool = False) -> None:
        """Note that ``worker`` goes and says why; ``silent`` if it did not do what it was there for."""
        if self._closed:
            return
        self.heard(worker, at)
        member = self._members[worker]
        member.left, member.back, member.why, member.silent = at, None, why, silent

    def compare(self, present: Collection[str], at: float) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Compare with those who are ``present`` now; return who went without a word and who came back."""
        if self._closed:
            return (), ()
        lost, returned = [], []
        for name, member in self._members.items():
            if name in present and member.away and member.silent and not member.why:
                member.back, member.silent = at, False
                returned.append(name)
            elif name not in present and not member.away:
                member.left, member.back, member.silent = member.heard, None, True
                lost.append(name)
        return tuple(lost), tuple(returned)

    def away(self) -> frozenset[str]:
        """Return who is not at work any more."""
        return frozenset(name for name, member in self._members.items() if member.away)

    def records(self, counted: dict[str, WorkerTotals], started: float) -> tuple[Worker, ...]:
        """Return the record of every worker, by name; ``started`` is when the load did."""

        def after(moment: float | None) -> float | None:
            return None if moment is None else round(max(moment - started, 0.0), 1)

        names = _names(self._members)
        records = []
        for worker, member in self._members.items():
            count = counted.get(worker, WorkerTotals())
            records.append(
                Worker(
                    name=names[worker],
                    lost=member.silent,
                    requests=count.merged,
                    unreported=max(count.claimed - count.merged, 0),
                    joined_at=(after(member.joined) or 0.0) if member.late else 0.0,
                    left_at=after(member.left),
                    back_at=after(member.back),
                    last_report=after(count.last_report),
                    clock_ahead=round(member.ahead, 1),
                    detail=member.why,
                )
            )
        return tuple(sorted(records, key=lambda record: record.name))


def _names(workers: Collection[str]) -> dict[str, str]:
    """Return a short name for each of Locust's ids, ``HOSTNAME_32HEXDIGITS``."""
    split = {worker: worker.rpartition("_") for worker in workers}
    machines = Counter(machine for machine, _, _ in split.values())
    return {
        worker: machine if machines[machine] == 1 and machine else f"{machine}_{own[:ID_DIGITS]}".lstrip("_")
        for worker, (machine, _, own) in split.items()
    }
