"""Content checks of the admin UI's scenarios, and values that they read from its pages.

Independent of Locust, so that tests can call each check.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import tree_sitter_javascript
from selectolax.lexbor import LexborHTMLParser
from tree_sitter import Language, Parser

from loadtest.client.answer import Answer, refusal_reason
from loadtest.client.mismatch import Mismatch, expected, refused
from loadtest.users.read_back import properties_of

if TYPE_CHECKING:
    from loadtest.client.caller import Check


JAVASCRIPT = Parser(Language(tree_sitter_javascript.language()))
SCRIPTS = "script:not([src]):not([type*='json'])"
"""Selector of the scripts in a page."""
DONE = 303
"""The status of a form that sends the browser back to the admin page."""
GONE = (404,)
"""Statuses of a read of something that was deleted."""
TAKEN = "already"
"""Message for a server that another user has just registered."""
BY_THEMSELVES = frozenset(
    {
        "updatedat",
        "version",
        "modifiedby",
        "modifiedvia",
        "modifiedfromip",
        "modifieduseragent",
        "lastseen",
        "metrics",
        "reachable",
    }
)
"""Names, in one spelling, of properties that change with any update, or without one."""
METHOD = "grpc.health.v1.Health.Check"
"""A method of every gRPC service in the fixture."""
REQUESTED = re.compile(r"cancelJoinRequest\('[^']+', '([^']+)'\)")
"""Position of the id on the page of a new join request."""


class Asset(NamedTuple):
    """A file below ``/static/``."""

    folder: str
    """Empty if it is in no folder."""
    file: str


def succeeded(answer: Answer) -> Mismatch | None:
    """Check a form's JSON answer: it reports success."""
    return None if answer["success"] is True else refused("success", refusal_reason(answer))


def tags_of(form: Mapping[str, str]) -> list[str]:
    """Return the tags that a form states, separated by commas."""
    return [tag.strip() for tag in form["tags"].split(",")]


def has_all(values: Mapping[str, Any], *, under: str = "") -> Check:
    """Return a check that an entity, in the member ``under`` if given, has these ``values`` at these dotted paths.

    A list of tags, which some responses show with a label, compares by their ids.
    """

    def check(answer: Answer) -> Mismatch | None:
        for path, value in values.items():
            found = answer[f"{under}.{path}" if under else path]
            if found != value and _ids(found) != value:
                return expected(f"{path} to be {value!r:.80}", found)
        return None

    return check


def keeps_unsent(
    before: Answer, after: Answer, form: Mapping[str, str], *, under: str = ""
) -> Mismatch | None:
    """Return a mismatch if a property that ``form`` does not contain differs between two reads of an entity.

    The entity is the member ``under`` of both, if given.
    """
    old, new = (properties_of(one[under] if under else one.json) for one in (before, after))
    sent = properties_of(form)
    for name, value in old.items():
        if name in sent or name in BY_THEMSELVES:
            continue
        if new.get(name) != value:
            what = f"{name}, which the form does not contain, to be kept"
            return expected(what, f"{new.get(name)!r:.80} instead of {value!r:.80}")
    return None


def _ids(tags: Any) -> Any:
    labelled = isinstance(tags, list) and all(isinstance(tag, dict) and "id" in tag for tag in tags)
    return [tag["id"] for tag in tags] if labelled else tags


def has_members(roles: Mapping[str, str]) -> Check:
    """Return a check that a team has just these members: their role by address."""

    def check(answer: Answer) -> Mismatch | None:
        found = {one["user_email"]: one["role"] for one in answer.json}
        return None if found == roles else expected(f"the members {dict(roles)}", found)

    return check


def has_length(number: int, at: str = "") -> Check:
    """Return a check that a list, in the member ``at`` if given, has this number of entries."""

    def check(answer: Answer) -> Mismatch | None:
        listed = answer[at] if at else answer.json
        return None if len(listed) == number else expected(f"{number} entries", listed)

    return check


def is_gone(answer: Answer) -> Mismatch | None:
    """Check that what was deleted cannot be read: the status is one of :data:`GONE`."""
    return None if answer.status in GONE else expected("what was deleted not to be found", answer.text)


def went_back(answer: Answer) -> Mismatch | None:
    """Check that a form sent the browser back to the admin page."""
    location = str(answer.headers.get("location") or "")
    page, _, tab = location.partition("#")
    if answer.status == DONE and page.partition("?")[0].rstrip("/") == "/admin" and tab:
        return None
    return expected("to be sent back to a tab of /admin", f"{answer.status} {location}")


def goes_to(page: str) -> Check:
    """Return a check that a form sends the browser to ``page``."""

    def gone(answer: Answer) -> Mismatch | None:
        location = str(answer.headers.get("location") or "")
        if answer.status == DONE and location == page:
            return None
        return expected(f"to be sent to {page}", f"{answer.status} {location}")

    return gone


def finds(key: str) -> Check:
    """Return a check that a search has results, in the member ``key``."""

    def found(answer: Answer) -> Mismatch | None:
        try:
            return None if answer[key] else expected("something to be found")
        except LookupError:
            return expected("something to be found")

    return found


def mentions(text: str) -> Check:
    """Return a check that ``text`` is in the response, in any format."""

    def mentioned(answer: Answer) -> Mismatch | None:
        return None if text in answer.text else expected(f"the answer to mention {text!r}", answer.text)

    return mentioned


