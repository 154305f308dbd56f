"""The content of ``docs/categories.md``, from the built-in categories."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from loadtest.judge.categories import BUILT_IN, Category, read_categories

TARGET = Path(__file__).resolve().parents[2] / "docs" / "categories.md"


def document(categories: Iterable[Category], *, command: str) -> str:
    """Return the page ``docs/categories.md`` about ``categories``; ``command`` regenerates it."""
    lines = [
        "# Categories of failures",
        "",
        f"<!-- Generated from loadtest/judge/categories.toml by `{command}`; do not edit. -->",
        "",
        "A category recognises a failure, names the responsible component, and gives advice. The first match",
        "counts; a file given with `--categories` takes precedence over these.",
        "",
        "| category | fault of | excuses |",
        "|---|---|---|",
    ]
    listed = list(categories)
    lines += [f"| [{c.name}](#{c.name}) | {c.fault.value} | {'yes' if c.excuses else 'no'} |" for c in listed]
    for category in listed:
        lines += ["", *_document_one(category)]
    return "\n".join(lines) + "\n"


def _document_one(category: Category) -> list[str]:
    rows = [
        ("operations", category.operations),
        ("problem", tuple(p.value for p in category.problems)),
        ("status", tuple(str(s) for s in category.status)),
        ("status only, of another locustfile", tuple(str(s) for s in category.bare_status)),
        ("code", category.codes),
        ("message", category.messages),
        ("gateway log", category.logs),
    ]
    fault = category.fault.value.replace("-", " ")
    excuse = "Excuses" if category.excuses else "Does not excuse"
    lines = [
        f"## {category.name}",
        "",
        f"**{category.title}.** Fault of the {fault}. {excuse}: {category.because}",
        "",
        f"What to do: {category.advice}",
        "",
        *(f"- {name}: {' or '.join(f'`{value}`' for value in values)}" for name, values in rows if values),
        *(f"- example: `{s.operation}`: `{s.message}`" for s in category.examples),
    ]
    if category.source:
        lines += [f"- source: <{category.source}>"]
    return lines


def page() -> str:
    """Return the whole page."""
    return document(read_categories(BUILT_IN), command="make docs")
