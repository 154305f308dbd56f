"""Masking of secrets in log output."""

from __future__ import annotations

import logging

from loadtest.core.redact import Redactor


class _Masking(logging.Formatter):
    """Masks the output of another formatter, including message arguments and tracebacks."""

    def __init__(self, inner: logging.Formatter, redactor: Redactor) -> None:
        super().__init__()
        self._inner = inner
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        return self._redactor.mask(self._inner.format(record))


def hide_secrets_in_logs(redactor: Redactor) -> None:
    """Mask secrets in the output of every log handler of this process."""
    loggers = [logging.getLogger(), *map(logging.getLogger, logging.root.manager.loggerDict)]
    for handler in {handler for logger in loggers for handler in logger.handlers}:
        handler.setFormatter(_Masking(handler.formatter or logging.Formatter(), redactor))
