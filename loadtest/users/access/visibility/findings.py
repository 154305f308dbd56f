"""How a response is judged by the visibility of an entity and the role of the caller. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from loadtest.client.answer import Answer, Problem
from loadtest.client.protocols import jsonrpc
from loadtest.client.refusal import Finding, is_crash, is_refusal, outcome_of
from loadtest.fixtures.callers import Role
from loadtest.results.failures import ProblemKind
from loadtest.results.refusals import Standing
from loadtest.users.access.visibility.matrix import EntityOperations, Surface, Visibility
from loadtest.users.checks import INVALID_REQUEST


def judge_hidden(
    entity: EntityOperations,
    role: Role,
    surface: Surface,
    hidden: Iterable[tuple[Visibility, str]],
    answer: Answer,
) -> Finding:
    """Return whether a response reveals one of the ``hidden`` ids or names, which the request does not contain."""
    text = answer.text
    for visibility, identity in sorted(hidden):
        sent = (*surface.params.values(), *surface.path.values())
        if identity in text and not any(identity in str(value) for value in sent):
            where = f"{surface.label} shows a {visibility} {entity.kind} of the team to {role}"
            return _wrong(ProblemKind.UNAUTHORIZED, where)
    return Finding(Standing.AS_RECORDED)


def judge_shown(
    entity: EntityOperations,
    expected: Mapping[Visibility, bool],
    role: Role,
    answer: Answer,
    ids: Mapping[Visibility, str],
    member: str = "",
) -> Finding:
    """Return whether a list shows exactly the ``expected`` entities to ``role``.

    ``ids`` has the value by which each is found; ``member`` is the member of a JSON-RPC result that has the list.
    """
    outcome = outcome_of(answer)
    if is_crash(outcome):
        return _wrong(ProblemKind.REFUSAL, f"the list of {entity.kind}s for {role} failed")
    shown = _texts(answer, member) if not is_refusal(outcome) else frozenset()
    found = {visibility: identity in shown for visibility, identity in ids.items()}
    return _compared(entity.kind, f"listed for {role}", found, expected)


def judge_exported(
    entity: EntityOperations,
    expected: Mapping[Visibility, bool],
    role: Role,
    answer: Answer,
    *,
    names: Mapping[Visibility, str],
) -> Finding:
    """Return whether a file has exactly the ``expected`` entities, by their ``names``; those selected are stated, too.

    A refused export has none, which is right as well.
    """
    outcome = outcome_of(answer)
    if is_crash(outcome):
        return _wrong(ProblemKind.REFUSAL, f"the export of selected {entity.kind}s for {role} failed")
    if is_refusal(outcome):
        return Finding(Standing.AS_RECORDED)
    exported = str(answer["entities"])
    found = {visibility: name in exported for visibility, name in names.items()}
    return _compared(entity.kind, f"exported for {role}", found, expected)


def judge_tested(visibility: Visibility, role: Role, answer: Answer, *, expected: bool) -> Finding:
    """Return whether the connection to a gateway was tested for ``role`` exactly if it is ``expected``."""
    outcome = outcome_of(answer)
    if is_crash(outcome):
        return _wrong(ProblemKind.REFUSAL, f"the test of a {visibility} gateway failed for {role}")
    tested = not is_refusal(outcome) and answer["success"] is True
    return _compared("gateway", f"tested for {role}", {visibility: tested}, {visibility: expected})


def judge_item(
    entity: EntityOperations, visibility: Visibility, role: Role, answer: Answer, *, expected: bool
) -> Finding:
    """Return whether an entity is shown to ``role`` as ``expected``, or its call answered."""
    outcome = outcome_of(answer)
    if is_crash(outcome):
        return _wrong(ProblemKind.REFUSAL, f"a {visibility} {entity.kind} of the team failed for {role}")
    shown = not is_refusal(outcome) or outcome.endswith("tool-error")
    return _compared(entity.kind, f"shown to {role}", {visibility: shown}, {visibility: expected})


def judge_foreign(what: str, answer: Answer) -> Finding:
    """Return whether a request of a caller without permission was refused; ``what`` names the request.

    Its status must not be that of an invalid request or of a conflict: the same request of another caller is valid.
    """
    outcome = outcome_of(answer)
    if is_refusal(outcome):
        if answer.status in (*INVALID_REQUEST, HTTPStatus.CONFLICT):
            return _wrong(ProblemKind.REFUSAL, f"{what}: expected missing access, got an invalid request")
        return Finding(Standing.AS_RECORDED)
    if is_crash(outcome):
        return _wrong(ProblemKind.REFUSAL, f"{what}: expected a refusal, got an error")
    return _wrong(ProblemKind.UNAUTHORIZED, f"{what}: expected a refusal, but the request was accepted")


def judge_scope(what: str, sent: Mapping[str, str], answer: Answer) -> Finding:
    """Return whether an update that moves an entity was refused, or had no effect; ``sent`` is its new scope."""
    outcome = outcome_of(answer)
    if is_crash(outcome):
        return _wrong(ProblemKind.REFUSAL, f"{what}: expected a refusal, got an error")
    if not is_refusal(outcome) and any(answer.json.get(name) == value for name, value in sent.items()):
        return _wrong(ProblemKind.UNAUTHORIZED, f"{what}: expected a refusal or no effect, but it was moved")
    return Finding(Standing.AS_RECORDED)


def judge_required(what: str, answer: Answer) -> Finding:
    """Return whether a request without a required value was refused; ``what`` names the request."""
    outcome = outcome_of(answer)
    if is_refusal(outcome):
        return Finding(Standing.AS_RECORDED)
    if is_crash(outcome):
        return _wrong(ProblemKind.REFUSAL, f"{what}: expected a refusal, got an error")
    return _wrong(ProblemKind.CONTENT, f"{what}: expected a refusal, but the request was accepted")


def as_it_is(_: Answer) -> Finding:
    """Accept any answer: others are compared with it."""
    return Finding(Standing.AS_RECORDED)


def judge_like_unknown(
    entity: EntityOperations,
    visibility: Visibility,
    role: Role,
    named: tuple[str, str],
    unknown: Answer,
    answer: Answer,
    *,
    expected: bool,
) -> Finding:
    """Return whether an ``answer`` differs from that about an ``unknown`` entity exactly if it is ``expected`` to.

    The names of the entity and of the unknown one, ``named``, are not compared.
    """
    if is_crash(outcome_of(answer)):
        return _wrong(ProblemKind.REFUSAL, f"a {visibility} {entity.kind} of the team failed for {role}")
    name, other = named
    like_unknown = (answer.status, answer.text.replace(name, "")) == (
        unknown.status,
        unknown.text.replace(other, ""),
    )
    if not like_unknown and not expected:
        return _wrong(
            ProblemKind.UNAUTHORIZED,
            f"the answer about a {visibility} {entity.kind} of the team reveals to {role} that it exists",
        )
    if like_unknown and expected:
        return _wrong(ProblemKind.CONTENT, f"a {visibility} {entity.kind} of the team is unknown to {role}")
    return Finding(Standing.AS_RECORDED)


def judge_completed(
    entity: EntityOperations,
    visibility: Visibility,
    role: Role,
    address: str,
    answer: Answer,
    *,
    expected: bool,
) -> Finding:
    """Return whether a completion of the start of an ``address`` contains it exactly if it is ``expected``.

    The request does not contain the whole address.
    """
    if is_crash(outcome_of(answer)):
        return _wrong(
            ProblemKind.REFUSAL, f"the completion of a {visibility} {entity.kind} failed for {role}"
        )
    shown = address in answer.text
    if shown and not expected:
        return _wrong(
            ProblemKind.UNAUTHORIZED, f"the address of a {visibility} {entity.kind} is completed for {role}"
        )
    if expected and not shown:
        return _wrong(
            ProblemKind.CONTENT, f"the address of a {visibility} {entity.kind} is not completed for {role}"
        )
    return Finding(Standing.AS_RECORDED)


def judge_binding(what: str, binding: str, answer: Answer) -> Finding:
    """Return whether a response shows the ``binding`` of a foreign team; ``what`` names the request."""
    if binding in answer.text:
        return _wrong(ProblemKind.UNAUTHORIZED, f"{what}: expected no binding of the team in the response")
    return Finding(Standing.AS_RECORDED)


def _compared(
    kind: str, done: str, found: Mapping[Visibility, bool], expected: Mapping[Visibility, bool]
) -> Finding:
    """Return whether what was ``found`` of entities of this ``kind`` is ``expected``; ``done`` says what it is.

    What must not be there is more severe than what is missing, and is reported first.
    """
    for visibility, there in found.items():
        if there and not expected[visibility]:
            return _wrong(ProblemKind.UNAUTHORIZED, f"a {visibility} {kind} of the team is {done}")
    for visibility, there in found.items():
        if expected[visibility] and not there:
            return _wrong(ProblemKind.CONTENT, f"a {visibility} {kind} of the team is not {done}")
    return Finding(Standing.AS_RECORDED)


def _wrong(problem: ProblemKind, message: str) -> Finding:
    return Finding(Standing.FAILED, problem, message)


def _texts(answer: Answer, member: str) -> frozenset[str]:
    """Return the ids, names and addresses of the entities in a list, a page, or the result of a JSON-RPC call."""
    try:
        found: Any = jsonrpc.reply(answer).get("result") if member else answer.json
    except Problem:
        return frozenset()
    if member and isinstance(found, dict):
        found = found.get(member)
    return frozenset(
        str(one[key])
        for one in _members(found)
        if isinstance(one, dict)
        for key in ("id", "name", "uri")
        if one.get(key) is not None
    )


def _members(found: Any) -> Iterator[Any]:
    if isinstance(found, list):
        yield from found
    elif isinstance(found, dict):
        for value in found.values():
            if isinstance(value, list):
                yield from value
