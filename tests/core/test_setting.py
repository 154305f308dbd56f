"""The types of settings, and how a setting is read from the environment."""

import re
from typing import Any

import pytest

from loadtest.core import settings
from loadtest.core.errors import UsageError
from loadtest.core.setting import Choice, Duration, Number, Setting, Text, WholeNumber
from loadtest.core.settings import (
    EXPECT_WORKERS,
    GATEWAY_WORKERS,
    MASTER_PORT,
    PROCESSES,
    RATE,
    RUN_TIME,
    SETUP_SECONDS,
    SPAWN_RATE,
    USERS,
    WORKERS_WITHIN,
)


def by_variable(value: object) -> str | None:
    return value.variable if isinstance(value, Setting) else None


@pytest.mark.parametrize(
    ("text", "expected"), [("60s", 60), ("90", 90), ("1m30s", 90), ("2h", 7200), (" 10m ", 600)]
)
def test_durations(text: str, expected: int) -> None:
    assert Duration().parse(text) == expected


@pytest.mark.parametrize(
    "text", ["0", "0s", "soon", "-5", "1.5s", "5s1m", "s", "1e11h", "99999999999h", "9" * 5000]
)
@pytest.mark.parametrize("setting", [RUN_TIME, WORKERS_WITHIN], ids=by_variable)
def test_invalid_durations(setting: Setting[float], text: str) -> None:
    with pytest.raises(UsageError, match=f"^{setting.variable}={text[:60]}: expected a duration such as 60s"):
        setting.read({setting.variable: text})


@pytest.mark.parametrize(
    "value", ["none", "-1", "0", "nan", "inf", "1e20", "1e999", "0.5", "2.9", "9" * 5000]
)
@pytest.mark.parametrize(
    "setting", [USERS, PROCESSES, EXPECT_WORKERS, MASTER_PORT, GATEWAY_WORKERS], ids=by_variable
)
def test_invalid_counts(setting: Setting[int], value: str) -> None:
    assert isinstance(setting.type, WholeNumber)
    expected = rf"^{setting.variable}={re.escape(value[:60])}: expected a whole number from 1 to {setting.type.most}$"
    with pytest.raises(UsageError, match=expected):
        setting.read({setting.variable: value})
    assert setting.read({setting.variable: " "}) is None
    assert setting.read({setting.variable: " 12 "}) == 12


@pytest.mark.parametrize("value", ["none", "-1", "0", "nan", "inf", "1e20"])
@pytest.mark.parametrize("setting", [SPAWN_RATE, RATE], ids=by_variable)
def test_invalid_rates(setting: Setting[float], value: str) -> None:
    with pytest.raises(
        UsageError, match=f"^{setting.variable}={value}: expected a number from 0.001 to 10000$"
    ):
        setting.read({setting.variable: value})
    assert setting.read({setting.variable: "2.5"}) == 2.5


def test_zero_seconds_of_set_up_are_valid() -> None:
    assert SETUP_SECONDS.get({}) == SETUP_SECONDS.get({"LOADTEST_SETUP_SECONDS": "0"}) == 0
    with pytest.raises(UsageError, match=r"^LOADTEST_SETUP_SECONDS=abc: expected a number from 0 to 86400"):
        SETUP_SECONDS.read({"LOADTEST_SETUP_SECONDS": "abc"})


def test_a_choice_names_its_values() -> None:
    with pytest.raises(UsageError, match=r"^DATABASE=mysql: expected sqlite or postgres$"):
        settings.DATABASE.read({"DATABASE": "mysql"})
    assert Choice(("a", "b", "c")).expected == "a, b or c"


def test_an_alias_is_read_after_the_variable() -> None:
    assert settings.TOKEN.read({"MCPGATEWAY_BEARER_TOKEN": "theirs"}) == "theirs"
    both = {"MCPGATEWAY_BEARER_TOKEN": "theirs", "LOADTEST_TOKEN": "ours"}
    assert settings.TOKEN.read(both) == "ours"
    assert settings.TOKEN.read(both | {"LOADTEST_TOKEN": ""}) == "theirs"


def test_a_secret_is_read_as_it_is() -> None:
    assert settings.ADMIN_PASSWORD.read({"LOADTEST_ADMIN_PASSWORD": " a b "}) == " a b "


@pytest.mark.parametrize(
    "setting", [one for one in settings.ALL if one.default], ids=lambda one: one.variable or one.option
)
def test_every_default_is_valid(setting: Setting[Any]) -> None:
    assert setting.or_default(None) is not None


@pytest.mark.parametrize("names", ["variable", "alias", "option", "short", "input"])
def test_no_two_settings_share_a_name(names: str) -> None:
    used = [name for one in settings.ALL if (name := getattr(one, names))]
    assert len(used) == len(set(used))


def test_every_setting_can_be_set() -> None:
    assert [one for one in settings.ALL if not (one.variable or one.option)] == []
    assert [one for one in settings.ALL if one.input and not one.option] == []


def test_the_smallest_and_largest_numbers_are_valid() -> None:
    for kind in (WholeNumber(1, 5), Number(1, 5)):
        assert (kind.parse("1"), kind.parse("5")) == (1, 5)
    assert WholeNumber(1, 5000).parse("1e3") == 1000


def test_a_text_is_any_text() -> None:
    assert Text("X").parse(" ünïcode ") == " ünïcode "
