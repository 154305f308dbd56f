"""What the gateway exported, from the collector of security events among the backends; no part of the load."""

from __future__ import annotations

from urllib.parse import quote

import requests

TEST = "siem_connectivity_test"
"""The kind of the event by which the gateway tests a destination."""

MARGIN = 5.0
"""Seconds for the collector's own answer, on top of the wait for events."""


def arrived(url: str, word: str, *, beyond: int = 0, within: float = 0.0) -> int:
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
