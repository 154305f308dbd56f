"""Conversion of an operation and its arguments to a request. Pure."""

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import msgspec

from loadtest.core.operations import base
from loadtest.openapi.contract import Contract

CORRELATION_HEADER = "X-Correlation-ID"
"""Header that identifies a request in the gateway's log (``mcpgateway/middleware/correlation_id.py``)."""

Query = Mapping[str, object]
"""Parameters of a query: text, numbers and booleans, which are sent as ``true`` and ``false``."""


class Route(NamedTuple):
    """Method and path of an operation."""

    method: str
    name: str
    """Name shown by Locust: the path template, followed by the JSON-RPC method if there is one."""
    path: str
    """The template as the gateway serves it."""
    offered: bool
    """Whether it is in the contract."""


class PreparedRequest(NamedTuple):
    """One request, ready to send."""

    method: str
    url: str
    headers: dict[str, str]
    body: str | None


def find_route(operation: str, contract: Contract) -> Route:
    """Return the route of ``METHOD /path/{template}``, optionally followed by a JSON-RPC method."""
    method, path, *rpc = operation.split(" ", 2)
    served = contract.path(base(operation))
    return Route(method, " ".join([path, *rpc]), served or path, served is not None)


def make_request(
    route: Route,
    *,
    host: str,
    token: str,
    correlation_id: str,
    path: Mapping[str, str],
    params: Query | None = None,
    json: Any = None,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> PreparedRequest:
    """Return the request; ``path`` fills the template, ``form`` takes precedence over ``json``.

    Raises:
        LookupError: the template has a parameter that is missing in ``path``.
    """
    url = route.path
    for name, value in path.items():
        url = url.replace(f"{{{name}}}", quote(value, safe=""))
    if "{" in url:
        raise LookupError(f"{route.method} {route.path} needs {url[url.index('{') :]}")
    if params:
        url += "?" + urlencode({name: _query(value) for name, value in params.items()})
    sent = {"Accept": "application/json", CORRELATION_HEADER: correlation_id}
    if token:
        sent["Authorization"] = f"Bearer {token}"
    body = None
    if form is not None:
        body = urlencode(form)
        sent["Content-Type"] = "application/x-www-form-urlencoded"
    elif json is not None:
        body = msgspec.json.encode(json).decode()
        sent["Content-Type"] = "application/json"
    if headers:
        sent.update(headers)
    return PreparedRequest(route.method, host + url, sent, body)


def _query(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value
