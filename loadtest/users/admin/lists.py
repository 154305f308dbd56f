"""Lists of the admin UI, as JSON and as HTML, and checks of their entries.

A scenario restricts a list to entities of its own, by name, tag or team, so that its content is known although other
users create and delete entities at the same time.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import msgspec
from selectolax.lexbor import LexborHTMLParser

from loadtest.client.answer import Answer
from loadtest.client.mismatch import Mismatch, expected

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

    from loadtest.client.caller import Check

ENTRIES = ", ".join(
    (
        "tbody > tr:has(td + td)",
        "label:has(input[value]:not([value='']))",
        ".team-card",
        ".team-selector-item",
        ".user-card",
        ".user-item",
        "div.border:has([data-action='token-details'])",
    )
)
"""Selector of a list's entries: rows, options to select, cards. The row of an empty table has one cell."""
EMPTY = re.compile(r"\bNo\b|data-total-items=\"0\"")
"""Text of a list without entries."""
CONTROLS = "[data-total-items]"
"""Selector of the controls to turn the pages of a list."""
NEXT = "[hx-get*='render=selector']"
"""Selector of what loads the next options to select."""
WITHOUT_STYLE = ("class", "style", "x-data")
"""Attributes of the controls that do not decide what a turn of the page does."""
SWITCH = "form[action$='/state'] input[name='activate']"
"""Selector of the field of an entry's form that switches it: the state that it would get."""
TURN_ON, TURN_OFF = "[hx-post$='/activate']", "[hx-post$='/deactivate']"
"""Selectors of the buttons that switch an account; a card has that for the other state."""
STATE = "button[hx-post$='/state']"
"""Selector of a button that shows the state of an entry, and switches it."""
MOST = 500
"""The largest page of a list."""


class Shown(NamedTuple):
    """An entity, as a list must show it."""

    id: str
    name: str
    enabled: bool = True


class Entry(NamedTuple):
    """An entry of a list in HTML."""

    markup: str
    text: str
    enabled: bool | None
    """Whether the entity is enabled; None if the entry does not show it."""

    def is_of(self, entity: Shown) -> bool:
        """Return whether this entry shows ``entity``: its id in any place, its name as text, and its state."""
        same = entity.id in self.markup and entity.name in self.text
        return same and self.enabled in (None, entity.enabled)


def entries(answer: Answer) -> list[Entry]:
    """Return the entries of a list in HTML."""
    return [_entry(node) for node in LexborHTMLParser(answer.text).css(ENTRIES)]


def _entry(node: LexborNode) -> Entry:
    return Entry(node.html or "", " ".join(node.text(separator=" ").split()), _enabled(node))


def _enabled(node: LexborNode) -> bool | None:
    """Return whether an entry shows its entity as enabled; None if it does not show the state."""
    if (switch := node.css_first(SWITCH)) is not None:
        return switch.attributes.get("value") == "false"
    if (button := node.css_first(STATE)) is not None:
        return button.text(strip=True) == "Enabled"
    on, off = (node.css_first(selector) is not None for selector in (TURN_ON, TURN_OFF))
    return None if on is off else off


def shows_only(*entities: Shown) -> Check:
    """Return a check that a list in HTML has just these ``entities``, and counts them."""

    def check(answer: Answer) -> Mismatch | None:
        shown = entries(answer)
        if len(shown) != len(entities):
            return expected(f"{len(entities)} entries in the list", [entry.text for entry in shown])
        for entity in entities:
            if not any(entry.is_of(entity) for entry in shown):
                return expected(f"{_described(entity)} in the list", [entry.text for entry in shown])
        if not entities and not EMPTY.search(answer.text):
            return expected("a note that there are none", answer.text)
        return _counted(answer, len(entities))

    return check


def shows_among(*entities: Shown, without: Collection[Shown] = ()) -> Check:
    """Return a check that a list in HTML has ``entities`` and is ``without`` others; it may have more."""

    def check(answer: Answer) -> Mismatch | None:
        shown = entries(answer)
        for entity in (*entities, *without):
            wanted = entity in entities
            if any(entry.is_of(entity) for entry in shown) is not wanted:
                where = "in the list" if wanted else "not to be in the list"
                return expected(f"{_described(entity)} {where}", [entry.text for entry in shown])
        return None

    return check


