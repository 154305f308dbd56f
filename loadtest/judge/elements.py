"""Coverage of the documented input: which parameters, values and body properties were sent and their effect checked."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from loadtest.results.elements import INPUT, ElementKind, count_by_kind, kind_of
from loadtest.results.run import Run
from loadtest.versions.data import Unchecked


@dataclass(frozen=True)
class InputCoverage:
    """The documented elements of one operation's input, by state; each element is in one of the groups."""

    operation: str
    area: str
    checked: tuple[str, ...] = ()
    """Part of a successful call whose effect was checked."""
    missing: tuple[str, ...] = ()
    """Neither checked nor listed: a run of a known version fails."""
    not_yet: tuple[str, ...] = ()
    """Not checked, and listed by the version as not checked yet."""
    excluded: Mapping[str, str] = field(default_factory=dict)
    """Not checked, and excluded with a reason."""
    stale: tuple[str, ...] = ()
    """Those among ``checked`` that the version lists as not checked yet."""

    @property
    def open(self) -> tuple[str, ...]:
        """The elements that are neither checked nor excluded."""
        return tuple(sorted((*self.missing, *self.not_yet)))

    def counts(self) -> dict[ElementKind, tuple[int, int]]:
        """Return the number of checked elements of each kind, and of all that are not excluded."""
        checked, others = count_by_kind(self.checked), count_by_kind(self.open)
        return {kind: (checked[kind], checked[kind] + others[kind]) for kind in INPUT}


@dataclass(frozen=True)
class ElementCoverage:
    """The coverage of the input of all operations that document any."""

    operations: tuple[InputCoverage, ...] = ()
    """By name."""
    measured: bool = False
    """Whether the run recorded it."""
    listed: bool = False
    """Whether the version lists the elements that are not checked yet; without the list, none are required."""

    def counts(self) -> dict[ElementKind, tuple[int, int]]:
        """Return the number of checked elements of each kind, and of all that are not excluded."""
        return total(one.counts() for one in self.operations)

    @property
    def line(self) -> str:
        """``parameters 560/578, values 240/256, body properties 500/522``; empty if it was not measured."""
        if not self.measured:
            return ""
        return ", ".join(f"{kind} {checked}/{of}" for kind, (checked, of) in self.counts().items())


def total(parts: Iterable[Mapping[ElementKind, tuple[int, int]]]) -> dict[ElementKind, tuple[int, int]]:
    """Return the sums of several counts."""
    sums = dict.fromkeys(INPUT, (0, 0))
    for part in parts:
        for kind, (checked, of) in part.items():
            sums[kind] = (sums[kind][0] + checked, sums[kind][1] + of)
    return sums


def element_coverage(
    run: Run,
    *,
    exclusions: Iterable[Unchecked] = (),
    not_yet: Mapping[str, Collection[str]] | None = None,
    ignored: Collection[str] = (),
) -> ElementCoverage:
    """Return the coverage of the input that the contract of ``run`` documents.

    ``exclusions`` and ``not_yet`` are those of the version; ``not_yet`` is None if it has no such list. Operations in
    ``ignored`` are not tested at all, so their input does not count.
    """
    if run.elements is None:
        return ElementCoverage()
    rules = [_Rule(one) for one in exclusions]
    rows = (
        _row(name, run.area(name), counts, rules, frozenset((not_yet or {}).get(name, ())))
        for name, counts in ((name, _input(every)) for name, every in sorted(run.elements.items()))
        if counts and name not in ignored
    )
    return ElementCoverage(tuple(rows), measured=True, listed=not_yet is not None)


def open_elements(coverages: Iterable[ElementCoverage]) -> dict[str, tuple[str, ...]]:
    """Return the elements to list as not checked yet, by operation: those that one of several runs did not check.

    If the version has such a list, only elements on it; otherwise all that are not excluded.
    """
    found: dict[str, set[str]] = {}
    for coverage in coverages:
        for one in coverage.operations:
            names = one.not_yet if coverage.listed else one.open
            if names:
                found.setdefault(one.operation, set()).update(names)
    return {operation: tuple(sorted(names)) for operation, names in sorted(found.items())}


def _input(elements: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in elements.items() if kind_of(name) in INPUT}


class _Rule:
    """A compiled exclusion."""

    def __init__(self, exclusion: Unchecked) -> None:
        self.reason = exclusion.reason
        self._operations = _pattern(exclusion.operations)
        self._elements = [_pattern(one) for one in exclusion.elements]

    def concerns(self, operation: str) -> bool:
        return self._operations.match(operation) is not None

    def excludes(self, element: str) -> bool:
        """Return whether it excludes ``element`` of an operation that it concerns."""
        return any(one.match(element) for one in self._elements)


def _pattern(text: str) -> re.Pattern[str]:
    # The names of list elements contain brackets, which are not a set of characters here.
    return re.compile(fnmatch.translate(text.replace("[", "[[]")))


def _row(
    operation: str, area: str, counts: Mapping[str, int], rules: Iterable[_Rule], listed: Collection[str]
) -> InputCoverage:
    checked = tuple(name for name, count in counts.items() if count)
    unchecked = [name for name, count in counts.items() if not count]
    concerning = [rule for rule in rules if rule.concerns(operation)] if unchecked else ()
    excluded = {name: rule.reason for rule in concerning for name in unchecked if rule.excludes(name)}
    others = [name for name in unchecked if name not in excluded]
    return InputCoverage(
        operation,
        area,
        checked,
        missing=tuple(name for name in others if name not in listed),
        not_yet=tuple(name for name in others if name in listed),
        excluded=excluded,
        stale=tuple(name for name in checked if name in listed),
    )
