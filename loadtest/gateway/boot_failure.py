"""Why a gateway did not boot, in one line, from the last lines of its log."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

LONGEST = 300
"""Characters of a reason."""

_VALIDATION = re.compile(r"\d+ validation errors? for \w+")
_DETAIL = re.compile(r" *\[type=.*")
"""Suffix that pydantic appends to a reason; it repeats the value, which may be a secret."""
_UNREADABLE = re.compile(r'SettingsError: error parsing value for field "(\w+)"')
_CONFIGURATION = re.compile(r"\w*(?:Configuration|Settings?)Error: ([a-z][a-z0-9_]*): (.+)")
"""The gateway's own check of secrets; sentences of advice follow the reason."""
_EXCEPTION = re.compile(r"^\s*(?:[\w.]+\.)?(\w*(?:Error|Exception|Exit))(?:: (.*))?$")


def refused_settings(lines: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return each setting that the gateway rejected, as variable and reason."""
    return tuple(dict.fromkeys((*_refused(lines), *_unreadable(lines), *_configuration(lines))))


def reason_in(lines: Sequence[str]) -> str | None:
    """Return why the gateway did not boot: rejected settings, else its last exception, else None.

    ``lines`` are the last lines of its log, or of the output of a command.
    """
    refused = refused_settings(lines)
    if refused:
        return "it refuses " + "; ".join(f"{name}: {why}" for name, why in refused)[:LONGEST]
    for line in reversed(lines):
        found = _EXCEPTION.match(line)
        if found:
            return ": ".join(part for part in found.groups() if part)[:LONGEST]
    return None


def _refused(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the fields of a pydantic validation error: a field on one line, its reason indented on the next."""
    for start, line in enumerate(lines):
        if not _VALIDATION.search(line):
            continue
        name = ""
        for below in lines[start + 1 :]:
            if re.fullmatch(r"[\w.]+", below):
                name = below.upper()
            elif name and below.startswith("  ") and not below.lstrip().startswith("For further"):
                why = _DETAIL.sub("", below.strip()).removeprefix("Value error, ")
                yield name, why.removeprefix("Assertion failed, ") or "refused"
                name = ""
            elif not below.startswith(" "):
                break


def _configuration(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        if found := _CONFIGURATION.search(line):
            yield found[1].upper(), found[2].partition(". ")[0].rstrip(".")


def _unreadable(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        if found := _UNREADABLE.search(line):
            yield found[1].upper(), "the value cannot be parsed"
