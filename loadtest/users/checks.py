"""Content checks of the registry's scenarios.

Independent of Locust, so that tests can call each check.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec

from loadtest.client.answer import Answer
from loadtest.client.mismatch import Mismatch, expected, refused
from loadtest.users.read_back import contradiction

if TYPE_CHECKING:
    from loadtest.client.caller import Check


COMPLETION: dict[str, dict[str, str]] = {
    "ref": {"type": "ref/resource", "uri": "greeting://{name}"},
    "argument": {"name": "name", "value": "hel"},
}
"""The start of an address that matches a resource template of the MCP backend. Releases up to 1.0.7 search all known
addresses; later ones ask the backend."""


ANSWERED = (HTTPStatus.OK,)
"""Status of a reply of JSON-RPC, also of an error."""
INVALID_REQUEST = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
"""Statuses of a request with an invalid value."""
SCOPE = ("visibility", "teamId", "ownerEmail")
"""Members that decide who sees an entity."""


def completes(at: str) -> Check:
    """Return a check that the member ``at`` contains completions of :data:`COMPLETION` and nothing else.

    The members beside it must state their number, if any, and whether there are more.
    """

    def check(answer: Answer) -> Mismatch | None:
        typed = COMPLETION["argument"]["value"]
        offered = answer[at]
        if not offered or not all(typed in value for value in offered):
            return expected(f"completions of {typed!r} and nothing else", offered)
        whole = answer[at.rpartition(".")[0]]
        total, more = whole.get("total"), whole.get("hasMore")
        right = total is None or (total >= len(offered) and bool(more) is (total > len(offered)))
        return None if right else expected("the number of completions, and whether there are more", whole)

    return check


def has(key: str, value: Any) -> Check:
    """Return a check that the response's member ``key`` (a dotted path) is ``value``."""

    def check(answer: Answer) -> Mismatch | None:
        return None if answer[key] == value else expected(f"{key} to be {value!r:.80}", answer[key])

    return check


def lists(entity: str | Answer, at: str = "", key: str = "id") -> Check:
    """Return a check that the response, or its member ``at``, lists an entity whose ``key`` is ``entity``.

    The response that created the entity can be given instead of its id; the entity must be listed as it states.
    """
    identity = entity if isinstance(entity, str) else entity.id

    def check(answer: Answer) -> Mismatch | None:
        listed = answer[at] if at else answer.json
        found = next((one for one in listed if str(one[key]) == identity), None)
        if found is None:
            return expected("the entity in the list", [one[key] for one in listed])
        return _as_stated(entity, found)

    return check


def _as_stated(entity: str | Answer, listed: Any) -> Mismatch | None:
    if isinstance(entity, str):
        return None
    return contradiction(entity.json, listed, f"in the list to be as in the response of {entity.operation}")


def lacks(entity: str, at: str = "") -> Check:
    """Return a check that the response, or its member ``at``, does not list an entity with the id ``entity``."""

    def check(answer: Answer) -> Mismatch | None:
        listed = [str(one["id"]) for one in (answer[at] if at else answer.json)]
        return expected("the entity not to be in the list", listed) if entity in listed else None

    return check


def in_scope_of(entity: Answer) -> Check:
    """Return a check that the response lists entities, each with the visibility, team and owner of ``entity``.

    The gateway has created them for ``entity``, as the response that created or changed it states it.
    """

    def check(answer: Answer) -> Mismatch | None:
        found, operation = _listed(answer, ""), answer.operation
        if not found:
            return expected(f"what the gateway creates for the entity in the list of {operation}")
        for name in SCOPE:
            if name in entity.json and any(one.get(name) != entity[name] for one in found):
                wrong = [one.get(name) for one in found]
                return expected(f"{name} of what {operation} lists for the entity to be its own", wrong)
        return None

    return check


def mentions(text: str, at: str) -> Check:
    """Return a check that the text at the dotted path ``at`` contains ``text``."""

    def check(answer: Answer) -> Mismatch | None:
        return None if text in answer[at] else expected(f"{at} to contain {text!r:.80}", answer[at])

    return check


def contains(text: str) -> Check:
    """Return a check that the response, of whatever type, contains ``text``."""

    def check(answer: Answer) -> Mismatch | None:
        return None if text in answer.text else expected(f"{text!r:.80} in the response", answer.text)

    return check


def both(*checks: Check) -> Check:
    """Return a check that finds the first mismatch of several ``checks``."""

    def check(answer: Answer) -> Mismatch | None:
        return next((found for one in checks if (found := one(answer)) is not None), None)

    return check


