"""Making foreign text harmless: what a gateway answered must not become markup, a command or a broken file."""

import re

_BREAKS = re.compile(r"[\t\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029 ]+")
_UNSEEN = re.compile(r"[^ -~]")
_MARKUP = re.compile(r"[\\`*_~\[\]<>&|#@$]|:(?=\S)|(?<=www)\.", re.IGNORECASE)


def printable(text: str, keep: str = "") -> str:
    r"""Return ``text`` with every character that cannot be seen written as an escape: ``\x00``, ``\ud800``.

    That covers all that XML 1.0 forbids, lone surrogates, and the marks that turn the direction of text.
    ``keep`` names unseen characters that stay: newline or tab.
    """

    def escape(found: re.Match[str]) -> str:
        character = found[0]
        if character.isprintable() or character in keep:
            return character
        if character == "\xa0":
            return " "
        code = ord(character)
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

    return _UNSEEN.sub(escape, text)


def one_line(text: str, longest: int = 300) -> str:
    """Return ``text`` as one visible line of at most ``longest`` characters."""
    head = text[: longest * 4]
    line = printable(_BREAKS.sub(" ", head).strip())
    if len(line) > longest or len(text) > len(head):
        return line[: longest - 1].rstrip() + "…"
    return line


def block(text: str, longest: int = 8_000) -> str:
    """Return ``text`` as visible lines of at most ``longest`` characters in all."""
    head = text[:longest].replace("\r\n", "\n").replace("\r", "\n")
    shown = printable(head, keep="\n\t")
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

    Whatever could mean something (links, mentions, references, HTML, table bars) becomes a character entity,
    which Markdown shows and never interprets.
    Source: https://github.github.com/gfm/#entity-and-numeric-character-references
    """
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", one_line(text, longest))
