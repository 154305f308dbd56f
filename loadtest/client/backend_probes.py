"""Requests to the backends for what the gateway has sent them; not measured."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import requests

MARGIN = 5.0
"""Seconds for the response of the backend, in addition to the wait."""


def newest_mail(url: str, address: str, *, within: float) -> str | None:
    """Return the body of the newest mail to ``address``, or None if none came within ``within`` seconds.

    ``url`` is the HTTP address of the mail server, the backend ``smtp``. The mailbox is empty afterwards.

    Raises:
        requests.RequestException: the mail server does not respond.
    """
    with requests.Session() as http:
        http.trust_env = False
        answer = http.get(
            f"{url}/mail/{quote(address)}", params={"within": str(within)}, timeout=within + MARGIN
        )
        answer.raise_for_status()
        found = answer.json()
    return str(found[-1]["body"]) if found else None


CONNECTIVITY_TEST = "siem_connectivity_test"
"""Kind of the event with which the gateway tests a destination."""


def arrived_events(url: str, word: str, *, beyond: int = 0, within: float = 0.0) -> int:
    """Return the number of events received so far that have the kind ``word``, or concern an entity of that name.

    ``url`` is the address of the collector, the backend ``siem``. It waits up to ``within`` seconds for more than
    ``beyond`` events.

    Raises:
        requests.RequestException: the collector does not respond.
    """
    with requests.Session() as http:
        http.trust_env = False
        answer = http.get(
            f"{url}/arrived/{quote(word, safe='')}",
            params={"beyond": str(beyond), "within": str(within)},
            timeout=within + MARGIN,
        )
        answer.raise_for_status()
        return int(answer.json()["count"])


def ask_scripted(url: str, method: str, path: str) -> dict[str, Any]:
    """Return the response of the backend ``scripted`` or ``oauth`` at ``url`` to a control request; see its module.

    Raises:
        requests.RequestException: the backend does not respond.
    """
    with requests.Session() as http:
        http.trust_env = False
        answer = http.request(method, url + path, timeout=2 * MARGIN)
        answer.raise_for_status()
        return dict(answer.json())
