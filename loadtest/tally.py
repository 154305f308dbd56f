"""Counting what happens while it happens, in parts that merge exactly across processes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec

from loadtest.fingerprint import fingerprint
from loadtest.histogram import Histogram
from loadtest.outcome import Fault, Outcome, StreamOutcome
from loadtest.run import Acceptance, Failure, Operation, Stream
from loadtest.timeline import Moment, Timeline

EXAMPLES = 3
"""Failed calls with full evidence that are kept per fingerprint."""
FINGERPRINTS = 2000
"""Distinct failures that are told apart; further ones are counted with their operation only."""
MOMENTS = 900
"""Steps on the time axis before two become one."""


class _OperationTally(msgspec.Struct):
    area: str
    scenario: str | None = None
    counts: dict[str, int] = msgspec.field(default_factory=dict)
    statuses: dict[str, int] = msgspec.field(default_factory=dict)
    accepted: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    latency: Histogram = msgspec.field(default_factory=Histogram)
    first_success: float | None = None

    def merge(self, other: _OperationTally) -> None:
        if other.first_success is not None:
            self.succeeded(other.first_success)
        self.scenario = other.scenario or self.scenario
        _add(self.counts, other.counts)
        _add(self.statuses, other.statuses)
        for status, reasons in other.accepted.items():
            _add(self.accepted.setdefault(status, {}), reasons)
        self.latency.merge(other.latency)

    def succeeded(self, at: float) -> None:
        if self.first_success is None or at < self.first_success:
            self.first_success = at

    def record(self, name: str, start: float) -> Operation:
        counts, first = Counter(self.counts), self.first_success
        return Operation(
            name=name,
            area=self.area,
            requests=sum(self.statuses.values()),
            successes=counts["success"],
            failures=counts["failure"],
            drift=counts["drift"],
            statuses=dict(sorted(self.statuses.items())),
            validated=counts["validated"],
            received=counts["received"],
            latency=self.latency.summary(),
            acceptances=tuple(
                Acceptance(status=int(status), reason=reason, count=count)
                for status, reasons in sorted(self.accepted.items())
                for reason, count in sorted(reasons.items())
            ),
            scenario=self.scenario,
            first_success=None if first is None else round(max(first - start, 0.0), 3),
        )


class _SecondTally(msgspec.Struct):
    requests: int = 0
    failures: int = 0
    latency: Histogram = msgspec.field(default_factory=Histogram)

    def merge(self, other: _SecondTally) -> None:
        self.requests += other.requests
        self.failures += other.failures
        self.latency.merge(other.latency)


class _StreamTally(msgspec.Struct):
    opened: int = 0
    events: int = 0
    ended: int = 0
    first_event: Histogram = msgspec.field(default_factory=Histogram)
    gap: Histogram = msgspec.field(default_factory=Histogram)

    def merge(self, other: _StreamTally) -> None:
        self.opened += other.opened
        self.events += other.events
        self.ended += other.ended
        self.first_event.merge(other.first_event)
        self.gap.merge(other.gap)

    def record(self, name: str) -> Stream:
        return Stream(
            operation=name,
            opened=self.opened,
            events=self.events,
            ended=self.ended,
            first_event=self.first_event.summary(),
            gap=self.gap.summary(),
        )


class Tally(msgspec.Struct):
    """Everything counted so far. Feed it outcomes, or the tallies of other processes."""

    operations: dict[str, _OperationTally] = msgspec.field(default_factory=dict)
    failures: dict[str, Failure] = msgspec.field(default_factory=dict)
    seconds: dict[int, _SecondTally] = msgspec.field(default_factory=dict)
    streams: dict[str, _StreamTally] = msgspec.field(default_factory=dict)

    @property
    def requests(self) -> int:
        """Calls counted so far."""
        return sum(second.requests for second in self.seconds.values())

    def add(self, outcome: Outcome) -> None:
        """Count one call."""
        operation = self.operations.get(outcome.operation)
        if operation is None:
            operation = self.operations[outcome.operation] = _OperationTally(outcome.area)
        second = self.seconds.get(int(outcome.finished))
        if second is None:
            second = self.seconds[int(outcome.finished)] = _SecondTally()
        operation.scenario = outcome.scenario or operation.scenario
        operation.latency.add(outcome.duration)
        second.latency.add(outcome.duration)
        second.requests += 1
        counts, status = operation.counts, str(outcome.status)
        operation.statuses[status] = operation.statuses.get(status, 0) + 1
        counts["received"] = counts.get("received", 0) + outcome.received
        if outcome.validated:
            counts["validated"] = counts.get("validated", 0) + 1
        kind = "success"
        if outcome.fault is not None:
            kind = "failure"
            second.failures += 1
            self._fail(outcome, outcome.fault)
        elif outcome.accepted is not None:
            kind = "accepted"
            _add(operation.accepted.setdefault(status, {}), {outcome.accepted: 1})
        elif outcome.drift:
            kind = "drift"
        if kind == "success":
            operation.succeeded(outcome.finished)
        counts[kind] = counts.get(kind, 0) + 1

    def add_stream(self, outcome: StreamOutcome) -> None:
        """Count one finished stream."""
        stream = self.streams.setdefault(outcome.operation, _StreamTally())
        stream.opened += 1
        stream.events += outcome.events
        stream.ended += outcome.ended
        if outcome.first_event is not None:
            stream.first_event.add(outcome.first_event)
        for gap in outcome.gaps:
            stream.gap.add(gap)

    def merge(self, other: Tally) -> None:
        """Add everything that ``other`` counted; ``other`` must not be used after this."""
        for failure in other.failures.values():
            self._merge_failure(failure)
        for own, new in (
            (self.operations, other.operations),
            (self.seconds, other.seconds),
            (self.streams, other.streams),
        ):
            _merge_all(own, new)

    def _fail(self, outcome: Outcome, fault: Fault) -> None:
        self._merge_failure(
            Failure(
                fingerprint=fingerprint(
                    outcome.operation, fault.problem, fault.status, fault.code, fault.message
                ),
                operation=outcome.operation,
                problem=fault.problem,
                message=fault.message,
                status=fault.status,
                code=fault.code,
                first=outcome.finished,
                last=outcome.finished,
                scenario=outcome.scenario,
                examples=(fault.example,) if fault.example else (),
            )
        )

    def _merge_failure(self, new: Failure) -> None:
        old = self.failures.get(new.fingerprint)
        if old is not None:
            new = msgspec.structs.replace(
                old,
                count=old.count + new.count,
                first=min(old.first or 0.0, new.first or 0.0),
                last=max(old.last or 0.0, new.last or 0.0),
                examples=(old.examples + new.examples)[:EXAMPLES],
            )
        elif len(self.failures) >= FINGERPRINTS:
            return
        self.failures[new.fingerprint] = new

    def operation_records(self, start: float) -> tuple[Operation, ...]:
        """Return the record of every operation that was called, by name; ``start`` is in Unix seconds."""
        return tuple(tally.record(name, start) for name, tally in sorted(self.operations.items()))

    def stream_records(self) -> tuple[Stream, ...]:
        """Return the record of every event stream, by operation."""
        return tuple(tally.record(name) for name, tally in sorted(self.streams.items()))

    def failure_records(self, start: float) -> tuple[Failure, ...]:
        """Return the failures, most frequent first, with times relative to ``start`` (Unix seconds)."""
        return tuple(
            msgspec.structs.replace(
                failure,
                first=max((failure.first or start) - start, 0.0),
                last=max((failure.last or start) - start, 0.0),
                examples=tuple(
                    msgspec.structs.replace(example, at=max(example.at - start, 0.0))
                    for example in failure.examples
                ),
            )
            for failure in sorted(self.failures.values(), key=lambda f: (-f.count, f.fingerprint))
        )

    def timeline(self, start: float, users: Mapping[int, int]) -> Timeline:
        """Return the run over time; ``users`` maps Unix seconds to how many users there were.

        Seconds are joined, two, four, eight at a time, until at most :data:`MOMENTS` steps remain.
        """
        seconds = sorted(set(self.seconds) | set(users))
        first, width = int(start), 1
        while seconds and (seconds[-1] - first) // width >= MOMENTS:
            width *= 2
        steps: dict[int, list[int]] = {}
        there: dict[int, int] = {}
        last = 0  # a busy generator misses a tick; the number of users is then what it was
        for second in seconds:
            there[second] = last = users.get(second, last)
            steps.setdefault(max(second - first, 0) // width, []).append(second)
        return Timeline(
            width=float(width),
            moments=tuple(self._moment(step * width, members, there) for step, members in steps.items()),
        )

    def _moment(self, at: int, seconds: list[int], users: Mapping[int, int]) -> Moment:
        counted = [self.seconds[second] for second in seconds if second in self.seconds]
        latency = (
            counted[0].latency if len(counted) == 1 else Histogram.merged(one.latency for one in counted)
        )
        known = latency.summary()
        return Moment(
            at=float(at),
            requests=sum(second.requests for second in counted),
            failures=sum(second.failures for second in counted),
            users=max(users[second] for second in seconds),
            p50=known.percentiles["50"] if known else None,
            p95=known.percentiles["95"] if known else None,
            p99=known.percentiles["99"] if known else None,
        )


def pack(tally: Tally) -> bytes:
    """Return ``tally`` as MessagePack for another process."""
    return _encoder.encode(tally)


def unpack(data: bytes) -> Tally:
    """Return the tally that :func:`pack` wrote.

    Raises:
        msgspec.DecodeError: the bytes are not a tally.
    """
    return _decoder.decode(data)


def _add(totals: dict[str, int], new: Mapping[str, int]) -> None:
    for key, count in new.items():
        totals[key] = totals.get(key, 0) + count


def _merge_all(own: dict[Any, Any], new: Mapping[Any, Any]) -> None:
    for key, tally in new.items():
        if key in own:
            own[key].merge(tally)
        else:
            own[key] = tally


def _histogram_to_text(value: Any) -> Any:
    if isinstance(value, Histogram):
        return value.encode()
    raise NotImplementedError(type(value))


def _text_to_histogram(kind: type, value: Any) -> Any:
    if kind is Histogram:
        return Histogram.decode(value)
    raise NotImplementedError(kind)


_encoder = msgspec.msgpack.Encoder(enc_hook=_histogram_to_text)
_decoder = msgspec.msgpack.Decoder(Tally, dec_hook=_text_to_histogram)
