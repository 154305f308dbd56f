"""Categories: named rules that classify failures by origin, with advice.

The built-in rules are in ``categories.toml``; the rules of additional files take precedence. The first matching rule
determines the category of a failure.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from loadtest.core.errors import UsageError
from loadtest.core.files import read_toml
from loadtest.core.operations import unlabelled
from loadtest.core.record import Record
from loadtest.results.failures import MESSAGE_LENGTH, Example, Failure, ProblemKind, normalise

BUILT_IN = Path(__file__).with_name("categories.toml")


_REMEMBERED = 16_384
"""Results that are remembered: operations and messages recur in many failures."""
_LONGEST_LINE = 1_000
"""Maximum number of characters searched per log line, to limit the time for very long lines."""


class FaultOrigin(StrEnum):
    """Origin of a failure."""

    GATEWAY = "gateway"
    ENVIRONMENT = "environment"
    """The machine, the network or the configuration, not the code under test."""
    LOAD_TEST = "load-test"


class ExampleFailure(Record, frozen=True, kw_only=True):
    """Example of a failure that a category must, or must not, match."""

    operation: str
    problem: ProblemKind
    message: str
    status: int | None = None
    code: str | None = None
    log: tuple[str, ...] = ()

    def failure(self) -> Failure:
        """Return the example as a failure of a run."""
        return Failure(
            fingerprint="0" * 12,
            operation=self.operation,
            problem=self.problem,
            message=normalise(self.message),
            status=self.status,
            code=self.code,
            examples=(Example(at=0.0, log=self.log),) if self.log else (),
        )


class Category(Record, frozen=True, kw_only=True, rename="kebab"):
    """A rule that matches failures. All given conditions must hold; lists mean "any of"."""

    name: str
    """Lower-case words joined by dashes."""
    title: str
    fault: FaultOrigin
    excuses: bool
    """Whether a failure of this category lets a run pass."""
    because: str
    """Why the category excuses failures, or why it does not."""
    advice: str
    """What to do, in the imperative."""
    operations: tuple[str, ...] = ()
    """:mod:`fnmatch` patterns for ``METHOD /path``; empty means any operation."""
    problems: tuple[ProblemKind, ...] = ()
    status: tuple[int, ...] = ()
    codes: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    """Regular expressions, searched for in the normalised message."""
    bare_status: tuple[int, ...] = ()
    """Statuses that match ``status`` problems whose message contains only a status: ``Expected [200], got 429``."""
    logs: tuple[str, ...] = ()
    """Regular expressions for the gateway's log, where the response does not show the cause. Every example with log
    lines must contain a match. If ``messages`` are also given, a match of either is sufficient."""
    gateway: str | None = None
    """Versions of the gateway on which it excuses, as a PEP 440 specifier: ``<1.0.7``; None: all. It recognises
    failures of every version, and excuses those of a gateway whose version is unknown."""
    source: str | None = None
    """Link to an explanation or a fix."""
    examples: tuple[ExampleFailure, ...] = ()
    """Failures that this category must match."""
    counter_examples: tuple[ExampleFailure, ...] = ()
    """Failures that this category must not match."""


class CategoryFile(Record, frozen=True, kw_only=True):
    """A file of categories: ``[[category]]`` tables, in the order in which they are tried."""

    category: tuple[Category, ...]


_BARE = re.compile(
    r"(?i)^(?:\w*BadStatusCode\(.*|(?:unexpected |infrastructure |http )*(?:error|status|http|response)(?: code)?:? <n>"
    r"|expected .{0,80}[, ](?:but )?(?:got|received|was) <n>|[a-z0-9 /]{0,60} failed: <n>)$"
)
"""Messages of other locustfiles that contain only a status, with numbers normalised."""


class _Symptom(NamedTuple):
    """What rules see of a failure, apart from its operation and the gateway's log."""

    problem: ProblemKind
    status: int | None
    code: str | None
    message: str


class _Rule:
    """A category with its patterns compiled."""

    def __init__(self, category: Category) -> None:
        self.category = category
        patterns = "|".join(map(fnmatch.translate, category.operations))
        self._operation = re.compile(patterns).match if patterns else None
        self._messages = [re.compile(pattern).search for pattern in category.messages]
        self._logs = [re.compile(pattern).search for pattern in category.logs]

    def is_about(self, problem: ProblemKind) -> bool:
        """Return whether it is about this kind of problem."""
        return not self.category.problems or problem in self.category.problems

    def concerns(self, operation: str) -> bool:
        """Return whether it is about ``operation``."""
        match = self._operation
        return match is None or bool(match(operation) or match(unlabelled(operation)))

    def matches(self, symptom: _Symptom, logs: Sequence[tuple[str, ...]], *, any_log: bool = False) -> bool:
        """Return whether the remaining conditions hold, in addition to :meth:`is_about` and :meth:`concerns`.

        With ``any_log``, those on the gateway's log do.
        """
        category = self.category
        if symptom.status in category.bare_status and _BARE.match(symptom.message):
            return symptom.problem is ProblemKind.STATUS
        if category.status and symptom.status not in category.status:
            return False
        if category.codes and symptom.code not in category.codes:
            return False
        if not self._messages and not self._logs:
            return True
        if any_log and self._logs:
            return True
        message = symptom.message[:MESSAGE_LENGTH]
        for search in self._messages:  # twice as fast as any() with a generator
            if search(message):
                return True
        return self._logged(logs)

    def _logged(self, logs: Sequence[tuple[str, ...]]) -> bool:
        if not self._logs or not logs:
            return False
        return all(any(search(line[:_LONGEST_LINE]) for line in log for search in self._logs) for log in logs)


