"""Which entities identify what, and which of them a change may touch."""

from __future__ import annotations

import pytest

from loadtest.generated.identifiers import Identifiers, words_of

TOOL = {"id": "t1", "name": "lt-1-generated", "teamId": "team-of-others", "owner_email": "admin@example.com"}

FOUND = [
    ("GET /tools", [{"id": "t1"}], "tool_id", "GET /tools/{tool_id}", "t1"),
    ("GET /admin/tools", {"data": [{"id": "t1"}]}, "tool_id", "GET /tools/{tool_id}", "t1"),
    ("GET /policies", [{"id": "p1"}], "policy_id", "GET /x/{policy_id}", "p1"),
    ("GET /a2a", [{"id": "a1"}], "agent_id", "GET /a2a/{agent_id}", "a1"),
    ("GET /users", [{"email": "a@b"}], "user_email", "GET /users/{user_email}", "a@b"),
    ("GET /traces", [{"trace_id": "x"}], "trace_id", "GET /spans/{trace_id}", "x"),
    ("GET /mcp-servers", [{"id": "s1"}], "server_id", "GET /servers/{server_id}", "s1"),
    ("GET /roots", [{"uri": "file:///"}], "uri", "GET /roots/{uri}", "file:///"),
]


@pytest.mark.parametrize(
    ("read", "body", "parameter", "operation", "value"), FOUND, ids=[one[3] for one in FOUND]
)
def test_a_response_identifies_a_parameter(
    read: str, body: object, parameter: str, operation: str, value: str
) -> None:
    known = Identifiers()
    known.read(read, body)
    found = known.find(parameter, operation, own=False)
    assert found is not None
    assert found[0] == value
    assert known.find(parameter, operation, own=True) is None


def test_a_name_of_another_collection_identifies_nothing() -> None:
    known = Identifiers()
    known.read("GET /tools", [{"id": "t1", "name": "echo"}])
    assert known.find("name", "GET /plugins/{name}", own=False) is None
    assert known.find("prompt_id", "GET /prompts/{prompt_id}", own=False) is None


def test_an_entity_is_own_if_it_has_the_name_of_its_request() -> None:
    known = Identifiers()
    known.created("POST /tools", TOOL, unique=["lt-1"], certain=False)
    found = known.find("tool_id", "DELETE /tools/{tool_id}", own=True)
    assert found is not None
    assert found[0] == "t1"


def test_an_own_entity_never_stands_for_others() -> None:
    known = Identifiers()
    known.created("POST /tools", TOOL, unique=["lt-1"], certain=True)
    assert known.find("team_id", "DELETE /teams/{team_id}", own=True) is None
    assert known.find("owner_email", "DELETE /users/{owner_email}", own=True) is None
    assert known.find("user_email", "DELETE /users/{user_email}", own=True) is None


def test_a_response_without_the_name_is_not_own_unless_it_was_created() -> None:
    known = Identifiers()
    known.created("POST /search", {"id": "t1", "name": "echo"}, unique=["lt-1"], certain=False)
    known.created("POST /search", [TOOL], unique=["lt-1"], certain=True)
    assert not known.own
    known.created("POST /sessions", {"id": "s1"}, unique=["lt-1"], certain=True)
    assert [one.values for one in known.own] == [{"id": "s1"}]


def test_what_was_read_before_is_not_own_afterwards() -> None:
    known = Identifiers()
    known.read("GET /tools", [{"id": "t1"}])
    known.created("POST /tools/{tool_id}/copy", {"id": "t1", "note": "lt-1"}, unique=["lt-1"], certain=True)
    assert known.find("tool_id", "DELETE /tools/{tool_id}", own=True) is None


def test_a_nested_entity_is_found() -> None:
    known = Identifiers()
    body = {"access_token": "secret", "token": {"id": "k1", "name": "lt-1-generated"}}
    known.created("POST /tokens", body, unique=["lt-1"], certain=False)
    found = known.find("token_id", "DELETE /tokens/{token_id}", own=True)
    assert found is not None
    known.forget(found[1])
    assert known.find("token_id", "DELETE /tokens/{token_id}", own=True) is None


def test_a_nested_entity_of_another_kind_belongs_to_its_own_collection() -> None:
    known = Identifiers(
        creations=frozenset(map(words_of, ("POST /admin/users", "POST /auth/email/register")))
    )
    body = {"access_token": "secret", "user": {"email": "lt-1@example.com", "team_id": "t"}}
    known.created("POST /auth/email/register", body, unique=["lt-1"], certain=False)
    operation = "DELETE /admin/users/{user_email}"
    found = known.find("user_email", operation, own=True)
    assert found is not None
    assert (found[0], found[1].collection) == ("lt-1@example.com", "users")


def test_an_entity_comes_before_one_that_only_mentions_it() -> None:
    known = Identifiers()
    known.created("POST /users", {"email": "lt-1@example.com"}, unique=["lt-1"], certain=False)
    known.created("POST /rbac/check", {"user_email": "lt-2@example.com"}, unique=["lt-2"], certain=False)
    found = known.find("user_email", "PATCH /users/{user_email}", own=True)
    assert (found or ("",))[0] == "lt-1@example.com"


def test_reads_prefer_own_entities_then_what_was_read_first() -> None:
    known = Identifiers()
    known.read("GET /tools", [{"id": "first"}])
    known.read("GET /admin/tools", [{"id": "second"}])
    operation = "GET /tools/{tool_id}"
    assert (known.find("tool_id", operation, own=False) or ("",))[0] == "first"
    known.created("POST /tools", TOOL, unique=["lt-1"], certain=False)
    assert (known.find("tool_id", operation, own=False) or ("",))[0] == "t1"


RELATED = [
    ("POST /auth/sso/admin/providers", "DELETE /llm/providers/{provider_id}", False),
    ("POST /llm/providers", "DELETE /admin/llm/providers/{provider_id}", True),
    ("POST /llm/providers", "PUT /providers/{provider_id}", True),
    ("POST /llm/providers", "PUT /servers/{server_id}/llm/providers/{provider_id}", True),
    ("POST /auth/sso/providers", "PUT /saml/providers/{provider_id}", True),
]
"""A creation, another operation, and whether its entity may be meant: no ``POST /saml/providers`` makes others."""


@pytest.mark.parametrize(("creation", "operation", "meant"), RELATED)
def test_namesakes_are_kept_apart_if_both_can_be_created(creation: str, operation: str, meant: bool) -> None:
    known = Identifiers(
        creations=frozenset(map(words_of, ("POST /llm/providers", "POST /auth/sso/admin/providers")))
    )
    known.created(creation, {"id": "lt-1"}, unique=["lt-1"], certain=False)
    assert (known.find("provider_id", operation, own=True) is not None) is meant
