"""A release of the gateway that became a known version, and what a person should know of it before merging that."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from loadtest.contract_changes import ContractChanges
from loadtest.reports.text import markdown, one_line

MOST = 100
"""Lines of one list."""
LONGEST = 80
"""Characters of a setting's default."""


@dataclass(frozen=True)
class SettingChanges:
    """What became of the environment variables that a gateway reads."""

    new: tuple[str, ...]
    gone: tuple[str, ...]
    changed: tuple[tuple[str, str, str], ...]
    """Name, default before, default now."""
    lost: tuple[str, ...]
    """Gone, and among those that we boot a gateway with."""


@dataclass(frozen=True)
class Adoption:
    """A release beside the known version that is nearest to it."""

    version: str
    template: str
    """That nearest version: the data file began with its own."""
    operations: int
    changes: ContractChanges
    unplanned: tuple[str, ...]
    """Operations that no scenario calls and that are not excluded."""
    settings: SettingChanges
    left_out: tuple[str, ...]
    """What of the template's data file is not in the new one."""


def setting_changes(
    before: Mapping[str, str], now: Mapping[str, str], ours: Collection[str]
) -> SettingChanges:
    """Return what became of the settings ``before``, variables to defaults; ``ours`` are those that we set."""
    gone = sorted(before.keys() - now.keys())
    return SettingChanges(
        new=tuple(sorted(now.keys() - before.keys())),
        gone=tuple(gone),
        changed=tuple(
            (name, before[name], now[name])
            for name in sorted(before.keys() & now.keys())
            if before[name] != now[name]
        ),
        lost=tuple(name for name in gone if name in ours),
    )


def in_markdown(adoption: Adoption) -> str:
    """Return what is new, for a terminal and for the text of a pull request."""
    changes, settings = adoption.changes, adoption.settings
    sections = (
        ("Operations without a scenario", [_code(name) for name in adoption.unplanned]),
        ("New operations", [_code(name) for name in changes.new]),
        ("Operations that are gone", [_code(name) for name in changes.gone]),
        (
            "Changed operations",
            [f"{_code(c.name)}: {markdown('; '.join(c.what), 500)}" for c in changes.changed],
        ),
        ("Settings that are gone and that the load test sets", [_code(name) for name in settings.lost]),
        ("New settings", [_code(name) for name in settings.new]),
        ("Settings that are gone", [_code(name) for name in settings.gone]),
        (
            "Settings with another default",
            [f"{_code(name)}: {_value(now)}, before {_value(old)}" for name, old, now in settings.changed],
        ),
        (f"Of {adoption.template}, and not carried over", [markdown(words) for words in adoption.left_out]),
    )
    about = (
        f"Compared with {markdown(adoption.template)}, whose data file was the template. "
        f"{adoption.operations} operations: {changes.line}. Settings: {len(settings.new)} new, "
        f"{len(settings.gone)} gone, {len(settings.changed)} with another default."
    )
    lines = [f"## Gateway {markdown(adoption.version)}", "", about]
    for title, items in sections:
        lines += _section(title, items)
    return "\n".join(lines) + "\n"


def _section(title: str, items: Sequence[str]) -> Iterator[str]:
    if not items:
        return
    yield from ("", f"### {title} ({len(items)})", "")
    yield from (f"- {item}" for item in items[:MOST])
    if len(items) > MOST:
        yield f"- and {len(items) - MOST} more"


def _code(name: str) -> str:
    """Return a name as code: within backticks nothing is markup but a backtick."""
    return f"`{one_line(name).replace('`', chr(39))}`"


def _value(text: str) -> str:
    return _code(one_line(text, LONGEST)) if text else "none"
