"""The parts of the Makefile, ``action.yml`` and ``docs/ci.md`` that are generated from the declared settings.

Each generated part is between two lines that
contain ``settings: begin`` and ``settings: end``.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import wrap
from typing import Any

from loadtest.core.setting import Audience, Choice, Number, Repeated, Setting, WholeNumber
from loadtest.core.settings import ALL

ROOT = Path(__file__).resolve().parents[2]
INPUTS = tuple(one for one in ALL if one.input)
VARIABLES = tuple(one for one in ALL if one.variable and one.audience is Audience.USER)
SEPARATED = {Repeated.LINES: "one per line", Repeated.WORDS: "separated by spaces or commas"}


def make_variables() -> Iterator[str]:
    """Yield the lines of the Makefile: the variables, and the lines that ``make help`` prints."""
    # PYTHON is read by scripts/bootstrap.sh, before there is a .venv with this package.
    names = " ".join([*(one.variable for one in VARIABLES), "PYTHON"])
    yield " \\\n\t".join(wrap(f"SETTINGS := {names}", 110, break_long_words=False, break_on_hyphens=False))
    width = max(len(one.variable) for one in VARIABLES)
    for one in VARIABLES:
        yield f"#: {one.variable:{width}}  {one.help}"


def action_inputs() -> Iterator[str]:
    """Yield the lines of ``inputs`` in ``action.yml``."""
    for one in INPUTS:
        yield f"  {one.input}:"
        yield "    description: >-"
        yield from (f"      {line}" for line in wrap(described(one), 106))
        yield "    required: false"
        yield f'    default: "{one.input_default}"'


def action_environment() -> Iterator[str]:
    """Yield the lines of ``env`` of the step in ``action.yml`` that runs the load test."""
    for one in INPUTS:
        yield f"        {input_variable(one)}: ${{{{ inputs.{one.input} }}}}"


def input_table() -> Iterator[str]:
    """Yield the lines of the table of inputs in ``docs/ci.md``."""
    yield "| input | default | meaning |"
    yield "|---|---|---|"
    for one in INPUTS:
        default = one.input_default or one.default
        shown = f"`{default}`" if default else one.default_text or "none"
        yield f"| `{one.input}` | {shown} | {escaped(described(one, default=False))} |"


def variable_table() -> Iterator[str]:
    """Yield the lines of the table of environment variables in ``docs/cli.md``."""
    yield "| variable | option | value | default | meaning |"
    yield "|---|---|---|---|---|"
    for one in VARIABLES:
        option = f"`{one.option}`" if one.option else ""
        default = f"`{one.default}`" if one.default else one.default_text
        alias = f" (also read from `{one.alias}`)" if one.alias else ""
        kind = one.type
        value = kind.range if isinstance(kind, Number | WholeNumber) else f"`{escaped(kind.metavar)}`"
        yield f"| `{one.variable}` | {option} | {value} | {default} | {escaped(one.help)}{alias} |"


def described(setting: Setting[Any], *, default: bool = True) -> str:
    """Return the description of an input."""
    notes = (
        SEPARATED[setting.repeated] if setting.repeated else None,
        setting.type.expected if isinstance(setting.type, Choice) else None,
        f"default: {setting.shown_default}"
        if default and setting.shown_default and not setting.input_default
        else None,
    )
    shown = "; ".join(note for note in notes if note)
    return f"{setting.help} ({shown})" if shown else setting.help


def input_variable(setting: Setting[Any]) -> str:
    """Return the variable in which the action passes the input of ``setting``."""
    return f"INPUT_{setting.input.upper().replace('-', '_')}"


def escaped(text: str) -> str:
    """Return ``text`` for a cell of a Markdown table."""
    return text.replace("|", "\\|")


PARTS: dict[str, tuple[Callable[[], Iterator[str]], ...]] = {
    "Makefile": (make_variables,),
    "action.yml": (action_inputs, action_environment),
    "docs/ci.md": (input_table,),
}
"""The parts of each file, in order."""
_PART = re.compile(r"(?<=settings: begin)([^\n]*\n)(.*?)(^[^\n]*settings: end)", re.DOTALL | re.MULTILINE)


def updated(name: str) -> str:
    """Return the text of the file ``name`` with its generated parts up to date."""
    parts = iter(PARTS[name])

    def replace(match: re.Match[str]) -> str:
        lines = "\n".join(next(parts)())
        return f"{match[1]}{lines}\n{match[3]}"

    return _PART.sub(replace, (ROOT / name).read_text(encoding="utf-8"))
