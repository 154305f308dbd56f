"""Accept failures of a stored run: add them to a known-failures file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from loadtest.app.judging import JudgingOptions, judge_run
from loadtest.judge.failures import FailureStatus
from loadtest.judge.known import accepted_entries, gateway_version
from loadtest.judge.known_writer import write_known
from loadtest.results.run import Run
from loadtest.versions.data import KnownFailure


def accept(
    run: Run,
    options: JudgingOptions,
    path: Path,
    *,
    fingerprints: Sequence[str] = (),
    reason: str,
    owner: str,
    expires: dt.date,
    link: str | None = None,
    today: dt.date,
) -> tuple[KnownFailure, ...]:
    """Add known-failure entries for new and expired failures of ``run`` to the file ``path``; return them.

    Without ``fingerprints`` all new and expired failures are accepted. Failures with an entry in ``path`` are known.

    Raises:
        UsageError: a fingerprint is unknown, the reason or owner is missing, the date has passed, or a file
            cannot be read or written.
    """
    files = tuple(dict.fromkeys((*options.known_failures, *([path] if path.exists() else []))))
    judged = judge_run(run, JudgingOptions(known_failures=files, categories=options.categories), today)
    additions = accepted_entries(
        [one.failure for one in judged.with_status(FailureStatus.NEW, FailureStatus.EXPIRED)],
        fingerprints,
        gateway=gateway_version(run.gateway),
        reason=reason,
        owner=owner,
        expires=expires,
        today=today,
        link=link,
    )
    if additions:
        write_known(path, additions)
    return additions
