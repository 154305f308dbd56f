"""Known failures: entries that excuse a failure of an operation, with a reason and an expiry date."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from loadtest.core.errors import UsageError
from loadtest.core.units import plural
from loadtest.results.deployment import Deployment
from loadtest.results.failures import Failure, normalise
from loadtest.results.run import Run, RunState
from loadtest.results.target import Gateway
from loadtest.versions.data import KnownFailure

MOST_NAMED = 20
"""Fingerprints in the message on an unknown one."""


@dataclass(frozen=True)
class KnownFailureEntry:
    """A known failure and its location."""

    known: KnownFailure
    origin: str
    """The file or gateway version that contains it."""
    number: int
    """Its position there, from 1."""

    @property
    def where(self) -> str:
        """Prefix for messages: ``known-failures.toml: [[known]] number 2 (GET /tools)``."""
        return f"{self.origin}: [[known]] number {self.number} ({self.known.operation})"

    def expired(self, today: dt.date) -> bool:
        """Return whether the expiry date has passed."""
        return self.known.expires < today


def entries(known: Iterable[KnownFailure], origin: str) -> tuple[KnownFailureEntry, ...]:
    """Return ``known`` as entries of ``origin``.

    Raises:
        UsageError: an entry has no operation, reason or owner, or its ``gateway`` is not a PEP 440 specifier.
    """
    listed = tuple(KnownFailureEntry(one, origin, number) for number, one in enumerate(known, 1))
    for entry in listed:
        for key in ("operation", "reason", "owner"):
            if not getattr(entry.known, key).strip():
                raise UsageError(f"{entry.where}: {key}: is empty, expected text")
        _specifier(entry)
    return listed


def gateway_version(gateway: Gateway | None) -> Version | None:
    """Return the version that entries are compared with, or None if it is unknown.

    It is the version that the gateway reports (``1.0.0-RC-1`` is ``1.0.0rc1``), or else that of its version data.
    """
    for text in (gateway.version, gateway.data) if gateway else ():
        try:
            return Version(text or "")
        except InvalidVersion:
            continue
    return None


def applies(entry: KnownFailureEntry, version: Version | None, deployment: Deployment | None = None) -> bool:
    """Return whether ``entry`` applies to a gateway of this ``version`` and ``deployment``; pre-releases are included.

    An entry limited to gateway versions does not apply if the version is unknown, and one limited to a database,
    Redis or workers does not apply if the deployment is unknown.
    """
    if entry.known.only and (deployment is None or not entry.known.applies_to(deployment)):
        return False
    if entry.known.gateway is None:
        return True
    return version is not None and _specifier(entry).contains(version, prereleases=True)


def _specifier(entry: KnownFailureEntry) -> SpecifierSet:
    text = (entry.known.gateway or "").strip()
    try:
        return SpecifierSet(f"=={Version(text)}")
    except InvalidVersion:
        pass
    try:
        return SpecifierSet(text)
    except InvalidSpecifier as error:
        raise UsageError(
            f"{entry.where}: gateway: {text!r}: expected a version or a PEP 440 specifier such as >=1.0,<1.1"
        ) from error


class KnownFailures:
    """The entries that apply to a run, indexed to match failures."""

    def __init__(
        self,
        listed: Iterable[KnownFailureEntry],
        version: Version | None,
        deployment: Deployment | None = None,
    ) -> None:
        self.applying = tuple(entry for entry in listed if applies(entry, version, deployment))
        self._by_operation: dict[str, list[tuple[KnownFailureEntry, str | None]]] = defaultdict(list)
        for entry in self.applying:
            known = entry.known
            message = None if known.message is None else normalise(known.message)
            self._by_operation[known.operation].append((entry, message))

    @property
    def operations(self) -> Container[str]:
        """The operations that have an entry."""
        return self._by_operation

    def match(self, failure: Failure) -> tuple[KnownFailureEntry, ...]:
        """Return every entry that matches ``failure``, including expired ones, in their order in the files."""
        listed = self._by_operation.get(failure.operation)
        if listed is None:
            return ()
        return tuple(
            entry
            for entry, message in listed
            if entry.known.problem == failure.problem
            and (entry.known.status is None or entry.known.status == failure.status)
            and (entry.known.code is None or entry.known.code == failure.code)
            and (message is None or message == failure.message)
        )

    def otherwise(self, failure: Failure) -> tuple[KnownFailureEntry, ...]:
        """Return the entries for the same operation and kind of problem with another status or code.

        Entries for intermittent failures are excluded, because their absence has no meaning.
        """
        listed = self._by_operation.get(failure.operation)
        if listed is None:
            return ()
        return tuple(
            entry
            for entry, _ in listed
            if entry.known.problem == failure.problem
            and not entry.known.sometimes
            and (
                entry.known.status not in (None, failure.status)
                or entry.known.code not in (None, failure.code)
            )
        )

    def stale(self, run: Run, seen: Iterable[KnownFailureEntry]) -> tuple[KnownFailureEntry, ...]:
        """Return the entries that should be deleted: their operation succeeded and they were not ``seen``.

        All scenarios that call the operation must have completed, because the failure may occur in any of their steps.
        There are no stale entries in a run that is incomplete, is limited to some scenarios, or has a gateway with
        changed settings. An entry for an intermittent failure is never stale.
        """
        if run.state is not RunState.COMPLETE or (run.gateway and run.gateway.changed) or _limited(run):
            return ()
        undecided = _not_completed(run)
        succeeded = {
            one.name
            for one in run.operations
            if one.successes and (not run.plan or undecided.get(one.name) is False)
        }
        matched = set(seen)
        return tuple(
            entry
            for entry in self.applying
            if entry not in matched and entry.known.operation in succeeded and not entry.known.sometimes
        )


def _limited(run: Run) -> bool:
    """Return whether scenarios were excluded; they are not in the plan, so their calls are unknown."""
    return bool(run.settings.left_out or run.settings.tags or run.settings.exclude_tags)


def _not_completed(run: Run) -> dict[str, bool]:
    """Return, for each operation of the plan, whether a scenario that calls it did not complete.

    If the record does not contain the outcome of scenarios, those that the first sweep did not finish are used.
    """
    if run.scenarios is not None:
        completed = {one.name for one in run.scenarios if one.completed}
    else:
        completed = {one.name for one in run.plan} - set(run.sweep.unfinished if run.sweep else ())
    found: dict[str, bool] = {}
    for scenario in run.plan:
        for call in scenario.calls:
            found[call.operation] = found.get(call.operation, False) or scenario.name not in completed
    return found


def accepted_entries(
    failures: Sequence[Failure],
    fingerprints: Sequence[str],
    *,
    gateway: Version | None,
    reason: str,
    owner: str,
    expires: dt.date,
    today: dt.date,
    link: str | None = None,
) -> tuple[KnownFailure, ...]:
    """Return an entry for each of ``failures`` with one of the ``fingerprints``, or for all if there are none.

    Raises:
        UsageError: reason or owner is empty, the date is in the past, or a fingerprint is not among ``failures``.
    """
    for name, text in (("reason", reason), ("owner", owner)):
        if not text.strip():
            raise UsageError(f"--{name}: is empty, expected text")
    if expires < today:
        raise UsageError(f"--expires: {expires} has passed, expected {today} or a later day")
    found = {failure.fingerprint: failure for failure in failures}
    for fingerprint in fingerprints:
        if fingerprint not in found:
            named = sorted(found)[:MOST_NAMED]
            more = ", …" if len(found) > MOST_NAMED else ""
            raise UsageError(
                f"fingerprint {fingerprint!r}: not among the {plural(len(found), 'failure')} in run.json that can be "
                f"accepted{': ' if named else ''}{', '.join(named)}{more}"
            )
    chosen = [found[fingerprint] for fingerprint in dict.fromkeys(fingerprints or found)]
    return tuple(
        KnownFailure(
            operation=failure.operation,
            problem=failure.problem,
            status=failure.status,
            code=failure.code,
            message=failure.message,
            gateway=str(gateway.public) if gateway else None,
            reason=reason.strip(),
            owner=owner.strip(),
            expires=expires,
            link=link,
        )
        for failure in chosen
    )
