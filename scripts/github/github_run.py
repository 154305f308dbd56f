"""Run ``loadtest run`` with the inputs of the action as options, in place of this process.

Empty inputs are omitted, so that the environment, the profile or the default applies.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from merge_base import MERGE_BASE, NoBaseError, check_out_base

from loadtest.core.errors import ExitCode
from loadtest.core.setting import Flag, Repeated, Setting
from loadtest.core.settings import ALL


def arguments(inputs: Mapping[str, str]) -> list[str]:
    """Return the arguments of ``loadtest`` for the variables ``INPUT_…``.

    Each value is joined to its option with ``=``, so that a value with a leading dash is not read as an option.
    """
    given = [(one, value) for one in ALL if one.input for value in values(one, inputs)]
    return ["run", *(word for one, value in given if (word := _argument(one, value)))]


def _argument(setting: Setting[Any], value: str) -> str:
    """Return the argument for ``value``; empty for a flag that is off. The command refuses another value of a flag."""
    on_or_off = {"true": setting.option, "false": ""} if isinstance(setting.type, Flag) else {}
    return on_or_off.get(value.lower(), f"{setting.option}={value}")


def values(setting: Setting[Any], inputs: Mapping[str, str]) -> list[str]:
    """Return the values of the input of ``setting``."""
    text = inputs.get(f"INPUT_{setting.input.upper().replace('-', '_')}", "")
    if setting.repeated is Repeated.WORDS:
        return text.replace(",", " ").split()
    lines = text.splitlines() if setting.repeated is Repeated.LINES else [text]
    return [line.strip() for line in lines if line.strip()]


def with_base(inputs: Mapping[str, str]) -> Mapping[str, str]:
    """Return ``inputs`` with the checkout of the base instead of ``merge-base``.

    Raises:
        NoBaseError: it cannot be checked out.
    """
    if inputs.get("INPUT_BASE", "").strip() != MERGE_BASE:
        return inputs
    workspace = Path(inputs.get("GITHUB_WORKSPACE", "."))
    directory = Path(inputs["RUNNER_TEMP"]) / "contextforge-base"
    base = check_out_base(workspace, directory, inputs.get("GITHUB_BASE_REF", ""))
    return {**inputs, "INPUT_BASE": base}


def main() -> int:
    """Replace this process with ``loadtest run``; return 2 if the base cannot be checked out."""
    try:
        inputs = with_base(os.environ)
    except NoBaseError as error:
        print(f"::error title=No base::{error}")
        return int(ExitCode.USAGE)
    loadtest = Path(sys.executable).parent / "loadtest"
    return os.execv(loadtest, [str(loadtest), *arguments(inputs)])  # noqa: S606


if __name__ == "__main__":
    sys.exit(main())
