"""Kinds of faults, and a fault: one kind in the responses of one operation."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from loadtest.core.record import Record

KINDS_FILE = Path(__file__).with_name("kinds.toml")


class FaultKind(StrEnum):
    """What is wrong with the responses of an operation."""

    STATUS_500 = "status-500"
    STATUS_404 = "status-404"
    EMPTY_BODY = "empty-body"
    HTML = "html"
    TRUNCATED = "truncated"
    JSONRPC_ERROR = "jsonrpc-error"
    STALL = "stall"
    DROPPED_CONNECTION = "dropped-connection"
    DELETION = "deletion"
    """The request is not forwarded and answered as a success; so are the next three."""
    UPDATE = "update"
    FORM = "form"
    SWITCH = "switch"
    PAGINATION = "pagination"
    """The parameters of a page are removed from the query."""
    FILTER = "filter"
    """One other parameter is removed from the query."""
    EMPTY_LIST = "empty-list"
    WRONG_ITEM = "wrong-item"
    """The response for another item."""
    KEY_DROPPED = "key-dropped"
    KEY_RETYPED = "key-retyped"
    TEXT_CHANGED = "text-changed"
    NUMBER_CHANGED = "number-changed"
    AUTHENTICATION = "authentication"
    """A request without valid credentials is forwarded with those of the administrator."""
    PERMISSION = "permission"
    """A request of another caller is forwarded with the credentials of the administrator."""


LOST = frozenset((FaultKind.DELETION, FaultKind.UPDATE, FaultKind.FORM, FaultKind.SWITCH))
"""Kinds whose requests are not forwarded."""

LITERAL = frozenset((FaultKind.TEXT_CHANGED, FaultKind.NUMBER_CHANGED))
"""Kinds that need a load of all scenarios: a text or number is unexpected only if no scenario sees an expected one."""


class KindData(Record, frozen=True, kw_only=True):
    """What ``kinds.toml`` states about a kind."""

    title: str
    group: Literal["hard", "semantic"]
    floor: Annotated[float, msgspec.Meta(ge=0, le=1)]
    """Share of the applied faults that must be detected."""


def read_kinds() -> Mapping[FaultKind, KindData]:
    """Return the data of every kind, in the order of the table."""
    data = msgspec.toml.decode(KINDS_FILE.read_bytes(), type=dict[FaultKind, KindData])
    return {kind: data[kind] for kind in FaultKind}


class Fault(Record, frozen=True, kw_only=True):
    """One kind of fault in every response of one operation."""

    kind: FaultKind
    operation: str
    path: tuple[str, ...] = ()
    """Path of the changed member of a JSON body; ``[]`` is every element of a list."""
    parameter: str = ""
    """Name of the ignored query parameter; empty for all parameters of a page."""

    @property
    def detail(self) -> str:
        """``[].name`` or ``?team_id``; empty if the kind says it all."""
        return f"?{self.parameter}" if self.parameter else ".".join(self.path)
