"""The check of a load with an arrival rate: whether it began what it meant to begin, and whose fault it is if not."""

from __future__ import annotations

from loadtest.judge.facts import Facts, fine, unmeasured
from loadtest.judge.observations import Check, Observation, Severity, plural

OVERSLEPT = 100.0
"""Milliseconds that a free user may come late, at the 99th percentile, before the generator distorts the times."""
NEVER_BEGUN = 0.01
"""Share of the scenarios that may be left over; users who leave after a spike take what they owe with them."""


def schedule(facts: Facts) -> Observation:
    """Tell whether scenarios began when they were meant to.

    A user who is busy with the last scenario when the next one is due waited for the gateway, and the time from the
    intended start says so. A user who was free and still came late was kept by the generator.
    """
    generator = facts.run.generator
    if generator is None or not (generator.late or generator.never_begun):
        return unmeasured(Check.SCHEDULE, "the load had no arrival rate")
    late, missed = generator.late, generator.never_begun
    begun = late.count if late else 0
    own = generator.overslept.percentile(99) if generator.overslept else None
    if own is not None and own > OVERSLEPT:
        return Observation(
            Check.SCHEDULE,
            Severity.INCONCLUSIVE,
            f"load generator could not keep its schedule: free users began up to {own:.0f} ms late (p99)",
            "The times hold the generator's own delay. Use more --processes, another machine, or a lower --rate.",
        )
    if missed <= NEVER_BEGUN * (begun + missed):
        after = (late.percentile(99) if late else None) or 0.0
        words = f"{plural(begun, 'scenario')} begun, p99 {after:.0f} ms after their time"
        return fine(Check.SCHEDULE, f"{words}; {missed} never begun" if missed else words)
    return Observation(
        Check.SCHEDULE,
        Severity.WARNING,
        f"{missed} of {begun + missed} scenarios were due and never begun: the gateway is slower than the rate",
        "Every user was waiting for the gateway. Lower the --rate to find what it sustains; the times are true.",
    )
