"""No secret gets through, and innocent text stays as it is."""

from __future__ import annotations

import base64
import json

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.redact import MASK, redact

TOKEN = jwt.encode({"sub": "admin@example.com"}, "k" * 32, algorithm="HS256")

safe = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=8, max_size=40)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"token {TOKEN} seen", "token *** seen"),
        (f"Authorization: Bearer {TOKEN}", "Authorization: Bearer ***"),
        ("-H 'Authorization: Bearer abc.def-123456'", "-H 'Authorization: Bearer ***'"),
        ("Authorization: Basic YWRtaW46Y2hhbmdlbWU=", "Authorization: Basic ***"),
        ("postgresql+psycopg://u:p%40ss@db:5432/mcp failed", "postgresql+psycopg://u:***@db:5432/mcp failed"),
        ("redis://:hunter22@127.0.0.1:6379/0", "redis://:***@127.0.0.1:6379/0"),
        ('{"password": "Kx7!mQ2z", "email": "a@b"}', '{"password": "***", "email": "a@b"}'),
        ('{"access_token":"abcdef","token_type":"bearer"}', '{"access_token":"***","token_type":"***"}'),
        ("{'client_secret': 'it is, secret'}", "{'client_secret': '***'}"),
        ("""{'password': "it's", 'x': 1}""", """{'password': "***", 'x': 1}"""),
        (r'body: "{\"new_password\": \"a b\", \"x\": 1}"', r'body: "{\"new_password\": \"***\", \"x\": 1}"'),
        ("email=a%40b&password=Kx7%21&next=/", "email=a%40b&password=***&next=/"),
        ("GET /sse?api_key=12345&x=1", "GET /sse?api_key=***&x=1"),
        ("Set-Cookie: jwt_token=abc; Path=/\nDate: now", "Set-Cookie: ***\nDate: now"),
        ("-H 'Cookie: jwt_token=abc; a=b' http://x", "-H 'Cookie: ***' http://x"),
        ("JWT_SECRET_KEY=abcdef ok", "JWT_SECRET_KEY=*** ok"),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        '{"token_expiry": 20, "password_required": true, "secret": null}',
        "File main.py, line 12: expected a password of 12 characters",
        "http://127.0.0.1:4444/tokens/teams/{team_id}",
        "GET /v1/auth/csrf-token 200",
        "the bearer of bad news",
        '{"name": "lt-1", "url": "http://localhost:8000/mcp"}',
        "12:30:01 a@b.example",
    ],
)
def test_innocent_text_stays(text: str) -> None:
    assert redact(text) == text


@given(st.text(max_size=200), st.lists(safe, max_size=3), st.text(max_size=200))
def test_known_secrets_never_get_through(before: str, known: list[str], after: str) -> None:
    text = before + "".join(f" {secret} {secret}x" for secret in known) + after
    masked = redact(text, known)
    assert not [secret for secret in known if secret in masked]


@given(st.text(max_size=300) | st.sampled_from([f"Bearer {TOKEN}", "a://b:c@d", 'x="password": "y"']))
def test_twice_is_once(text: str) -> None:
    once = redact(text, [TOKEN])
    assert redact(once, [TOKEN]) == once


@given(safe, st.sampled_from(["password", "access_token", "clientSecret", "X-Api-Key", "refresh_token"]))
def test_fields_with_telling_names_in_json_and_forms(value: str, name: str) -> None:
    value = f"v4lue{value}"
    for text in (json.dumps({name: value}), json.dumps(json.dumps({name: value})), f"a=b&{name}={value}&c=d"):
        assert value not in redact(text)
        assert MASK in redact(text)


@given(st.binary(min_size=12, max_size=40))
def test_passwords_in_addresses(raw: bytes) -> None:
    password = base64.urlsafe_b64encode(raw).decode()
    assert password not in redact(f"could not connect to postgresql://user:{password}@host:5432/db")


def test_a_short_known_value_masks_nothing() -> None:
    assert redact("a b c", ["b"]) == "a b c"
