"""Locust's own configuration: its files, its environment variables, and the arguments after ``--``.

They apply where ``loadtest`` has no setting of its own. The address under test, the mode and the locustfile are always
those of ``loadtest``: it overrides variables and files, and rejects arguments that differ.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path

from configargparse import ConfigFileParserException, DefaultConfigFileParser

from loadtest.core.address import looks_like_address, parse_address, without_user
from loadtest.core.errors import UsageError
from loadtest.core.files import read_text

LOOPBACK = "127.0.0.1"
LOCAL_PORTS = ("LOCUST_MASTER_BIND_PORT", "LOCUST_MASTER_NODE_PORT")
"""The port of a master whose workers are processes of the same command, for itself and for its workers."""
ANY_PORT = "0"
"""Their value if none is configured, which a free port must replace."""


class Mode(StrEnum):
    """The role of a Locust command in a load."""

    ALONE = "alone"
    """The whole load, possibly with several processes on this machine."""
    MASTER = "master"
    WORKER = "worker"


_HOST = ("-H", "--host")
_REFUSED = {
    "-f": "loadtest runs its own locustfile",
    "--locustfile": "loadtest runs its own locustfile",
    "--worker": "use `loadtest work`",
    "--slave": "use `loadtest work`",
    "--master": "use --master before `--`",
    "--master-host": "use `loadtest work --master-host`",
    "--master-port": "use --master-port before `--`",
    "--master-bind-host": "use --master-bind before `--`",
    "--master-bind-port": "use --master-port before `--`",
    "--expect-workers": "use --expect-workers before `--`",
    "--headful": "use `loadtest drive --ui`",
}
"""Arguments that would change what runs or where, and the replacement to suggest."""


def read_config(arguments: Sequence[str] = ()) -> dict[str, str]:
    """Return the settings in Locust's configuration files, by option without dashes; later files take precedence.

    Locust reads ``~/.locust.conf``, ``locust.conf``, ``[tool.locust]`` of ``pyproject.toml``, and the file
    given by ``--config`` in ``arguments``.

    Raises:
        UsageError: a file cannot be read or parsed.
    """
    found: dict[str, str] = {}
    for path in (Path("~/.locust.conf").expanduser(), Path("locust.conf"), Path("pyproject.toml")):
        if path.is_file():
            found |= _read_file(path)
    for name, value in _options(arguments):
        if name == "--config" and value is not None:
            found |= _read_file(Path(value))
    return found


def configured_host(config: Mapping[str, str], environ: Mapping[str, str]) -> str | None:
    """Return the address in LOCUST_HOST or else in a configuration file, as written there."""
    return environ.get("LOCUST_HOST") or config.get("host") or None


def check_arguments(arguments: Sequence[str], host: str, *, ui: bool = False) -> None:
    """Reject ``arguments`` for Locust that would change its mode or set another address than ``host``.

    If the address is not known yet, ``host`` is a description of it and every address is rejected.

    Raises:
        UsageError: an argument is rejected; the message suggests a replacement.
    """
    for name, value in _options(arguments):
        if name in _HOST:
            _check_host(name, value or "", host)
        elif name == "--headless" and ui:
            raise UsageError("-- --headless: contradicts --ui, expected one of them")
        elif name in _REFUSED:
            raise UsageError(f"-- {name}: not accepted: {_REFUSED[name]}")


def mode_environment(
    mode: Mode, host: str, config: Mapping[str, str], environ: Mapping[str, str], *, ui: bool = False
) -> dict[str, str]:
    """Return the ``LOCUST_*`` variables that fix address and ``mode``.

    The value ``false`` overrides a configuration file.
    """
    fixed = {
        "LOCUST_HEADLESS": "false" if ui else "true",
        "LOCUST_HEADFUL": "false",
        "LOCUST_MODE_MASTER": "false",
        "LOCUST_MODE_WORKER": "false",
    }
    if mode is Mode.WORKER:
        return fixed
    fixed["LOCUST_HOST"] = host
    if mode is Mode.MASTER:
        # Locust rejects --processes for a master; 0 means none.
        return fixed | {"LOCUST_PROCESSES": "0"}
    # Local processes connect over loopback only, so that no other worker can join, however their number was set.
    port = environ.get("LOCUST_MASTER_BIND_PORT") or config.get("master-bind-port") or ANY_PORT
    hosts = {"LOCUST_MASTER_BIND_HOST": LOOPBACK, "LOCUST_MASTER_NODE_HOST": LOOPBACK}
    return fixed | hosts | dict.fromkeys(LOCAL_PORTS, port)


def own_run_time(
    arguments: Sequence[str], explicit: Collection[str], config: Mapping[str, str], environ: Mapping[str, str]
) -> bool:
    """Return whether Locust's own settings determine the run time."""
    if any(name in ("-t", "--run-time") for name, _ in _options(arguments)):
        return True
    return "run-time" not in explicit and bool(environ.get("LOCUST_RUN_TIME") or "run-time" in config)


def _check_host(name: str, value: str, host: str) -> None:
    address = parse_address(value, name) if looks_like_address(value) else None
    if address != host:
        raise UsageError(
            f"-- {name} {without_user(value)}: the address under test is {host}: "
            "expected it in LOADTEST_HOST or GATEWAY alone"
        )


_LONG = (
    "--host",
    "--config",
    "--run-time",
    "--headless",
    *(name for name in _REFUSED if name.startswith("--")),
)


def _options(arguments: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """Yield the relevant options by full name, with values as argparse reads them.

    Argparse accepts any unambiguous prefix of a long option, and the value of a short option without a space.
    """
    for place, argument in enumerate(arguments):
        if argument == "--":
            return
        following = arguments[place + 1] if place + 1 < len(arguments) else None
        if argument.startswith("--"):
            name, equals, value = argument.partition("=")
            full = name if name in _LONG else next((one for one in _LONG if one.startswith(name)), name)
            yield full, value if equals else following
        elif argument.startswith("-") and len(argument) > 1:
            yield argument[:2], argument[2:].removeprefix("=") or following


def _read_file(path: Path) -> dict[str, str]:
    text = read_text(path)
    try:
        if path.suffix == ".toml":
            items = tomllib.loads(text).get("tool", {}).get("locust", {})
        else:
            items = DefaultConfigFileParser().parse(text.splitlines())
        return {key.strip("-"): str(value) for key, value in items.items()}
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: is not valid TOML: {error}") from error
    except (ConfigFileParserException, AttributeError) as error:
        raise UsageError(
            f"{path}: is not a configuration file of Locust: expected lines such as users = 20"
        ) from error
