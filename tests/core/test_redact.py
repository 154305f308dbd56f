"""No secret gets through, and other text is unchanged."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtest.core.redact import MASK, Redactor, redact, spellings

TOKEN = jwt.encode({"sub": "admin@example.com"}, "k" * 32, algorithm="HS256")

safe = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=8, max_size=40)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"token {TOKEN} seen", "token *** seen"),
        (f"İ {TOKEN} token=abc İ 'pa\u017f\u017fword': 'x'", "İ *** token=*** İ 'pa\u017f\u017fword': '***'"),
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
        ('JWT_SECRET_KEY="ab cd" ok', 'JWT_SECRET_KEY="***" ok'),
        (r'{"password": "a\"b", "x": "y"}', '{"password": "***", "x": "y"}'),
        (r'{"password": "a\\", "x": "y"}', '{"password": "***", "x": "y"}'),
        (r'b: "{\"password\": \"a\\\"b\", \"x\": 1}"', r'b: "{\"password\": \"***\", \"x\": 1}"'),
        ('{"tokens": ["abc", "def"], "x": ["y"]}', '{"tokens": ["***", "***"], "x": ["y"]}'),
        ('{"tokens": [{"name": "a"}]}', '{"tokens": [{"name": "a"}]}'),
        ("X-Api-Key: abc def\nX-Team: a", "X-Api-Key: ***\nX-Team: a"),
        ("curl -H 'Authorization: token abc' x", "curl -H 'Authorization: ***' x"),
        ("https://u:p@ss@host/a@b", "https://u:***@host/a@b"),
        (f"see x.{TOKEN}, -{TOKEN}", "see x.***, -***"),
        ("GET /admin/reset-password/Ab12-cdEF_34 200", "GET /admin/reset-password/*** 200"),
        ("made Ab2!Cd3@Ef4#Gh5$Jk6%Mn7^ and Ab2%21Cd3%40Ef4%23Gh5%24Jk6%25Mn7%5E", "made *** and ***"),
        (
            '[{"loc":["body","email"],"msg":"m","input":"a"},{"loc":["body","password"],"input":"b\\"c","ctx":{}}]',
            '[{"loc":["body","email"],"msg":"m","input":"a"},{"loc":["body","password"],"input":"***","ctx":{}}]',
        ),
        ('{"input":"b","loc":["body","token"]}', '{"input":"***","loc":["body","token"]}'),
        (
            r'd: "{\"loc\":[\"body\",\"token\"],\"input\":\"b\"}"',
            r'd: "{\"loc\":[\"body\",\"token\"],\"input\":"***"}"',
        ),
        (
            '{"loc":["body","secret"],"input":{"a":[1,"b"]},"x":1}',
            '{"loc":["body","secret"],"input":"***","x":1}',
        ),
        (
            '{"loc":["body","email"],"input":{"password":"b"}}',
            '{"loc":["body","email"],"input":{"password":"***"}}',
        ),
        (
            "password\n  too short [input_value='b', input_type=str]\nname\n  bad [input_value='c', x]",
            "password\n  too short [input_value=***\nname\n  bad [input_value='c', x]",
        ),
    ],
)
def test_a_likely_secret_is_masked(text: str, expected: str) -> None:
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
def test_text_without_secrets_is_not_changed(text: str) -> None:
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


@given(st.text(min_size=6, max_size=40), st.text(max_size=5), st.text(max_size=5))
def test_a_known_value_is_masked_in_every_spelling(secret: str, before: str, after: str) -> None:
    """As JSON, in an address, in a form, in base64 next to anything else."""
    mask = Redactor([secret]).mask
    inside = before + secret + after
    raw = inside.encode("utf-8", "surrogatepass")
    for shown in (
        inside,
        json.dumps(inside),
        json.dumps({"message": json.dumps({"x": inside}, ensure_ascii=False)}),
        quote(inside, safe="", errors="surrogatepass"),
        quote_plus(inside, errors="surrogatepass").lower() if secret == secret.lower() else "",
        repr({"x": inside}) if inside.isprintable() and "'" not in before + after else "",
    ):
        masked = mask(shown)
        assert not [form for form in spellings(secret) if form in masked]
        assert not shown or MASK in masked
    for encoded in (base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()):
        if len(secret.encode("utf-8", "surrogatepass")) >= 8:
            assert mask(f"x {encoded} y") != f"x {encoded} y"
            assert mask(quote(encoded, safe="")) != quote(encoded, safe="")


@pytest.mark.parametrize("offset", range(3))
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_base64_leaves_less_than_a_character_of_a_secret(
    offset: int, encode: Callable[[bytes], bytes]
) -> None:
    secret = "\xfb\xff opaque value \xff\xfe"
    masked = Redactor([secret]).mask(encode(b"a" * offset + secret.encode() + b"zz").decode())
    assert MASK in masked
    # Of the digits around it each holds bits of something else, too.
    assert len(masked) <= len(MASK) + 8


def test_a_redactor_shows_no_secret_and_learns_more() -> None:
    redactor = Redactor(["opaque-one"])
    assert "opaque" not in repr(redactor)
    assert redactor.with_secrets(["opaque-one", "short"]).mask("opaque-one opaque-two") == "*** opaque-two"
    assert redactor.with_secrets(["opaque-two"]).mask("opaque-one opaque-two") == "*** ***"
    assert redactor.mask("opaque-two") == "opaque-two"


ADVERSARIAL = {
    "blank lines": "\n",
    "blanks": " ",
    "tabs and carriage returns": "\t\r\n",
    "one long word": "a",
    "words": "a-b_c.",
    "secret words": "token",
    "secret words with dashes": "api-key-",
    "names and blanks": "password \n\t",
    "names with signs": "token=",
    "names with colons": "cookie: ",
    "header names": "x-cookie-",
    "headers": "Cookie:\n",
    "quoted names": '"password":"',
    "quoted names and backslashes": '\\"password\\":\\"',
    "names and backslashes": "password\\",
    "backslashes": "\\",
    "backslashes and quotes": '\\\\"',
    "lists": '"tokens":["',
    "items": '"tokens":["a","',
    "token headers": "eyJ",
    "token parts": "eyJabcdef.",
    "token parts with dashes": "eyJabcdef-",
    "dots": ".",
    "schemes": "http://",
    "scheme letters": "a+b.",
    "users": "://a:b",
    "colons": ":",
    "at signs": "@",
    "bearers": "Bearer ",
    "bearers without blanks": "BearerBearer%20",
    "reset": "reset-password/",
    "generated": "Ab2!",
    "locations": '"loc":["password"',
    "locations closed": '"loc":["password"],',
    "inputs": '"loc":["password"],"input":',
    "inputs with brackets": '"loc":["password"],"input":[',
    "errors": '{"loc":["password"],"input":"a"},',
    "many inputs": '"input":[],',
    "input values": "password input_value=",
    "input value lines": "password\ninput_value=\n",
    "percent": "%41",
    "known": "opaque-canary",
    "nearly known": "opaque-canar",
}


@pytest.mark.parametrize("piece", ADVERSARIAL.values(), ids=ADVERSARIAL)
@pytest.mark.parametrize("start", ["", '"password": "', '"loc": ["password"], ', "Cookie: ", "http://a:"])
def test_the_cost_grows_with_the_length_alone(piece: str, start: str) -> None:
    """Eight times the text takes about eight times as long; 64 times would be quadratic, 512 cubic."""
    mask = Redactor(["opaque-canary"]).mask

    def cost(length: int) -> float:
        text = start + piece * (length // len(piece))
        times = []
        for _ in range(3):
            began = time.process_time()
            mask(text)
            times.append(time.process_time() - began)
        return min(times)

    small, large = 3_000, 24_000
    assert cost(large) < 30 * max(cost(small), 5e-5)


@settings(max_examples=25)
@given(st.lists(st.sampled_from(list(ADVERSARIAL.values())), min_size=2, max_size=4))
def test_no_combination_of_them_is_slow(pieces: list[str]) -> None:
    """It takes no more than some times as long as plain words of the same length do."""

    def cost(piece: str) -> float:
        text = piece * (10_000 // len(piece) + 1)
        began = time.process_time()
        redact(text, ["opaque-canary"])
        return time.process_time() - began

    assert cost("".join(pieces)) < 50 * max(cost("plain words "), 1e-3)
