"""The mutation score as a record, a table and a list of missed faults."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loadtest.core.record import Count, Record
from loadtest.core.units import plural
from loadtest.mutation.score import Detection, KindScore, Outcome


class MutationReport(Record, frozen=True, kw_only=True):
    """The result of ``loadtest mutate``, as ``mutation.json`` holds it."""

    gateway: str
    """The value of ``GATEWAY``."""
    version: str | None
    seed: int
    loads: Count
    """Loads with faults, in addition to one without."""
    kinds: tuple[KindScore, ...]
    outcomes: tuple[Outcome, ...]
    unexplained: tuple[str, ...] = ()
    """Failures of loads with faults that none of the faults explains."""

    @property
    def met(self) -> bool:
        """Whether every kind reaches its floor."""
        return all(kind.met for kind in self.kinds)


def table(kinds: Sequence[KindScore]) -> Iterator[str]:
    """Yield the table as lines of Markdown."""
    yield "| kind | faults | detected | named | missed | not applied | detected | floor |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|"
    for kind in kinds:
        mark = "" if kind.met else " ✗"
        yield (
            f"| {kind.title} | {kind.faults} | {kind.detected} | {kind.named} | {kind.missed} "
            f"| {kind.not_applied} | {kind.share:.0%}{mark} | {kind.floor:.0%} |"
        )
    faults, detected = sum(kind.faults for kind in kinds), sum(kind.detected for kind in kinds)
    named, missed = sum(kind.named for kind in kinds), sum(kind.missed for kind in kinds)
    absent = sum(kind.not_applied for kind in kinds)
    share = detected / faults if faults else 1.0
    yield f"| all | {faults} | {detected} | {named} | {missed} | {absent} | {share:.0%} | |"


def lines(report: MutationReport) -> Iterator[str]:
    """Yield the report as text."""
    yield from table(report.kinds)
    for detection, title in (
        (Detection.MISSED, "Missed"),
        (Detection.DETECTED, "Detected, but another operation was named"),
        (Detection.NOT_APPLIED, "Not applied"),
    ):
        found = [outcome for outcome in report.outcomes if outcome.detection is detection]
        if found:
            yield ""
            yield f"{title}:"
            yield from (f"  {text}" for outcome in found for text in _words(outcome))
    if report.unexplained:
        yield ""
        yield f"{plural(len(report.unexplained), 'failure')} of other operations:"
        yield from (f"  {text}" for text in report.unexplained)


def _words(outcome: Outcome) -> Iterator[str]:
    fault = outcome.fault
    yield f"{fault.kind}: {fault.operation} {fault.detail}".rstrip()
    if outcome.example:
        yield f"    {outcome.example}"
    if outcome.detection is Detection.DETECTED and outcome.shown_by:
        yield f"    {outcome.shown_by[0]}"
