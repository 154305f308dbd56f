"""What the registry's scenarios hold against an answer that keeps to the contract.

Nothing here knows of Locust, so that each check can be shown to fail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loadtest.client.answer import Answer

if TYPE_CHECKING:
    from loadtest.client.caller import Check


def has(key: str, expected: Any) -> Check:
    """Return a check that the answer's member ``key`` (a dotted path) is ``expected``."""

    def check(answer: Answer) -> str | None:
        return None if answer[key] == expected else f"{key} is {answer[key]!r}, expected {expected!r}"

    return check


def lists(entity: str, at: str = "") -> Check:
    """Return a check that the answer, or its member ``at``, lists an entity with the id ``entity``."""

    def check(answer: Answer) -> str | None:
        listed = answer[at] if at else answer.json
        return None if any(str(one["id"]) == entity for one in listed) else "the entity is not listed"

    return check


def enabled(expected: bool, *, under: str = "") -> Check:
    """Return a check that the entity, which may stand ``under`` a member, is on or off."""

    def check(answer: Answer) -> str | None:
        entity = answer[under] if under else answer.json
        told = entity.get("enabled", entity.get("isActive"))
        return None if told is expected else f"the entity says enabled={told}, expected {expected}"

    return check


def is_page(answer: Answer) -> str | None:
    """Say what is wrong if the answer is not one page of a list."""
    return None if isinstance(answer.json, dict) else "expected a page, got a whole list"


def listed(answer: Answer, uri: str) -> str | None:
    """Say what is wrong if the answer does not list the root."""
    return None if any(root["uri"] == uri for root in answer.json) else "the root is not listed"


def counted(answer: Answer, tag: str) -> str | None:
    """Say what is wrong if the answer does not list ``tag`` as carried by one entity."""
    found = [one["stats"]["total"] for one in answer.json if one["name"] == tag]
    return None if found == [1] else f"the tag is carried by {found}, expected one entity"


def imports(created: int) -> Check:
    """Return a check that the import made so many entities and that none failed."""

    def check(answer: Answer) -> str | None:
        if answer["errors"]:
            return str(answer["errors.0"]).partition(" [")[0]
        progress = answer["progress"]
        made, failed = progress["created"], progress["failed"]
        return None if (made, failed) == (created, 0) else f"{made} created and {failed} failed"

    return check


def holds_one_tool(answer: Answer) -> str | None:
    """Say what is wrong if the file does not hold exactly one tool."""
    count = len(answer["entities.tools"])
    return None if count == 1 else f"the file holds {count} tools, expected 1"


def exports(server: str) -> Check:
    """Return a check that the file holds ``server``."""

    def check(answer: Answer) -> str | None:
        names = [one["name"] for one in answer["entities.servers"]]
        return None if server in names else "the server is not in the file"

    return check


def retells(text: str, *more: str) -> Check:
    """Return a check that the agent retold what a tool said, with ``text``, and then answered as expected."""

    def check(answer: Answer) -> str | None:
        told, *rest = [str(one) for one in answer.json] or [""]
        if not (told.startswith("The tool said: ") and text in told):
            return "the agent did not call the tool"
        return None if rest == list(more) else "the agent answered something else"

    return check


def answers(text: str) -> Check:
    """Return a check that the agent, which echoes, answered with ``text``: as a message of 1.0 or of 0.3."""

    def check(answer: Answer) -> str | None:
        result = answer["result"]
        message = result.get("message", result)
        said = [part.get("text") for part in message.get("parts", ())]
        return None if said == [text] else "the agent did not answer with the text"

    return check
