"""What the gateway sent by mail, from the mail server among the backends; no part of the load."""

from __future__ import annotations

from urllib.parse import quote

import requests

MARGIN = 5.0
"""Seconds for the letterbox's own answer, on top of the wait for mail."""


def newest_mail(url: str, address: str, *, within: float) -> str | None:
    """Return the body of the newest mail to ``address``, or None if none came within ``within`` seconds.

    ``url`` is the mail server's HTTP address, the backend ``smtp``. The letterbox is empty afterwards.

    Raises:
        requests.RequestException: the mail server does not answer.
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
"""The kind of the event by which the gateway tests a destination."""


def arrived_events(url: str, word: str, *, beyond: int = 0, within: float = 0.0) -> int:
    """Return how many events of the kind ``word``, or about what has that name, have arrived so far.

    ``url`` is the collector's address, the backend ``siem``. It waits up to ``within`` seconds for more of them
    than ``beyond``.

    Raises:
        requests.RequestException: the collector does not answer.
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
