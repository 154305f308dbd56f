"""What a run left behind on real gateways, found by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadtest import versions
from loadtest.client.session import Session, connect
from loadtest.desk import Desk
from loadtest.entities import ENTITIES, count_entities, take_away_leftovers
from loadtest.gateway.boot import booted
from loadtest.gateway.source import parse_source
from loadtest.standing import new_password
from loadtest.users.registry import new_agent, new_gateway, new_prompt, new_resource, new_server, new_tool


def make_one_of_each(session: Session, backends: dict[str, str]) -> None:
    """Make an entity of every kind, as scenarios do, and forget it."""
    desk, name = Desk(session), session.name
    desk.ask("POST /tools", json=new_tool(name("tool"), backends["rest"]))
    desk.ask("POST /resources", json=new_resource(name("resource")))
    desk.ask("POST /prompts", json=new_prompt(name("prompt")))
    desk.ask("POST /servers", json=new_server(name("server")))
    desk.ask("POST /gateways", json=new_gateway(name("gateway"), backends["mcp_small"]))
    desk.ask("POST /a2a", json=new_agent(name("agent"), backends["a2a"]))
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


@pytest.mark.real
@pytest.mark.parametrize("version", versions.available())
def test_it_is_taken_away_and_what_is_of_others_stays(home: Path, version: str) -> None:
    with booted(parse_source(version), home=home) as gateway:
        session = connect(gateway.host, gateway.credentials)
        stranger = connect(gateway.host, gateway.credentials)
        Desk(stranger).ask("POST /prompts", json=new_prompt(stranger.name("prompt")))
        before = count_entities(session)
        assert None not in before.values()
        make_one_of_each(session, dict(gateway.backends.urls))
        assert all(count_entities(session)[kind.name] != before[kind.name] for kind in ENTITIES)

        taken = take_away_leftovers(session, {session.tag})

        assert taken.keys() == {kind.name for kind in ENTITIES}
        assert count_entities(session) == before
        assert take_away_leftovers(session, {session.tag}) == {}