def ids(answer: Answer, at: str = "") -> list[str]:
    """Return the ids of the entities that the response lists: in the member ``at``, or on a page in any member."""
    return [str(one["id"]) for one in _listed(answer, at)]


def _listed(answer: Answer, at: str) -> Any:
    body = answer[at] if at else answer.json
    return next((v for v in body.values() if isinstance(v, list)), []) if isinstance(body, dict) else body


def lists_only(*entities: str | Answer, at: str = "") -> Check:
    """Return a check that the response, or its member ``at``, lists exactly these entities, in any order.

    They are given as in :func:`lists`. A ``total`` beside the list is their number.
    """
    by_id = {one if isinstance(one, str) else one.id: one for one in entities}

    def check(answer: Answer) -> Mismatch | None:
        found = ids(answer, at)
        if missing := by_id.keys() - set(found):
            return expected("the entity in the list", f"{found}, without {missing}")
        if len(found) != len(entities):
            return expected("no other entity in the list", found)
        stated = answer.json.get("total", len(found)) if at else len(found)
        if stated != len(found):
            return expected("a total that is the number of entities", stated)
        pairs = zip(found, _listed(answer, at), strict=True)
        return next(filter(None, (_as_stated(by_id[name], one) for name, one in pairs)), None)

    return check


def lists_one_of(entities: Collection[str], at: str = "") -> Check:
    """Return a check that the response, or its member ``at``, lists one of these ``entities``, or any one if empty."""

    def check(answer: Answer) -> Mismatch | None:
        found = ids(answer, at)
        right = len(found) == 1 and (not entities or found[0] in entities)
        return None if right else expected("a page of one entity that was not on another page", found)

    return check


def lists_number(number: int, at: str = "") -> Check:
    """Return a check that the response, or its member ``at``, lists this number of entities."""

    def check(answer: Answer) -> Mismatch | None:
        found = ids(answer, at)
        return None if len(found) == number else expected(f"a list of {number}", found)

    return check


def continues_list(left: Collection[str], page: int) -> Check:
    """Return a check that the response lists as many of the entities ``left`` as fit on a ``page``.

    It must name a further page exactly if there are more.
    """

    def check(answer: Answer) -> Mismatch | None:
        found = ids(answer)
        if len(found) != min(page, len(left)) or set(found) - set(left):
            return expected("the next page of the list", found)
        return (
            None
            if bool(answer["nextCursor"]) is (len(left) > page)
            else expected("the last page", answer.json)
        )

    return check


def has_at_least(key: str, value: float) -> Check:
    """Return a check that the number at the dotted path ``key`` is not less than ``value``."""

    def check(answer: Answer) -> Mismatch | None:
        found = answer[key]
        right = isinstance(found, int | float) and found >= value
        return None if right else expected(f"{key} to be at least {value}", found)

    return check


def is_not_empty(answer: Answer) -> Mismatch | None:
    """Check that the list is not empty."""
    return None if ids(answer) else expected("an entity in the list", answer.json)


def of_no_other_team(answer: Answer) -> Mismatch | None:
    """Check that the list, of a team without entities, is empty."""
    found = ids(answer)
    return expected("no entity of another team in the list", found) if found else None


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


def only_registered(answer: Answer) -> Mismatch | None:
    """Check that each server of the catalog that is listed is registered; there may be none."""
    others = [one["id"] for one in answer["servers"] if one["is_registered"] is not True]
    return expected("only servers that are registered", others) if others else None


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


def without_tag(answer: Answer, tag: str) -> Mismatch | None:
    """Return a mismatch if the response lists ``tag``."""
    names = [one["name"] for one in answer.json]
    return expected("the tag not to be in the list", names) if tag in names else None


def carries(tag: str, *entities: str) -> Check:
    """Return a check that the response lists ``entities``, by their ids, under ``tag``, and no other."""

    def check(answer: Answer) -> Mismatch | None:
        found = [[str(one["id"]) for one in name["entities"]] for name in answer.json if name["name"] == tag]
        return None if found == [list(entities)] else expected("the entities under their tag", found)

    return check


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


def exports(kind: str, *names: str, among: Collection[str] | None = None) -> Check:
    """Return a check that the file contains the entities with these ``names``, and of each kind ``among`` no other.

    Args:
        kind: ``tools``, ``servers``, …: the kind of the entities.
        names: their names.
        among: the kinds that the file may contain; None if there may be other entities.
    """

    def check(answer: Answer) -> Mismatch | None:
        entities = answer["entities"]
        found = [one["name"] for one in entities.get(kind, ())]
        if missing := set(names) - set(found):
            return expected(f"the {kind} in the file", f"{found}, without {missing}")
        if among is not None and (
            len(found) > len(names) or any(entities[k] for k in entities.keys() - among)
        ):
            return expected("no other entity in the file", entities)
        return None

    return check


