"""The gateway's log as a file: its end, and a copy that may be shown to others."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from loadtest.files import write_atomically
from loadtest.redact import redact

HEAD = 1 << 20
"""Bytes of a long log that the copy keeps from its start: how it booted."""

END = 4 << 20
"""Bytes that it keeps from its end."""

TAIL_LINES = 40
TAIL_BYTES = 64 << 10


def tail(path: Path, secrets: Iterable[str] = (), lines: int = TAIL_LINES) -> tuple[str, ...]:
    """Return the last ``lines`` of the log at ``path``, secrets masked; nothing if there is no log."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ()
    return tuple(redact(text, secrets).splitlines()[-lines:])


def copy_log(path: Path, target: Path, secrets: Iterable[str] = ()) -> None:
    """Write the log at ``path`` to ``target`` with secrets masked, its middle left out if it is very long.

    Raises:
        UsageError: ``target`` cannot be written.
    """
    write_atomically(target, redact(_bounded(path), secrets))


def _bounded(path: Path) -> str:
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size <= HEAD + END:
                return file.read().decode("utf-8", "replace")
            head = file.read(HEAD).rpartition(b"\n")[0]
            file.seek(size - END)
            end = file.read().partition(b"\n")[2]
    except OSError:
        return ""
    left_out = size - len(head) - len(end)
    return (
        f"{head.decode('utf-8', 'replace')}\n… {left_out} bytes left out …\n{end.decode('utf-8', 'replace')}"
    )
