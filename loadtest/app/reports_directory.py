"""The reports directory: reserved for one run at a time, and cleared before it."""

from __future__ import annotations

import contextlib
from pathlib import Path

from loadtest.app.locust_process import OUTPUTS
from loadtest.core.locks import reserved
from loadtest.gateway.install.installation import INSTALL_LOG
from loadtest.reports.formats import FORMATS

RESERVATION = ".lock"
"""File in the reports directory that is locked during a run."""


def reserve_reports(directory: Path) -> contextlib.AbstractContextManager[None]:
    """Return a context that reserves ``directory`` for this process.

    Raises:
        UsageError: another run uses it.
    """
    what = f"{directory}: another job writes its reports there, expected a directory of its own"
    return reserved(directory / RESERVATION, what)


def clear_reports(directory: Path) -> None:
    """Delete the reports of an earlier run, so that they cannot be mistaken for those of this run."""
    ours = (
        "run.json",
        "openapi.json",
        "openapi-base.json",
        "gateway.log",
        "base.log",
        "gateway-confirm.log",
        "base-confirm.log",
        *(one.name for one in directory.glob("gateway-[0-9].log")),
        INSTALL_LOG,
        *OUTPUTS,
        *(one.FILENAME for one in FORMATS),
    )
    for name in ours:
        (directory / name).unlink(missing_ok=True)
