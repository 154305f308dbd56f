"""Content checks of the federation's scenarios.

Independent of Locust, so that tests can call each check.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec

from loadtest.backends.settings import QUERY
from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.access.checks import INVALID
from loadtest.users.checks import CHANGES, decoded, has_counts

SERVER_ERROR = 500
"""The lowest status of an error of the gateway."""
ADDRESS_REASONS = ("url", "address", "hostname", "icon", "an error occurred, please try again")
"""One of these is in the reason for which an address is refused; 1.0.7 states the last one for everything."""
NOT_ALLOWED = ("allowlist", "SSRF protection")
"""One of these is in the reason for which another gateway is not called."""
TEST_REASONS = ("is not allowed for testing", "Invalid gateway URL")
"""The reason for which a connection test is refused, of newer and older releases."""


def lists_names(names: Collection[str], *, without: Collection[str] = ()) -> Check:
    """Return a check that the list has entries with exactly these names in their backend, and none ``without``."""

    def check(answer: Answer) -> Mismatch | None:
        found = sorted(_name(entry) for entry in answer.json)
        if any(one in found for one in without):
            return expected(f"none of {', '.join(sorted(without))} in the list", found)
        wanted = sorted(names)
        return None if found == wanted else expected(f"the entries {', '.join(wanted)}", found)

    return check


def _name(entry: dict[str, Any]) -> str:
    return str(entry.get("originalName") or entry["name"])


def called(tool: str, text: str) -> Check:
    """Return a check that a call of a scripted tool answered with its name and ``text``."""

    def check(answer: Answer) -> Mismatch | None:
        said = answer["result.content.0.text"]
        return (
            None
            if said == f"{tool}: {text}"
            else expected(f"the answer of the tool {tool} with the text", said)
        )

    return check


def while_held(inner: Check, held: Callable[[], bool]) -> Check:
    """Return a check ``inner`` whose response must also have come while a slow tool was ``held``."""

    def check(answer: Answer) -> Mismatch | None:
        return inner(answer) or (
            None if held() else expected("a response while a slow tool has not answered")
        )

    return check


def prompts_for(text: str) -> Check:
    """Return a check that a prompt's first message is ``text``."""

    def check(answer: Answer) -> Mismatch | None:
        said = answer["result.messages.0.content.text"]
        return None if said == text else expected("the prompt with its argument", said)

    return check


def calls_fail(answer: Answer) -> Mismatch | None:
    """Check that a call of a tool failed: a JSON-RPC error, or a result with ``isError``."""
    message = answer.json
    failed = "error" in message or (message.get("result") or {}).get("isError") is True
    return None if failed else expected("an error of the tool", message)


def fails_with(code: int, answer: Answer) -> Mismatch | None:
    """Return a mismatch if a call of a tool did not fail with the ``code`` of its server."""
    found = (answer.json.get("result") or {}).get("_meta") or {}
    stated = found.get("io.contextforge/errorCode", {}).get("code")
    return None if stated == code else expected(f"the code {code} of the server", answer.json)


def fails_saying(text: str) -> Check:
    """Return a check that a call of a tool failed and that its error contains ``text``."""

    def check(answer: Answer) -> Mismatch | None:
        mismatch = calls_fail(answer)
        if mismatch is not None:
            return mismatch
        found = text in answer.text
        return None if found else expected(f"{text!r:.80} in the error of the tool", answer.text)

    return check


def succeeds(answer: Answer) -> Mismatch | None:
    """Check that a call of a tool has a result, which is no error."""
    message = answer.json
    right = "error" not in message and not (message.get("result") or {}).get("isError")
    return None if right else expected("no error of the tool", message)


def says_only(text: str) -> Check:
    """Return a check that a call of a tool succeeded and that its text is ``text`` and nothing else."""

    def check(answer: Answer) -> Mismatch | None:
        mismatch = succeeds(answer)
        if mismatch is not None:
            return mismatch
        said = answer["result.content.0.text"]
        return None if said == text else expected(f"the text {text!r:.80} of the tool", said)

    return check


def says_value(value: Any) -> Check:
    """Return a check that a call of a tool succeeded and that its text is ``value`` in JSON."""

    def check(answer: Answer) -> Mismatch | None:
        mismatch = succeeds(answer)
        if mismatch is not None:
            return mismatch
        said = decoded(str(answer["result.content.0.text"]))
        return None if said == value else expected(f"{value!r:.80} in JSON as the tool's text", said)

    return check


def says_status(code: int) -> Check:
    """Return a check that a call of a REST tool failed and that its error contains the status or the reason."""

    def check(answer: Answer) -> Mismatch | None:
        mismatch = calls_fail(answer)
        if mismatch is not None:
            return mismatch
        return (
            None
            if str(code) in answer.text
            else expected(f"the status {code} in the error of the tool", answer.text)
        )

    return check


def echoed(at: str, values: dict[str, Any]) -> Check:
    """Return a check that the echoed request has ``values`` in its member ``at`` (``query``, ``headers``, ``form``)."""

    def check(answer: Answer) -> Mismatch | None:
        received = msgspec.json.decode(answer["result.content.0.text"])
        found = received.get(at) or {}
        wrong = sorted(name for name, value in values.items() if found.get(name) != value)
        return expected(f"{at} with {', '.join(wrong)}", found) if wrong else None

    return check


def echoed_whole(at: str, values: dict[str, Any]) -> Check:
    """Return a check that the echoed request has just these ``values`` in its member ``at``."""

    def check(answer: Answer) -> Mismatch | None:
        found = msgspec.json.decode(answer["result.content.0.text"]).get(at)
        return None if found == values else expected(f"{at} with just {', '.join(sorted(values))}", found)

    return check


