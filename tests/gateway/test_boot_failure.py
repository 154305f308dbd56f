"""The reason why a gateway did not boot is one line."""

from __future__ import annotations

import pytest

from loadtest.gateway.boot_failure import reason_in, refused_settings

REFUSED = """\
Traceback (most recent call last):
  File "mcpgateway/config.py", line 3100, in <module>
    settings = get_settings()
pydantic_core._pydantic_core.ValidationError: 2 validation errors for Settings
default_user_password
  Value error, too short [type=value_error, input_value='geheim', input_type=str]
    For further information visit https://errors.example/v/value_error
port
  Input should be a valid integer [type=int_parsing, input_value='x', input_type=str]
    For further information visit https://errors.example/v/int_parsing
"""


def test_refused_settings_are_named_as_variables_without_their_values() -> None:
    lines = REFUSED.splitlines()
    assert refused_settings(lines) == (
        ("DEFAULT_USER_PASSWORD", "too short"),
        ("PORT", "Input should be a valid integer"),
    )
    reason = reason_in([*lines, "during handling", "RuntimeError: gone"])
    assert reason == "it refuses DEFAULT_USER_PASSWORD: too short; PORT: Input should be a valid integer"


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (
            ["INFO ready", "ImportError: cannot import name 'x' from 'mcp' (a.py)", "  ^^^", ""],
            "ImportError: cannot import name 'x' from 'mcp' (a.py)",
        ),
        (["sqlalchemy.exc.OperationalError: locked", "INFO bye"], "OperationalError: locked"),
        (
            [
                "a.b.SecurityConfigurationError: default_user_password: too short (8 chars, minimum 12). Run 'x.y'.",
                "ERROR: Application startup failed. Exiting.",
            ],
            "it refuses DEFAULT_USER_PASSWORD: too short (8 chars, minimum 12)",
        ),
        (["ValueError: first", "KeyError: 'second'"], "KeyError: 'second'"),
        (
            [
                'pydantic_settings.exceptions.SettingsError: error parsing value for field "roots" from source "x"'
            ],
            "it refuses ROOTS: the value cannot be parsed",
        ),
        (["INFO ready", "Errors: none"], None),
        ([], None),
    ],
)
def test_else_it_is_the_last_exception(lines: list[str], reason: str | None) -> None:
    assert reason_in(lines) == reason
