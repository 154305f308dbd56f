"""What a run left behind on real gateways, found by its name."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
from booted_versions import BOOTED

from loadtest.backends.peers.oauth import CLIENT_ID, CLIENT_SECRET, IDENTITY
from loadtest.client.session import Session, connect
from loadtest.desk import Desk
from loadtest.entities import ENTITIES, count_entities, take_away_leftovers
from loadtest.gateway.boot import booted
from loadtest.gateway.source import parse_source
from loadtest.standing import new_password

FRESH = {"REGISTRY_CACHE_ENABLED": "false"}
"""With the cache, 1.0.0rc1 shows a new resource only 20 s after the last list of them; no load is so short."""


ENDPOINTS = {"authorization": "authorize", "token": "token", "userinfo": "userinfo"}


def prompt(session: Session) -> dict[str, object]:
    return {"prompt": {"name": session.name("prompt"), "template": "Say hello."}}


def make_one_of_each(session: Session, backends: dict[str, str]) -> None:
    """Make an entity of every kind, as scenarios do, and forget it."""
    desk, name = Desk(session), session.name
    tool = {"name": name("tool"), "url": f"{backends['rest']}/echo", "integration_type": "REST"}
    desk.ask("POST /tools", json={"tool": tool | {"request_type": "POST"}})
    resource = name("resource")
    desk.ask(
        "POST /resources",
        json={
            "resource": {"uri": f"x://{resource}", "name": resource, "content": "x"},
            "visibility": "public",
        },
    )
    desk.ask("POST /prompts", json=prompt(session))
    desk.ask("POST /servers", json={"server": {"name": name("server")}})
    gateway = name("gateway")
    federated = {"url": f"{backends['mcp_small']}?gateway={gateway}", "transport": "STREAMABLEHTTP"}
    desk.ask("POST /gateways", json={"name": gateway} | federated)
    agent = {"name": name("agent"), "endpoint_url": backends["a2a"], "agent_type": "generic"}
    desk.ask("POST /a2a", json={"agent": agent})
    desk.ask("POST /teams/", json={"name": name("team")})
    user = {"email": f"{name('user')}@example.com", "password": new_password(), "full_name": "Load test"}
    desk.ask("POST /auth/email/admin/users", json=user)
    desk.ask("POST /tokens", json={"name": name("token"), "expires_in_days": 1})
    desk.ask(
        "POST /rbac/roles", json={"name": name("role"), "scope": "global", "permissions": ["tools.read"]}
    )
    desk.ask("POST /roots", json={"uri": f"https://example.com/{name('root')}", "name": name("root")})
    llm = {
        "name": name("llm"),
        "provider_type": "openai_compatible",
        "api_base": backends["llm"],
        "config": {},
    }
    provider = desk.ask("POST /llm/providers", json=llm)["id"]
    model = {"provider_id": provider, "model_id": name("model"), "model_name": name("model")}
    desk.ask("POST /llm/models", json=model)
    knock(session, backends["oauth"])


def knock(session: Session, issuer: str) -> None:
    """Sign in at a provider of its own as somebody new, who waits to be let in from then on."""
    desk, name, browser = Desk(session), session.name("sso"), requests.Session()
    addresses = {f"{what}_url": f"{issuer}/{where}" for what, where in ENDPOINTS.items()}
    client = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "scope": IDENTITY}
    kind = {"id": name, "name": name, "display_name": name, "provider_type": "oauth2"}
    desk.ask("POST /auth/sso/admin/providers", json=kind | client | addresses)
    home = {"redirect_uri": f"{session.host}/auth/sso/callback/{name}"}
    begun = browser.get(f"{session.host}/auth/sso/login/{name}", params=home, timeout=30)
    who = {"login_hint": f"{session.name('newcomer')}@example.com"}
    ended = browser.get(begun.json()["authorization_url"], params=who, timeout=30)
    assert "error=user_creation_failed" in ended.history[-1].headers["location"]


@pytest.mark.real
@pytest.mark.parametrize("version", BOOTED)
def test_it_is_taken_away_and_what_is_of_others_stays(home: Path, version: str) -> None:
    with booted(parse_source(version), home=home, overrides=FRESH) as gateway:
        session = connect(gateway.host, gateway.credentials)
        stranger = connect(gateway.host, gateway.credentials)
        Desk(stranger).ask("POST /prompts", json=prompt(stranger))
        before = count_entities(session)
        assert None not in before.values()
        make_one_of_each(session, dict(gateway.backends.urls))
        made = count_entities(session)
        assert [kind.name for kind in ENTITIES if made[kind.name] == before[kind.name]] == []

        taken = take_away_leftovers(session, {session.tag})

        assert taken.keys() == {kind.name for kind in ENTITIES}
        assert count_entities(session) == before
        assert take_away_leftovers(session, {session.tag}) == {}
