"""Escaping of untrusted text, so that responses of a gateway cannot inject markup or commands, or corrupt a file."""

import datetime as dt
import re

_BREAKS = re.compile(r"[\t\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029 ]+")
_UNSURE = re.compile(r"[^ -~]+")
_COMMAND = re.compile(r"(?m)^([ \t]*):(?=:)")
_MARKUP = re.compile(r"[\\`*_~\[\]<>&|#@$]|:(?=\S)|(?<=www)\.", re.IGNORECASE)


def printable(text: str, keep: str = "") -> str:
    r"""Return ``text`` with every non-printable character replaced by an escape: ``\x00``, ``\ud800``.

    This includes all characters forbidden in XML 1.0, lone surrogates, and direction marks. ``keep`` contains
    characters that are not replaced, such as newline or tab.
    """
    if text.isprintable():
        return text

    def shown(found: re.Match[str]) -> str:
        characters = found[0]
        if characters.isprintable():
            return characters
        return "".join(c if c.isprintable() or c in keep else _escape(c) for c in characters)

    return _UNSURE.sub(shown, text)


def _escape(character: str) -> str:
    code = ord(character)
    if code == 0xA0:
        return " "
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def one_line(text: str, longest: int = 300) -> str:
    """Return ``text`` as one printable line of at most ``longest`` characters."""
    if len(text) <= longest and text.isprintable() and text == text.strip() and "  " not in text:
        return text
    head = text[: longest * 4]
    line = printable(_BREAKS.sub(" ", head).strip())
    if len(line) > longest or len(text) > len(head):
        return line[: longest - 1].rstrip() + "…"
    return line


def block(text: str, longest: int = 8_000) -> str:
    """Return ``text`` as printable lines of at most ``longest`` characters in total."""
    head = text[:longest]
    if "\r" in head:
        head = head.replace("\r\n", "\n").replace("\r", "\n")
    if head.replace("\n", "").isprintable():
        shown = head
    else:
        shown = "\n".join(printable(line, keep="\t") for line in head.split("\n"))
    if len(shown) > longest or len(text) > longest:
        return shown[:longest] + "\n… (cut)"
    return shown


def when(text: str) -> str:
    """Return a time such as ``2026-03-01T04:00:00.250+00:00`` as ``2026-03-01 04:00 UTC``; other text as one line."""
    try:
        return f"{dt.datetime.fromisoformat(text).astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError):
        return one_line(text, 40)


def no_commands(text: str) -> str:
    """Return ``text`` without anything that a GitHub runner would execute as a workflow command.

    Source: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
    """
    if "::" in text:
        text = _COMMAND.sub(r"\1: ", text)
    return text.replace("##[", "## [")


def html(text: str) -> str:
    """Return ``text`` escaped for an HTML element or a quoted attribute."""
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#39;")):
        text = text.replace(character, entity)
    return text


def markdown(text: str, longest: int = 300) -> str:
    """Return ``text`` escaped for a Markdown line or table cell.

    Characters with a meaning in Markdown (links, HTML, table bars) are replaced by character entities. GitHub detects
    mentions and references in the rendered text; an invisible word joiner after their first character prevents this.
    Source: https://github.github.com/gfm/#entity-and-numeric-character-references
    """

    def entity(found: re.Match[str]) -> str:
        joiner = "&#8288;" if found[0] in "@#" else ""
        return f"&#{ord(found[0])};{joiner}"

    return _MARKUP.sub(entity, one_line(text, longest))
