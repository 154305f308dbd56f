"""Read files of a run, such as a downloaded artifact, safely: sizes are limited and links are not followed.

Uses the standard library only.
"""

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def read_bytes(path: Path, largest: int) -> bytes | None:
    """Return the content of ``path``, or None if it is not a regular file of at most ``largest`` bytes.

    Links are not followed, neither for the file nor for its directory: they could lead to any file on the machine. The
    function does not block on a pipe or device.
    """
    if path.parent.is_symlink():
        return None
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            return None
        with os.fdopen(handle, "rb", closefd=False) as file:
            data = file.read(largest + 1)
    except OSError:
        return None
    finally:
        os.close(handle)
    return data if len(data) <= largest else None


def read_text(path: Path, largest: int) -> str | None:
    """Return the text of ``path``, or None if :func:`read_bytes` returns None or the content is not UTF-8."""
    data = read_bytes(path, largest)
    try:
        return None if data is None else data.decode()
    except UnicodeDecodeError:
        return None


def read_json(path: Path, largest: int) -> Any:
    """Return the JSON value in ``path``, or None if :func:`read_bytes` returns None or the content is not JSON."""
    data = read_bytes(path, largest)
    try:
        return None if data is None else json.loads(data)
    except (ValueError, RecursionError):
        return None


def folders(directory: Path) -> Iterator[Path]:
    """Yield the folders in ``directory``, sorted by name, without links."""
    try:
        found = sorted(directory.iterdir())
    except OSError:
        return
    yield from (path for path in found if path.is_dir() and not path.is_symlink())