class Categories:
    """An ordered list of compiled categories."""

    def __init__(self, categories: Iterable[Category]) -> None:
        """Compile ``categories``.

        Raises:
            re.error: one of ``messages`` or ``logs`` is not a regular expression.
        """
        self._rules = [_Rule(category) for category in categories]
        self._use_codes = any(rule.category.codes for rule in self._rules)
        self._about = {
            problem: [one for one in self._rules if one.is_about(problem)] for problem in ProblemKind
        }
        self._recognised = lru_cache(_REMEMBERED)(self._recognising)

    def __iter__(self) -> Iterator[Category]:
        return iter(rule.category for rule in self._rules)

    def on(self, version: Version | None) -> Categories:
        """Return the categories for a gateway of this ``version``: those for other versions excuse nothing."""
        if version is None:
            return self
        return Categories(
            replace(one, excuses=False)
            if one.excuses
            and one.gateway
            and not SpecifierSet(one.gateway).contains(version, prereleases=True)
            else one
            for one in self
        )

    def classify(self, failure: Failure) -> Category | None:
        """Return the first category that matches ``failure``, or None."""
        code = failure.code if self._use_codes else None
        if failure.examples and (logs := _logs(failure)):
            symptom = _Symptom(failure.problem, failure.status, code, failure.message)
            rules: Iterable[_Rule] = (
                one for one in self._about[failure.problem] if one.matches(symptom, logs)
            )
        else:
            rules = self._recognised(failure.problem, failure.status, code, failure.message)
            if not rules:
                return None
        return next((one.category for one in rules if one.concerns(failure.operation)), None)

    def depends_on_log(self, failure: Failure) -> bool:
        """Return whether the gateway's log decides if a category excuses ``failure``, which has no log lines yet."""
        if _logs(failure):
            return False
        symptom = _Symptom(failure.problem, failure.status, failure.code, failure.message)
        rules = (one for one in self._about[failure.problem] if one.concerns(failure.operation))
        first = next((rule for rule in rules if rule.matches(symptom, (), any_log=True)), None)
        return first is not None and first.category.excuses and not first.matches(symptom, ())

    def _recognising(
        self, problem: ProblemKind, status: int | None, code: str | None, message: str
    ) -> tuple[_Rule, ...]:
        """Return the rules that match failures of any operation without log lines."""
        symptom = _Symptom(problem, status, code, message)
        return tuple([one for one in self._about[problem] if one.matches(symptom, ())])


def _logs(failure: Failure) -> tuple[tuple[str, ...], ...]:
    """Return the log lines of each example that has some."""
    return tuple(example.log for example in failure.examples if example.log)


def read_categories(path: Path) -> tuple[Category, ...]:
    """Return the categories in the file ``path``, checked against their examples.

    Raises:
        UsageError: unreadable, invalid, a duplicate name, an invalid regular expression, a rule that excuses
            everything, or an example with another category; the message names the file and the category.
    """
    categories = read_toml(path, CategoryFile).category
    seen: set[str] = set()
    for category in categories:
        _check(path, category, seen)
        seen.add(category.name)
    _check_examples(path, categories)
    return categories


def load_categories(paths: Sequence[Path] = ()) -> Categories:
    """Return the categories of the files ``paths``, followed by the built-in ones.

    Raises:
        UsageError: a file cannot be read or is invalid.
    """
    return Categories(c for path in (*paths, BUILT_IN) for c in read_categories(path))


def _check(path: Path, category: Category, seen: set[str]) -> None:
    where = f"{path}: category {category.name!r}"
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", category.name):
        raise UsageError(f"{where}: name: expected lower-case words joined by dashes")
    if category.name in seen:
        raise UsageError(f"{where}: name: appears twice in this file, expected unique names")
    for key, patterns in (("messages", category.messages), ("logs", category.logs)):
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise UsageError(f"{where}: {key}: {pattern!r}: not a regular expression: {error}") from error
    try:
        SpecifierSet(category.gateway or "")
    except InvalidSpecifier as error:
        raise UsageError(
            f"{where}: gateway: {category.gateway!r}: expected a PEP 440 specifier such as >=1.0,<1.1"
        ) from error
    narrow = category.problems or category.status or category.codes or category.messages or category.logs
    if category.excuses and not narrow:
        raise UsageError(
            f"{where}: excuses every failure: expected problems, status, codes, messages or logs to narrow it"
        )


def _check_examples(path: Path, categories: tuple[Category, ...]) -> None:
    own = Categories(categories)
    for category in categories:
        where = f"{path}: category {category.name!r}"
        for number, sample in enumerate(category.examples, 1):
            found = own.classify(sample.failure())
            if found is not category:
                word = f"recognised as {found.name!r}" if found else "not recognised"
                raise UsageError(f"{where}: examples: number {number} is {word}, expected this category")
        for number, sample in enumerate(category.counter_examples, 1):
            if own.classify(sample.failure()) is category:
                raise UsageError(
                    f"{where}: counter-examples: number {number} is recognised, expected it not to be"
                )
