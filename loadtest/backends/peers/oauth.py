"""An OAuth 2 and OpenID provider, and an MCP server that requires its tokens, at one address.

The official MCP SDK serves the protocol: metadata (RFC 8414), authorisation code with PKCE S256 (RFC 7636,
checked), registration (RFC 7591), refresh. This module keeps the state and grants every request. What OpenID
adds for single sign-on is in :mod:`loadtest.backends.openid`.

``PUT /forget/PERSON`` revokes all tokens of a person, the one in ``login_hint`` when the consent was given. Between
``PUT /refuse/PERSON?refused=true`` and ``?refused=false``, their tokens are not renewed, but remain valid.
``PUT /claims/PERSON?token={}&userinfo={}&forged=false`` changes what is stated about a person from now on; see
:class:`loadtest.backends.openid.Stated`. There are token endpoints that respond otherwise; see
:mod:`loadtest.backends.token_shapes`.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import AsyncIterator

from mcp.server.auth import routes
from mcp.server.auth.provider import (
    AccessToken,
    AuthorizationCode,
    AuthorizationParams,
    OAuthAuthorizationServerProvider,
    RefreshToken,
    TokenError,
    construct_redirect_uri,
)
from mcp.server.auth.settings import AuthSettings, ClientRegistrationOptions
from mcp.server.mcpserver import MCPServer
from mcp.shared.auth import InvalidRedirectUriError, OAuthClientInformationFull, OAuthToken
from pydantic import AnyHttpUrl, AnyUrl
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from loadtest.backends import LOOPBACK, address, openid, token_shapes
from loadtest.backends.asgi import serving_at
from loadtest.backends.peers.mcp import IDLE, echo
from loadtest.backends.settings import MCP_SCOPE, OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET, OPENID_SCOPES

_CODE_LIFETIME = 60.0
_TOKEN_LIFETIME = 3600
_BRIEF_LIFETIME = 200
"""Lifetime of a token that the gateway renews before each use: it does so 300 seconds before a token expires."""


class KnownClient(OAuthClientInformationFull):
    """A preregistered client that allows every redirect address on loopback, as the gateway's port varies.

    For a gateway on another machine, whose address is unknown here, it allows every address.
    """

    def validate_redirect_uri(self, redirect_uri: AnyUrl | None) -> AnyUrl:
        """Return the address if it is one of those.

        Raises:
            InvalidRedirectUriError: it is missing or elsewhere.
        """
        elsewhere = address() != LOOPBACK
        if redirect_uri is None or not (elsewhere or redirect_uri.host in (LOOPBACK, "localhost")):
            raise InvalidRedirectUriError("expected an address of loopback")
        return redirect_uri


class OpenIdCode(AuthorizationCode):
    """A code that may become an identity token."""

    nonce: str | None
    brief: bool


class BriefRefreshToken(RefreshToken):
    """A refresh token, and whether the access tokens that it renews expire soon."""

    brief: bool


class Provider(OAuthAuthorizationServerProvider[OpenIdCode, BriefRefreshToken, AccessToken]):
    """Clients, codes and tokens, in memory."""

    def __init__(self, signer: openid.TokenSigner) -> None:
        self._signer = signer
        known = KnownClient(
            client_id=OAUTH_CLIENT_ID,
            client_secret=OAUTH_CLIENT_SECRET,
            redirect_uris=[AnyUrl("http://127.0.0.1/oauth/callback")],
            scope=f"{MCP_SCOPE} {OPENID_SCOPES}",
            token_endpoint_auth_method="client_secret_post",  # noqa: S106 - the name of a method
        )
        self._clients: dict[str, OAuthClientInformationFull] = {OAUTH_CLIENT_ID: known}
        self._codes: dict[str, OpenIdCode] = {}
        self._refresh: dict[str, BriefRefreshToken] = {}
        self._access: dict[str, AccessToken] = {}
        self._refused: set[str] = set()
        """Persons whose tokens are not renewed."""
        self._stated: dict[str, openid.Stated] = {}
        """By person, what is not as usual."""

    def states(self, person: str, says: openid.Stated) -> None:
        """State something else about a person from now on."""
        self._stated[person] = says

    def stated(self, person: str) -> openid.Stated:
        """Return what is stated about a person other than usual."""
        return self._stated.get(person, openid.USUAL)

    async def get_client(self, client_id: str) -> OAuthClientInformationFull | None:
        """Return a registered client."""
        return self._clients.get(client_id)

    async def register_client(self, client_info: OAuthClientInformationFull) -> None:
        """Store a client that registers itself; it must send its secret in the body.

        A provider may replace requested metadata (RFC 7591, 3.2.1); the gateway requests a header and then uses
        the body.
        """
        client_info.token_endpoint_auth_method = "client_secret_post"  # noqa: S105 - the name of a method
        if client_info.client_id:
            self._clients[client_info.client_id] = client_info

    async def authorize(self, client: OAuthClientInformationFull, params: AuthorizationParams) -> str:
        """Consent at once: return the client's address with a code."""
        parameters = openid.openid_parameters()
        code = OpenIdCode(
            code=secrets.token_urlsafe(24),
            scopes=params.scopes or [MCP_SCOPE],
            expires_at=time.time() + _CODE_LIFETIME,
            client_id=client.client_id or "",
            code_challenge=params.code_challenge,
            redirect_uri=params.redirect_uri,
            redirect_uri_provided_explicitly=params.redirect_uri_provided_explicitly,
            resource=params.resource,
            subject=parameters.person,
            nonce=parameters.nonce,
            brief=parameters.brief,
        )
        self._codes[code.code] = code
        return construct_redirect_uri(str(params.redirect_uri), code=code.code, state=params.state)

    async def load_authorization_code(
        self, client: OAuthClientInformationFull, authorization_code: str
    ) -> OpenIdCode | None:
        """Return an unused code."""
        return self._codes.get(authorization_code)

    async def exchange_authorization_code(
        self, client: OAuthClientInformationFull, authorization_code: OpenIdCode
    ) -> OAuthToken:
        """Return tokens for a code, once; with an identity token if the scope ``openid`` was requested."""
        code = self._codes.pop(authorization_code.code)
        person = code.subject or openid.DEFAULT_USER
        tokens = self._tokens(client, code.scopes, person, brief=code.brief)
        if code.brief:
            del self._access[tokens.access_token]
        if token_shapes.token_shape() == token_shapes.ENDLESS:
            return tokens.model_copy(update={"expires_in": None, "scope": None})
        if "openid" not in code.scopes:
            return tokens
        says = self.stated(person)
        token = self._signer.identity_token(person, client.client_id or "", code.nonce, says)
        return openid.IdentityAnswer(**tokens.model_dump(), id_token=token)

    async def load_refresh_token(
        self, client: OAuthClientInformationFull, refresh_token: str
    ) -> BriefRefreshToken | None:
        """Return an unused refresh token."""
        return self._refresh.get(refresh_token)

    async def exchange_refresh_token(
        self, client: OAuthClientInformationFull, refresh_token: BriefRefreshToken, scopes: list[str]
    ) -> OAuthToken:
        """Return new tokens for a refresh token, once; as often as it is used if it is ``kept``.

        Raises:
            TokenError: the tokens of the person are not renewed at present.
        """
        person = refresh_token.subject or openid.DEFAULT_USER
        if person in self._refused:
            raise TokenError("unauthorized_client", "not at present")
        tokens = self._tokens(client, scopes or refresh_token.scopes, person, brief=refresh_token.brief)
        if token_shapes.token_shape() == token_shapes.KEPT:
            del self._refresh[tokens.refresh_token or ""]
            return OAuthToken(access_token=tokens.access_token)
        del self._refresh[refresh_token.token]
        return tokens

    async def load_access_token(self, token: str) -> AccessToken | None:
        """Return an access token; the SDK checks its expiry."""
        return self._access.get(token)

    async def revoke_token(self, token: AccessToken | BriefRefreshToken) -> None:
        """Forget a token."""
        self._access.pop(token.token, None)
        self._refresh.pop(token.token, None)

    def refuse(self, person: str, *, refused: bool) -> None:
        """Renew the tokens of a person no longer if they are ``refused``, or again."""
        if refused:
            self._refused.add(person)
        else:
            self._refused.discard(person)

    def forget(self, person: str) -> int:
        """Forget all tokens of a person; return their number."""
        access = [key for key, token in self._access.items() if token.subject == person]
        refresh = [key for key, token in self._refresh.items() if token.subject == person]
        for key in access:
            del self._access[key]
        for key in refresh:
            del self._refresh[key]
        return len(access) + len(refresh)

    def _tokens(
        self, client: OAuthClientInformationFull, scopes: list[str], person: str, *, brief: bool
    ) -> OAuthToken:
        owner, lifetime = client.client_id or "", _BRIEF_LIFETIME if brief else _TOKEN_LIFETIME
        access, refresh = self._access_token(scopes), secrets.token_urlsafe(32)
        self._access[access] = AccessToken(
            token=access,
            client_id=owner,
            scopes=scopes,
            expires_at=int(time.time()) + lifetime,
            subject=person,
        )
        self._refresh[refresh] = BriefRefreshToken(
            token=refresh, client_id=owner, scopes=scopes, subject=person, brief=brief
        )
        return OAuthToken(
            access_token=access,
            expires_in=lifetime,
            refresh_token=refresh,
            scope=" ".join(scopes),
        )

    def _access_token(self, scopes: list[str]) -> str:
        if (shape := token_shapes.token_shape()) in (token_shapes.SIGNED, token_shapes.FOREIGN):
            return self._signer.access_token(scopes, foreign=shape == token_shapes.FOREIGN)
        return secrets.token_urlsafe(32)


