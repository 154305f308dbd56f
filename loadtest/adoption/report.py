"""Report on a new known version, for the terminal and for the pull request that adds it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from loadtest.adoption.draft import OldPackages
from loadtest.openapi.diff import Alias, ContractDiff, OperationDifference
from loadtest.reports.text import markdown, one_line, printable

SHOWN = 20
"""Maximum lines of a list on a terminal; the summary has all of them."""
WIDEST = 200
"""Maximum characters of a line on a terminal."""
FOLDER = "loadtest/versions"


@dataclass(frozen=True)
class SettingChanges:
    """Changes in the environment variables that a gateway reads."""

    new: tuple[str, ...]
    gone: tuple[str, ...]
    changed: tuple[tuple[str, str, str], ...]
    """Name, default before, default now."""
    lost: tuple[str, ...]
    """Gone, and set when a gateway is booted."""


@dataclass(frozen=True)
class Adoption:
    """A release compared with the known version whose contract is closest."""

    version: str
    template: str
    """The closest version, whose data file is the template."""
    operations: int
    changes: ContractDiff
    unplanned: tuple[str, ...]
    """Operations that no scenario calls and that are not excluded."""
    settings: SettingChanges
    left_out: tuple[str, ...]
    """Parts of the template's data file that are not in the new one."""
    packages: OldPackages | None = None
    """Set if its lock is not resolved with the current packages."""


def setting_changes(
    before: Mapping[str, str], now: Mapping[str, str], ours: Collection[str]
) -> SettingChanges:
    """Compare settings, which map variables to defaults; ``ours`` are those that the load test sets."""
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


class CodeSpan(str):
    """A name, a path, a value or a command, shown as code."""

    __slots__ = ()


Words = Sequence[str]
"""A sentence in parts; those that are :class:`CodeSpan` are shown as such."""


def in_markdown(adoption: Adoption) -> str:
    """Return the report in Markdown, for a file and for the text of a pull request."""
    lines = [f"## Gateway {markdown(adoption.version)}", "", _marked(_about(adoption))]
    for title, items in _sections(adoption):
        if items:
            lines += ["", f"### {title} ({len(items)})", "", *(f"- {_marked(item)}" for item in items)]
    lines += ["", "### Next", "", *(f"{n}. {_marked(item)}" for n, item in enumerate(_next(adoption), 1))]
    return "\n".join(lines) + "\n"


def in_plain_text(adoption: Adoption, summary: Path) -> str:
    """Return the report for a terminal, with long lists shortened; ``summary`` is the path of the full report."""
    lines = [f"Gateway {one_line(adoption.version)}", "", _plain(_about(adoption))]
    for title, items in _sections(adoption):
        if items:
            lines += ["", f"{title} ({len(items)}):"]
            lines += [f"  {one_line(_plain(item), WIDEST)}" for item in items[:SHOWN]]
            if len(items) > SHOWN:
                lines.append(f"  … all {len(items)} in {summary}")
    lines += ["", "Next:", *(f"  {n}. {_plain(item)}" for n, item in enumerate(_next(adoption), 1))]
    lines += ["", f"All of this, in Markdown and in full: {summary}"]
    return "\n".join(lines) + "\n"


def _about(adoption: Adoption) -> Words:
    changes, settings = adoption.changes, adoption.settings
    about = (
        f"Compared with {adoption.template}, the known version with the fewest differences, whose data file was the "
        f"template. {adoption.operations} operations: {changes.line}. Settings: {len(settings.new)} new, "
        f"{len(settings.gone)} gone, {len(settings.changed)} with another default."
    )
    if adoption.packages is None:
        return (about,)
    day = adoption.packages.day
    old = f" Its lock holds the packages of {day}, the day of its upload, because it fails with the current ones: "
    return about, old, CodeSpan(adoption.packages.why)


def _sections(adoption: Adoption) -> Iterator[tuple[str, list[Words]]]:
    changes, settings = adoption.changes, adoption.settings
    yield "Operations without a scenario", _names(adoption.unplanned)
    yield (
        "New paths that mirror others",
        [_alias(one) for one in changes.aliases],
    )
    yield "New operations", _names(changes.new)
    yield "Operations that are gone", _names(changes.gone)
    yield "Changed operations", [_change(one) for one in changes.changed]
    yield "Settings that are gone and that the load test sets", _names(settings.lost)
    yield "New settings", _names(settings.new)
    yield "Settings that are gone", _names(settings.gone)
    yield (
        "Settings with another default",
        [
            (CodeSpan(name), ": ", *_value(now), ", before ", *_value(old))
            for name, old, now in settings.changed
        ],
    )
    yield f"Not carried over from {adoption.template}", [(words,) for words in adoption.left_out]


def _next(adoption: Adoption) -> Iterator[Words]:
    data, template = (f"{FOLDER}/{name}.toml" for name in (adoption.version, adoption.template))
    yield (
        "Read ",
        CodeSpan(data),
        "; ",
        CodeSpan(f"git diff --no-index {template} {data}"),
        " shows what changed.",
    )
    yield (
        CodeSpan(f"make load-test-ci GATEWAY={adoption.version}"),
        " shows the coverage, the failures, and stale known failures.",
    )
    if adoption.unplanned:
        yield (
            f"Write scenarios for the {len(adoption.unplanned)} operations without one in ",
            CodeSpan("loadtest/users/"),
            ", or exclude them with a reason under ",
            CodeSpan("[[excluded]]"),
            ".",
        )
    yield (
        "List the faults of the gateway under ",
        CodeSpan("[[known]]"),
        ", and delete the stale entries.",
    )
    yield (
        CodeSpan("make docs"),
        ", ",
        CodeSpan("make test"),
        ", and a line in ",
        CodeSpan("CHANGELOG.md"),
        ".",
    )


def _names(names: Sequence[str]) -> list[Words]:
    return [(CodeSpan(name),) for name in names]


def _alias(alias: Alias) -> Words:
    """Return which path mirrors which, the number of operations, and those that differ."""
    words: list[str] = [
        CodeSpan(alias.new),
        " mirrors ",
        CodeSpan(alias.mirrors),
        f" ({len(alias.operations)} operations)",
    ]
    for number, name in enumerate(alias.own):
        words += [", " if number else "; of its own: ", CodeSpan(name)]
    return words


def _change(change: OperationDifference) -> Words:
    """Return a changed operation: its name, and what changed in each part."""
    words: list[str] = [CodeSpan(change.name)]
    where = ""
    for number, one in enumerate(change.what):
        words.append("; " if number else " ")
        if one.where and one.where != where:
            words.append(f"{one.where}: ")
        where = one.where
        words += [CodeSpan(one.field), f" {one.what}"] if one.field else [one.what]
    return words


def _value(text: str) -> Words:
    return (CodeSpan(text),) if text else ("none",)


def _plain(words: Words) -> str:
    return "".join(
        one_line(word, 10_000) if isinstance(word, CodeSpan) else printable(word) for word in words
    )


def _marked(words: Words) -> str:
    return "".join(_code(word) if isinstance(word, CodeSpan) else _prose(word) for word in words)


def _prose(word: str) -> str:
    """Return ``word`` with markup escaped; leading and trailing spaces are kept."""
    bare = word.strip(" ")
    if not bare:
        return word
    before, _, after = word.partition(bare)
    return f"{before}{markdown(bare, 10_000)}{after}"


def _code(name: str) -> str:
    """Return a name as a code span, in which only a backtick is markup."""
    return f"`{one_line(name, 10_000).replace('`', chr(39))}`"
