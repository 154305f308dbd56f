"""Defaults of options in ``[tool.loadtest]`` of ``pyproject.toml``: below the command line and the environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loadtest.core import settings
from loadtest.core.errors import UsageError
from loadtest.core.files import parse_toml
from loadtest.core.setting import Audience, Setting

FILE = Path("pyproject.toml")


def declared() -> dict[str, Setting[Any]]:
    """Return the settings that the table may contain: those with an option, by the name of the option."""
    return {
        one.option.removeprefix("--"): one
        for one in settings.ALL
        if one.option and one.audience is Audience.USER
    }


def read_defaults(path: Path = FILE) -> Mapping[str, Any]:
    """Return the values in the table by parameter, as text or a tuple of texts; empty without the file or the table.

    Raises:
        UsageError: the file is not valid TOML, or a key or a value of the table is not valid.
    """
    if not path.is_file():
        return {}
    tool = parse_toml(path).get("tool")
    table = tool.get("loadtest", {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        raise UsageError(f"{path}: tool.loadtest: expected a table")
    known = declared()
    found: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            raise UsageError(f"{path}: [tool.loadtest] {key}: unknown, expected {', '.join(known)}")
        found[known[key].parameter] = _value(f"{path}: [tool.loadtest] {key} = ", known[key], value)
    return found


def _value(place: str, setting: Setting[Any], value: Any) -> Any:
    if setting.repeated is None:
        return _text(place, setting, value)
    if not isinstance(value, list):
        raise UsageError(f"{place}{value}: expected a list")
    return tuple(_text(place, setting, one) for one in value)


def _text(place: str, setting: Setting[Any], value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UsageError(f"{place}{value}: expected {setting.type.expected}")
    setting.parse(str(value), place)
    return str(value)
