"""Reading files with a size limit, and writing them atomically, with a one-line message for each error.

Every file that can be named on the command line is read here. The functions raise :class:`UsageError` for anything
that can be wrong with such a file, so that no file causes a traceback.
"""

import os
import stat
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from loadtest.core.errors import UsageError

T = TypeVar("T")

LARGEST_CONFIGURATION = 16 * 1024**2
"""Maximum size in bytes of a file written by hand."""
LARGEST_MEASUREMENT = 1024**3
"""Maximum size in bytes of a generated file: a run record, Locust's CSV."""

_KINDS = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def write_atomically(path: Path, content: str | bytes, *, mode: int = 0o644) -> None:
    """Replace the content of ``path`` atomically: a crash leaves either the old or the new content.

    ``mode`` sets the permissions; use 0o600 for files that contain secrets.

    Raises:
        UsageError: the directory does not exist or is not writable, the disk is full, or ``path`` is a directory.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(temporary).chmod(mode)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from error


def prepare_directory(path: Path) -> Path:
    """Create the directory ``path`` and check that it is writable, before the load starts.

    Raises:
        UsageError: it is a file, or cannot be created or written to.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path):
            return path
    except OSError as error:
        raise UsageError(f"{path}: is not a directory that can be written to: {error.strerror}") from error


def read_bytes(path: Path, most: int = LARGEST_CONFIGURATION) -> bytes:
    """Return the content of the regular file ``path``, at most ``most`` bytes.

    Pipes and devices are rejected without reading from them, because a read might block or never end.

    Raises:
        UsageError: it does not exist, cannot be read, is not a regular file, or is larger.
    """
    try:
        # Without O_NONBLOCK, opening a pipe blocks until there is a writer.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                kind = next((name for is_kind, name in _KINDS if is_kind(status.st_mode)), "something else")
                raise UsageError(f"{path}: is {kind}, expected a regular file")
            # Files in /proc report size 0, and any file may grow.
            data = b"" if status.st_size > most else file.read(most + 1)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:  # a NUL in the path
        raise UsageError(f"{str(path)!r}: cannot be read: {error}") from error
    if max(len(data), status.st_size) > most:
        raise UsageError(f"{path}: is too large, expected at most {most >> 20} MiB")
    return data


def read_text(path: Path, most: int = LARGEST_CONFIGURATION) -> str:
    """Return the text of the regular file ``path``, at most ``most`` bytes.

    Raises:
        UsageError: as :func:`read_bytes`, or it is not UTF-8.
    """
    try:
        return read_bytes(path, most).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: is not UTF-8 text (byte {error.start})") from error


def read_json(path: Path, kind: type[T], what: str, *, form: str = "", most: int = LARGEST_MEASUREMENT) -> T:
    """Return the JSON file ``path`` as a ``kind``; ``what`` and ``form`` describe it in messages.

    Raises:
        UsageError: unreadable, not JSON, or not a ``kind``; the message names the file, the key and the expected
            type.
    """
    data = read_bytes(path, most)
    if not data.strip():
        raise UsageError(f"{path}: is empty, expected {what} as JSON")
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise UsageError(f"{path}: is not {what}{f' ({form})' if form else ''}: {error}") from error
    except msgspec.DecodeError as error:
        raise UsageError(f"{path}: is not complete JSON: {error}; expected {what}") from error
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{path}: is not UTF-8 text: {error.reason} in a string; expected {what} as JSON"
        ) from error
    except RecursionError as error:
        raise UsageError(f"{path}: is nested too deeply, expected {what} as JSON") from error


def parse_toml(path: Path) -> dict[str, Any]:
    """Return the tables of the TOML file ``path``.

    Raises:
        UsageError: unreadable, not TOML, or nested too deeply.
    """
    text = read_text(path)
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise UsageError(f"{path}: is nested too deeply, expected TOML") from error
    except ValueError as error:  # TOMLDecodeError, and an integer of thousands of digits
        raise UsageError(f"{path}: is not valid TOML: {error}") from error


def read_toml(path: Path, kind: type[T]) -> T:
    """Return the TOML file ``path`` as a ``kind`` (a msgspec Struct that forbids unknown fields).

    Raises:
        UsageError: unreadable, not TOML, or not a ``kind``; the message names the file, the key and the expected
            type.
    """
    data: Mapping[str, Any] = parse_toml(path)
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise UsageError(f"{path}: {error}") from error
