"""Checks of negative cases: requests that must be refused."""

from __future__ import annotations

from loadtest.core.units import plural, some
from loadtest.judge.checks.check import Check, CheckInput, CheckResult, Severity, not_measured, passed
from loadtest.results.refusals import Standing


def recorded(facts: CheckInput) -> CheckResult:
    """Check that every negative case has a recorded outcome, and that none is refused only now."""
    refusals = facts.run.refusals
    if refusals is None:
        return not_measured(Check.REFUSALS, "no requests were sent that must be refused")
    unknown = refusals.cases(Standing.NOT_RECORDED)
    stricter = refusals.cases(Standing.STRICTER)
    permitted = refusals.cases(Standing.PERMITTED)
    if not (unknown or stricter or permitted):
        answered = sum(refusals.reasons.values())
        return CheckResult(
            Check.REFUSALS,
            Severity.PASSED,
            f"{plural(refusals.requests, 'request')} that must be refused: "
            f"{refusals.count(Standing.AS_RECORDED)} as recorded, {answered} of them answered for a stated reason",
            items=tuple(f"{reason} ({count})" for reason, count in sorted(refusals.reasons.items())),
        )
    parts = []
    if permitted:
        parts.append(
            f"{plural(len(permitted), 'operation')} without a recorded permission answered a user who has no role: "
            f"{some(tuple(name.rpartition(': ')[0] for name in permitted))}"
        )
    if unknown:
        parts.append(f"{plural(len(unknown), 'refusal')} not recorded yet: {some(unknown)}")
    if stricter:
        parts.append(f"{plural(len(stricter), 'request')} refused that used to be answered: {some(stricter)}")
    return CheckResult(
        Check.REFUSALS,
        Severity.WARNING,
        "; ".join(parts),
        "Review them, and record them with: loadtest refusals record. "
        "If every user may call an operation, state the reason in refusals.toml.",
        (*permitted, *unknown, *stricter),
    )


def decided(facts: CheckInput) -> CheckResult:
    """Check that every negative case had a response.

    Where several workers forward requests to each other, some of the invalid ones get none: such a run is not
    inconclusive because of them.
    """
    refusals = facts.run.refusals
    if refusals is None:
        return not_measured(Check.DECIDED, "no requests were sent that must be refused")
    gateway, open_cases = facts.run.gateway, refusals.cases(Standing.UNDECIDED)
    if not open_cases:
        return passed(Check.DECIDED, "every request that must be refused had a response")
    return CheckResult(
        Check.DECIDED,
        Severity.WARNING if gateway is not None and gateway.deployment.workers > 1 else Severity.INCONCLUSIVE,
        f"{plural(len(open_cases), 'refusal')} undecided: {some(open_cases)}",
        "They could not be sent, or had no response. Look for the failure of their scenario.",
        open_cases,
    )
