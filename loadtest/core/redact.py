"""Masking of secrets in logs, evidence and reports. Pure.

Every rule takes time linear in the length of the text: its pattern matches only at the start of a run of characters
(a look-behind excludes the character class), so that a run is scanned once, and uses possessive quantifiers.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

MASK = "***"

SHORTEST_SECRET = 6
"""Minimum length in characters; masking shorter values would hide ordinary text."""

NAME = (
    r"(?:password|passwd|passphrase|secret|token|api[_-]?key|private[_-]?key|authorization|cookie|credential)"
)
"""Pattern contained in the names of secrets."""

SECRET_NAME = re.compile(NAME, re.IGNORECASE)
_LOWER_NAME = re.compile(NAME)
"""The same for a text in lower case, in which it is found ten times as fast."""
_WORD = re.compile(r"[\w-]++")

_HEADER = r"(?:cookie|api-?key|auth-token|csrf-token)"
_SCHEME = r"\*|(?:bearer|basic)\b"
_HEADER_VALUE = r"[^\s'\"][^'\"\r\n]*+"
_DOTTED = re.compile(r"[\w.-]++")
_PARTS = re.compile(r"[\w-]++\.[\w.-]++")
_GENERATED = re.compile(r"(?:[A-HJ-NP-Z][a-km-z][2-9](?:%[0-9A-Fa-f]{2}|&amp;|\\u0026|[!@#$%^&*])){6}")
_QUOTED = re.compile(r"[\w-]++(?:\\*+[\"'])?\s*+[:=]\s*+(?:\[\s*+)?(?<!\\)(\\*+)([\"'])")
_QUOTE = re.compile(r"(?<!\\)(\\*+)([\"'\n])")
_NEXT_ITEM = re.compile(r"\s*+,\s*+(?<!\\)(\\*+)([\"'])")
_LOCATION = re.compile(r"[\"']loc\\*+[\"']\s*+:\s*+[\[(]([^\])]{0,300})[\])]")
_INPUT = re.compile(r"([\"']input\\*+[\"']\s*+:\s*+)(\\*+[\"']|[\[{]|[^\s,}\]\"'\\]++)")
_BRACKET = re.compile(r"[\[{\]}]")
_NEXT_ERROR = re.compile(r"\}\s*+,\s*+\{")
_INPUT_VALUE = re.compile(r"(?<=input_value=)[^\n]*+")
_ASSIGNED = re.compile(r"([\w-]++=)(?!\*\*\*|[\s&\"'])[^\s&\"'<>\\;,)]++")

# Numbers, booleans and null under such names are settings, not secrets: "token_expiry": 20.
_SIMPLE: tuple[tuple[str, re.Pattern[str], str], ...] = tuple(
    (needed, re.compile(pattern), replacement)
    for needed, pattern, replacement in (
        ("b", r"(?i)\b(Bearer|Basic)(\s++|%20)(?!\*)[\w.~+/=-]{6,}+", rf"\1\2{MASK}"),
        ("://", r"(?<=://)([^\s/:@\"']*+):(?!\*\*\*@)[^\s/\"']+@", rf"\1:{MASK}@"),
        (":", rf"(?im)^([ \t]*+[<>]?[ \t]*+(?=[\w-]*?{_HEADER})[\w-]++[ \t]*+:[ \t]*+)\S.*$", rf"\1{MASK}"),
        ("cookie:", r"(?i)(cookie:\s*+)(?!\*)[^\s'\"][^'\"\r\n]*+", rf"\1{MASK}"),
        ("authorization:", rf"(?i)(authorization:[ \t]*+)(?!{_SCHEME}){_HEADER_VALUE}", rf"\1{MASK}"),
        ("x-", rf"(?i)(x-(?:api-key|auth-token):[ \t]*+)(?!\*){_HEADER_VALUE}", rf"\1{MASK}"),
        ("reset-password/", r"(?i)(reset-password/)(?!\*)[\w.~%-]{8,}+", rf"\1{MASK}"),
    )
)
"""A lower-case string that every match contains, the pattern, and the replacement."""


class Redactor:
    """Masks known secrets in all their encodings, and text that looks like a secret.

    Immutable; the repr contains no secrets.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = frozenset(secret for secret in secrets if len(secret) >= SHORTEST_SECRET)
        forms = {form for secret in self._secrets for form in spellings(secret)}
        self._forms = sorted(forms, key=lambda form: (-len(form), form))

    def __repr__(self) -> str:
        return f"Redactor({len(self._secrets)} secrets)"

    def with_secrets(self, secrets: Iterable[str]) -> Redactor:
        """Return a redactor that also masks ``secrets``."""
        more = frozenset(secrets)
        return self if more <= self._secrets else Redactor(self._secrets | more)

    def mask(self, text: str) -> str:
        """Return ``text`` with secrets masked; applying it twice changes nothing.

        Besides the known values, it masks JSON Web Tokens, Bearer and Basic credentials, passwords in addresses,
        cookies, generated passwords, the values of form and JSON fields named like a secret, and the inputs that
        validation errors repeat for such fields.
        """
        for form in self._forms:
            text = text.replace(form, MASK)
        text = "".join(_without_jwts(text))
        text = _GENERATED.sub(MASK, text)
        named = _LOWER_NAME.search(_in_lower_case(text)) is not None
        if named:
            text = "".join(_without_inputs(text))
            text = "".join(_without_quoted(text))
        lower = text.lower()
        for needed, pattern, replacement in _SIMPLE:
            if needed in lower:
                text = pattern.sub(replacement, text)
        return "".join(_without_assigned(text)) if named else text


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return ``text`` with ``secrets`` and text that looks like one masked; see :meth:`Redactor.mask`."""
    return Redactor(secrets).mask(text)


def spellings(secret: str) -> set[str]:
    """Return ``secret`` as encoded in JSON, HTML, Python, addresses, forms and base64 (at any offset)."""
    once = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    forms = {
        secret,
        html.escape(secret),
        repr(secret)[1:-1],
        *once,
        *(json.dumps(form)[1:-1] for form in once),
    }
    in_base64 = set(_base64(secret))
    forms |= in_base64
    for text in (secret, *in_base64):
        escaped = {quote(text, safe=""), quote(text), quote_plus(text), text.replace("/", "\\/")}
        forms |= escaped | {_HEX.sub(lambda hexadecimal: hexadecimal[0].lower(), form) for form in escaped}
    return {form for form in forms if len(form) >= SHORTEST_SECRET}


_HEX = re.compile(r"%[0-9A-F]{2}")


def _base64(secret: str) -> Iterator[str]:
    """Yield, for each of the three byte alignments, the base64 digits that depend on ``secret`` only."""
    raw = secret.encode("utf-8", "surrogatepass")
    for offset in range(3):
        digits = base64.b64encode(bytes(offset) + raw).decode()
        digits = digits[-(-offset * 8 // 6) : (offset + len(raw)) * 8 // 6]
        yield digits
        yield digits.replace("+", "-").replace("/", "_")


def _secret_names(text: str) -> Iterator[int]:
    """Yield the start of each word in ``text`` that contains :data:`NAME`."""
    end = 0
    for found in _LOWER_NAME.finditer(_in_lower_case(text)):
        if found.start() >= end:
            start = _run_start(text, found.start(), _WORD, end)
            yield start
            end = _end_of(_WORD, text, start)


def _in_lower_case(text: str) -> str:
    """Return ``text`` in lower case, with each character in its place, as an expression without case matches it."""
    lower = text.lower()
    if len(lower) != len(text):
        # Some characters become two.
        lower = "".join(small if len(small := one.lower()) == 1 else one for one in text)
    return lower.replace("\u017f", "s")


def _run_start(text: str, position: int, member: re.Pattern[str], least: int) -> int:
    """Return where the run of characters that ``member`` matches starts, around ``position``; at least ``least``."""
    while position > least and member.match(text, position - 1, position):
        position -= 1
    return position


def _end_of(pattern: re.Pattern[str], text: str, start: int) -> int:
    found = pattern.match(text, start)
    return found.end() if found else start


def _without_jwts(text: str) -> Iterator[str]:
    """Yield ``text`` in parts, with JSON Web Tokens masked."""
    done, end, found = 0, 0, text.find("eyJ")
    while found >= 0:
        start = _run_start(text, found, _DOTTED, end)
        end = _end_of(_DOTTED, text, start)
        parts = _PARTS.match(text, start)
        if parts is not None:
            yield text[done:start]
            yield _without_jwt(parts)
            done = end
        found = text.find("eyJ", end)
    yield text[done:]


def _without_assigned(text: str) -> Iterator[str]:
    """Yield ``text`` in parts, with the values of form fields and assignments masked whose name is that of a secret."""
    done = 0
    for start in _secret_names(text):
        found = _ASSIGNED.match(text, start) if start >= done else None
        if found is not None:
            yield text[done : found.end(1)]
            yield MASK
            done = found.end()
    yield text[done:]


def _without_jwt(match: re.Match[str]) -> str:
    parts = match[0].split(".")
    for place, part in enumerate(parts[:-1]):
        start = part.find("eyJ")
        # A header of at least eight characters, and a body; the signature follows.
        if 0 <= start <= len(part) - 8 and parts[place + 1]:
            return ".".join([*parts[:place], part[:start] + MASK, *parts[place + 3 :]])
    return match[0]


def _without_quoted(text: str) -> Iterator[str]:
    """Yield ``text`` in parts, with the quoted values of fields named like a secret masked, in lists too."""
    done = 0
    for start in _secret_names(text):
        field = _QUOTED.match(text, start) if start >= done else None
        if field is None:
            continue
        yield text[done : field.end()]
        done = _end_of_string(text, field.end(), field[1], field[2])
        yield MASK
        if "[" in text[field.start() : field.end()]:
            while (item := _NEXT_ITEM.match(text, _after_quote(text, done))) is not None:
                yield text[done : item.end()]
                done = _end_of_string(text, item.end(), item[1], item[2])
                yield MASK
    yield text[done:]


def _end_of_string(text: str, start: int, slashes: str, quote_mark: str) -> int:
    """Return the end of the string that starts at ``start``, after its opening ``slashes`` and ``quote_mark``.

    A string nested in a JSON string has one backslash before its delimiters and three before quotes inside it, and so
    on. An unclosed string ends at the end of its line.
    """
    depth = len(slashes)
    for found in _QUOTE.finditer(text, start):
        if found[2] == "\n":
            return found.start()
        # A closing quote has as many backslashes as the opening one, possibly after escaped backslashes.
        if found[2] == quote_mark and len(found[1]) % (2 * depth + 2) == depth:
            return found.end() - 1 - depth
    return len(text)


def _after_quote(text: str, position: int) -> int:
    found = _QUOTE.match(text, position)
    return found.end() if found else position


def _without_inputs(text: str) -> Iterator[str]:
    """Yield ``text`` in parts, without the inputs that validation errors repeat for fields named like a secret.

    FastAPI writes ``"loc": ["body", "password"], …, "input": …``; pydantic's own message has the field's name in one
    line and ``input_value=…`` in the next.
    """
    locations = list(_LOCATION.finditer(text))
    done = 0
    for place, location in enumerate(locations):
        if not SECRET_NAME.search(location[1]):
            continue
        # An input belongs to this location unless another location or the end of the error is between them.
        start = max(done, locations[place - 1].end() if place else 0)
        end = locations[place + 1].start() if place + 1 < len(locations) else len(text)
        for boundary in _NEXT_ERROR.finditer(text, start, location.start()):
            start = boundary.end()
        following = _NEXT_ERROR.search(text, location.end(), end)
        end = following.start() if following else end
        for given in _INPUT.finditer(text, start, end):
            if given.start() < done:
                continue
            yield _without_input_values(text[done : given.start(2)])
            done = _end_of_value(text, given, end)
            yield f'"{MASK}"'
    yield _without_input_values(text[done:])


def _end_of_value(text: str, given: re.Match[str], end: int) -> int:
    begins = given[2]
    if begins in ("[", "{"):
        depth = 0
        for bracket in _BRACKET.finditer(text, given.start(2), end):
            depth += 1 if bracket[0] in "[{" else -1
            if depth == 0:
                return bracket.end()
        return end
    if begins[-1] in "\"'":
        closing = _end_of_string(text, given.end(2), begins[:-1], begins[-1])
        return min(closing + len(begins), len(text))
    return given.end(2)


def _without_input_values(text: str) -> str:
    if "input_value=" not in text:
        return text
    lines = text.split("\n")
    return "\n".join(
        _INPUT_VALUE.sub(MASK, line) if "input_value=" in line and SECRET_NAME.search(before) else line
        for before, line in zip(["", *lines], lines, strict=False)
    )
