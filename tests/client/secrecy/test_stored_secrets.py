"""A response with a secret that a scenario stored is a problem, whatever its operation is."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from loadtest.client.answer import Answer
from loadtest.client.secrecy.marker import Marker
from loadtest.client.secrecy.stored import StoredSecrets, secrets_in

SECRET = "lt-1-first-password"
MARKER = Marker("a1b2c3")
MARKED = f"lt-a1b2c30-{MARKER.text}"


def answer(body: Any, operation: str = "GET /a2a") -> Answer:
    raw = body.encode() if isinstance(body, str) else msgspec.json.encode(body)
    media_type = "text/html" if isinstance(body, str) else "application/json"
    return Answer(operation, 200, {"content-type": media_type}, raw)


@pytest.mark.parametrize(
    "body",
    [
        {"agent": {"auth_token": SECRET}},
        {"authPassword": SECRET},
        {"auth_value": SECRET},
        {"authHeaderValue": SECRET},
        {"auth_query_param_value": SECRET},
        {"client_secret": SECRET},
        {"api_key": SECRET},
        {"tool": {"auth": {"token": SECRET}}},
        {"authHeaders": [{"key": "X-Api-Key", "value": SECRET}]},
        {"auth_headers": f'[{{"key": "X-Api-Key", "value": "{SECRET}"}}]'},
        {"oauth_config": f'{{"client_secret": "{SECRET}"}}'},
    ],
)
def test_a_secret_is_recognised_by_the_name_of_its_field(body: dict[str, Any]) -> None:
    assert list(secrets_in(body)) == [SECRET]


@pytest.mark.parametrize(
    "body",
    [
        {"auth_query_param_key": SECRET},
        {"token_url": SECRET},
        {"headers": [{"key": "X-Load-Test", "value": SECRET}]},
        {"api_key": "short"},
        {"config": "[not JSON"},
        {"client_id": SECRET},
    ],
)
def test_other_fields_have_no_secret(body: dict[str, Any]) -> None:
    assert list(secrets_in(body)) == []


def test_a_response_with_a_stored_secret_names_the_member() -> None:
    stored = StoredSecrets()
    stored.sent("POST /a2a", {"agent": {"auth_token": SECRET}}, MARKER)
    found = stored.leak(answer([{"name": "a", "auth": {"authToken": f"Bearer {SECRET}"}}]), MARKER)
    assert found is not None
    assert found.message == "expected no stored secret in plain text in the response"
    assert found.actual == "one in [].auth.authToken"
    page = stored.leak(answer(f"<input value='{SECRET}'>"), MARKER)
    assert page is not None
    assert page.actual == "one in the text/html"


def test_an_encrypted_secret_is_found_whoever_stored_it() -> None:
    shown = {"oauthConfig": {"client_secret": 'v2:{"kdf":"argon2id","token":"gAAAAABp_aZ3"}'}}
    found = StoredSecrets().leak(answer(shown), MARKER)
    assert found is not None
    assert found.message == "expected no stored secret in the response, not even an encrypted one"
    assert found.actual == "one in oauthConfig.client_secret"


def test_a_masked_secret_is_no_problem() -> None:
    stored = StoredSecrets()
    stored.sent("POST /a2a", {"auth_token": SECRET}, MARKER)
    assert stored.leak(answer({"authToken": "*****"}), MARKER) is None


def test_secrets_of_an_earlier_scenario_are_forgotten() -> None:
    stored = StoredSecrets()
    stored.sent("POST /a2a", {"auth_token": SECRET}, MARKER)
    stored.begin()
    assert stored.leak(answer({"authToken": SECRET}), MARKER) is None


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("POST /rpc tools/call", {"params": {"token": SECRET}}),
        ("GET /a2a", {"auth_token": SECRET}),
        ("POST /a2a", {"auth_token": SECRET, "name": SECRET}),
    ],
)
def test_what_is_not_stored_or_also_sent_elsewhere_is_no_secret(operation: str, body: dict[str, Any]) -> None:
    stored = StoredSecrets()
    stored.sent(operation, body, MARKER)
    assert stored.leak(answer({"x": SECRET}), MARKER) is None


def test_a_marked_secret_is_found_whoever_stored_it() -> None:
    assert StoredSecrets().leak(answer({"path": "~/.config"}), MARKER) is None
    assert StoredSecrets().leak(answer({"authToken": MARKED}), MARKER) is not None
    assert StoredSecrets().leak(answer({"authToken": MARKED}), Marker("d4e5f6")) is None


@pytest.mark.parametrize("operation", ["POST /rpc tools/call", "POST /a2a/{agent_name}/invoke"])
def test_a_backend_may_repeat_the_credentials_that_it_received(operation: str) -> None:
    assert StoredSecrets().leak(answer({"result": MARKED}, operation), MARKER) is None
