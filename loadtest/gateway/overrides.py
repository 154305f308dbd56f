"""Overrides of gateway settings by ``--set NAME=VALUE``: parsing, checks, and their form in reports."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from loadtest.core.errors import UsageError
from loadtest.core.redact import redact
from loadtest.gateway.environment import controlled_settings
from loadtest.gateway.install.source import Running, Source

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET = re.compile(r"PASSWORD|PASSWD|SECRET|TOKEN|KEY|CREDENTIAL")
MASK = "***"
_SWITCH = re.compile(r"(?i)true|false|on|off|yes|no|")
"""A value that is no secret, whatever the name of its setting: PASSWORD_CHANGE_ENFORCEMENT_ENABLED=true."""


def parse_overrides(texts: Iterable[str], option: str = "--set") -> dict[str, str]:
    """Return ``NAME=VALUE`` texts of an ``option`` as a mapping, names in upper case, as the gateway ignores case.

    Raises:
        UsageError: one has another form, a name is given twice, or the load test controls it; in one line.
    """
    overrides: dict[str, str] = {}
    controlled = controlled_settings()
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not _NAME.fullmatch(name):
            raise UsageError(
                f"{option}: {redact(name)!r}: expected NAME=VALUE, as in MCPGATEWAY_UI_ENABLED=false"
            )
        name = name.upper()
        if name in controlled:
            raise UsageError(f"{option} {name}: cannot be set, the load test controls it: {controlled[name]}")
        if name in overrides:
            raise UsageError(f"{option} {name}: given twice, expected one value")
        if "\0" in value:
            raise UsageError(f"{option} {name}: the value contains a NUL character, expected text")
        overrides[name] = value
    return overrides


def check_overrides(overrides: Mapping[str, str], source: Source) -> None:
    """Reject ``overrides`` for a gateway that is not booted.

    Raises:
        UsageError: there are overrides, and ``source`` is a running gateway.
    """
    if overrides and isinstance(source, Running):
        raise UsageError(
            f"--set: GATEWAY={source.text} runs already and is not booted, expected a version or path:DIR"
        )


def shown(overrides: Mapping[str, str]) -> dict[str, str]:
    """Return ``overrides`` for reports: values of settings whose name suggests a secret are masked."""
    return {
        name: MASK if _is_secret(name, value) else redact(value) for name, value in sorted(overrides.items())
    }


def secrets_of(overrides: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values that must not appear in logs, reports and artifacts."""
    return tuple(value for name, value in overrides.items() if _is_secret(name, value))


def _is_secret(name: str, value: str) -> bool:
    return _SECRET.search(name) is not None and not _SWITCH.fullmatch(value)


def unread(overrides: Mapping[str, str], settings: Collection[str]) -> tuple[str, ...]:
    """Return a note for each override that is not in ``settings``, which are those that the gateway reads."""
    return tuple(
        f"--set {name}: this gateway reads no such setting" for name in overrides if name not in settings
    )
