"""How each gateway version answers negative cases: recorded outcomes, and the reasons for those that are no refusal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec
from packaging.specifiers import SpecifierSet

from loadtest.core.files import read_json, read_toml
from loadtest.core.record import Record
from loadtest.versions import data as versions

Outcomes = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Operation → label of the case → outcomes: ``401``, ``200 -32601``, ``303 error``."""

BY_PUBLIC_TOKEN = "token for no team"  # noqa: S105
"""Label of a request with a token of the administrator that shows public entities only."""
BY_TEAM_TOKEN = "token for one team"  # noqa: S105
"""Label of a request with a token of the administrator that shows the entities of one team and public ones."""
ACCESS_REFUSED = frozenset(("401", "403"))
"""Outcomes of a request whose caller may not use the operation."""

RULES = Path(__file__).parent / "shared" / "refusals.toml"


class ReasonClass(StrEnum):
    """Why a negative case is not refused."""

    PUBLIC = "public"
    """The operation needs no credentials."""
    EVERY_USER = "every user"
    """The operation is for every signed-in user, and about that user only."""
    LENIENT = "lenient"
    """The request is accepted without an effect on what it names."""
    DEFECT = "defect"
    """A fault of the gateway."""


class Answered(Record, frozen=True, kw_only=True):
    """Negative cases that are answered without a refusal, and why."""

    operations: tuple[str, ...]
    """Patterns of :mod:`fnmatch` over ``METHOD /path``."""
    cases: tuple[str, ...]
    """Labels of cases."""
    outcomes: tuple[str, ...] = ("2*", "3*")
    """Patterns of :mod:`fnmatch` over outcomes."""
    kind: ReasonClass
    reason: str
    gateway: str = ""
    """A PEP 440 specifier; empty for every version."""

    def __post_init__(self) -> None:
        SpecifierSet(self.gateway)


class Unsent(Record, frozen=True, kw_only=True):
    """Negative cases that are not sent, and why."""

    operations: tuple[str, ...]
    """Patterns of :mod:`fnmatch` over ``METHOD /path``."""
    cases: tuple[str, ...]
    """Patterns of :mod:`fnmatch` over labels of cases."""
    reason: str


class RefusalRules(Record, frozen=True, kw_only=True):
    """The written part of the data, shared by all versions."""

    answered: tuple[Answered, ...] = ()
    unsent: tuple[Unsent, ...] = ()

    def reason(self, operation: str, label: str, outcome: str) -> Answered | None:
        """Return the entry that explains an ``outcome`` that is no refusal, or None."""
        for one in self.answered:
            if (
                label in one.cases
                and _among(operation, one.operations)
                and any(fnmatchcase(outcome, pattern) for pattern in one.outcomes)
            ):
                return one
        return None

    def sends(self, operation: str, label: str) -> bool:
        """Return whether the case is sent."""
        return not any(_among(operation, one.operations) and _among(label, one.cases) for one in self.unsent)


def load_rules(version: str | None = None, more: Iterable[Path] = ()) -> RefusalRules:
    """Return the rules that apply to ``version``, those in the files ``more`` first; all of them if it is None.

    Raises:
        UsageError: a file is invalid.
    """
    files = [read_toml(path, RefusalRules) for path in (*more, RULES)]
    rules = RefusalRules(
        answered=tuple(one for file in files for one in file.answered),
        unsent=tuple(one for file in files for one in file.unsent),
    )
    if version is None:
        return rules
    applying = tuple(
        one
        for one in rules.answered
        if not one.gateway or SpecifierSet(one.gateway).contains(version, prereleases=True)
    )
    return msgspec.structs.replace(rules, answered=applying)


def path_of(version: str) -> Path:
    """Return the path of the recorded outcomes of ``version``."""
    return versions.DIRECTORY / f"{version}.refusals.json"


def load_outcomes(version: str) -> Outcomes:
    """Return the recorded outcomes of ``version``; empty if nothing is recorded.

    Raises:
        UsageError: the file is invalid.
    """
    path = path_of(version)
    if not path.is_file():
        return {}
    stored = read_json(path, dict[str, dict[str, str]], "recorded refusals")
    return {
        operation: {label: tuple(text.split(ALTERNATIVE)) for label, text in cases.items()}
        for operation, cases in stored.items()
    }


ALTERNATIVE = " or "
"""Between the outcomes of a case that has several."""


def stored_form(outcomes: Outcomes) -> str:
    """Return ``outcomes`` in their stored form: one line for each operation, sorted."""
    lines = (
        f"{json.dumps(operation)}: {json.dumps(_joined(outcomes[operation]), sort_keys=True)}"
        for operation in sorted(outcomes)
    )
    return "{\n" + ",\n".join(lines) + "\n}\n"


def merged(runs: Iterable[Outcomes]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the outcomes of several ``runs`` together; a case that differs between them has several."""
    result: dict[str, dict[str, tuple[str, ...]]] = {}
    for run in runs:
        for operation, cases in run.items():
            own = result.setdefault(operation, {})
            for label, outcomes in cases.items():
                own[label] = tuple(sorted({*own.get(label, ()), *outcomes}))
    return result


def is_recordable(label: str, outcomes: Iterable[str]) -> bool:
    """Return whether a case is recorded: one with a limited token only if access is refused.

    No contract states which operations such a token may use.
    """
    return label not in (BY_PUBLIC_TOKEN, BY_TEAM_TOKEN) or set(outcomes) <= ACCESS_REFUSED


def _joined(cases: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {label: ALTERNATIVE.join(sorted(outcomes)) for label, outcomes in cases.items()}


def _among(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern.replace("[", "[[]")) for pattern in patterns)
