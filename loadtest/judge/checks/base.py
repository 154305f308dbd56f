"""Checks of a comparison with a base. A run without a base has none of them."""

from __future__ import annotations

from loadtest.core.units import plural, some
from loadtest.judge.against_base import speed_text
from loadtest.judge.checks.check import Check, CheckInput, CheckResult, Severity, not_measured, passed
from loadtest.pairs.assess import Speed
from loadtest.results.pairs import Measure

BASE_CHECKS = frozenset({Check.BREAKING, Check.SLOWER, Check.PAIRS})
"""They are made only if the run has a base."""


def not_breaking(facts: CheckInput) -> CheckResult:
    """Check that head offers every operation of base, and accepts and returns what base does."""
    against = facts.against
    if against is None or against.base.breaking is None:
        return not_measured(Check.BREAKING, "the contracts of base and head were not compared")
    if not against.changes:
        return passed(Check.BREAKING, "no breaking change of the API")
    fatal = against.failing_changes
    removed = [one.operation for one in against.changes if one.removal]
    other = [f"{one.operation}: {one.what}" for one in against.changes if not one.removal]
    parts = []
    if removed:
        parts.append(f"{plural(len(removed), 'operation')} removed: {some(removed)}")
    if other:
        parts.append(f"{plural(len(other), 'breaking change')}: {some(other, 2)}")
    return CheckResult(
        Check.BREAKING,
        Severity.FAILURE if fatal else Severity.WARNING,
        "; ".join(parts),
        "Clients of the base can break. Keep what was removed, or announce it and use --fail-on-breaking never.",
        tuple(f"{one.operation}: {one.what}" for one in against.changes),
    )


def not_slower(facts: CheckInput) -> CheckResult:
    """Check that no operation, nor the gateway as a whole, is slower than base."""
    against = facts.against
    if against is None:
        return not_measured(Check.SLOWER, "there is no base")
    found = against.assessment
    slower = [speed_text(one) for one in found.slower]
    if found.overall_slower and found.overall is not None:
        of = "" if found.overall_measure is Measure.LATENCY else f" by {found.overall_measure.value}"
        slower.insert(0, f"all operations together {found.overall.text}{of}")
    if slower:
        return CheckResult(
            Check.SLOWER,
            Severity.FAILURE,
            ", ".join(slower[:5]) + (f" and {len(slower) - 5} more" if len(slower) > 5 else ""),
            "Measured twice, with a boot between. Profile the handler on base and head.",
            tuple(slower),
        )
    doubtful = [speed_text(one) for one in found.with_speed(Speed.UNCONFIRMED)]
    if found.overall_unconfirmed:
        doubtful.insert(0, "all operations together")
    if doubtful:
        return CheckResult(
            Check.SLOWER,
            Severity.WARNING,
            f"unconfirmed: {some(doubtful, 2)}",
            "Seemed slower before both gateways were booted again, and not after. Repeat the run if in doubt.",
            tuple(doubtful),
        )
    faster, screened = found.with_speed(Speed.FASTER), found.with_speed(Speed.SCREENED)
    judged = len(found.with_speed(Speed.JUDGED)) + len(faster)
    text = f"none of {judged} judged and {len(screened)} screened operations is slower"
    improved = [speed_text(one) for one in faster]
    if found.overall is not None and found.overall.faster:
        improved.insert(0, f"all operations together {found.overall.text}")
    if improved:
        text += f"; {', '.join(improved)}"
    return passed(Check.SLOWER, text)


def enough_pairs(facts: CheckInput) -> CheckResult:
    """Check that the pairs were complete and scattered little enough to find a slowdown."""
    against = facts.against
    if against is None:
        return not_measured(Check.PAIRS, "there is no base")
    found = against.assessment
    few = [one.name for one in found.with_speed(Speed.TOO_FEW)]
    number = sum(len(one.head) for one in against.base.pairs)
    text = f"{plural(number, 'pair')} of calls with {against.name}"
    if found.detectable:
        smallest = ", ".join(
            f"{100 * (ratio - 1):.0f} % ({measure.value})" for measure, ratio in found.detectable.items()
        )
        text += f"; smallest slowdown of a judged operation that is found: {smallest}"
    if few:
        text += f"; {plural(len(few), 'operation')} not judged, with too few pairs"
    if against.base.incomplete:
        text += f"; {against.base.incomplete}"
    elif found.noisy:
        text += "; the pairs scatter too much to find small slowdowns"
    if against.base.incomplete or found.noisy or not number:
        advice = "Use a machine with less other load, or more time (--pairs-for)."
        return CheckResult(Check.PAIRS, Severity.WARNING, text, advice, tuple(few))
    return CheckResult(Check.PAIRS, Severity.PASSED, text, items=tuple(few))