def counts(key: str, entity: str) -> Check:
    """Return a check that the list of ids at ``key`` contains ``entity`` and has the length ``count``."""

    def counted(answer: Answer) -> Mismatch | None:
        identities = answer[key]
        if entity not in identities:
            return expected(f"{key} to hold the entity", identities)
        return (
            None
            if answer["count"] == len(identities)
            else expected("a count of all that is listed", (answer["count"], len(identities)))
        )

    return counted


def previews(count: int) -> Check:
    """Return a check that a preview contains ``count`` entities."""

    def previewed(answer: Answer) -> Mismatch | None:
        total = answer["preview.summary.total_items"]
        return None if total == count else expected(f"a preview of {count} entities", total)

    return previewed


def registered(answer: Answer) -> Mismatch | None:
    """Check that a server was registered, or that another user was faster."""
    if answer["success"] is True:
        return None
    text = f"{answer['message']} {answer['error']}"
    return None if TAKEN in text else refused("the server to be registered", text)


def registered_all(answer: Answer) -> Mismatch | None:
    """Check that the only server was registered, unless another user has registered it first."""
    tried = [*answer["successful"], *answer["failed"]]
    if (
        len(tried) != 1
        or answer["total_attempted"] != 1
        or answer["total_successful"] != len(answer["successful"])
    ):
        return expected("one registration", answer.json)
    others = [one for one in answer["failed"] if TAKEN not in str(one)]
    return expected("every server to be registered", others) if others else None


def has_check(answer: Answer) -> Mismatch | None:
    """Check that the methods of a service were learned: one of them is :data:`METHOD`."""
    names = [method["full_name"] for method in answer["methods"]]
    return None if METHOD in names else expected(f"the method {METHOD}", names)


def request_id(answer: Answer) -> str:
    """Return the id of a new join request, from its page.

    Raises:
        LookupError: the page does not contain it.
    """
    match = REQUESTED.search(answer.text)
    if match is None:
        raise LookupError("the page of a join request does not contain its id")
    return match[1]


def made(answer: Answer) -> Mismatch | None:
    """Check that a form created an entity: its page is empty and its status is 201."""
    created = 201
    return None if answer.status == created else expected(f"status {created}", answer.status)


def delivered(answer: Answer) -> Mismatch | None:
    """Check that the gateway could deliver its test event to a destination of security events."""
    return None if answer["status"] == "ok" else refused("the event to be delivered", answer["error"])


def came(count: int, before: int = 0) -> Mismatch | None:
    """Return a mismatch if no event arrived at the destination in addition to those ``before``."""
    return None if count > before else expected("the event to arrive at the destination", count)


def goes_only_to(name: str) -> Check:
    """Return a check that events have one destination, of this name."""

    def check(answer: Answer) -> Mismatch | None:
        names = [one["name"] for one in answer["destinations"]]
        return None if names == [name] else expected(f"{name!r} as the only destination", names)

    return check


def cookies(answer: Answer) -> dict[str, str]:
    """Return the cookies that an answer sets, by name; those that it deletes are left out."""
    lines = answer.headers.get("set-cookie") or ()
    jar: dict[str, str] = {}
    for line in [lines] if isinstance(lines, str) else lines:
        jar |= {name: morsel.value for name, morsel in SimpleCookie(line).items() if morsel.value}
    return jar


def assets(answer: Answer) -> list[Asset]:
    """Return the scripts, styles and images below ``/static/`` that a page refers to."""
    nodes = LexborHTMLParser(answer.text).css("script[src], link[rel][href], img[src]")
    addresses = (node.attributes.get("src") or node.attributes.get("href") or "" for node in nodes)
    paths = (urlsplit(address).path for address in addresses if "//" not in address)
    below = {path.partition("/static/")[2].rpartition("/") for path in paths if "/static/" in path}
    return sorted(Asset(folder, file) for folder, _, file in below)


def is_not_empty(answer: Answer) -> Mismatch | None:
    """Check that a file was sent: it has a media type and is not empty."""
    return (
        None
        if answer.body and answer.media_type
        else expected("a file", answer.media_type or "no content type")
    )


def scripts_parse(answer: Answer) -> Mismatch | None:
    """Check that a page refers to scripts and styles, and that the scripts in it are valid JavaScript."""
    if not assets(answer):
        return expected("a page that refers to files below /static/")
    return has_valid_scripts(answer)


def has_valid_scripts(answer: Answer) -> Mismatch | None:
    """Check that the scripts in a page are valid JavaScript."""
    for number, script in enumerate(LexborHTMLParser(answer.text).css(SCRIPTS), 1):
        if JAVASCRIPT.parse(script.text().encode()).root_node.has_error:
            return expected(f"valid JavaScript in script {number} of the page", script.text()[:500])
    return None


def lacks_text(text: str) -> Check:
    """Return a check that a page does not contain ``text``."""
    return lambda a: expected(f"a page without {text!r}", a.text) if text in a.text else None


def shows(*texts: str) -> Check:
    """Return a check that the answer is an HTML page, or a part of one, that contains all ``texts``."""

    def looked_at(answer: Answer) -> Mismatch | None:
        if answer.media_type != "text/html":
            return expected("a page", answer.media_type or "no content type")
        body = answer.text
        missing = next((text for text in texts if text not in body), None)
        return None if missing is None else expected(f"a page that shows {missing!r}")

    return looked_at
