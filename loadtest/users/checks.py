"""Content checks of the registry's scenarios.

Independent of Locust, so that tests can call each check.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from loadtest.client.answer import Answer
from loadtest.client.mismatch import Mismatch, expected, refused

if TYPE_CHECKING:
    from loadtest.client.caller import Check


COMPLETION: dict[str, dict[str, str]] = {
    "ref": {"type": "ref/resource", "uri": "greeting://{name}"},
    "argument": {"name": "name", "value": "hel"},
}
"""The start of an address that matches a resource template of the MCP backend. Releases up to 1.0.7 search all known
addresses; later ones ask the backend."""


def completes(at: str) -> Check:
    """Return a check that the member ``at`` contains completions of :data:`COMPLETION` and nothing else."""

    def check(answer: Answer) -> Mismatch | None:
        typed = COMPLETION["argument"]["value"]
        offered = answer[at]
        right = bool(offered) and all(typed in value for value in offered)
        return None if right else expected(f"completions of {typed!r} and nothing else", offered)

    return check


def has(key: str, value: Any) -> Check:
    """Return a check that the response's member ``key`` (a dotted path) is ``value``."""

    def check(answer: Answer) -> Mismatch | None:
        return None if answer[key] == value else expected(f"{key} to be {value!r:.80}", answer[key])

    return check


def lists(entity: str, at: str = "") -> Check:
    """Return a check that the response, or its member ``at``, lists an entity with the id ``entity``."""

    def check(answer: Answer) -> Mismatch | None:
        listed = answer[at] if at else answer.json
        return (
            None
            if any(str(one["id"]) == entity for one in listed)
            else expected("the entity in the list", [one["id"] for one in listed])
        )

    return check


def lacks(entity: str, at: str = "") -> Check:
    """Return a check that the response, or its member ``at``, does not list an entity with the id ``entity``."""

    def check(answer: Answer) -> Mismatch | None:
        listed = [str(one["id"]) for one in (answer[at] if at else answer.json)]
        return expected("the entity not to be in the list", listed) if entity in listed else None

    return check


def ids(answer: Answer, at: str = "") -> list[str]:
    """Return the ids of the entities that the response lists: in the member ``at``, or on a page in any member."""
    body = answer[at] if at else answer.json
    listed = next((v for v in body.values() if isinstance(v, list)), []) if isinstance(body, dict) else body
    return [str(one["id"]) for one in listed]


def lists_only(*entities: str, at: str = "") -> Check:
    """Return a check that the response, or its member ``at``, lists exactly these entities, in any order."""

    def check(answer: Answer) -> Mismatch | None:
        found = ids(answer, at)
        if missing := set(entities) - set(found):
            return expected("the entity in the list", f"{found}, without {missing}")
        return None if len(found) == len(entities) else expected("no other entity in the list", found)

    return check


def starts_list(entities: Collection[str]) -> Check:
    """Return a check that the response is a page with one of these ``entities``, and names the next page."""

    def check(answer: Answer) -> Mismatch | None:
        found = ids(answer)
        if len(found) != 1 or found[0] not in entities:
            return expected("a page with one of the entities", found)
        return None if answer["nextCursor"] else expected("the next page to be named", answer.json)

    return check


def finishes_list(entities: Collection[str], before: Answer) -> Check:
    """Return a check that the response has the ``entities`` that the page ``before`` lacks, and is the last page."""

    def check(answer: Answer) -> Mismatch | None:
        found = ids(answer)
        if sorted(found) != sorted(set(entities) - set(ids(before))):
            return expected("the rest of the list on the next page", found)
        return expected("no further page", answer.json) if answer.json.get("nextCursor") else None

    return check


def enabled(on: bool, *, under: str = "") -> Check:
    """Return a check that the entity, in the member ``under`` if given, is enabled or disabled."""

    def check(answer: Answer) -> Mismatch | None:
        entity = answer[under] if under else answer.json
        reported = entity.get("enabled", entity.get("isActive"))
        return None if reported is on else expected(f"the entity to be {'on' if on else 'off'}", reported)

    return check


def is_page(answer: Answer) -> Mismatch | None:
    """Return a mismatch if the response is not a page of a list."""
    return None if isinstance(answer.json, dict) else expected("a page of a list", answer.json)


def listed(answer: Answer, uri: str) -> Mismatch | None:
    """Return a mismatch if the response does not list the root."""
    return (
        None
        if any(root["uri"] == uri for root in answer.json)
        else expected("the root in the list", [root["uri"] for root in answer.json])
    )


def counted(answer: Answer, tag: str) -> Mismatch | None:
    """Return a mismatch if the response does not list ``tag`` as carried by one entity."""
    found = [one["stats"]["total"] for one in answer.json if one["name"] == tag]
    return None if found == [1] else expected("the tag on one entity", found)


def imports(created: int) -> Check:
    """Return a check that the import created this number of entities and that none failed."""

    def check(answer: Answer) -> Mismatch | None:
        if answer["errors"]:
            return refused("an import without errors", str(answer["errors.0"]).partition(" [")[0])
        progress = answer["progress"]
        made, failed = progress["created"], progress["failed"]
        return (
            None
            if (made, failed) == (created, 0)
            else expected(f"{created} created and none failed", (made, failed))
        )

    return check


def holds_one_tool(answer: Answer) -> Mismatch | None:
    """Return a mismatch if the file does not contain exactly one tool."""
    count = len(answer["entities.tools"])
    return None if count == 1 else expected("one tool in the file", count)


def exports(server: str) -> Check:
    """Return a check that the file contains ``server``."""

    def check(answer: Answer) -> Mismatch | None:
        names = [one["name"] for one in answer["entities.servers"]]
        return None if server in names else expected("the server in the file", names)

    return check


def repeats_tool_result(text: str, *more: str) -> Check:
    """Return a check that the agent repeated the result of a tool, with ``text``, and then answered as expected."""

    def check(answer: Answer) -> Mismatch | None:
        first, *rest = [str(one) for one in answer.json] or [""]
        if not (first.startswith("The tool said: ") and text in first):
            return expected("the agent to call the tool", first)
        return None if rest == list(more) else expected("the agent's second answer", rest)

    return check


def answers(text: str) -> Check:
    """Return a check that the echo agent responded with ``text``, in a message of A2A 1.0 or 0.3."""

    def check(answer: Answer) -> Mismatch | None:
        result = answer["result"]
        message = result.get("message", result)
        texts = [part.get("text") for part in message.get("parts", ())]
        return None if texts == [text] else expected("the agent's answer to contain the text")

    return check


NO_MCP = ("protocol", "invalid_response")
"""Classes of failure of a service that does not speak MCP: since 1.1.0, and before."""


def refuses_service(answer: Answer) -> Mismatch | None:
    """Check that a service that does not speak MCP is reported as such; releases name it differently."""
    found = answer["failureClass"]
    return None if found in NO_MCP else expected(f"failureClass to be one of {', '.join(NO_MCP)}", found)


def requests_counted(answer: Answer) -> Mismatch | None:
    """Check that requests are counted; one in progress has neither succeeded nor failed.

    Releases before 1.1.0 count requests only, without their outcome.
    """
    counted = sum(answer["values"])
    with_outcome = "success_count" in answer.json
    ended = sum(answer["success_count"]) + sum(answer["error_count"]) if with_outcome else counted
    return None if 0 < ended <= counted else expected("requests to be counted", answer.json)
