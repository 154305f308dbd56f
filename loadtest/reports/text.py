"""Making foreign text harmless: what a gateway answered must not become markup, a command or a broken file."""

import re

_BREAKS = re.compile(r"[\t\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029 ]+")
_UNSURE = re.compile(r"[^ -~]+")
_MARKUP = re.compile(r"[\\`*_~\[\]<>&|#@$]|:(?=\S)|(?<=www)\.", re.IGNORECASE)


def printable(text: str, keep: str = "") -> str:
    r"""Return ``text`` with every character that cannot be seen written as an escape: ``\x00``, ``\ud800``.

    That covers all that XML 1.0 forbids, lone surrogates, and the marks that turn the direction of text.
    ``keep`` names unseen characters that stay: newline or tab.
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
    """Return ``text`` as one visible line of at most ``longest`` characters."""
    if len(text) <= longest and text.isprintable() and text == text.strip() and "  " not in text:
        return text
    head = text[: longest * 4]
    line = printable(_BREAKS.sub(" ", head).strip())
    if len(line) > longest or len(text) > len(head):
        return line[: longest - 1].rstrip() + "…"
    return line


def block(text: str, longest: int = 8_000) -> str:
    """Return ``text`` as visible lines of at most ``longest`` characters in all."""
    head = text[:longest].replace("\r\n", "\n").replace("\r", "\n")
    shown = "\n".join(printable(line, keep="\t") for line in head.split("\n"))
    if len(shown) > longest or len(text) > longest:
        return shown[:longest] + "\n… (cut)"
    return shown


def no_commands(text: str) -> str:
    """Return ``text`` such that no line of it is a workflow command to a GitHub runner that sees it in a log.

    Source: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
    """
    return re.sub(r"(?m)^([ \t]*):(?=:)", r"\1: ", text).replace("##[", "## [")


def html(text: str) -> str:
    """Return ``text`` for the inside of an HTML element or of a quoted attribute."""
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#39;")):
        text = text.replace(character, entity)
    return text


def markdown(text: str, longest: int = 300) -> str:
    """Return ``text`` for the inside of a Markdown line or table cell: seen as it is, never read as markup.

    Whatever could mean something (links, HTML, table bars) becomes a character entity, which Markdown shows and
    never interprets. GitHub looks for mentions and references in what is shown; an invisible word joiner behind
    their first character hides them.
    Source: https://github.github.com/gfm/#entity-and-numeric-character-references
    """

    def entity(found: re.Match[str]) -> str:
        joiner = "&#8288;" if found[0] in "@#" else ""
        return f"&#{ord(found[0])};{joiner}"

    return _MARKUP.sub(entity, one_line(text, longest))
