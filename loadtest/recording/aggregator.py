"""Aggregator of all counts of a run. Aggregators of several processes merge exactly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import TypeVar

import msgspec

from loadtest.core.operations import area_of, base
from loadtest.recording.calls_over_time import StepCounts
from loadtest.recording.pauses import MAX_PAUSES, PauseInterval, united
from loadtest.recording.time_buckets import TimeBuckets, merge_all, minute_of
from loadtest.results.failures import MAX_FINGERPRINTS, Failure, ProblemKind, fingerprint
from loadtest.results.latency import Histogram, bucket_of
from loadtest.results.measurements import (
    FURTHER,
    MAX_OPERATIONS,
    Acceptance,
    Operation,
    ShapeRecord,
    Stream,
    Timeline,
)
from loadtest.results.outcome import (
    CallFailure,
    CallResult,
    RefusalResult,
    RequestResult,
    ScenarioEnd,
    StreamResult,
)
from loadtest.results.refusals import Refusals, Standing
from loadtest.results.run import CutShort, Pause, ScenarioRuns
from loadtest.shapes.literal import SENT, as_sent
from loadtest.shapes.shape import Shape, Within, literals_at, properties
from loadtest.shapes.stored import merge_run
from loadtest.workload.schedule import Start

MAX_EXAMPLES = 3
"""Failed calls kept with full evidence, per fingerprint."""
K = TypeVar("K")

RESPONSE = "response "
"""Starts the names of properties of responses among the documented elements."""


class _OperationCounts(msgspec.Struct):
    scenario: str | None = None
    counts: dict[str, int] = msgspec.field(default_factory=dict)
    statuses: dict[str, int] = msgspec.field(default_factory=dict)
    media_types: dict[str, int] = msgspec.field(default_factory=dict)
    """Of responses without a problem."""
    accepted: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    differs: dict[str, int] = msgspec.field(default_factory=dict)
    latency: Histogram = msgspec.field(default_factory=Histogram)
    over_time: StepCounts = msgspec.field(default_factory=StepCounts)
    first_success: float | None = None

    def merge(self, other: _OperationCounts) -> None:
        if other.first_success is not None:
            self.succeeded(other.first_success)
        self.scenario = other.scenario or self.scenario
        _add(self.counts, other.counts)
        _add(self.statuses, other.statuses)
        _add(self.media_types, other.media_types)
        _add(self.differs, other.differs)
        for status, reasons in other.accepted.items():
            _add(self.accepted.setdefault(status, {}), reasons)
        self.latency.merge(other.latency)
        self.over_time.merge(other.over_time)

    def succeeded(self, at: float) -> None:
        if self.first_success is None or at < self.first_success:
            self.first_success = at

    def record(self, name: str, area: str, start: float) -> Operation:
        counts, first = Counter(self.counts), self.first_success
        return Operation(
            name=name,
            area=area,
            requests=sum(self.statuses.values()),
            successes=counts["success"],
            failures=counts["failure"],
            drift=counts["drift"],
            refusals=counts["refused"],
            rejections=counts["rejected"],
            differs=dict(sorted(self.differs.items())),
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
            over_time=self.over_time.record(),
        )


class _StreamCounts(msgspec.Struct):
    opened: int = 0
    events: int = 0
    ended: int = 0
    first_event: Histogram = msgspec.field(default_factory=Histogram)
    gap: Histogram = msgspec.field(default_factory=Histogram)

    def merge(self, other: _StreamCounts) -> None:
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


class _StartCounts(msgspec.Struct):
    """Delays of scheduled starts, in milliseconds."""

    late: Histogram = msgspec.field(default_factory=Histogram)
    scheduling_delay: Histogram = msgspec.field(default_factory=Histogram)
    missed: int = 0

    def merge(self, other: _StartCounts) -> None:
        self.late.merge(other.late)
        self.scheduling_delay.merge(other.scheduling_delay)
        self.missed += other.missed


class _ScenarioCounts(msgspec.Struct):
    started: int = 0
    ends: dict[str, int] = msgspec.field(default_factory=dict)
    cut_short: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    """Operation → fingerprint → count."""

    def merge(self, other: _ScenarioCounts) -> None:
        self.started += other.started
        _add(self.ends, other.ends)
        for operation, fingerprints in other.cut_short.items():
            _add(self.cut_short.setdefault(operation, {}), fingerprints)

    def record(self, name: str) -> ScenarioRuns:
        ends = Counter(self.ends)
        cuts = [
            CutShort(operation=operation, fingerprint=one, count=count)
            for operation, fingerprints in self.cut_short.items()
            for one, count in fingerprints.items()
        ]
        return ScenarioRuns(
            name=name,
            started=self.started,
            completed=ends[ScenarioEnd.COMPLETED],
            stopped=ends[ScenarioEnd.STOPPED],
            skipped=ends[ScenarioEnd.SKIPPED],
            cut_short=tuple(sorted(cuts, key=lambda cut: (-cut.count, cut.operation, cut.fingerprint))),
        )


class _RefusalCounts(msgspec.Struct):
    requests: int = 0
    standings: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    reasons: dict[str, int] = msgspec.field(default_factory=dict)
    outcomes: dict[str, dict[str, dict[str, int]]] = msgspec.field(default_factory=dict)

    def add(self, result: RefusalResult) -> None:
        self.requests += 1
        name = "" if result.standing is Standing.AS_RECORDED else f"{result.operation}: {result.label}"
        _count(self.standings.setdefault(result.standing, {}), name)
        if result.reason:
            _count(self.reasons, result.reason)
        if result.outcome:
            cases = self.outcomes.setdefault(result.operation, {})
            _count(cases.setdefault(result.label, {}), result.outcome)

    def merge(self, other: _RefusalCounts) -> None:
        self.requests += other.requests
        _add(self.reasons, other.reasons)
        for standing, names in other.standings.items():
            _add(self.standings.setdefault(standing, {}), names)
        for operation, cases in other.outcomes.items():
            own = self.outcomes.setdefault(operation, {})
            for label, outcomes in cases.items():
                _add(own.setdefault(label, {}), outcomes)

    def record(self) -> Refusals | None:
        if not self.requests:
            return None
        return Refusals(
            requests=self.requests,
            standings={
                Standing(standing): dict(sorted(names.items()))
                for standing, names in sorted(self.standings.items())
            },
            reasons=dict(sorted(self.reasons.items())),
            outcomes={
                operation: {label: tuple(sorted(found)) for label, found in sorted(cases.items())}
                for operation, cases in sorted(self.outcomes.items())
            },
        )


class _Unexpected(msgspec.Struct):
    """Unexpected texts, flags and numbers at one place."""

    status: str
    path: str
    literals: tuple[str, ...]
    """Those that are expected."""
    failure: Failure


class Aggregator(msgspec.Struct):
    """All counts so far. Add results to it, or merge the aggregators of other processes."""

    start: float = 0.0
    """Start of the load in Unix seconds, from which minutes are counted."""
    paced_since: float | None = None
    """When users began to follow an arrival rate, in Unix seconds."""
    paced: Histogram = msgspec.field(default_factory=Histogram)
    """Latency in milliseconds of the requests that finished since then."""
    operations: dict[str, _OperationCounts] = msgspec.field(default_factory=dict)
    failures: dict[str, Failure] = msgspec.field(default_factory=dict)
    buckets: TimeBuckets = msgspec.field(default_factory=TimeBuckets)
    streams: dict[str, _StreamCounts] = msgspec.field(default_factory=dict)
    starts: _StartCounts = msgspec.field(default_factory=_StartCounts)
    scenarios: dict[str, _ScenarioCounts] = msgspec.field(default_factory=dict)
    shapes: dict[str, dict[str, Shape]] = msgspec.field(default_factory=dict)
    """Operation → status, or what a refusal is recorded as → shape of the sampled responses."""
    added: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    """Operation → path of a key that the recorded shape does not have → responses."""
    checked: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    """Operation → documented element of its input → calls whose effect was checked."""
    refusals: _RefusalCounts = msgspec.field(default_factory=_RefusalCounts)
    pauses: list[PauseInterval] = msgspec.field(default_factory=list)

    unexpected: dict[str, _Unexpected] = msgspec.field(default_factory=dict)
    """Operation, status and path → unexpected texts, flags and numbers there."""

    @property
    def requests(self) -> int:
        """Calls counted so far."""
        return self.buckets.requests

    def covered(self) -> frozenset[str]:
        """Return the operations with a success, also with one that differs from the contract as listed."""
        return self._with("success", "drift")

    def called(self) -> frozenset[str]:
        """Return the operations with a response that counts as a success or failure."""
        return self._with("success", "drift", "accepted", "failure")

    def _with(self, *kinds: str) -> frozenset[str]:
        return frozenset(
            name for name, one in self.operations.items() if any(one.counts.get(kind) for kind in kinds)
        )

    def add(self, outcome: CallResult) -> None:
        """Count one call."""
        operation = self.operations.get(outcome.operation)
        if operation is None:
            if len(self.operations) >= MAX_OPERATIONS:
                outcome = msgspec.structs.replace(outcome, operation=FURTHER)
            operation = self.operations.setdefault(outcome.operation, _OperationCounts())
        operation.scenario = outcome.scenario or operation.scenario
        bucket = bucket_of(outcome.duration)
        operation.latency.add_to(bucket)
        if self.paced_since is not None and outcome.finished >= self.paced_since:
            self.paced.add_to(bucket)
        operation.over_time.add(
            outcome.finished - self.start, outcome.duration, failed=outcome.fault is not None
        )
        self.buckets.add(self.start, outcome, bucket)
        counts, status = operation.counts, str(outcome.status)
        if outcome.media_type and outcome.fault is None:
            _count(operation.media_types, outcome.media_type)
        _count(operation.statuses, status)
        _count(counts, "received", outcome.received)
        if outcome.validated:
            _count(counts, "validated")
        if outcome.compared:
            _count(counts, "compared")
        self._add_shape(outcome)
        kind = "success"
        if outcome.fault is not None:
            kind = "failure"
            self._fail(outcome, outcome.fault, outcome.after)
        elif outcome.refused:
            kind = "refused"
        elif outcome.rejected:
            kind = "rejected"
        elif outcome.accepted is not None:
            kind = "accepted"
            _count(operation.accepted.setdefault(status, {}), outcome.accepted)
        elif outcome.differs is not None:
            kind = "drift"
            _count(operation.differs, outcome.differs)
        if kind == "success":
            operation.succeeded(outcome.finished)
        _count(counts, kind)

    def add_refusal(self, result: RefusalResult) -> None:
        """Count one negative case, apart from the calls of operations."""
        self.refusals.add(result)
        self._add_shape(result)
        if result.fault is not None:
            self._fail(result, result.fault)

    def _add_shape(self, outcome: RequestResult) -> None:
        status = outcome.recorded_as or str(outcome.status)
        for path in outcome.added:
            _count(self.added.setdefault(outcome.operation, {}), path)
        if outcome.shape is not None and (
            outcome.fault is None or outcome.fault.problem is ProblemKind.SHAPE
        ):
            # A response that differs only from the recorded shape is needed to record an intended change.
            merge_run(self.shapes, {outcome.operation: {status: outcome.shape}}, Within.RUN)
        for one in outcome.unexpected:
            fault = CallFailure(
                problem=ProblemKind.SHAPE, message=one.message, status=outcome.status, example=outcome.example
            )
            self._add_unexpected(
                f"{outcome.operation} {status} {one.path}",
                _Unexpected(status, one.path, one.literals, self._failure(outcome, fault)),
            )

    def add_stream(self, outcome: StreamResult) -> None:
        """Count one finished stream."""
        stream = self.streams.setdefault(outcome.operation, _StreamCounts())
        stream.opened += 1
        stream.events += outcome.events
        stream.ended += outcome.ended
        if outcome.first_event is not None:
            stream.first_event.add(outcome.first_event)
        for gap in outcome.gaps:
            stream.gap.add(gap)

    def add_checked(self, operation: str, elements: Iterable[str]) -> None:
        """Count the documented ``elements`` of a successful request whose effect was checked."""
        _add(self.checked.setdefault(base(operation), {}), dict.fromkeys(elements, 1))

    def scenario_begins(self, name: str) -> None:
        """Count the start of a scenario."""
        self._scenario(name).started += 1

    def scenario_ends(self, name: str, end: ScenarioEnd) -> None:
        """Count the end of a scenario that had no failure."""
        _count(self._scenario(name).ends, end)

    def scenario_cut_short(self, name: str, operation: str, fault: CallFailure) -> None:
        """Count a scenario that ended early because ``operation`` failed."""
        cause = fingerprint(operation, fault.problem, fault.status, fault.code, fault.message)
        _count(self._scenario(name).cut_short.setdefault(operation, {}), cause)

    def _scenario(self, name: str) -> _ScenarioCounts:
        counts = self.scenarios.get(name)
        if counts is None:
            counts = self.scenarios[name] = _ScenarioCounts()
        return counts

    def add_pauses(self, pauses: Iterable[PauseInterval]) -> None:
        """Add pauses of a process."""
        known = united((*self.pauses, *pauses))
        if len(known) > MAX_PAUSES:
            last = known[MAX_PAUSES - 1]
            lost = sum(one.seconds for one in known[MAX_PAUSES - 1 :])
            known[MAX_PAUSES - 1 :] = [PauseInterval(last.start, lost)]
        self.pauses = known

    def begin(self, start: Start) -> None:
        """Count the start of a scheduled scenario."""
        self.starts.late.add(start.late * 1000)
        if start.free:
            self.starts.scheduling_delay.add(start.late * 1000)

    def merge(self, other: Aggregator) -> None:
        """Add the counts of ``other``, which must not be used afterwards."""
        further = self._further(other.operations)
        for failure in other.failures.values():
            self._merge_failure(_renamed(failure) if failure.operation in further else failure)
        for name, counts in other.operations.items():
            merge_all(self.operations, {FURTHER if name in further else name: counts})
        merge_all(self.streams, other.streams)
        merge_all(self.scenarios, other.scenarios)
        merge_run(self.shapes, other.shapes, Within.RUN)
        for operation, paths in other.added.items():
            _add(self.added.setdefault(operation, {}), paths)
        for place, unexpected in other.unexpected.items():
            self._add_unexpected(place, unexpected)
        for operation, elements in other.checked.items():
            _add(self.checked.setdefault(operation, {}), elements)
        self.buckets.merge(other.buckets)
        self.paced.merge(other.paced)
        self.starts.merge(other.starts)
        self.refusals.merge(other.refusals)
        self.add_pauses(other.pauses)

    def _further(self, others: Iterable[str]) -> frozenset[str]:
        """Return which of the operations of another aggregator are recorded as :data:`FURTHER`."""
        new = [name for name in others if name not in self.operations and name != FURTHER]
        return frozenset(new[max(MAX_OPERATIONS - len(self.operations), 0) :])

    def _fail(self, outcome: RequestResult, fault: CallFailure, after: str | None = None) -> None:
        self._merge_failure(self._failure(outcome, fault, after))

    def _failure(self, outcome: RequestResult, fault: CallFailure, after: str | None = None) -> Failure:
        return Failure(
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
            minutes={minute_of(self.start, outcome.finished): 1},
            after={after: 1} if after else {},
            paused=int(fault.paused),
            examples=(fault.example,) if fault.example else (),
        )

    def _merge_failure(self, new: Failure) -> None:
        old = self.failures.get(new.fingerprint)
        if old is not None:
            new = _united(old, new)
        elif len(self.failures) >= MAX_FINGERPRINTS:
            return
        self.failures[new.fingerprint] = new

    def _add_unexpected(self, place: str, new: _Unexpected) -> None:
        old = self.unexpected.get(place)
        if old is not None:
            new.failure = _united(old.failure, new.failure)
        elif len(self.unexpected) >= MAX_FINGERPRINTS:
            return
        self.unexpected[place] = new

    def _certain(self, sent: Container[str]) -> Iterator[Failure]:
        """Yield the failures of places where every text, flag or number of this run is unexpected.

        If some are expected, the gateway is as it was recorded, and the others depend on what else happened. Those
        that were ``sent``, if only later, are expected.
        """
        for one in self.unexpected.values():
            shape = self.shapes.get(one.failure.operation, {}).get(one.status, Shape())
            found = as_sent(literals_at(shape, one.path), sent)
            if found and found.isdisjoint((SENT, *one.literals)):
                yield one.failure

    def operation_records(self, start: float, area: Callable[[str], str] = area_of) -> tuple[Operation, ...]:
        """Return a record of each called operation, by name.

        ``start`` is in Unix seconds; ``area`` returns the area of an operation.
        """
        return tuple(
            counts.record(name, area(name), start) for name, counts in sorted(self.operations.items())
        )

    def stream_records(self) -> tuple[Stream, ...]:
        """Return a record of each event stream, by operation."""
        return tuple(counts.record(name) for name, counts in sorted(self.streams.items()))

    def scenario_records(self) -> tuple[ScenarioRuns, ...]:
        """Return the starts and ends of each scenario, by name."""
        return tuple(counts.record(name) for name, counts in sorted(self.scenarios.items()))

    def refusal_record(self) -> Refusals | None:
        """Return the negative cases; None if there were none."""
        return self.refusals.record()

    def shape_record(self, why_not: str) -> ShapeRecord:
        """Return how many responses were compared with recorded shapes; ``why_not`` if there are none."""
        compared = sum(one.counts.get("compared", 0) for one in self.operations.values())
        added = {operation: tuple(sorted(paths)) for operation, paths in sorted(self.added.items())}
        return ShapeRecord(compared=compared, added=added, why_not=why_not)

    def failure_records(
        self, start: float, sent: Container[str] = frozenset(), *, complete: bool = True
    ) -> tuple[Failure, ...]:
        """Return the failures, most frequent first, with times relative to ``start`` (Unix seconds).

        ``sent`` has the texts of the requests of the load. Unexpected texts, flags and numbers are failures only if
        the load is ``complete``: a scenario that has not run may send or see the expected ones.
        """
        return tuple(
            msgspec.structs.replace(
                failure,
                first=max((failure.first or start) - start, 0.0),
                last=max((failure.last or start) - start, 0.0),
                minutes=dict(sorted(failure.minutes.items())),
                examples=tuple(
                    msgspec.structs.replace(example, at=max(example.at - start, 0.0))
                    for example in failure.examples
                ),
            )
            for failure in sorted(
                (*self.failures.values(), *(self._certain(sent) if complete else ())),
                key=lambda f: (-f.count, f.fingerprint),
            )
        )

    def element_records(self, documented: Mapping[str, Iterable[str]]) -> dict[str, dict[str, int]]:
        """Return the count of each of the ``documented`` elements of each operation, 0 if it was not checked."""
        counts = {operation: Counter(elements) for operation, elements in self.checked.items()}
        for name, operation in self.operations.items():
            found = counts.setdefault(base(name), Counter())
            found.update({f"status {status}": count for status, count in operation.statuses.items()})
            found.update({f"returns {kind}": count for kind, count in operation.media_types.items()})
        for name, statuses in self.shapes.items():
            found = counts.setdefault(base(name), Counter())
            for status, shape in statuses.items():
                if _is_success(status):
                    found.update(properties(shape, RESPONSE, f"{RESPONSE}[]."))
        none = Counter[str]()
        return {
            operation: {name: counts.get(operation, none)[name] for name in names}
            for operation, names in documented.items()
        }

    def pause_records(self, start: float) -> tuple[Pause, ...]:
        """Return the pauses of all processes, with times relative to ``start`` (Unix seconds)."""
        return tuple(
            Pause(at=round(one.start - start, 3), seconds=round(one.seconds, 3)) for one in self.pauses
        )

    def timeline(self, start: float, users: Mapping[int, int]) -> Timeline:
        """Return the run over time; ``users`` maps Unix seconds to numbers of users."""
        return msgspec.structs.replace(self.buckets.timeline(start, users), latency=self.paced.summary())


def _is_success(status: str) -> bool:
    """Return whether the shape recorded as ``status`` is that of a success, and not of a refusal."""
    return status.isdigit() and int(status) < HTTPStatus.BAD_REQUEST


def _united(old: Failure, new: Failure) -> Failure:
    """Return the counts and examples of both as those of ``old``."""
    return msgspec.structs.replace(
        old,
        count=old.count + new.count,
        first=min(old.first or 0.0, new.first or 0.0),
        last=max(old.last or 0.0, new.last or 0.0),
        minutes=_sum(old.minutes, new.minutes),
        after=_sum(old.after, new.after),
        paused=old.paused + new.paused,
        examples=(old.examples + new.examples)[:MAX_EXAMPLES],
    )


def _renamed(failure: Failure) -> Failure:
    """Return ``failure`` as one of :data:`FURTHER`."""
    cause = fingerprint(FURTHER, failure.problem, failure.status, failure.code, failure.message)
    return msgspec.structs.replace(failure, operation=FURTHER, fingerprint=cause)


def _add(totals: dict[str, int], new: Mapping[str, int]) -> None:
    for key, count in new.items():
        totals[key] = totals.get(key, 0) + count


def _sum(one: dict[K, int], other: Mapping[K, int]) -> dict[K, int]:
    """Return the sum of both, which are unchanged: a record of the run may contain them."""
    if not other:
        return one
    total = dict(one)
    for key, count in other.items():
        total[key] = total.get(key, 0) + count
    return total


def _count(totals: dict[str, int], key: str, number: int = 1) -> None:
    totals[key] = totals.get(key, 0) + number
