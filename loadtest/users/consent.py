"""What a person's browser does at the provider to which the gateway sent it."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import requests

HTML = {"Accept": "text/html"}
"""What a browser asks for."""
PROVIDER_TIMEOUT = 10.0
"""Seconds for the person's browser to be sent back by the provider."""


def consented(url: str, **asked: str) -> dict[str, str]:
    """Go to ``url``, where the provider agrees at once; return what the browser brings back to the gateway.

    Args:
        url: the address at the provider.
        asked: further parameters of that address, such as who it is.

    Raises:
        requests.RequestException: the provider does not answer, or says no.
    """
    agreed = requests.get(url, params=asked, allow_redirects=False, timeout=PROVIDER_TIMEOUT)
    agreed.raise_for_status()
    return dict(parse_qsl(urlsplit(agreed.headers["location"]).query))
