"""The check of leaked entities: which ones no failure of the run explains."""

from __future__ import annotations

from collections.abc import Iterable

from loadtest.core.operations import base, deletes
from loadtest.core.units import plural, some
from loadtest.judge.checks.check import Check, CheckInput, CheckResult, Severity, not_measured, passed
from loadtest.results.failures import Failure, ProblemKind
from loadtest.results.run import Run, RunState
from loadtest.results.target import EntityCount

_NO_RESPONSE = (ProblemKind.TIMEOUT, ProblemKind.CONNECTION)
"""Problems after which it is unknown what a request has done."""


def entities(facts: CheckInput) -> CheckResult:
    """Check that the load left no entities; in an otherwise clean run, the deletion of those that it left failed."""
    counted = [e for e in facts.run.entities if e.before is not None and e.after is not None]
    if not counted:
        return not_measured(Check.ENTITIES, "entities were not counted before and after")
    changed = tuple(f"{e.kind}: {e.before} before, {e.after} after" for e in counted if e.before != e.after)
    left = tuple(f"{e.kind}: {e.left}" for e in counted if e.left)
    unexplained = tuple(
        f"{e.deletes} ({_number(e)} {e.kind} left)" for e in counted if _is_unexplained(e, facts)
    )
    if unexplained:
        return CheckResult(
            Check.ENTITIES,
            Severity.FAILURE,
            f"entities left although no request failed: {some(unexplained)}",
            "The gateway reported that it had deleted them. Call the operation, then read the list.",
            unexplained,
        )
    if changed and not left and all(_is_known_to_stay(e, facts) for e in counted):
        return passed(
            Check.ENTITIES,
            f"only entities are left whose deletion is known to fail: {some(changed)}",
            changed,
        )
    if changed:
        return CheckResult(
            Check.ENTITIES,
            Severity.WARNING,
            f"entities leaked: {some(changed)}",
            "A scenario did not clean up, or the gateway did not delete an entity although it reported success.",
            changed,
        )
    if left:
        return CheckResult(
            Check.ENTITIES,
            Severity.WARNING,
            f"entities left by scenarios, deleted after the load: {some(left)}",
            "A create call timed out, a scenario did not clean up (look for its failure), or a generated call created "
            "more than its response shows.",
            left,
        )
    return passed(
        Check.ENTITIES, f"the numbers of {plural(len(counted), 'entity type')} are as before the load"
    )


def _number(entity: EntityCount) -> int:
    return max((entity.after or 0) - (entity.before or 0), 0) + entity.left


def _is_unexplained(entity: EntityCount, facts: CheckInput) -> bool:
    """Return whether entities were left, and no failure of the run, known or not, can be the reason."""
    run = facts.run
    if not entity.deletes or _number(entity) == 0:
        return False
    clean = run.state is RunState.COMPLETE and not facts.failing and not facts.undecided
    return (
        clean and not _may_leave(entity.deletes, run.failures) and not _may_be_generated(entity.deletes, run)
    )


def _is_known_to_stay(entity: EntityCount, facts: CheckInput) -> bool:
    """Return whether no more entities were left than deletions failed, all failures of the run being known ones."""
    stays = (entity.after or 0) - (entity.before or 0)
    known = facts.run.state is RunState.COMPLETE and not facts.failing and not facts.undecided
    return stays == 0 or (known and 0 < stays <= facts.failed[entity.deletes])


def _may_be_generated(deletion: str, run: Run) -> bool:
    """Return whether a generated call may have created an entity that ``deletion`` deletes.

    What it created is only known as far as its response shows it. Those of the same area count, and those that create
    or delete an entity of the same collection.
    """
    collection, area = _collection(deletion), run.area(deletion)
    return any(
        not one.name.startswith(("GET ", "HEAD ", "OPTIONS "))
        and run.generated.get(one.name) == ""
        and one.requests > 0
        and (one.area == area or _creates_or_deletes(one.name, collection))
        for one in run.operations
    )


def _collection(deletion: str) -> str:
    return base(deletion).partition("/{")[0].rpartition("/")[2]


def _may_leave(deletion: str, failures: Iterable[Failure]) -> bool:
    """Return whether one of the ``failures`` may have left an entity that ``deletion`` deletes.

    A request without a response may have; otherwise one that creates or deletes an entity of the same collection, by
    the API or by a form.
    """
    collection = _collection(deletion)
    return any(
        one.problem in _NO_RESPONSE or _creates_or_deletes(base(one.operation), collection)
        for one in failures
    )


def _creates_or_deletes(operation: str, collection: str) -> bool:
    method, _, path = operation.partition(" ")
    within = f"/{collection}/" in f"{path}/"
    creates = method == "POST" and path.rstrip("/").endswith(f"/{collection}")
    return creates or (within and (deletes(operation) or path.endswith("/delete")))
