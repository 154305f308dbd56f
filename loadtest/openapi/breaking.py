"""Changes of a contract that break clients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from loadtest.openapi.diff import ContractDiff, FieldDifference, diff_contracts
from loadtest.results.pairs import ContractChange

_INTERNAL = "/_internal/"
"""Operations that the gateway calls itself."""
_ERRORS = 400
"""Statuses from which on a response is no success."""


def breaking_changes(base: Mapping[str, Any], head: Mapping[str, Any]) -> tuple[ContractChange, ...]:
    """Return what of the OpenAPI document ``base`` clients cannot rely on with ``head``, removed operations first.

    These are removed operations, new required parameters and properties of a body, removed and retyped properties of
    a response, and removed statuses and media types of a success.
    """
    found = diff_contracts(base, head)
    return (*_removed(found), *_changed(found))


def _removed(found: ContractDiff) -> Iterator[ContractChange]:
    for name in found.gone:
        if _INTERNAL not in name:
            yield ContractChange(operation=name, what="removed", removal=True)


def _changed(found: ContractDiff) -> Iterator[ContractChange]:
    for operation in found.changed:
        if _INTERNAL not in operation.name:
            for difference in operation.what:
                if _breaks(difference):
                    yield ContractChange(operation=operation.name, what=str(difference))


def _breaks(difference: FieldDifference) -> bool:
    what = difference.what
    if not difference.where.isdigit():
        return what in ("added, required", "now required")
    if int(difference.where) >= _ERRORS:
        return False
    return what == "removed" or what.startswith("type ") or (not difference.field and ", before " in what)
