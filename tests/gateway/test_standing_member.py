"""The account that stays, on real gateways."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import requests
from booted_versions import BOOTED

from loadtest.client.session import connect
from loadtest.entities import count_entities
from loadtest.gateway.boot import booted
from loadtest.gateway.source import parse_source
from loadtest.standing import EMAIL, Member, signed_in, standing_member


@pytest.mark.real
@pytest.mark.parametrize("version", BOOTED)
def test_it_is_made_once_acts_for_itself_and_is_not_counted(home: Path, version: str) -> None:
    with booted(parse_source(version), home=home) as gateway:
        session = connect(gateway.host, gateway.credentials)
        me = gateway.host + (session.contract.path("GET /auth/email/me") or "")

        def myself(member: Member) -> dict[str, object]:
            answer = requests.get(me, headers={"Authorization": f"Bearer {member.bearer}"}, timeout=30)
            answer.raise_for_status()
            return dict(answer.json())

        before = count_entities(session)
        made = myself(standing_member(session))
        assert (made["email"], made["is_admin"]) == (EMAIL, False)
        assert count_entities(session) == before

        # Who was given nothing but a token cannot sign for somebody else, and has to sign in.
        token_only = msgspec.structs.replace(
            gateway.credentials, jwt_secret=None, password=None, token=gateway.credentials.bearer()
        )
        # The next run has the same token, and a worker on another machine signs in with nothing else.
        for _ in range(2):
            found = myself(standing_member(connect(gateway.host, token_only)))
            assert found["created_at"] == made["created_at"]
        assert myself(signed_in(connect(gateway.host, token_only)))["email"] == EMAIL
        assert myself(standing_member(session))["created_at"] == made["created_at"]
        assert count_entities(session) == before
