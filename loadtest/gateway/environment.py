"""The environment variables of a booted gateway; none are inherited from the caller."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from loadtest.client.auth import Credentials
from loadtest.core.files import read_toml
from loadtest.core.record import Record
from loadtest.gateway.workspace import Workspace
from loadtest.results.deployment import AppliesTo
from loadtest.versions.data import VersionData

SWITCHES = Path(__file__).parent / "switches.toml"

ADMIN_EMAIL = "admin@example.com"
"""The platform administrator of every booted gateway."""


class Switch(AppliesTo, frozen=True, kw_only=True):
    """One environment variable that every version is booted with, on the deployment that it names."""

    name: str
    value: str
    """Can contain ``{port}``, ``{url}`` and ``{directory}`` of this run, and the ports of reserved backends, such as
    ``{mail_port}``."""
    reason: str
    controlled: bool = False
    """Whether ``--set`` rejects it."""


class _Controlled(Record, frozen=True, kw_only=True):
    """An environment variable that differs in each run, and why ``--set`` rejects it."""

    name: str
    reason: str


class _Switches(Record, frozen=True, kw_only=True):
    switch: tuple[Switch, ...]
    controlled: tuple[_Controlled, ...]


@dataclass(frozen=True)
class Secrets:
    """Secrets of one run; never printed."""

    jwt_secret: str
    encryption_secret: str
    basic_password: str
    admin_password: str
    default_user_password: str
    """For accounts that are created without one; releases from 1.1.0 on do not boot with a short one."""

    def __repr__(self) -> str:
        return "Secrets(…)"

    @property
    def credentials(self) -> Credentials:
        """Credentials of the administrator."""
        return Credentials(email=ADMIN_EMAIL, password=self.admin_password, jwt_secret=self.jwt_secret)


def new_secrets() -> Secrets:
    """Return random secrets; gateways reject well-known values and weak passwords."""
    return Secrets(
        jwt_secret=secrets.token_urlsafe(48),
        encryption_secret=secrets.token_urlsafe(48),
        basic_password=_password(),
        admin_password=_password(),
        default_user_password=_password(),
    )


def _password() -> str:
    """Return a password with every class of character that the gateway's policy requires."""
    return f"Lq7!{secrets.token_urlsafe(24)}"


def common_switches() -> tuple[Switch, ...]:
    """Return the settings of every version, from ``switches.toml``."""
    return read_toml(SWITCHES, _Switches).switch


def controlled_settings() -> dict[str, str]:
    """Return the settings that ``--set`` rejects, by name, with the reason."""
    switches = read_toml(SWITCHES, _Switches)
    own = {one.name: one.reason for one in switches.switch if one.controlled}
    return own | {one.name: one.reason for one in switches.controlled}


def gateway_environment(
    workspace: Workspace, run_secrets: Secrets, data: VersionData, path: str = os.defpath
) -> dict[str, str]:
    """Return the whole environment of a gateway of version ``data`` in ``workspace``."""
    values = {
        "here": str(SWITCHES.parent),
        "port": str(workspace.port),
        "url": workspace.url,
        "directory": str(workspace.directory),
    } | {f"{name}_port": str(port) for name, port in workspace.ports.items()}
    common = (switch for switch in common_switches() if switch.applies_to(workspace.deployment))
    switches = {switch.name: switch.value for switch in common} | data.on(workspace.deployment).environment
    variables = {name: _filled(value, values) for name, value in switches.items()}
    variables |= {
        "DATABASE_URL": workspace.database_url or f"sqlite:///{workspace.sqlite_file}",
        "JWT_SECRET_KEY": run_secrets.jwt_secret,
        "AUTH_ENCRYPTION_SECRET": run_secrets.encryption_secret,
        "BASIC_AUTH_PASSWORD": run_secrets.basic_password,
        "PLATFORM_ADMIN_EMAIL": ADMIN_EMAIL,
        "PLATFORM_ADMIN_PASSWORD": run_secrets.admin_password,
        "DEFAULT_USER_PASSWORD": run_secrets.default_user_password,
    }
    if workspace.redis_url:
        variables["REDIS_URL"] = workspace.redis_url
    return variables | {
        "PATH": path,
        "HOME": str(workspace.directory),
        "TMPDIR": str(workspace.directory / "tmp"),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONUNBUFFERED": "1",
    }


def secret_values(workspace: Workspace, run_secrets: Secrets) -> tuple[str, ...]:
    """Return every value that must not appear in logs, reports and artifacts."""
    passwords = [urlsplit(url).password for url in (workspace.database_url, workspace.redis_url) if url]
    return (
        *astuple(run_secrets),
        *(form for password in passwords if password for form in {password, unquote(password)}),
    )


def _filled(value: str, values: Mapping[str, str]) -> str:
    for name, replacement in values.items():
        value = value.replace(f"{{{name}}}", replacement)
    return value
