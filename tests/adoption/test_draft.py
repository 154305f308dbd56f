"""The data file of a new version is the template's text, with only the changes made to it."""

from __future__ import annotations

import datetime as dt
import difflib
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from supported import NEWEST

from loadtest.adoption.draft import Draft, OldPackages, blocks, draft
from loadtest.core.operations import base
from loadtest.gateway.install.manifest import Manifest
from loadtest.openapi import contracts
from loadtest.versions import data as versions
from loadtest.versions.data import VersionData

EXTRAS = ("grpc", "llmchat", "plugins", "redis")
MANIFEST = Manifest(python="<3.14,>=3.11", extras=EXTRAS, settings={})
TEMPLATES = {name: (versions.DIRECTORY / f"{name}.toml").read_text() for name in versions.available()}
EACH = pytest.mark.parametrize("template", TEMPLATES)


def operations(template: str) -> set[str]:
    return set(contracts.contract_of(template).operations)


def drafted(template: str, *gone: str, manifest: Manifest | None = None) -> Draft:
    """The draft of 9.9 from ``template``, whose contract lacks the operations ``gone``."""
    before = operations(template)
    known = manifest or Manifest(
        python=versions.load(template).python, extras=versions.load(template).extras, settings={}
    )
    return draft(TEMPLATES[template], "9.9", known, before=before, now=before - set(gone))


def difference(template: str, found: Draft) -> list[str]:
    """The lines that a diff shows, without those around them."""
    lines = difflib.unified_diff(TEMPLATES[template].splitlines(), found.text.splitlines(), lineterm="", n=0)
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


@EACH
def test_the_text_is_the_templates_where_every_operation_is_still_there(template: str) -> None:
    found = drafted(template)
    shown = difference(template, found)
    assert found.left_out == ()
    assert {f'-version = "{template}"', '+version = "9.9"'} <= set(shown)
    assert all(line.startswith(("-exclude_newer", "-#")) for line in shown if "version =" not in line)
    assert found.data == replace(versions.load(template), version="9.9", exclude_newer=None)


@EACH
def test_an_entry_goes_with_its_operation_and_nothing_else_moves(template: str) -> None:
    data = versions.load(template)
    gone = next(one.operation for one in data.known if one.operation in operations(template))
    found = drafted(template, gone)
    assert found.data.known == tuple(one for one in data.known if base(one.operation) != gone)
    assert found.data.allowed == data.allowed
    assert f"known {gone}: no such operation any more" in found.left_out
    added = [line for line in difference(template, found) if line.startswith("+")]
    assert added == ['+version = "9.9"']


@EACH
def test_what_the_contract_cannot_show_is_carried_over(template: str) -> None:
    data = versions.load(template)
    shown = operations(template)
    hidden = {one for one in named(data) if "*" not in one and base(one) not in shown}
    assert hidden, "the test needs such entries: a WebSocket, a mounted application"
    everything = drafted(template, *shown)
    assert named(everything.data) >= hidden
    assert not any(f" {one}:" in line for one in hidden for line in everything.left_out)


def named(data: VersionData) -> set[str]:
    return {one.operation for one in data.known} | {one.operation for one in data.drift}


def test_the_metadata_of_the_release() -> None:
    manifest = Manifest(python="<3.14,>=3.12", extras=("grpc", "redis"), settings={})
    found = drafted(NEWEST, manifest=manifest)
    assert (found.data.python, found.data.extras) == (">=3.12,<3.14", ("grpc", "redis"))
    assert found.left_out == (
        "extra llmchat: the release has no such extra",
        "extra plugins: the release has no such extra",
    )


TEMPLATE_PYTHON = versions.load(NEWEST).python


@pytest.mark.parametrize("python", [",".join(reversed(TEMPLATE_PYTHON.split(","))), ""])
def test_the_same_interpreters_keep_the_spelling_of_the_template(python: str) -> None:
    found = drafted(NEWEST, manifest=replace(MANIFEST, python=python))
    assert found.data.python == TEMPLATE_PYTHON


@EACH
def test_old_packages_are_recorded_with_the_reason(template: str) -> None:
    packages = OldPackages(
        dt.date(2026, 7, 21), "ImportError: cannot import name 'x' from 'mcp' " + "y " * 80
    )
    before = operations(template)
    found = draft(TEMPLATES[template], "9.9", MANIFEST, before=before, now=before, packages=packages)
    assert found.data.exclude_newer == packages.day
    lines = found.text.splitlines()
    at = lines.index("exclude_newer = 2026-07-21")
    assert lines[at + 1] == ""
    comment = " ".join(line.removeprefix("# ") for line in lines[:at] if line.startswith("# "))
    assert f"it does not boot: {packages.why.strip()}" in comment
    assert max(map(len, lines[:at])) <= 118
    assert "summer of 2026" not in found.text, "the template's own reason is not this one's"


HOSTILE = """\
version = "1"
# about excluded

# and this, too
[[excluded]] # here
operations = "GET /a"
reason = '''
[[known]]
# not a header
'''
# the last one
[[known]]
operation = "GET /b"
reason = "[[x]]"
"""


def test_a_file_is_split_before_its_headers_and_their_comments() -> None:
    found = blocks(HOSTILE)
    assert "".join(found) == HOSTILE
    assert [block.splitlines()[0] for block in found] == [
        'version = "1"',
        "# and this, too",
        "# the last one",
    ]
    for block in found:
        tomllib.loads(block)


@EACH
def test_each_part_of_a_data_file_is_toml_by_itself(template: str) -> None:
    parts = blocks(TEMPLATES[template])
    assert "".join(parts) == TEMPLATES[template]
    for part in parts:
        tomllib.loads(part)


LINES = st.sampled_from(
    ["", "# words", "[[known]]", "[coverage]", 'a = "[b]"', "b = [", "]", "c = '''", "'''", 'd = """', '"""']
)


@given(st.lists(LINES))
def test_nothing_is_lost_by_splitting(lines: list[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    assert "".join(blocks(text)) == text
