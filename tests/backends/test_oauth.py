"""The provider as a gateway meets it: metadata, registration, code with PKCE, refresh, identity; the guarded server."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests

from loadtest.backends.peers.oauth import running
from loadtest.backends.settings import MCP_SCOPE, OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET, OPENID_SCOPES

CALLBACK = "http://127.0.0.1:4999/oauth/callback"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
TIMEOUT = 10
HELLO = {
    "jsonrpc": "2.0",
    "id": "1",
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}


@contextmanager
def provider() -> Iterator[str]:
    """Run the provider in a thread of its own and yield its address."""
    ready, done = Event(), Event()
    urls: list[str] = []

    async def serve() -> None:
        async with running() as url:
            urls.append(url)
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(TIMEOUT)
        yield urls[0]
    finally:
        done.set()
        thread.join(TIMEOUT)


def code(
    url: str, client_id: str = OAUTH_CLIENT_ID, redirect_uri: str = CALLBACK, **more: str
) -> requests.Response:
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "state": "s-1",
        "scope": MCP_SCOPE,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return requests.get(f"{url}/authorize", params=query | more, allow_redirects=False, timeout=TIMEOUT)


def agreed(answer: requests.Response) -> str:
    assert answer.status_code == 302
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert query["state"] == ["s-1"]
    return query["code"][0]


def token(url: str, **form: str) -> requests.Response:
    known = {"client_id": OAUTH_CLIENT_ID, "client_secret": OAUTH_CLIENT_SECRET, "redirect_uri": CALLBACK}
    return requests.post(f"{url}/token", data=known | form, timeout=TIMEOUT)


def greeted(url: str, bearer: str) -> int:
    headers = {"Accept": "application/json, text/event-stream", "Authorization": f"Bearer {bearer}"}
    return requests.post(f"{url}/mcp", json=HELLO, headers=headers, timeout=TIMEOUT).status_code


def exchanged(url: str, **form: str) -> requests.Response:
    return token(url, grant_type="authorization_code", code_verifier=VERIFIER, **form)


def test_a_code_becomes_a_token_that_opens_the_server() -> None:
    with provider() as url:
        tokens = exchanged(url, code=agreed(code(url))).json()
        assert greeted(url, tokens["access_token"]) == 200
        assert greeted(url, "another") == 401


def test_a_code_serves_once_and_only_with_its_verifier() -> None:
    with provider() as url:
        first = agreed(code(url))
        wrong = token(url, grant_type="authorization_code", code=first, code_verifier="w" * 64)
        assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_grant")
        second = agreed(code(url))
        assert exchanged(url, code=second).status_code == 200
        assert exchanged(url, code=second).json()["error"] == "invalid_grant"


def test_a_refresh_token_serves_once() -> None:
    with provider() as url:
        refresh = exchanged(url, code=agreed(code(url))).json()["refresh_token"]
        again = token(url, grant_type="refresh_token", refresh_token=refresh)
        assert greeted(url, again.json()["access_token"]) == 200
        assert token(url, grant_type="refresh_token", refresh_token=refresh).status_code == 400


def test_a_brief_token_opens_the_server_only_after_its_renewal_until_it_is_revoked() -> None:
    with provider() as url:
        tokens = exchanged(url, code=agreed(code(url, login_hint="ann@example.com", brief="true"))).json()
        assert greeted(url, tokens["access_token"]) == 401
        for _ in range(2):
            tokens = token(url, grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json()
            assert greeted(url, tokens["access_token"]) == 200
            assert tokens["expires_in"] < 300
        assert requests.put(f"{url}/forget/ann@example.com", timeout=TIMEOUT).json()["forgotten"] == 3
        assert greeted(url, tokens["access_token"]) == 401
        gone = token(url, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
        assert gone.json()["error"] == "invalid_grant"


def test_a_registered_client_sends_its_secret_in_the_body() -> None:
    with provider() as url:
        metadata = requests.get(f"{url}/.well-known/oauth-authorization-server", timeout=TIMEOUT).json()
        assert metadata["issuer"].rstrip("/") == url
        assert metadata["code_challenge_methods_supported"] == ["S256"]
        asked = {
            "client_name": "a gateway",
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "client_secret_basic",
            "scope": MCP_SCOPE,
        }
        answer = requests.post(metadata["registration_endpoint"], json=asked, timeout=TIMEOUT)
        assert answer.status_code == 201
        client = answer.json()
        assert client["token_endpoint_auth_method"] == "client_secret_post"
        secrets = {"client_id": client["client_id"], "client_secret": client["client_secret"]}
        tokens = exchanged(url, code=agreed(code(url, client["client_id"])), **secrets)
        assert greeted(url, tokens.json()["access_token"]) == 200


@pytest.mark.parametrize(
    "ask",
    [
        lambda url: code(url, redirect_uri="https://elsewhere.example.com/callback"),
        lambda url: code(url, client_id="unknown"),
        lambda url: exchanged(url, code=agreed(code(url)), client_secret="wrong"),
    ],
)
def test_what_it_does_not_know_is_refused(ask: Callable[[str], requests.Response]) -> None:
    with provider() as url:
        assert ask(url).status_code in (400, 401)


def sign_in(url: str, **more: str) -> str:
    """Return the code for a user who signs in for a client that requests ``more``."""
    return agreed(code(url, scope=OPENID_SCOPES, **more))


def about(url: str, bearer: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {bearer}"}
    return requests.get(f"{url}/userinfo", headers=headers, timeout=TIMEOUT)


def identity(url: str, token: str, audience: str = OAUTH_CLIENT_ID) -> dict[str, Any]:
    """Return the claims of an identity token, verified with the keys from discovery."""
    found = requests.get(f"{url}/.well-known/openid-configuration", timeout=TIMEOUT).json()
    key = jwt.PyJWKClient(found["jwks_uri"]).get_signing_key_from_jwt(token)
    algorithms = found["id_token_signing_alg_values_supported"]
    return dict(jwt.decode(token, key, algorithms, audience=audience, issuer=found["issuer"]))


def test_the_account_is_the_login_hint() -> None:
    with provider() as url:
        tokens = exchanged(url, code=sign_in(url, login_hint="ann.lee@example.com", nonce="n-1")).json()
        claims = identity(url, tokens["id_token"])
        assert claims["email"] == claims["sub"] == "ann.lee@example.com"
        assert (claims["email_verified"], claims["name"], claims["nonce"]) == (True, "ann.lee", "n-1")
        userinfo = about(url, tokens["access_token"]).json()
        assert {name: claims[name] for name in userinfo} == userinfo


def test_concurrent_sign_ins_are_independent() -> None:
    with provider() as url:
        codes = {name: sign_in(url, login_hint=f"{name}@example.com", nonce=name) for name in ("ann", "bob")}
        bob, ann = (exchanged(url, code=codes[name]).json() for name in ("bob", "ann"))
        assert identity(url, ann["id_token"])["nonce"] == "ann"
        assert identity(url, bob["id_token"])["email"] == "bob@example.com"
        again = token(url, grant_type="refresh_token", refresh_token=ann["refresh_token"]).json()
        assert about(url, again["access_token"]).json()["email"] == "ann@example.com"


def test_an_identity_token_is_only_for_a_client_that_requested_it() -> None:
    with provider() as url:
        tokens = exchanged(url, code=sign_in(url)).json()
        assert "nonce" not in identity(url, tokens["id_token"])
        with pytest.raises(jwt.InvalidAudienceError):
            identity(url, tokens["id_token"], audience="another")
        assert "id_token" not in exchanged(url, code=agreed(code(url))).json()


def test_a_token_about_a_person_opens_no_server_and_the_other_way_round() -> None:
    with provider() as url:
        person = exchanged(url, code=sign_in(url)).json()["access_token"]
        tool = exchanged(url, code=agreed(code(url))).json()["access_token"]
        assert [about(url, bearer).status_code for bearer in (person, tool, "another")] == [200, 401, 401]
        assert greeted(url, person) == 403


def state(url: str, person: str, **query: str) -> None:
    requests.put(f"{url}/claims/{person}", params=query, timeout=TIMEOUT).raise_for_status()


def test_what_is_stated_about_a_person_can_be_changed() -> None:
    with provider() as url:
        state(
            url,
            "ann@example.com",
            token='{"groups": ["a"], "nonce": "other"}',
            userinfo='{"email_verified": null}',
        )
        tokens = exchanged(url, code=sign_in(url, login_hint="ann@example.com", nonce="n-1")).json()
        claims = identity(url, tokens["id_token"])
        assert (claims["groups"], claims["nonce"], claims["email_verified"]) == (["a"], "other", True)
        assert not {"groups", "email_verified"} & about(url, tokens["access_token"]).json().keys()
        bob = exchanged(url, code=sign_in(url, login_hint="bob@example.com", nonce="n-1")).json()
        assert identity(url, bob["id_token"])["nonce"] == "n-1"
        state(url, "ann@example.com")
        usual = exchanged(url, code=sign_in(url, login_hint="ann@example.com", nonce="n-1")).json()
        assert "groups" not in identity(url, usual["id_token"])


def test_an_identity_token_can_be_forged() -> None:
    with provider() as url:
        state(url, "ann@example.com", forged="true")
        token = exchanged(url, code=sign_in(url, login_hint="ann@example.com")).json()["id_token"]
        with pytest.raises(jwt.InvalidSignatureError):
            identity(url, token)


def test_access_tokens_can_be_signed_by_the_provider_or_be_those_of_another() -> None:
    with provider() as url:
        for shape, issuer in (("signed", url), ("foreign", "https://elsewhere.example.com")):
            requests.put(f"{url}/shape/a?as={shape}", timeout=TIMEOUT).raise_for_status()
            form = {
                "client_id": OAUTH_CLIENT_ID,
                "client_secret": OAUTH_CLIENT_SECRET,
                "redirect_uri": CALLBACK,
            }
            form |= {"grant_type": "authorization_code", "code_verifier": VERIFIER, "code": agreed(code(url))}
            bearer = requests.post(f"{url}/token/a", data=form, timeout=TIMEOUT).json()["access_token"]
            claims = jwt.decode(bearer, options={"verify_signature": False})
            assert (claims["iss"], claims["aud"]) == (issuer, [f"{url}/mcp"])
            assert claims["scp"] == [f"api://loadtest/{MCP_SCOPE}"]
            assert greeted(url, bearer) == 200
