"""Record how a gateway version answers negative cases, from the runs that sent them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from packaging.version import Version

from loadtest.core.errors import UsageError
from loadtest.core.files import write_atomically
from loadtest.judge.known import gateway_version
from loadtest.results.run import Run
from loadtest.versions.refusals import is_recordable, load_outcomes, merged, path_of, stored_form


def record_refusals(runs: Sequence[Run], *, again: bool) -> Path:
    """Write the outcomes of ``runs`` to the data of their gateway version, and return the path of the file.

    Outcomes that are recorded and were not observed are kept, unless it is recorded ``again``. A case with different
    outcomes has all of them. A case with a limited token is recorded only if access is refused.

    Raises:
        UsageError: a run has no negative cases, is of another version or of a checkout, or the file cannot be written.
    """
    versions = {_version(run) for run in runs}
    version = next(iter(versions))
    if len(versions) != 1 or version is None:
        raise UsageError("expected runs of one released gateway version with a data file")
    observed = [run.refusals.outcomes for run in runs if run.refusals is not None]
    if len(observed) != len(runs):
        raise UsageError("a run has no refusals: expected runs with LOADTEST_PROFILE=deep")
    recorded = merged(observed)
    if not again:
        for operation, cases in load_outcomes(version).items():
            recorded[operation] = {**cases, **recorded.get(operation, {})}
    recorded = {
        operation: {label: found for label, found in cases.items() if is_recordable(label, found)}
        for operation, cases in recorded.items()
    }
    path = path_of(version)
    write_atomically(path, stored_form(recorded))
    return path


def _version(run: Run) -> str | None:
    """Return the version whose data the run used; None for a checkout or a gateway that reports another version."""
    gateway = run.gateway
    if gateway is None or gateway.data is None or gateway.source.startswith("path:"):
        return None
    return gateway.data if gateway_version(gateway) == Version(gateway.data) else None