def echoed_path(path: str) -> Check:
    """Return a check that the echoed request has this ``path``."""

    def check(answer: Answer) -> Mismatch | None:
        received = msgspec.json.decode(answer["result.content.0.text"])
        found = received.get("path")
        return None if found == path else expected("the argument in the path of the request", found)

    return check


def echoed_method(method: str) -> Check:
    """Return a check that the echoed request has this ``method``."""

    def check(answer: Answer) -> Mismatch | None:
        found = msgspec.json.decode(answer["result.content.0.text"]).get("method")
        return None if found == method else expected(f"a request with the method {method}", found)

    return check


def says_text(text: str) -> Check:
    """Return a check that the result of a tool contains ``text``."""

    def check(answer: Answer) -> Mismatch | None:
        said = answer["result.content.0.text"]
        return None if text in said else expected("the text of the service in the result", said)

    return check


def carries(
    received: Mapping[str, str], name: str, value: str, *, what: str = "the stored credentials"
) -> Mismatch | None:
    """Return a mismatch if the backend did not receive ``what`` is expected, the header ``name`` with this ``value``.

    If ``name`` is that of the query, ``value`` must be one of its parameters.
    """
    found = received.get(name.lower(), "")
    parts = found.split("&") if name == QUERY else [found]
    return None if value in parts else expected(f"{what} in the header {name}", found)


def carries_all(
    received: Mapping[str, str],
    wanted: Mapping[str, str],
    without: Collection[str] = (),
    *,
    what: str = "the stored credentials",
) -> Mismatch | None:
    """Return a mismatch if the backend did not receive the headers ``wanted``, or one with a text of ``without``.

    ``what`` they are is as in :func:`carries`.
    """
    found = (carries(received, name, value, what=what) for name, value in wanted.items())
    return next(filter(None, found), None) or carries_none(received, without)


def counts_changes(*, added: int, updated: int, dropped: int) -> Check:
    """Return a check that a refresh counted these changes of tools, of resources and of prompts."""
    changes = zip(CHANGES, (added, updated, dropped), strict=True)
    kinds = ("tools", "resources", "prompts")
    return has_counts({f"{kind}{change}": count for change, count in changes for kind in kinds})


def described(kind: str, name: str, state: str = "") -> Check:
    """Return a check that a list has the description of a scripted server for its entry ``name`` of this ``kind``.

    ``state`` is a word in the description, with the space after it.
    """
    text = f"The {state}{kind} {name}."

    def check(answer: Answer) -> Mismatch | None:
        found = [one.get("description") for one in answer.json if _name(one) == name]
        return None if found == [text] else expected(f"the {state}description of the {kind} {name}", found)

    return check


def is_still(kind: str, name: str, identity: str) -> Check:
    """Return a check that the entry ``name`` of a list, of this ``kind``, has the id that it had before."""

    def check(answer: Answer) -> Mismatch | None:
        found = [str(one["id"]) for one in answer.json if _name(one) == name]
        return None if found == [identity] else expected(f"the {kind} {name} to be the same entity", found)

    return check


def has_parts(parts: Mapping[str, str]) -> Check:
    """Return a check that a virtual server has just one of each of these ``parts``: ids by the member that has them.

    Releases up to 1.0.0rc1 do not show the ids of tools.
    """

    def check(answer: Answer) -> Mismatch | None:
        for name, identity in parts.items():
            if name in answer.json and answer[name] != [identity]:
                return expected(f"just what is left in {name} of the virtual server", answer[name])
        return None

    return check


def is_seen_after(before: str) -> Check:
    """Return a check that a server was last reached after the time ``before``."""

    def check(answer: Answer) -> Mismatch | None:
        found = str(answer["lastSeen"])
        return None if found > before else expected("the server to be reached with its credentials", found)

    return check


def carries_none(received: Mapping[str, str], secrets: Collection[str]) -> Mismatch | None:
    """Return a mismatch if the backend received one of these ``secrets``, which are stored no longer."""
    found = sorted(name for name, value in received.items() if any(secret in value for secret in secrets))
    return expected("no credentials that were replaced", found) if found else None


def stored(key: str, value: Any) -> Check:
    """Return a check that ``key`` is the ``value`` of a change of a server that has removed parts since."""

    def check(answer: Answer) -> Mismatch | None:
        what = f"{key} to be changed although the server has removed parts"
        return None if answer[key] == value else expected(what, answer[key])

    return check


def is_conflict(what: str) -> Check:
    """Return a check that a request for ``what`` another server has is refused with a reason, not by an error."""

    def check(answer: Answer) -> Mismatch | None:
        return None if answer.status < SERVER_ERROR else expected(f"{what} to be refused", answer.status)

    return check


def refuses_address(what: str) -> Check:
    """Return a check that ``what`` the gateway must not call is refused, and that the reason names the address."""

    def check(answer: Answer) -> Mismatch | None:
        named = any(word in answer.text.lower() for word in ADDRESS_REASONS)
        return (
            None
            if named and answer.status in INVALID
            else expected(f"{what} to be refused", f"{answer.status} {answer.text}")
        )

    return check


def refuses_test(answer: Answer) -> Mismatch | None:
    """Check that a connection test reports that it was refused, before anything was called."""
    refused = any(reason in answer.text for reason in TEST_REASONS) and (
        answer.json.get("statusCode") in INVALID or answer.json.get("success") is False
    )
    return None if refused else expected("a test of a forbidden address to be refused", answer.text)


def is_not_allowed(answer: Answer) -> Mismatch | None:
    """Check that another gateway was not called because it is not allowed, and not because it does not answer."""
    reason = any(word in answer.text for word in NOT_ALLOWED)
    right = answer.status in INVALID and reason
    return None if right else expected("another gateway not to be allowed", f"{answer.status} {answer.text}")
