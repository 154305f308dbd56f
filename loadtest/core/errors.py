"""Errors that end a command, each with its exit code.

``loadtest.cli`` is the one place that turns these into an exit status. A message is one line that names the
problem, its place, and what was expected.
"""

from __future__ import annotations

from enum import IntEnum

SIGNALLED = 128
"""Offset of the exit code after a signal."""


class ExitCode(IntEnum):
    """The exit codes of every command; see ``docs/verdict.md``."""

    PASS = 0
    """Only known failures, every criterion met."""
    FAIL = 1
    """A new failure, a known failure past its expiry, or a criterion missed."""
    USAGE = 2
    """An invalid option or file."""
    INCONCLUSIVE = 3
    """The gateway did not boot or died, no data, an incomplete run, a saturated generator."""
    INTERNAL = 70
    """An unexpected exception in the load test (``EX_SOFTWARE`` of sysexits)."""
    HANGUP = 129
    """SIGHUP. Of any signal: partial reports are written first."""
    INTERRUPTED = 130
    """SIGINT, which is Ctrl-C."""
    QUIT = 131
    """SIGQUIT."""
    TERMINATED = 143
    """SIGTERM."""

    @classmethod
    def after(cls, signal: int | None) -> ExitCode:
        """Return the code of a command that ``signal`` asked to end: 128 and its number."""
        return next(
            (code for code in cls if code > SIGNALLED and code == SIGNALLED + (signal or 0)), cls.INTERRUPTED
        )


class LoadTestError(Exception):
    """An expected end of a command: one line for people and an exit code for machines."""

    exit_code = ExitCode.FAIL


class UsageError(LoadTestError):
    """An invalid request: an unknown name, an unreadable or invalid file."""

    exit_code = ExitCode.USAGE


class InconclusiveError(LoadTestError):
    """No evidence about the gateway: it did not boot, does not respond, or rejects the token."""

    exit_code = ExitCode.INCONCLUSIVE


class BootError(InconclusiveError):
    """A gateway ended while booting, or did not answer in time."""

    def __init__(self, message: str, log_tail: tuple[str, ...]) -> None:
        super().__init__(message)
        self.log_tail = log_tail
        """The last lines of its log, secrets masked."""
