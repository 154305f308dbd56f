"""The few plain requests around the load, before it and after it; they are not part of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests

from loadtest.client.session import Session, plain_http

_TIMEOUT = 30.0
"""Seconds for one request before or after the load."""


class Desk:
    """Asks one gateway, as its administrator."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._http = plain_http(session.trust)
        # No connection is kept: the server may close an idle one just when the next request goes out.
        self._http.headers["Connection"] = "close"
        self._http.headers["Authorization"] = f"Bearer {session.bearer}"

    def ask(
        self,
        operation: str,
        *,
        json: Any = None,
        params: Mapping[str, str] | None = None,
        path: Mapping[str, str | None] | None = None,
    ) -> Any:
        """Return the decoded answer of ``operation``, None without a body.

        Raises:
            requests.RequestException: no answer, or a status that says no.
        """
        method, template = operation.split(" ")
        served = self._session.contract.path(operation) or template
        answer = self._http.request(
            method,
            self._session.host + served.format_map(path or {}),
            json=json,
            params=params,
            timeout=_TIMEOUT,
            allow_redirects=False,
        )
        # The pool would offer this connection again while the server is closing it.
        self._http.close()
        answer.raise_for_status()
        if answer.is_redirect:
            # The body may hold a password, and the header holds a token: they go to this address and no other.
            raise requests.HTTPError(f"{operation} is redirected, expected an answer", response=answer)
        return answer.json() if answer.content else None