def lacks_kinds(*kinds: str) -> Check:
    """Return a check that the file contains no entity of these ``kinds``."""

    def check(answer: Answer) -> Mismatch | None:
        found = [kind for kind in kinds if answer["entities"].get(kind)]
        return expected("no entity of the other kinds in the file", found) if found else None

    return check


def repeats_tool_result(text: str, *more: str) -> Check:
    """Return a check that the agent repeated the result of a tool, with ``text``, and then answered as expected."""

    def check(answer: Answer) -> Mismatch | None:
        first, *rest = [str(one) for one in answer.json] or [""]
        if not (first.startswith("The tool said: ") and text in first):
            return expected("the agent to call the tool", first)
        return None if rest == list(more) else expected("the agent's second answer", rest)

    return check


CHANGES = ("Added", "Updated", "Removed")
"""Ends of the names of the counts in the response of a refresh."""


def refreshed(*, added: int = 0, updated: int = 0, dropped: int = 0, rejected: Collection[str] = ()) -> Check:
    """Return a check that a refresh counted these changes of tools and no others, and names the ``rejected`` tools."""
    tools = {"toolsAdded": added, "toolsUpdated": updated, "toolsRemoved": dropped}
    others = [f"{kind}{change}" for kind in ("resources", "prompts") for change in CHANGES]
    counts = has_counts(tools | dict.fromkeys(others, 0))
    return both(
        counts, lambda answer: _names_rejected(answer["validationErrors"], rejected, "validationErrors")
    )


def has_counts(counts: Mapping[str, int]) -> Check:
    """Return a check that a refresh succeeded with these ``counts``, by the name of the member."""

    def check(answer: Answer) -> Mismatch | None:
        if answer["success"] is not True:
            return refused("the refresh to succeed", answer["error"])
        for name, count in counts.items():
            if answer[name] != count:
                return expected(f"{name} to be {count}", answer[name])
        return None

    return check


def skips(*rejected: str) -> Check:
    """Return a check that a new gateway names the tools that were rejected; 1.0.0rc1 has no member for them."""

    def check(answer: Answer) -> Mismatch | None:
        return _names_rejected(answer.json.get("skippedTools", rejected), rejected, "skippedTools")

    return check


def _names_rejected(errors: Any, rejected: Collection[str], at: str) -> Mismatch | None:
    if len(errors) != len(rejected):
        return expected(f"{len(rejected)} rejected tools in {at}", errors)
    missing = [one for one in rejected if not any(one in error for error in errors)]
    return expected(f"the rejected tool in {at}", errors) if missing else None


def answers(text: str) -> Check:
    """Return a check that the echo agent responded with ``text``, in a message of A2A 1.0 or 0.3."""
    return lambda answer: _answers(answer.json, text)


def _answers(response: Any, text: str) -> Mismatch | None:
    result = response["result"]
    message = result.get("message", result)
    texts = [part.get("text") for part in message.get("parts", ())]
    return None if texts == [text] else expected("the agent's answer to contain the text")


def tool_answers(text: str) -> Check:
    """Return a check that a tool's text is the response of the echo agent in JSON, with ``text`` as its answer."""

    def check(answer: Answer) -> Mismatch | None:
        said = answer["result.content.0.text"]
        response = decoded(said)
        if response is None:
            return expected("the agent's response in JSON as the tool's text", said)
        return _answers(response, text)

    return check


def tool_repeats(text: str) -> Check:
    """Return a check that a tool's text is the response of an agent in JSON, with ``text`` in it."""

    def check(answer: Answer) -> Mismatch | None:
        said = str(answer["result.content.0.text"])
        right = isinstance(decoded(said), dict) and text in said
        return None if right else expected("the agent's response in JSON as the tool's text", said)

    return check


def decoded(text: str) -> Any:
    """Return the value that a JSON ``text`` has; None if it is no JSON."""
    try:
        return msgspec.json.decode(str(text))
    except msgspec.DecodeError:
        return None


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


def is_ready(answer: Answer) -> Mismatch | None:
    """Check that the gateway is ready, and each of its components, which releases since 1.0.7 list."""
    components = answer.json.get("status_items")
    right = answer["status"] == "ready" and (
        components is None or {one["status_code"] for one in components} == {HTTPStatus.OK}
    )
    return None if right else expected("the status ready, and components that are healthy", answer.text)