def selects(members: Collection[str], others: Collection[str]) -> Check:
    """Return a check that accounts to select are marked as ``members`` of a team, and ``others`` as not; by address."""

    def check(answer: Answer) -> Mismatch | None:
        items = LexborHTMLParser(answer.text).css("[data-user-email][data-is-member]")
        marked = {one.attributes["data-user-email"]: one.attributes["data-is-member"] for one in items}
        wanted = dict.fromkeys(members, "true") | dict.fromkeys(others, "false")
        wrong = {email: marked.get(email) for email in wanted if marked.get(email) != wanted[email]}
        return (
            expected("the members of the team to be marked, and no other account", wrong) if wrong else None
        )

    return check


def fields_are(values: Mapping[str, str]) -> Check:
    """Return a check that a form in HTML has these ``values`` in the fields of these names."""

    def check(answer: Answer) -> Mismatch | None:
        form = LexborHTMLParser(answer.text)
        for name, value in values.items():
            field = form.css_first(f"[name='{name}']")
            found = None if field is None else field.attributes.get("value") or field.text(strip=True)
            if found != value:
                return expected(f"the field {name} to have the value {value!r}", found)
        return None

    return check


def _counted(answer: Answer, total: int) -> Mismatch | None:
    controls = LexborHTMLParser(answer.text).css_first(CONTROLS)
    counted = None if controls is None else controls.attributes.get("data-total-items")
    return (
        None if counted in (None, str(total)) else expected(f"{total} to be the total of the list", counted)
    )


def keeps_filters(filters: Mapping[str, str | int | bool]) -> Check:
    """Return a check that a turn of the page, by the controls of a list in HTML, keeps these ``filters``.

    1.0.0rc1 writes them into a script of the page instead.
    """

    def check(answer: Answer) -> Mismatch | None:
        controls = LexborHTMLParser(answer.text).css_first("[data-extra-params]")
        if controls is None:
            return None
        kept = msgspec.json.decode(controls.attributes["data-extra-params"] or "{}")
        lost = sorted(name for name, value in filters.items() if str(kept.get(name)) != str(value))
        return expected(f"the controls of the list to keep {', '.join(lost)}", kept) if lost else None

    return check


def loads_next(filters: Mapping[str, str | int | bool]) -> Check:
    """Return a check that the first options to select load the next page with these ``filters``."""

    def check(answer: Answer) -> Mismatch | None:
        loading = LexborHTMLParser(answer.text).css_first(NEXT)
        address = "" if loading is None else loading.attributes["hx-get"] or ""
        found = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        wanted = {"page": "2"} | {name: str(value).lower() for name, value in filters.items()}
        lost = sorted(name for name, value in wanted.items() if found.get(name, "").lower() != value)
        return expected(f"the next options to be loaded with {', '.join(lost)}", address) if lost else None

    return check


def has_controls(whole: Answer) -> Check:
    """Return a check that a response has the same controls to turn pages as the ``whole`` table."""

    def check(answer: Answer) -> Mismatch | None:
        found, wanted = (controls_of(one) for one in (answer, whole))
        return None if found and found == wanted else expected("the controls of the table", found)

    return check


def controls_of(answer: Answer) -> dict[str, str | None]:
    """Return the attributes of the controls to turn the pages of a list that decide what they do."""
    node = LexborHTMLParser(answer.text).css_first(CONTROLS)
    attributes = {} if node is None else node.attributes
    return {name: value for name, value in attributes.items() if name not in WITHOUT_STYLE}


def turns_to(page: int, left: list[Shown], *, of: int) -> Check:
    """Return a check that a page of a list in HTML has one entity, of those that are ``left``, and takes it from them.

    ``of`` is the total of the list.
    """

    def check(answer: Answer) -> Mismatch | None:
        controls = LexborHTMLParser(answer.text).css_first(CONTROLS)
        shown = controls.attributes.get("data-current-page") if controls else str(page)
        if shown != str(page):
            return expected(f"page {page} of the list", shown)
        listed = entries(answer)
        found = [entity for entity in left if any(entry.is_of(entity) for entry in listed)]
        if len(listed) != 1 or len(found) != 1:
            return expected("one entity that no earlier page has", [entry.text for entry in listed])
        left.remove(found[0])
        return _counted(answer, of)

    return check


def only(*entities: Shown, at: str = "items") -> Check:
    """Return a check that a list has just these ``entities``: in HTML, or in the member ``at`` of a JSON object.

    Its ``count`` or ``total``, if it has one, is their number.
    """

    def check(answer: Answer) -> Mismatch | None:
        if answer.media_type == "text/html":
            return shows_only(*entities)(answer)
        listed = answer[at] if at else answer.json
        if len(listed) != len(entities):
            return expected(f"{len(entities)} entities in the list", listed)
        return next((wrong for one in entities if (wrong := _unlisted(one, listed))), None) or (
            _count(answer, len(entities)) if at else None
        )

    return check


