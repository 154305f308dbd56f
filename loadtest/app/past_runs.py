"""Read the earlier runs in a directory."""

from __future__ import annotations

from pathlib import Path

import msgspec

from loadtest.core.errors import UsageError
from loadtest.core.files import read_bytes
from loadtest.judge.history import PastRun, past_run
from loadtest.results.run import FORMAT, read_run

MOST = 30
"""Runs that are read, the newest ones."""
_LARGEST = 1 << 30
_LARGEST_VERDICT = 1 << 26


class _Header(msgspec.Struct):
    format: str = ""
    started: str = ""


class _Verdict(msgspec.Struct):
    verdict: str = ""


def read_past_runs(directory: Path) -> tuple[PastRun, ...]:
    """Return the newest runs in the JSON files below ``directory``; files of other formats are ignored.

    The verdict of a run is that of the ``verdict.json`` beside it.

    Raises:
        UsageError: the directory does not exist, has no run, or a run cannot be read.
    """
    if not directory.is_dir():
        raise UsageError(
            f"{directory}: is no directory, expected one with the run.json files of earlier runs"
        )
    found = [(started, path) for path in directory.rglob("*.json") if (started := _started(path))]
    if not found:
        raise UsageError(f"{directory}: contains no run, expected the run.json files of earlier runs")
    return tuple(past_run(read_run(path), _verdict(path)) for _, path in sorted(found)[-MOST:])


def _started(path: Path) -> str:
    """Return when the run in ``path`` started; empty if it is none."""
    try:
        header = msgspec.json.decode(read_bytes(path, _LARGEST), type=_Header)
    except msgspec.MsgspecError as error:
        if path.name == "run.json":
            raise UsageError(f"{path}: is not a run: {error}") from error
        return ""
    return header.started if header.format == FORMAT else ""


def _verdict(run: Path) -> str:
    path = run.with_name("verdict.json")
    if run.name != "run.json" or not path.is_file():
        return ""
    try:
        return msgspec.json.decode(read_bytes(path, _LARGEST_VERDICT), type=_Verdict).verdict
    except msgspec.MsgspecError:
        return ""
