"""Negative cases: requests that a gateway must refuse, generated from its contract. Pure.

Each operation gets a request without a token, one with the token of a member without roles, one for an unknown value
of its path parameters, and three with an invalid body: an empty object, a property of a wrong type, and text that is
not JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from loadtest.core.operations import METHODS, canonical
from loadtest.openapi.contract import Contract
from loadtest.openapi.samples import Samples


class CaseGroup(StrEnum):
    """What is wrong with the request of a negative case."""

    NO_TOKEN = "no token"  # noqa: S105
    """The caller is anonymous."""
    NO_PERMISSION = "no permission"
    """The caller is a member without roles and teams."""
    UNKNOWN_ID = "unknown id"
    """The administrator names an entity that does not exist."""
    INVALID_BODY = "invalid body"
    """The administrator sends a body that the contract does not allow."""
    INVALID_QUERY = "invalid query"
    """The administrator sends query parameters outside their documented limits."""
    PROTOCOL = "protocol"
    """The administrator violates JSON-RPC or MCP."""


ACCESS = (CaseGroup.NO_TOKEN, CaseGroup.NO_PERMISSION)
"""Groups whose caller may not use the operation, whatever the request contains."""

NOT_JSON = '{"lt": '
NO_HEADERS: Mapping[str, str] = {}


class NegativeCase(NamedTuple):
    """One request that must be refused."""

    operation: str
    group: CaseGroup
    label: str
    """Unique within the operation: ``no token``, ``unknown tool_id``, ``wrong type``."""
    path: Mapping[str, str]
    params: Mapping[str, str | int | bool]
    json: Any = None
    raw: str | None = None
    """A body that is sent unchanged, as JSON, instead of ``json``."""
    headers: Mapping[str, str] = NO_HEADERS
    secured: bool = True
    """Whether the contract demands credentials."""
    served: str = ""
    """Path template to which it is sent; empty for the one in the contract."""


def negative_cases(contract: Contract) -> tuple[NegativeCase, ...]:
    """Return the negative cases of every operation of ``contract``, by operation and label."""
    samples = Samples(contract.document)
    found = [
        case
        for name, served in contract.operations.items()
        for case in _cases(name, described(contract.document, name, served.path), samples)
    ]
    return tuple(sorted(found, key=lambda case: (case.operation, case.group, case.label)))


def described(document: Mapping[str, Any], name: str, path: str) -> dict[str, Any]:
    """Return the description of an operation, with the parameters of its path item."""
    item = document["paths"][path]
    method = next(one for one in METHODS if one in item and canonical(one, path) == name)
    return {**item[method], "parameters": [*item.get("parameters", ()), *item[method].get("parameters", ())]}


def unknown_path(parameters: Iterable[Mapping[str, Any]], samples: Samples) -> dict[str, str]:
    """Return values of the path ``parameters`` of an operation that identify nothing."""
    return {
        one["name"]: samples.unknown(one.get("schema", {}), one["name"])
        for one in parameters
        if one["in"] == "path"
    }


def _cases(operation: str, described: Mapping[str, Any], samples: Samples) -> Iterator[NegativeCase]:
    parameters = described["parameters"]
    path = unknown_path(parameters, samples)
    query = {
        one["name"]: _query(samples.valid(one.get("schema", {}), one["name"]))
        for one in parameters
        if one["in"] == "query" and one.get("required")
    }
    content = described.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    body = None if schema is None else samples.valid(schema)
    secured = bool(described.get("security"))

    def case(group: CaseGroup, label: str = "", **different: Any) -> NegativeCase:
        usual = NegativeCase(operation, group, label or group.value, path, query, body, secured=secured)
        return usual._replace(**different)

    yield case(CaseGroup.NO_TOKEN)
    yield case(CaseGroup.NO_PERMISSION)
    if path:
        yield case(CaseGroup.UNKNOWN_ID)
    if schema is not None:
        yield case(CaseGroup.INVALID_BODY, "not JSON", raw=NOT_JSON)
        if isinstance(body, dict) and samples.resolved(schema).get("required"):
            yield case(CaseGroup.INVALID_BODY, "nothing required", json={})
        wrong = samples.mistyped(schema)
        if wrong is not None:
            yield case(CaseGroup.INVALID_BODY, "wrong type", json=wrong)


def _query(value: Any) -> str | int | bool:
    return value if isinstance(value, str | int | bool) else str(value)
