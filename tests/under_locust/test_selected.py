"""The options that we read of Locust are those of the installed Locust, and its tags are those of the plan."""

from __future__ import annotations

from typing import Any

from locust.argument_parser import get_parser

from loadtest.engine import selection
from loadtest.engine.scenario_plan import discover_scenarios
from loadtest.users.classes import user_classes


def test_every_option_of_locust_is_listed_by_its_number_of_values() -> None:
    found: dict[Any, set[str]] = {0: set(), None: set(), "*": set()}
    for action in get_parser()._actions:
        found[action.nargs] |= set(action.option_strings)
    assert found[0] == selection.FLAGS
    assert found[None] == selection.ONE_VALUE
    assert found["*"] == selection.SEVERAL_VALUES


def test_the_tags_of_the_plan_are_those_by_which_locust_selects() -> None:
    planned = {one.name: set(one.tags) for one in discover_scenarios(soak=True, deep=True)}
    served = {
        f"{name}.{getattr(task, '__name__', '')}": set(getattr(task, "locust_tag_set", ()))
        for name, user_class in user_classes().items()
        for task in user_class.tasks
    }
    assert served == planned
    assert {"slow", "teams"} < set().union(*planned.values())