def build(url: str) -> ASGIApp:
    """Return the application for the address ``url``, which is the provider's issuer; MCP is at ``/mcp``."""
    if address() != LOOPBACK:
        # The library allows HTTP only on loopback; the network of a load test is private, too.
        vars(routes)["validate_issuer_url"] = lambda url: None
    signer = openid.TokenSigner(url)
    provider = Provider(signer)
    server: MCPServer[None] = MCPServer(
        "loadtest-oauth",
        version="1",
        log_level="ERROR",
        auth_server_provider=provider,
        auth=AuthSettings(
            issuer_url=AnyHttpUrl(url),
            resource_server_url=AnyHttpUrl(f"{url}/mcp"),
            required_scopes=[MCP_SCOPE],
            validate_token_resource=False,
            client_registration_options=ClientRegistrationOptions(
                enabled=True, valid_scopes=[MCP_SCOPE], default_scopes=[MCP_SCOPE]
            ),
        ),
    )
    server.tool()(echo)
    app = server.streamable_http_app(host=address(), session_idle_timeout=IDLE)
    shapes: dict[str, str] = {}
    app.routes.extend(_identities(provider, signer, shapes))
    return openid.remembering(token_shapes.reshaping(app, shapes))


def _identities(provider: Provider, signer: openid.TokenSigner, shapes: dict[str, str]) -> list[Route]:
    async def discovery(request: Request) -> Response:
        return JSONResponse(signer.discovery())

    async def keys(request: Request) -> Response:
        return JSONResponse(signer.keys())

    async def userinfo(request: Request) -> Response:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        token = await provider.load_access_token(bearer)
        if token is None or "openid" not in token.scopes:
            return JSONResponse({"error": "invalid_token"}, status_code=401)
        person = token.subject or openid.DEFAULT_USER
        return JSONResponse(openid.claims(person, provider.stated(person).userinfo))

    async def forget(request: Request) -> Response:
        return JSONResponse({"forgotten": provider.forget(request.path_params["person"])})

    async def refuse(request: Request) -> Response:
        refused = request.query_params.get("refused") == "true"
        provider.refuse(request.path_params["person"], refused=refused)
        return JSONResponse({"refused": refused})

    async def state(request: Request) -> Response:
        person = request.path_params["person"]
        provider.states(person, openid.stated(request.query_params))
        return JSONResponse({"stated": person})

    async def reshape(request: Request) -> Response:
        name = request.path_params["name"]
        shapes[name] = request.query_params["as"]
        return JSONResponse({name: shapes[name]})

    return [
        Route("/forget/{person}", forget, methods=["PUT"]),
        Route("/refuse/{person}", refuse, methods=["PUT"]),
        Route("/claims/{person}", state, methods=["PUT"]),
        Route("/shape/{name}", reshape, methods=["PUT"]),
        Route("/.well-known/openid-configuration", discovery),
        Route("/keys", keys),
        Route("/userinfo", userinfo),
    ]


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[str]:
    """Serve both; yields the address of the provider, below which ``/mcp`` requires a token."""
    async with serving_at(build) as url:
        yield url
