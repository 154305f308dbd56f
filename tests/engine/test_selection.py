"""Tags and user classes in the arguments for Locust."""

import re

import pytest

from loadtest.core.errors import UsageError
from loadtest.engine.selection import Selection, known_tags, read_selection, select, user_classes
from loadtest.results.run import Scenario


def scenario(name: str, *tags: str) -> Scenario:
    return Scenario(name=name, area="a", file="f.py", line=1, tags=tags)


SCENARIOS = (
    scenario("TeamsUser.lifecycle", "teams"),
    scenario("TeamsUser.waits", "slow", "teams"),
    scenario("ToolsUser.lifecycle", "tools"),
)


@pytest.mark.parametrize(
    ("arguments", "selection"),
    [
        ((), Selection()),
        (("TeamsUser", "ToolsUser"), Selection(user_classes=("TeamsUser", "ToolsUser"))),
        (("--tags", "a", "b"), Selection(tags=("a", "b"))),
        (("TeamsUser", "-T", "a", "-E", "b", "c"), Selection(("a",), ("b", "c"), ("TeamsUser",))),
        (("--tag", "a"), Selection(tags=("a",))),
        (("--tags=a", "TeamsUser"), Selection(tags=("a",), user_classes=("TeamsUser",))),
        (("-Ta",), Selection(tags=("a",))),
        (("-u", "5", "TeamsUser"), Selection(user_classes=("TeamsUser",))),
        (("-u5", "TeamsUser"), Selection(user_classes=("TeamsUser",))),
        (("--users=5", "TeamsUser"), Selection(user_classes=("TeamsUser",))),
        (("--print-stats", "TeamsUser"), Selection(user_classes=("TeamsUser",))),
        (("--config-users", "{}", "{}", "--print-stats"), Selection()),
        (("--tags", "a", "--", "TeamsUser"), Selection(tags=("a",), user_classes=("TeamsUser",))),
        (("TeamsUser", "--invented", "value"), Selection(user_classes=("TeamsUser",))),
    ],
)
def test_arguments_are_read_as_locust_reads_them(arguments: tuple[str, ...], selection: Selection) -> None:
    assert read_selection(arguments) == selection


@pytest.mark.parametrize(
    ("selection", "names"),
    [
        (Selection(), ["TeamsUser.lifecycle", "TeamsUser.waits", "ToolsUser.lifecycle"]),
        (Selection(tags=("tools", "slow")), ["TeamsUser.waits", "ToolsUser.lifecycle"]),
        (Selection(exclude_tags=("slow",)), ["TeamsUser.lifecycle", "ToolsUser.lifecycle"]),
        (Selection(("teams",), ("slow",), ("TeamsUser",)), ["TeamsUser.lifecycle"]),
    ],
)
def test_selected_scenarios(selection: Selection, names: list[str]) -> None:
    assert [one.name for one in select(selection, SCENARIOS)] == names


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        (
            Selection(tags=("nosuchtag",)),
            "--tags nosuchtag: no scenario has this tag, expected slow, teams, tools",
        ),
        (
            Selection(exclude_tags=("x",)),
            "--exclude-tags x: no scenario has this tag, expected slow, teams, tools",
        ),
        (
            Selection(user_classes=("ToolUser",)),
            "ToolUser: is no user class, expected ToolsUser",
        ),
        (
            Selection(user_classes=("Zzz",)),
            "Zzz: is no user class, expected one of --list-scenarios: TeamsUser, ",
        ),
        (Selection(user_classes=("locustfile.py",)), "locustfile.py: expected the names of user classes"),
        (Selection(tags=("slow",), user_classes=("ToolsUser",)), "no scenario has all that is asked for"),
    ],
)
def test_an_unknown_name_is_one_line_with_the_valid_ones(selection: Selection, words: str) -> None:
    with pytest.raises(UsageError, match=re.escape(words)) as error:
        select(selection, SCENARIOS)
    assert "\n" not in str(error.value)


def test_the_names_to_choose_from() -> None:
    assert known_tags(SCENARIOS) == ("slow", "teams", "tools")
    assert user_classes(SCENARIOS) == ("TeamsUser", "ToolsUser")
