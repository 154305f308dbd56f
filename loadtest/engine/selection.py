"""Which scenarios the arguments for Locust select, and whether their tags and user classes exist."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from loadtest.core.errors import UsageError
from loadtest.results.run import Scenario

FLAGS = frozenset(
    (
        *("-h", "--help", "-l", "--list", "--headless", "--autostart", "--headful", "--web-login"),
        *("--class-picker", "--legacy-ui", "--master", "--enable-rebalancing", "--expect-slaves", "--worker"),
        *("--slave", "--csv-full-history", "--print-stats", "--only-summary", "--reset-stats", "--json"),
        *("--skip-log-setup", "--show-task-ratio", "--show-task-ratio-json", "--version", "-V"),
        *("--equal-weights", "--otel"),
    )
)
"""Options of Locust without a value."""
ONE_VALUE = frozenset(
    (
        *("-f", "--locustfile", "--config", "-H", "--host", "-u", "--users", "-r", "--spawn-rate", "-t"),
        *("--run-time", "--web-host", "--web-host-display-name", "--web-port", "-P", "--autoquit"),
        *(
            "--web-auth",
            "--tls-cert",
            "--tls-key",
            "--build-path",
            "--master-bind-host",
            "--master-bind-port",
        ),
        *("--expect-workers", "--expect-workers-max-wait", "--processes", "--master-host", "--master-port"),
        *("--web-base-path", "--csv", "--html", "--json-file", "--loglevel", "-L", "--logfile"),
        *("--exit-code-on-error", "-s", "--stop-timeout", "--profile"),
    )
)
"""Options of Locust with one value."""
_TAGS = frozenset(("-T", "--tags"))
_EXCLUDED = frozenset(("-E", "--exclude-tags"))
SEVERAL_VALUES = _TAGS | _EXCLUDED | {"--config-users"}
"""Options of Locust that take every argument up to the next option."""
_OPTIONS = FLAGS | ONE_VALUE | SEVERAL_VALUES


@dataclass(frozen=True)
class Selection:
    """The scenarios that the arguments for Locust name; all of them if it is empty."""

    tags: tuple[str, ...] = ()
    exclude_tags: tuple[str, ...] = ()
    user_classes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Return whether it names any."""
        return bool(self.tags or self.exclude_tags or self.user_classes)


def read_selection(arguments: Sequence[str]) -> Selection:
    """Return what ``arguments`` for Locust select, as argparse reads them.

    Arguments after an option that Locust may have added meanwhile are not read, as they may be its values.
    """
    tags: list[str] = []
    excluded: list[str] = []
    classes: list[str] = []
    values: list[str] | None = classes
    single = False
    for place, argument in enumerate(arguments):
        if argument == "--":
            classes += arguments[place + 1 :]
            break
        if not argument.startswith("-") or argument == "-":
            if single:
                single, values = False, classes
            elif values is not None:
                values.append(argument)
            continue
        name, attached = _split(argument)
        if name not in _OPTIONS:
            break
        single = name in ONE_VALUE and attached is None
        target = tags if name in _TAGS else excluded if name in _EXCLUDED else None
        if target is not None and attached is not None:
            target.append(attached)
        values = classes if name not in SEVERAL_VALUES or attached is not None else target
    return Selection(tuple(tags), tuple(excluded), tuple(classes))


def select(selection: Selection, scenarios: Collection[Scenario]) -> tuple[Scenario, ...]:
    """Return the scenarios that ``selection`` names.

    Raises:
        UsageError: a tag or a user class does not exist, or nothing remains.
    """
    tags, classes = known_tags(scenarios), user_classes(scenarios)
    for option, given in (("--tags", selection.tags), ("--exclude-tags", selection.exclude_tags)):
        for tag in given:
            if tag not in tags:
                raise UsageError(f"{option} {tag}: no scenario has this tag, expected {', '.join(tags)}")
    for name in selection.user_classes:
        if name not in classes:
            raise UsageError(_unknown_class(name, classes))
    chosen = tuple(
        one
        for one in scenarios
        if (not selection.user_classes or _class_of(one) in selection.user_classes)
        and (not selection.tags or not set(selection.tags).isdisjoint(one.tags))
        and set(selection.exclude_tags).isdisjoint(one.tags)
    )
    if not chosen:
        raise UsageError("tags and user classes: no scenario has all that is asked for; see --list-scenarios")
    return chosen


def known_tags(scenarios: Iterable[Scenario]) -> tuple[str, ...]:
    """Return the tags of ``scenarios``."""
    return tuple(sorted({tag for one in scenarios for tag in one.tags}))


def user_classes(scenarios: Iterable[Scenario]) -> tuple[str, ...]:
    """Return the names of the user classes of ``scenarios``."""
    return tuple(sorted({_class_of(one) for one in scenarios}))


def _class_of(scenario: Scenario) -> str:
    return scenario.name.partition(".")[0]


def _unknown_class(name: str, classes: Sequence[str]) -> str:
    if name.endswith(".py"):
        return (
            f"{name}: expected the names of user classes, as loadtest runs its own locustfile; to judge a run of "
            "yours, use `loadtest report --csv PREFIX`"
        )
    similar = difflib.get_close_matches(name, classes, 3)
    shown = f"{', '.join(similar)} or another" if similar else "one"
    return f"{name}: is no user class, expected {shown} of --list-scenarios: {', '.join(classes)}"


def _split(argument: str) -> tuple[str, str | None]:
    """Return the full name of an option, and the value attached to it."""
    if not argument.startswith("--"):
        attached = argument[2:].removeprefix("=")
        return argument[:2], attached or None
    name, equals, value = argument.partition("=")
    matching = [one for one in _OPTIONS if one.startswith(name)]
    full = name if name in _OPTIONS else matching[0] if len(matching) == 1 else name
    return full, value if equals else None
