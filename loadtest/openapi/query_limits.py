"""Invalid queries: requests whose query parameters are outside the limits that a contract documents. Pure.

One request has a wrong value for each limited parameter of an operation: a number below the minimum, a text that does
not match the pattern, a word where a flag is expected. A second one has the values that are too large or too long. The
gateway must name every one of them, unless it hides what is wrong.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from loadtest.openapi.contract import Contract
from loadtest.openapi.negative_cases import CaseGroup, NegativeCase, described, unknown_path
from loadtest.openapi.samples import Samples

WRONG = "invalid query values"
"""Label of a request with values of a wrong type, too small, or of a wrong form."""
TOO_LARGE = "query values above their maximum"
"""Label of a request with values that are too large or too long."""
QUERY = "query"
NO_FLAG = "perhaps"
NO_NUMBER = "many"
NO_FORM = "<load test>"
MOST_SENT = 4_000
"""Characters; longer addresses are refused before the gateway reads them."""


def invalid_queries(documented: Contract, offered: Contract) -> tuple[NegativeCase, ...]:
    """Return the invalid queries of the operations in ``documented`` that the gateway offers, by operation and label.

    ``params`` of a case has just the parameters that must be named as wrong. A limit that the gateway ``offered`` is
    used as it is, since it may depend on settings; one that it has lost is that of ``documented``, the contract of a
    release. A parameter that it no longer has is not sent.
    """
    samples, own_samples = Samples(documented.document), Samples(offered.document)
    found: list[NegativeCase] = []
    for name in sorted(documented.operations.keys() & offered.operations.keys()):
        parameters = described(documented.document, name, documented.operations[name].path)["parameters"]
        own = _queried(
            described(offered.document, name, offered.operations[name].path)["parameters"], own_samples
        )
        schemas = {
            key: {**schema, **own[key]} for key, schema in _queried(parameters, samples).items() if key in own
        }
        path = unknown_path(parameters, samples)
        for label, wrong in ((WRONG, _wrong), (TOO_LARGE, _too_large)):
            values = {key: value for key, schema in schemas.items() if (value := wrong(schema)) is not None}
            if values:
                found.append(NegativeCase(name, CaseGroup.INVALID_QUERY, label, path, values))
    return tuple(found)


def named_in(body: Any) -> frozenset[str] | None:
    """Return the query parameters that the ``body`` of a response names as wrong, as FastAPI does.

    Returns None if it has no list of violations: a gateway may hide what is wrong.
    """
    details = body.get("detail") if isinstance(body, dict) else None
    if not isinstance(details, list):
        return None
    places = [one.get("loc") for one in details if isinstance(one, dict)]
    return frozenset(
        str(place[1]) for place in places if isinstance(place, list) and len(place) > 1 and place[0] == QUERY
    )


def _queried(parameters: Sequence[Mapping[str, Any]], samples: Samples) -> dict[str, Mapping[str, Any]]:
    return {one["name"]: samples.resolved(one.get("schema", {})) for one in parameters if one["in"] == QUERY}


def _wrong(schema: Mapping[str, Any]) -> str | int | None:
    """Return a value of a wrong type, below the minimum, or of a wrong form; None if there is none."""
    match schema:
        case {"type": "boolean"}:
            return NO_FLAG
        case {"type": "integer" | "number", "minimum": int() | float() as least}:
            return math.ceil(least) - 1
        case {"type": "integer" | "number"}:
            return NO_NUMBER
        case {"type": "string", "enum": _}:
            return NO_FORM
        case {"type": "string", "pattern": str() as pattern}:
            return None if re.search(pattern, NO_FORM) else NO_FORM
        case {"type": "string", "minLength": int() as least} if least > 1:
            return "x" * (least - 1)
    return None


def _too_large(schema: Mapping[str, Any]) -> str | int | None:
    """Return a value that is too large or too long; None if there is none."""
    match schema:
        case {"type": "integer" | "number", "maximum": int() | float() as most}:
            return math.floor(most) + 1
        case {"type": "string", "maxLength": int() as most} if most < MOST_SENT:
            return "x" * (most + 1)
    return None
