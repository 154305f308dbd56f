"""What the log output of a process does not contain: secrets, and an error message of Locust that reports no error."""

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


class _NoEndedUsers(logging.Filter):
    """Drops a message of Locust about a user that ended by itself just before Locust stopped the users.

    gevent empties a greenlet's ``args`` when the greenlet ends; the greenlet leaves its group slightly later. Locust
    finds it there without arguments and reports an error, although there is nothing left to stop.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith("While stopping users, we encountered a user")


_NO_ENDED_USERS = _NoEndedUsers()


def drop_messages_on_ended_users() -> None:
    """Drop Locust's error messages about users that ended before it could stop them."""
    logging.getLogger("locust.runners").addFilter(_NO_ENDED_USERS)
