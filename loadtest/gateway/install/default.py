"""The default gateway: the newest known version for which this machine has a Python."""

from __future__ import annotations

import os
import time
from pathlib import Path

import click
import msgspec

from loadtest.core.files import write_atomically
from loadtest.core.record import Record
from loadtest.gateway.install.interpreters import NoInterpreterError, downloads_refused, find
from loadtest.versions import data as versions
from loadtest.versions.data import VersionData

FAILED = "failed-downloads.json"
"""File in LOADTEST_HOME with the failed downloads of Pythons, so that not every run retries."""

RETRY_AFTER = 3600.0
"""Seconds after which a download is retried."""


class FailedDownload(Record, frozen=True, kw_only=True):
    """A Python that could not be downloaded."""

    at: float
    """Seconds since the epoch."""
    why: str


def newest_runnable(home: Path) -> tuple[VersionData, tuple[str, ...]]:
    """Return the newest known version with a Python on this machine, and notes on why it is not a newer one.

    uv downloads a missing Python if allowed to. ``home`` is LOADTEST_HOME. If no version has a Python, the newest
    version is returned; its installation then fails with the Python to install.
    """
    refusals: list[NoInterpreterError] = []
    for version in versions.available():
        data = versions.load(version)
        try:
            _require_python(data, home)
        except NoInterpreterError as error:
            refusals.append(error)
        else:
            return data, tuple(f"{error.lacks}; using {version}" for error in refusals)
    return versions.load(versions.available()[0]), ()


def _require_python(data: VersionData, home: Path) -> None:
    """Find or download a Python for ``data``.

    Raises:
        NoInterpreterError: there is none, or its download failed, now or recently.
    """
    who = f"gateway {data.version}"
    try:
        find(data.python, who=who, download=False)
    except NoInterpreterError as error:
        _download_python(data.python, who, error, home)


def _download_python(requires: str, who: str, missing: NoInterpreterError, home: Path) -> None:
    """Let uv download a ``missing`` Python, unless that is disabled or failed recently.

    Raises:
        NoInterpreterError: it is still missing.
    """
    failed = _failed(home)
    last = failed.get(requires)
    if (
        last is not None
        and 0 <= time.time() - last.at < RETRY_AFTER
        and downloads_refused(os.environ) is None
    ):
        minutes = (time.time() - last.at) / 60
        raise NoInterpreterError(f"{missing.lacks}, and {last.why} {minutes:.0f} minutes ago", missing.advice)
    if downloads_refused(os.environ) is None:
        click.echo(f"{missing.lacks}: downloading it with uv", err=True)
    try:
        find(requires, who=who)
    except NoInterpreterError as error:
        if error.attempt:
            failed[requires] = FailedDownload(at=time.time(), why=error.attempt)
            home.mkdir(parents=True, exist_ok=True)
            write_atomically(home / FAILED, msgspec.json.encode(failed))
        raise


def _failed(home: Path) -> dict[str, FailedDownload]:
    """Return the failed downloads by specifier."""
    try:
        return msgspec.json.decode((home / FAILED).read_bytes(), type=dict[str, FailedDownload])
    except (OSError, msgspec.DecodeError):
        return {}