def finds_only(identity: str) -> Check:
    """Return a check that a search finds one entity, with this id."""

    def check(answer: Answer) -> Mismatch | None:
        found = [_id(one) for one in answer["items"]]
        return None if found == [identity] else expected("the entity and no other", found)

    return check


def first_of(*entities: Shown, at: str = "items") -> Check:
    """Return a check that a list, limited to one entry, has one of these ``entities``; see :func:`only`."""

    def check(answer: Answer) -> Mismatch | None:
        if answer.media_type == "text/html":
            return turns_to(1, list(entities), of=len(entities))(answer)
        listed = answer[at] if at else answer.json
        known = len(listed) == 1 and any(_unlisted(entity, listed) is None for entity in entities)
        return None if known else expected("one of the entities and no more", listed)

    return check


def one_of(left: list[Shown], *, at: str, of: int) -> Check:
    """Return a check that a page in JSON has one entity, of those that are ``left``, and takes it from them.

    ``of`` is the total of the list.
    """

    def check(answer: Answer) -> Mismatch | None:
        listed = answer[at]
        found = [entity for entity in left if _unlisted(entity, listed) is None]
        if len(listed) != 1 or len(found) != 1:
            return expected("one entity that no earlier page has", listed)
        left.remove(found[0])
        return _count(answer, of)

    return check


def ids_are(key: str, *entities: Shown) -> Check:
    """Return a check that the ids at ``key`` are those of ``entities``, and that ``count`` is their number."""

    def check(answer: Answer) -> Mismatch | None:
        wanted, listed = sorted(entity.id for entity in entities), sorted(answer[key])
        if listed != wanted:
            return expected(f"{len(wanted)} ids at {key}, those of the entities", listed)
        return _count(answer, len(wanted))

    return check


def has_ids(key: str, wanted: str, unwanted: str) -> Check:
    """Return a check that the ids at ``key`` have the one that is ``wanted`` and not the one that is ``unwanted``."""

    def check(answer: Answer) -> Mismatch | None:
        listed = answer[key]
        right = wanted in listed and unwanted not in listed
        return (None if right else expected(f"{key} to have one id and not the other", listed)) or _count(
            answer, len(listed)
        )

    return check


def has_among(*entities: Shown, without: Collection[Shown] = (), at: str = "data") -> Check:
    """Return a check that a list has ``entities`` and is ``without`` others; it may have more."""

    def check(answer: Answer) -> Mismatch | None:
        listed = answer[at] if at else answer.json
        ids = {_id(one) for one in listed}
        for entity in without:
            if entity.id in ids:
                return expected(f"{_described(entity)} not to be in the list", sorted(ids))
        return next((wrong for one in entities if (wrong := _unlisted(one, listed))), None)

    return check


def is_page(page: int, size: int) -> Check:
    """Return a check that a list in JSON is the page of that number, with at most ``size`` entries."""

    def check(answer: Answer) -> Mismatch | None:
        stated = answer["pagination.page"], answer["pagination.per_page"]
        if stated != (page, size):
            return expected(f"page {page} with {size} entries", stated)
        listed, total = len(answer["data"]), answer["pagination.total_items"]
        return None if 0 < listed <= min(size, total) else expected(f"up to {size} entries", (listed, total))

    return check


def _unlisted(entity: Shown, listed: Collection[dict[str, Any]]) -> Mismatch | None:
    found = next((one for one in listed if _id(one) == entity.id), None)
    if found is None or entity.name not in (found.get("name"), found.get("full_name")):
        return expected(f"{_described(entity)} in the list", found or [_id(one) for one in listed])
    enabled = found.get("enabled", found.get("isActive", found.get("is_active")))
    return None if enabled in (None, entity.enabled) else expected(f"{_described(entity)} in the list", found)


def _id(listed: Mapping[str, Any]) -> str:
    """Return the id of a listed entity; an account has only its address."""
    return str(listed.get("id", listed.get("email")))


def _count(answer: Answer, number: int) -> Mismatch | None:
    for key in ("count", "total"):
        stated = answer.json.get(key, number)
        if stated != number:
            return expected(f"a {key} of {number}", stated)
    return None


def _described(entity: Shown) -> str:
    return f"{entity.name}, which is {'on' if entity.enabled else 'off'},"
