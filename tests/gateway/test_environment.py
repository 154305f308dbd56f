"""What a gateway is booted with: all of ours, nothing of the caller's."""

from __future__ import annotations

import re
import ssl
from dataclasses import astuple, replace
from pathlib import Path

import pytest
from supported import NEWEST

from loadtest.gateway.environment import common_switches, gateway_environment, new_secrets, secret_values
from loadtest.gateway.workspace import Workspace
from loadtest.results.deployment import Deployment
from loadtest.versions import data as versions

PLACE = Workspace(Path("/run"), 4321, ports={"mail": 2525, "siem": 6514, "llm": 8081})


@pytest.mark.parametrize("version", versions.available())
def test_a_version_overrides_what_is_common(version: str) -> None:
    data = versions.load(version)
    environment = gateway_environment(PLACE, new_secrets(), data)
    data = data.on(PLACE.deployment)
    for switch in common_switches():
        if (
            switch.applies_to(PLACE.deployment)
            and switch.name not in data.environment
            and "{" not in switch.value
        ):
            assert environment[switch.name] == switch.value
    for name, value in data.environment.items():
        if "{" not in value:
            assert environment[name] == value
    assert not [
        value
        for value in environment.values()
        if re.search(r"\{(port|url|directory|mail_port|siem_port|llm_port)\}", value)
    ]


def test_this_runs_own_place_is_filled_in() -> None:
    environment = gateway_environment(PLACE, new_secrets(), versions.load(NEWEST))
    assert environment["PORT"] == "4321"
    assert environment["SMTP_PORT"] == "2525"
    assert environment["OPENAI_BASE_URL"] == "http://127.0.0.1:8081/v1"
    assert "http://127.0.0.1:6514/" in environment["SIEM_DESTINATIONS"]
    assert environment["APP_DOMAIN"] == "http://127.0.0.1:4321"
    assert environment["ALLOWED_ORIGINS"] == '["http://127.0.0.1:4321"]'
    assert environment["DATABASE_URL"] == "sqlite:////run/mcp.db"
    assert environment["HOME"] == "/run"
    assert environment["CACHE_TYPE"] == "database"


@pytest.mark.parametrize("version", versions.available())
def test_migrations_that_no_backend_is_chosen_for_leave_nothing_unfilled(version: str) -> None:
    environment = gateway_environment(Workspace(Path("/run"), 0), new_secrets(), versions.load(version))
    assert not [value for value in environment.values() if re.search(r"\{[a-z_]+\}", value)]


def test_the_ca_certificates_of_a_gateway_can_be_read_for_years() -> None:
    """A gateway that cannot read the file fails at its first call of a backend."""
    variables = gateway_environment(PLACE, new_secrets(), versions.load(NEWEST))
    trusted = ssl.create_default_context(cafile=variables["SSL_CERT_FILE"]).get_ca_certs()
    (until,) = [ssl.cert_time_to_seconds(str(one["notAfter"])) for one in trusted]
    assert until > ssl.cert_time_to_seconds("Jan  1 00:00:00 2090 GMT")


def test_nothing_of_the_caller_leaks_in(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("JWT_SECRET_KEY", "HTTPS_PROXY", "LOG_LEVEL", "VIRTUAL_ENV", "MCPGATEWAY_UI_ENABLED"):
        monkeypatch.setenv(name, "the caller's")
    environment = gateway_environment(PLACE, new_secrets(), versions.load(NEWEST))
    assert "the caller's" not in environment.values()


def test_other_databases_and_redis() -> None:
    workspace = Workspace(
        Path("/run"), 1, "postgresql+psycopg://u:p%40ssw0rd@db/mcp", "redis://:h4nter22@r:6379/0"
    )
    environment = gateway_environment(workspace, new_secrets(), versions.load(NEWEST))
    assert environment["DATABASE_URL"] == workspace.database_url
    assert (environment["REDIS_URL"], environment["CACHE_TYPE"]) == (workspace.redis_url, "redis")
    assert workspace.database == "postgresql"
    assert {"p%40ssw0rd", "p@ssw0rd", "h4nter22"} <= set(secret_values(workspace, new_secrets()))
    assert not re.search("ssw0rd|h4nter", repr(workspace))


def test_several_workers_hand_sessions_on_to_each_other() -> None:
    data = versions.load(versions.available()[0])
    alone = Workspace(Path("/run"), 1, "postgresql+psycopg://db/mcp", "redis://r:6379/0")
    several = replace(alone, workers=2)
    name = "MCPGATEWAY_SESSION_AFFINITY_ENABLED"
    assert name not in gateway_environment(alone, new_secrets(), data)
    assert gateway_environment(several, new_secrets(), data)[name] == "true"
    assert name not in gateway_environment(replace(several, redis_url=None), new_secrets(), data)


def test_secrets_are_new_each_time_strong_and_not_shown() -> None:
    first, second = new_secrets(), new_secrets()
    values = secret_values(PLACE, first)
    assert set(values) == set(astuple(first))
    assert len(set(values)) == len(values)
    assert not set(values) & set(secret_values(PLACE, second))
    assert all(len(value) >= 32 for value in values)
    assert not [value for value in values if value in repr(first) + repr(first.credentials)]
    for pattern in ("[a-z]", "[A-Z]", "[0-9]", "[^a-zA-Z0-9]"):
        assert re.search(pattern, first.admin_password), pattern


def test_every_switch_is_listed_once_with_a_reason() -> None:
    for deployment in (Deployment(), Deployment(database="postgresql", redis=True, workers=2)):
        names = [switch.name for switch in common_switches() if switch.applies_to(deployment)]
        assert len(names) == len(set(names))
    assert all(len(switch.reason) > 10 for switch in common_switches())
