"""The rules for texts, and checks of refusals that must name them.

The limits are those of ``mcpgateway/config.py``, in characters, and of ``mcpgateway/schemas.py``.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from selectolax.lexbor import LexborHTMLParser

from loadtest.client.mismatch import Mismatch, expected
from loadtest.fixtures.accounts import new_password
from loadtest.users.access.checks import INVALID

if TYPE_CHECKING:
    from loadtest.client.answer import Answer
    from loadtest.client.caller import Check

MOST_OF_TOOL, MOST_OF_NAME, MOST_OF_DESCRIPTION, MOST_OF_NOTE = 128, 255, 8192, 1000
"""Length of the longest name of a tool, other name or title, description, and description of a team or token."""
MOST_OF_TAG = 100
"""Length of the longest tag; longer ones, and others that are not allowed, are left out."""
SHORTEST, SHORTEST_OF_ADMINISTRATOR = 12, 22
"""Length of the shortest password of a user, and of an administrator."""
PUNCTUATED = (
    'A | B & C; 50 % of $5 \\ {x} [y] (z) a < b > c: d, e. f! g? h@i #1 * + = _ ^ ~ ` / it\'s "so"\n'
    "\n"
    "- äöü ß 漢字 🚀 e\u0301\n"
    "\tthird  line"
)
"""A text with all punctuation, other scripts, a combined letter, and more than one line and blank."""
MARKUP = "<i> &amp; &lt;b&gt; " + PUNCTUATED
"""A text that is markup, for properties that are stored as they are. Descriptions in the registry lose tags."""
ONE_LINE = 'Zoë | <i> O\'Neil & "Söhne" &amp; 漢字 🚀'
"""The same in one line, for the fields of a form."""
DOTTED = ".a-B_c 9"
"""The end of a name with all other characters that a name can have."""
SCRIPT = "<script>alert(1)</script>"
SCRIPT_ADDRESS = "javascript:alert(1)"
DEEP: dict[str, Any] = functools.reduce(lambda inner, _: {"deeper": inner}, range(40), {})
"""An object that is nested deeper than is allowed."""


def longest(text: str, most: int, filler: str = "ü") -> str:
    """Return ``text`` with as many characters as are allowed, by default such that have two bytes each."""
    return text.ljust(most, filler)


def with_fields(body: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request body whose entity, in a wrapper or not, has these ``fields``."""
    wrapper = next((key for key, part in body.items() if isinstance(part, dict) and "name" in part), None)
    return {**body, **fields} if wrapper is None else {**body, wrapper: body[wrapper] | fields}


def names(*fields: str) -> Check:
    """Return a check that a request is refused because of each of these ``fields``, and that it names them.

    It is called as an effect: a response that is refused is not checked otherwise. 1.0.7 gives no reasons.
    """

    def check(answer: Answer) -> Mismatch | None:
        if answer.status not in INVALID:
            return expected(f"a text in {', '.join(fields)} to be refused", answer.status)
        if isinstance(answer["detail"], str):
            return None
        found = {str(one["loc"][-1]) for one in answer["detail"]}
        missing = [field for field in fields if field not in found]
        return expected(f"a refusal that names {', '.join(missing)}", sorted(found)) if missing else None

    return check


def has_tags(*tags: str, at: str = "tags") -> Check:
    """Return a check that an entity has just these ``tags``, in this order, by their normal form."""

    def check(answer: Answer) -> Mismatch | None:
        found = [one["id"] if isinstance(one, dict) else one for one in answer[at]]
        return (
            None if found == list(tags) else expected("the tags that are allowed in their normal form", found)
        )

    return check


class Rule(NamedTuple):
    """A rule for passwords."""

    broken: str
    """A password that breaks just this rule."""
    stated: str
    """What the refusal says about it."""


def weak_passwords(email: str, shortest: int = SHORTEST) -> Iterator[Rule]:
    """Yield each rule with a password for the account of ``email`` that breaks only this one.

    No common password is as long as that of an administrator must be.
    """
    user = email.partition("@")[0]
    yield Rule(new_password()[: shortest - 1], f"at least {shortest} characters")
    yield Rule("ac" * shortest + "2", "at least 3 of the following")
    if shortest == SHORTEST:
        yield Rule("Welcome@Pass", "too common")
    yield Rule(f"{user.upper()}!b2-{user}", "must not be based on your username")
    yield Rule(f"{new_password()}bcD", "too many sequential characters")
    yield Rule(f"{new_password()}765", "too many sequential characters")


def shortest_password() -> str:
    """Return a password that is as short as is allowed, with as few kinds of characters as are allowed."""
    return "".join(one for one in new_password() if one.isalnum())[:SHORTEST]


def states(rule: Rule, statuses: tuple[int, ...] = INVALID) -> Check:
    """Return a check that a password is refused with the ``rule`` that it breaks, in the text or the next address."""

    def check(answer: Answer) -> Mismatch | None:
        if answer.status not in statuses:
            return expected("a weak password to be refused", answer.status)
        said = f"{answer.text} {unquote(str(answer.headers.get('location') or ''))}"
        return None if rule.stated in said else expected(f"a refusal that says {rule.stated!r}", said)

    return check


def displays(*texts: str) -> Check:
    """Return a check that a page, as a browser displays it, has all ``texts``; line breaks count as blanks."""

    def check(answer: Answer) -> Mismatch | None:
        page = " ".join(LexborHTMLParser(answer.text).text(separator=" ").split())
        missing = [text for text in texts if " ".join(text.split()) not in page]
        return expected("the text on the page as it was entered", page) if missing else None

    return check


def field_has(name: str, text: str) -> Check:
    """Return a check that a form in HTML has ``text``, as a browser reads it, in the field ``name``."""

    def check(answer: Answer) -> Mismatch | None:
        field = LexborHTMLParser(answer.text).css_first(f"[name='{name}']")
        found = None if field is None else field.attributes.get("value") or field.text()
        return None if found == text else expected(f"the field {name} to have the text that is stored", found)

    return check


def revoked_for(token: str, reason: str) -> Check:
    """Return a check that a list has a revoked token, and the reason why it was revoked."""

    def check(answer: Answer) -> Mismatch | None:
        found = [one["revocation_reason"] for one in answer["tokens"] if one["id"] == token]
        return None if found == [reason] else expected("the token with the reason that was given", found)

    return check
