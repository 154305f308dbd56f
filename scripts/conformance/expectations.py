"""Results of the conformance suite, compared with the failures that are expected. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from loadtest.core.record import Record

FAILURE = "FAILURE"


class ExpectedFailure(Record, frozen=True, kw_only=True):
    """A scenario of the suite that fails, with the reason."""

    scenario: str
    reason: str
    owner: str
    expires: dt.date


class Exclusion(Record, frozen=True, kw_only=True):
    """A scenario of the suite whose result says nothing about a gateway."""

    scenario: str
    reason: str


class Expectations(Record, frozen=True, kw_only=True):
    """The file ``expected.toml``."""

    expected: tuple[ExpectedFailure, ...] = ()
    excluded: tuple[Exclusion, ...] = ()


class Comparison(Record, frozen=True, kw_only=True):
    """The results of the suite and the expected failures."""

    passed: tuple[str, ...]
    known: tuple[ExpectedFailure, ...]
    expired: tuple[ExpectedFailure, ...]
    new: Mapping[str, str]
    """Messages of failures that are not expected, by scenario."""
    stale: tuple[ExpectedFailure, ...]
    """Expected failures that passed or did not run."""

    @property
    def failed(self) -> bool:
        """Whether there is a failure that is not expected, or no longer."""
        return bool(self.new or self.expired or not self.passed)


def read_expectations(path: Path) -> Expectations:
    """Return the expected failures in a TOML file."""
    return msgspec.toml.decode(path.read_bytes(), type=Expectations)


def failure_of(checks: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the messages of the failed checks of a scenario, or None if none failed; no check is a failure."""
    failed = [one for one in checks if one.get("status") == FAILURE]
    if not checks:
        return "no check was made"
    words = [str(one.get("errorMessage") or one.get("description") or one.get("id")) for one in failed]
    return "; ".join(words) if failed else None


def compare(results: Mapping[str, str | None], expectations: Expectations, today: dt.date) -> Comparison:
    """Return the comparison of ``results``, the failure or None of each scenario."""
    entries = {one.scenario: one for one in expectations.expected}
    left_out = {one.scenario for one in expectations.excluded}
    results = {name: failure for name, failure in results.items() if name not in left_out}
    failing = {name: failure for name, failure in results.items() if failure is not None}
    seen = [entries[name] for name in failing if name in entries]
    return Comparison(
        passed=tuple(sorted(results.keys() - failing.keys())),
        known=tuple(one for one in seen if one.expires >= today),
        expired=tuple(one for one in seen if one.expires < today),
        new={name: failure for name, failure in failing.items() if name not in entries},
        stale=tuple(one for name, one in entries.items() if name not in failing),
    )


def table(
    results: Mapping[str, str | None], comparison: Comparison, expectations: Expectations
) -> Iterator[str]:
    """Yield the results as lines of Markdown."""
    known = {one.scenario: one for one in (*comparison.known, *comparison.expired)}
    excluded = {one.scenario: one.reason for one in expectations.excluded}
    yield "| scenario | result | reason |"
    yield "|---|---|---|"
    for name, failure in sorted(results.items()):
        if name in excluded:
            yield f"| `{name}` | excluded | {excluded[name]} |"
        elif failure is None:
            yield f"| `{name}` | passed | |"
        elif name in known:
            word = "expected" if known[name] in comparison.known else "expired"
            yield f"| `{name}` | {word} failure | {known[name].reason} |"
        else:
            yield f"| `{name}` | **failed** | {' '.join(failure.replace('|', '/').split())[:200]} |"
