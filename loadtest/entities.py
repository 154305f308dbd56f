"""What the gateway holds: counted before and after the load, and what a run left behind taken away.

An entity whose making got no answer in time is there all the same, and nobody knows its id. Its name is known:
everything that a run makes is named after the tags of the run's processes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

import requests

from loadtest.client.session import Session
from loadtest.desk import Desk
from loadtest.fingerprint import NAME_PREFIX
from loadtest.standing import EMAIL

_NAMES = ("name", "email", "uri", "model_name")
"""Where the name of an entity stands."""
_PAGED = {"include_pagination": "true"}
_ALL = {"include_inactive": "true", "limit": "0"}


class Kind(NamedTuple):
    """A kind of entity that scenarios make."""

    name: str
    lists: str
    query: Mapping[str, str]
    """Asks for all of them."""
    deletes: str
    key: str = "id"
    """What the path of ``deletes`` is filled with."""
    body: Mapping[str, str] | None = None
    """What ``deletes`` is told."""


ENTITIES = (
    # What was federated goes with its gateway, and what a server holds goes after it.
    Kind("servers", "GET /servers", _ALL, "DELETE /servers/{server_id}"),
    Kind("gateways", "GET /gateways", _ALL, "DELETE /gateways/{gateway_id}"),
    Kind("agents", "GET /a2a", _ALL, "DELETE /a2a/{agent_id}"),
    Kind("tools", "GET /tools", _ALL, "DELETE /tools/{tool_id}"),
    Kind("resources", "GET /resources", _ALL, "DELETE /resources/{resource_id}"),
    Kind("prompts", "GET /prompts", _ALL, "DELETE /prompts/{prompt_id}"),
    Kind("teams", "GET /teams/", _PAGED | {"limit": "100"}, "DELETE /teams/{team_id}"),
    Kind(
        "users",
        "GET /auth/email/admin/users",
        _PAGED | {"limit": "500"},
        "DELETE /auth/email/admin/users/{user_email}",
        "email",
    ),
    Kind("tokens", "GET /tokens/admin/all", {"limit": "500"}, "DELETE /tokens/admin/{token_id}"),
    Kind("roles", "GET /rbac/roles", {}, "DELETE /rbac/roles/{role_id}"),
    Kind("roots", "GET /roots", {}, "DELETE /roots/{uri}", "uri"),
    Kind("LLM models", "GET /llm/models", {"page_size": "100"}, "DELETE /llm/models/{model_id}"),
    Kind("LLM providers", "GET /llm/providers", {"page_size": "100"}, "DELETE /llm/providers/{provider_id}"),
    Kind(
        # It stays for good; once it is decided it waits no more and is not listed.
        "requests for approval",
        "GET /auth/sso/pending-approvals",
        {},
        "POST /auth/sso/pending-approvals/{approval_id}/action",
        body={"action": "reject", "reason": "left behind by a load test"},
    ),
    Kind(
        "SSO providers",
        "GET /auth/sso/admin/providers",
        {},
        "DELETE /auth/sso/admin/providers/{provider_id}",
    ),
)
"""Every kind of entity that scenarios make, in the order in which they can be deleted."""


def count_entities(session: Session) -> dict[str, int | None]:
    """Return how many entities of each kind the gateway holds; None where it does not say."""
    desk = Desk(session)
    return {kind.name: _count(desk, kind) for kind in ENTITIES if kind.lists in session.contract.operations}


def take_away_leftovers(session: Session, tags: Collection[str]) -> dict[str, int]:
    """Delete every entity that is named after one of ``tags``; return how many of each kind there were.

    What the gateway does not let go stays and shows in the count of entities.
    """
    desk = Desk(session)
    marks = tuple(NAME_PREFIX + tag for tag in tags)
    taken: dict[str, int] = {}
    for kind in ENTITIES:
        if not {kind.lists, kind.deletes} <= session.contract.operations.keys():
            continue
        for entity in _marked(desk, kind, marks):
            parameter = kind.deletes.rpartition("{")[2].partition("}")[0]
            try:
                path = {parameter: quote(str(entity[kind.key]), safe="")}
                desk.ask(kind.deletes, path=path, json=kind.body)
            except requests.RequestException:
                continue
            taken[kind.name] = taken.get(kind.name, 0) + 1
    return taken


def _marked(desk: Desk, kind: Kind, marks: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the entities whose name holds one of ``marks``; none of a kind that cannot be listed."""
    try:
        listed = [entity for page in _pages(desk, kind) for entity in _listed(page)]
    except (requests.RequestException, ValueError, AttributeError):
        return []
    return [
        entity
        for entity in listed
        if kind.key in entity and any(mark in str(entity.get(name)) for name in _NAMES for mark in marks)
    ]


def _count(desk: Desk, kind: Kind) -> int | None:
    count = 0
    try:
        for page in _pages(desk, kind):
            if isinstance(page, dict) and isinstance(page.get("total"), int):
                return int(page["total"])
            # The account that stays does not count.
            count += sum(entity.get("email") != EMAIL for entity in _listed(page))
    except (requests.RequestException, ValueError, AttributeError):
        return None
    return count


def _pages(desk: Desk, kind: Kind) -> Iterator[Any]:
    """Yield what the gateway answers, page by page.

    Raises:
        requests.RequestException: it does not answer, or says no.
        ValueError: it answers no JSON.
    """
    cursor = ""
    while True:
        page = desk.ask(kind.lists, params=dict(kind.query) | ({"cursor": cursor} if cursor else {}))
        yield page
        if isinstance(page, list):
            return
        cursor = str(page.get("nextCursor") or page.get("next_cursor") or "")
        if not cursor:
            return


def _listed(page: Any) -> list[dict[str, Any]]:
    """Return the entities of a page: the page itself, or its first member that is a list."""
    listed = page if isinstance(page, list) else next((v for v in page.values() if isinstance(v, list)), [])
    return [entity for entity in listed if isinstance(entity, dict)]
