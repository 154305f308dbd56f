"""The status of each failure of a run: new, expired, known, or excused by its category."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import chain, takewhile
from types import MappingProxyType

import msgspec

from loadtest.judge.categories import Categories, Category
from loadtest.judge.known import KnownFailureEntry, KnownFailures
from loadtest.results.failures import Failure, ProblemKind


class FailOn(StrEnum):
    """Which failures fail a run."""

    NEW = "new"
    """Failures that are not excused, and those whose entry has expired."""
    ANY = "any"
    """All failures, including known ones."""
    NEVER = "never"
    """None: the verdict is the same as for ``new``, but the exit code is 0 unless the run was interrupted."""


class FailureStatus(StrEnum):
    """The status of a failure, worst first."""

    NEW = "new"
    EXPIRED = "expired"
    """A known failure whose expiry date has passed."""
    INCONCLUSIVE = "inconclusive"
    """It depends on time, and each time the load generator was paused for a considerable part of it."""
    UNCONFIRMED = "unconfirmed"
    """Repetitions do not show that it is more frequent than on the base."""
    ALSO_ON_BASE = "also on base"
    KNOWN = "known"
    """Excused by a known-failure entry."""
    CATEGORY = "category"
    """Excused by a category."""


_SEVERITY = {ProblemKind.UNAUTHORIZED: 0, ProblemKind.REMOVED: 1}
"""The problems that come first among failures of the same status."""

_PLACES = {status: place for place, status in enumerate(FailureStatus)}

ONLY_WITH_BASE = frozenset({FailureStatus.UNCONFIRMED, FailureStatus.ALSO_ON_BASE})
"""They occur only in a comparison with a base."""


class JudgedFailure(msgspec.Struct, frozen=True, gc=False):
    """A failure of a run with its status and the matching entry and category."""

    failure: Failure
    status: FailureStatus
    fails: bool
    """Whether it makes the run fail."""
    entry: KnownFailureEntry | None = None
    """The entry that excuses it, or did until it expired."""
    category: Category | None = None
    """The category that matches it, whether it excuses it or not."""
    known_as: KnownFailureEntry | None = None
    """For a new failure: the entry for a failure of this operation with another status or code."""
    detail: str = ""
    """For a removed operation: the version that offers it and its new path."""

    @property
    def removed(self) -> bool:
        """Whether it is a removed operation."""
        return self.failure.problem is ProblemKind.REMOVED

    @property
    def unauthorized(self) -> bool:
        """Whether it is unauthorized access, the most severe failure."""
        return self.failure.problem is ProblemKind.UNAUTHORIZED

    @property
    def change(self) -> str:
        """``known as 500, now 409``; empty without an entry for another status or code."""
        if self.known_as is None:
            return ""
        known, now = self.known_as.known, self.failure
        if known.status not in (None, now.status):
            return f"known as {known.status}, now {now.status or 'without a status'}"
        return f"known as code {known.code}, now {now.code or 'none'}"

    @property
    def reason(self) -> str:
        """Why it is excused, or was until it expired; empty for a new failure without a related entry."""
        if self.entry is not None:
            known = self.entry.known
            until = "expired on" if self.status is FailureStatus.EXPIRED else "until"
            only = f"only {known.only}, " if known.only else ""
            how_often = "intermittent, " if known.sometimes else ""
            return f"{known.reason} ({known.owner}, {only}{how_often}{until} {known.expires})"
        if self.known_as is not None:
            return f"{self.change}: {self.known_as.known.reason} ({self.known_as.known.owner})"
        if self.status is FailureStatus.UNCONFIRMED:
            return "repetitions do not show that it is more frequent than on the base"
        if self.status is FailureStatus.ALSO_ON_BASE and self.entry is None:
            return "the base fails in the same way"
        if self.status is FailureStatus.INCONCLUSIVE:
            return "the load generator was paused meanwhile"
        if self.status is FailureStatus.CATEGORY and self.category is not None:
            return f"{self.category.title} [{self.category.name}]"
        return ""


def fails(status: FailureStatus, fail_on: FailOn) -> bool:
    """Return whether failures of this ``status`` make a run fail."""
    if fail_on is FailOn.ANY:
        return status is not FailureStatus.INCONCLUSIVE
    return status in (FailureStatus.NEW, FailureStatus.EXPIRED)


def judge_failures(
    failures: Iterable[Failure],
    matcher: KnownFailures,
    categories: Categories,
    today: dt.date,
    fail_on: FailOn,
    details: Mapping[str, str] = MappingProxyType({}),
) -> tuple[list[JudgedFailure], set[KnownFailureEntry]]:
    """Return the failures in their order, and the entries that were seen.

    An entry also counts as seen if its operation now fails with another status or code, so that it is not stale.
    ``details`` describe removed operations, by name.
    """
    failures = tuple(failures)
    listed = matcher.operations
    matches = [matcher.match(one) if one.operation in listed else () for one in failures]
    seen = set(chain.from_iterable(matches))
    failing = {status: fails(status, fail_on) for status in FailureStatus}
    judged: list[JudgedFailure] = []
    changed = set[KnownFailureEntry]()
    for failure, matching in zip(failures, matches, strict=True):
        entry = known_as = None
        category = categories.classify(failure)
        if matching and (valid := next((one for one in matching if not one.expired(today)), None)):
            status, entry = FailureStatus.KNOWN, valid
        elif category is not None and category.excuses and not matching:
            status = FailureStatus.CATEGORY
        elif failure.paused and failure.paused >= failure.count:
            status = FailureStatus.INCONCLUSIVE
        elif matching:
            status, entry = FailureStatus.EXPIRED, matching[0]
        else:
            status = FailureStatus.NEW
            if failure.operation in listed:
                known_as = next((one for one in matcher.otherwise(failure) if one not in seen), None)
            if known_as is not None:
                changed.add(known_as)
        detail = details.get(failure.operation, "") if failure.problem is ProblemKind.REMOVED else ""
        judged.append(JudgedFailure(failure, status, failing[status], entry, category, known_as, detail))
    return judged, seen | changed


def in_report_order(
    failures: Sequence[JudgedFailure],
) -> tuple[tuple[JudgedFailure, ...], dict[str, list[JudgedFailure]]]:
    """Return ``failures`` in the order of reports, and those of each operation in that order.

    They are ordered by status, worst first; then unauthorized access and removed operations come first; then by count.
    """
    operations = [one.failure.operation for one in failures]
    counts = [one.failure.count for one in failures]
    statuses = [_PLACES[one.status] for one in failures]
    names = sorted(set(operations))
    # Numbers are sorted instead of failures, which are in memory in the order of the run.
    places = {name: place for place, name in enumerate(names)}
    by_name = [places[name] for name in operations]
    order = sorted(range(len(failures)), key=by_name.__getitem__)
    order.sort(key=counts.__getitem__, reverse=True)
    if not _SEVERITY.keys().isdisjoint([one.failure.problem for one in failures]):
        severities = [_SEVERITY.get(one.failure.problem, len(_SEVERITY)) for one in failures]
        order.sort(key=severities.__getitem__)
    if len(set(statuses)) > 1:
        order.sort(key=statuses.__getitem__)
    groups: dict[int, list[JudgedFailure]] = defaultdict(list)
    for number in order:
        groups[by_name[number]].append(failures[number])
    by_operation = {names[place]: members for place, members in groups.items()}
    return tuple([failures[number] for number in order]), by_operation


def by_status(failures: tuple[JudgedFailure, ...]) -> dict[FailureStatus, tuple[JudgedFailure, ...]]:
    """Return ``failures``, which are in the order of reports, by their status; a status that none has is absent."""
    found = {}
    start = 0
    for status, place in _PLACES.items():
        end = bisect_right(failures, place, start, key=lambda one: _PLACES[one.status])
        if end > start:
            found[status] = failures[start:end]
        start = end
    return found


def removed_operations(failures: Iterable[JudgedFailure]) -> tuple[JudgedFailure, ...]:
    """Return the removed operations among ``failures``, which are of one status and in the order of reports."""
    severe = takewhile(lambda one: one.failure.problem in _SEVERITY, failures)
    return tuple(one for one in severe if one.removed)
