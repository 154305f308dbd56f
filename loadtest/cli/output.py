"""Output to the terminal. A standard output that is not UTF-8, full or closed does not change the exit code."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

import click

from loadtest.reports.commands import Commands

if TYPE_CHECKING:
    from loadtest.judge.verdict import Verdict
    from loadtest.results.run import Run


def replace_unknown_characters() -> None:
    """Replace characters that the terminal's encoding does not have, instead of raising an error.

    A stream that was closed when this process started discards its output.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123 - until the end
    for stream, errors in ((sys.stdout, "replace"), (sys.stderr, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=errors)


@contextlib.contextmanager
def optional() -> Iterator[None]:
    """Continue after the block if standard output cannot be written; the reports contain the same text."""
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        abandon(error)
    except SystemExit:  # rich raises it, with exit code 1, when the reader has closed the pipe
        abandon(BrokenPipeError(errno.EPIPE, "Broken pipe"))


def was_closed() -> bool:
    """Return whether the reader of standard output has closed it, and output is left that it did not read."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return True
    except OSError:
        return False
    return False


def abandon(error: OSError, *, quietly: bool = False) -> None:
    """Discard buffered output, with a message unless ``quietly`` is set or the reader closed the pipe."""
    _discard(sys.stdout)
    if error.errno != errno.EPIPE and not quietly:
        try:
            click.echo(f"loadtest: standard output cannot be written: {error.strerror}", err=True)
        except OSError:
            # The buffer would fail again when Python exits, and replace the exit code.
            _discard(sys.stderr)


def show(
    measured: Run, verdict: Verdict, reports: Path, *, as_json: bool = False, source: tuple[str, ...] = ()
) -> None:
    """Print the verdict on a run whose reports are in the directory ``reports``; ``as_json`` as in verdict.json.

    ``source`` are the options that name the run, if it is not ``run.json`` in ``reports``.
    """
    from loadtest.reports.formats import verdict_json
    from loadtest.reports.terminal import print_verdict

    with optional():
        if as_json:
            click.echo(verdict_json.render(measured, verdict), nl=False)
        else:
            print_verdict(measured, verdict, commands=commands(reports, source))


def conclude(
    measured: Run, verdict: Verdict, reports: Path, *, as_json: bool = False, source: tuple[str, ...] = ()
) -> NoReturn:
    """Print the verdict as :func:`show` does, and exit with its code."""
    show(measured, verdict, reports, as_json=as_json, source=source)
    raise SystemExit(verdict.exit_code)


def commands(reports: Path, source: tuple[str, ...] = ()) -> Commands:
    """Return how to address this program, ``reports`` and the run of ``source`` from the current directory."""
    own = Path(sys.argv[0]).with_name("loadtest")
    found = shutil.which("loadtest")
    # uvx and `uv run` put this program on PATH for its own process only.
    known = "UV" not in os.environ and found is not None and Path(found).resolve() == own.resolve()
    is_script = own.is_file()
    with contextlib.suppress(ValueError):
        own = own.relative_to(Path.cwd())
    program = str(own) if is_script and not known else "loadtest"
    opener = "open" if sys.platform == "darwin" else "xdg-open"
    return Commands(program, reports, opener, source)


def _discard(stream: TextIO) -> None:
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
