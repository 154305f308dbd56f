"""The verdict against a base: what head does worse, and what base does as badly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from msgspec.structs import replace

from loadtest.judge.failures import FailOn, FailureStatus, JudgedFailure, fails
from loadtest.pairs.assess import Assessment, BaseEvidence, OperationSpeed, assess, evidence_of, fixed
from loadtest.results.failures import Failure
from loadtest.results.pairs import BaseRun, ContractChange, Measure
from loadtest.results.run import Run
from loadtest.results.target import Gateway

COMMIT_LENGTH = 7


class FailOnBreaking(StrEnum):
    """Which breaking changes of the API fail a run."""

    REMOVED = "removed"
    """Operations that are gone."""
    ANY = "any"
    NEVER = "never"


@dataclass(frozen=True)
class AgainstBase:
    """How head compares with base."""

    name: str
    """The commit of base, or its source with its changed settings."""
    base: BaseRun
    assessment: Assessment
    evidence: Mapping[str, BaseEvidence]
    """What base shows about each failure that would fail the run, by fingerprint."""
    fixed: tuple[Failure, ...]
    """Failures that only base has."""
    fail_on_breaking: FailOnBreaking

    @property
    def failing_changes(self) -> tuple[ContractChange, ...]:
        """The breaking changes that fail the run."""
        if self.fail_on_breaking is FailOnBreaking.NEVER:
            return ()
        every = self.fail_on_breaking is FailOnBreaking.ANY
        return tuple(one for one in self.base.breaking or () if every or one.removal)

    @property
    def changes(self) -> tuple[ContractChange, ...]:
        """All breaking changes, removals first."""
        return tuple(
            sorted(self.base.breaking or (), key=lambda one: (not one.removal, one.operation, one.what))
        )


def compare_with_base(
    run: Run, judged: Sequence[JudgedFailure], fail_on: FailOn, fail_on_breaking: FailOnBreaking
) -> tuple[AgainstBase | None, Sequence[JudgedFailure]]:
    """Return the comparison with the base of ``run``, and the ``judged`` failures with what base shows about them.

    Without a base, the comparison is None and the failures are unchanged.

    Raises:
        UsageError: SciPy is not installed.
    """
    if run.base is None:
        return None, judged
    assessment = assess(run.base, (one.name for one in run.operations if one.successes))
    blocking = (FailureStatus.NEW, FailureStatus.EXPIRED)
    evidence = {
        one.failure.fingerprint: _evidence(one, run.base, assessment)
        for one in judged
        if one.status in blocking
    }
    return (
        AgainstBase(
            name=base_name(run.base),
            base=run.base,
            assessment=assessment,
            evidence=evidence,
            fixed=fixed(run.base),
            fail_on_breaking=fail_on_breaking,
        ),
        [_with_evidence(one, evidence, fail_on) for one in judged],
    )


def _evidence(judged: JudgedFailure, base: BaseRun, assessment: Assessment) -> BaseEvidence:
    if not judged.removed:
        return evidence_of(judged.failure, base, assessment)
    gone = {one.operation for one in base.breaking or () if one.removal}
    known = base.breaking is not None
    return (
        BaseEvidence.ALSO_ON_BASE
        if known and judged.failure.operation not in gone
        else BaseEvidence.NO_TRIALS
    )


def _with_evidence(
    judged: JudgedFailure, evidence: Mapping[str, BaseEvidence], fail_on: FailOn
) -> JudgedFailure:
    status = {
        BaseEvidence.ALSO_ON_BASE: FailureStatus.ALSO_ON_BASE,
        BaseEvidence.UNCONFIRMED: FailureStatus.UNCONFIRMED,
    }.get(evidence.get(judged.failure.fingerprint, BaseEvidence.NEW))
    if status is None:
        return judged
    return replace(judged, status=status, fails=fails(status, fail_on))


def base_name(base: BaseRun) -> str:
    """Return what reports call the base."""
    gateway = base.gateway
    name = base.commit[:COMMIT_LENGTH] if base.commit else gateway.source or gateway.version or "base"
    return f"{name} with {gateway.changes}" if gateway.changed else name


def speed_text(one: OperationSpeed) -> str:
    """Return ``POST /tools 62 % slower (95 % CI 48 to 77 %)``."""
    if one.ratio is None:
        return f"{one.name}: no pairs"
    value, low, high = (100 * (part - 1) for part in (one.ratio.value, one.ratio.low, one.ratio.high))
    direction = "slower" if value >= 0 else "faster"
    if value < 0:
        value, low, high = -value, -high, -low
    of = "" if one.measure is Measure.LATENCY else f" by {one.measure.value}"
    return f"{one.name} {value:.0f} % {direction}{of} (95 % CI {low:.0f} to {high:.0f} %)"


def settings_text(head: Gateway | None, base: Gateway) -> str:
    """Return the settings that differ between head and base; empty for none."""
    ours = head.changed if head else {}
    names = sorted(ours.keys() | base.changed.keys())
    return ", ".join(
        f"{name}={ours.get(name, 'default')} instead of {base.changed.get(name, 'default')}"
        for name in names
        if ours.get(name) != base.changed.get(name)
    )
