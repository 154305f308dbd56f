"""Reading and writing files so that a reader never sees half of one."""

import os
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from loadtest.errors import UsageError

T = TypeVar("T")


def write_atomically(path: Path, content: str | bytes, *, mode: int = 0o644) -> None:
    """Replace ``path`` by ``content`` in one step: a crash leaves the old file or the new one, never half.

    ``mode`` is who may read it; 0o600 for what holds secrets.

    Raises:
        UsageError: the directory does not exist or cannot be written to.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def prepare_directory(path: Path) -> Path:
    """Make ``path`` and prove that it can be written to, before an hour of load is spent.

    Raises:
        UsageError: it is a file, or cannot be made or written to.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path):
            return path
    except OSError as error:
        raise UsageError(f"{path}: is not a directory that can be written to: {error.strerror}") from error


def read_text(path: Path) -> str:
    """Return the text of ``path``.

    Raises:
        UsageError: it does not exist, cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: is not UTF-8 text (byte {error.start})") from error


def read_toml(path: Path, kind: type[T]) -> T:
    """Return the TOML file ``path`` as a ``kind`` (a msgspec Struct that forbids unknown fields).

    Raises:
        UsageError: unreadable, not TOML, or not a ``kind``; the message names file, key and expectation.
    """
    text = read_text(path)
    try:
        data: Mapping[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: is not valid TOML: {error}") from error
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise UsageError(f"{path}: {error}") from error
