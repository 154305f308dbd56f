"""The contract: what the running gateway's OpenAPI document promises.

Operations are named ``METHOD /path/{template}`` without the version prefix; the document tells which path is
really served. Source of the document's form: https://spec.openapis.org/oas/v3.1.0.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import jsonschema_rs
import msgspec

from loadtest.core.errors import InconclusiveError
from loadtest.core.operations import METHODS, PREFIX, canonical
from loadtest.results.failures import normalise
from loadtest.versions.data import Drift, VersionData

_DOCUMENT = "urn:contract"


@dataclass(frozen=True, slots=True)
class DocumentedResponse:
    """What one operation answers with one documented success status."""

    media_types: tuple[str, ...]
    """Empty: no body is promised."""
    schema: str | None
    """JSON pointer into the document of the JSON body's schema, or None if it has none."""


@dataclass(frozen=True, slots=True)
class DocumentedOperation:
    """One operation of the contract."""

    name: str
    path: str
    """The path as served, with its prefix and parameters in braces."""
    success: Mapping[int, DocumentedResponse]


@dataclass(slots=True)
class Contract:
    """Every operation that the gateway offers, and compiled validators for their answers."""

    operations: Mapping[str, DocumentedOperation]
    prefix: str
    """The version prefix of most operations, ``/v1``, or nothing."""
    document: Mapping[str, Any]
    drift: tuple[Drift, ...] = ()
    _registry: jsonschema_rs.Registry | None = None
    _validators: dict[str, jsonschema_rs.Validator] = field(default_factory=dict)

    def drifted(
        self,
        operation: str,
        *,
        status: int | None = None,
        media_type: str | None = None,
        violation: str | None = None,
    ) -> Drift | None:
        """Return the entry that excuses an undocumented status, another media type, or a violation of the schema."""
        for entry in self.drift:
            if (
                (entry.status, entry.media_type) == (status, media_type)
                and (violation is None or violation in entry.violations)
                and fnmatchcase(operation, entry.operation.replace("[", "[[]"))
            ):
                return entry
        return None

    def encoded(self) -> bytes:
        """Return the document as indented JSON."""
        return msgspec.json.format(msgspec.json.encode(self.document), indent=1)

    def path(self, operation: str) -> str | None:
        """Return the served path template of ``operation``, or None if this gateway does not offer it."""
        known = self.operations.get(operation)
        return known.path if known else None

    def violations(self, pointer: str, body: Any) -> tuple[str, ...]:
        """Return every way in which ``body`` breaks the schema at ``pointer``, each in one line and once.

        The validator is compiled on first use. Values of the body are left out: they differ each time.
        """
        validator = self._validators.get(pointer)
        if validator is None:
            if self._registry is None:
                self._registry = jsonschema_rs.Registry([(_DOCUMENT, dict(self.document))])
            validator = jsonschema_rs.validator_for(
                {"$ref": f"{_DOCUMENT}#{pointer}", "$schema": "https://json-schema.org/draft/2020-12/schema"},
                registry=self._registry,
            )
            self._validators[pointer] = validator
        if validator.is_valid(body):
            return ()
        return tuple(dict.fromkeys(normalise(_told(error)) for error in validator.iter_errors(body)))


def _told(error: jsonschema_rs.ValidationError) -> str:
    where = ".".join("[]" if isinstance(part, int) else str(part) for part in error.instance_path)
    rule = error.schema_path[-1] if error.schema_path else "schema"
    detail = {
        "required": lambda: error.message.split(" is ")[0].strip('"') + " is missing",
        "type": lambda: error.message.rpartition(" is not of type")[2].strip() + " expected",
    }.get(str(rule), lambda: str(rule))()
    return f"{where or 'body'}: {detail}"


def read_contract(document: Mapping[str, Any], data: VersionData | None = None) -> Contract:
    """Return the contract of an OpenAPI document, with what the version's data excludes left out.

    Raises:
        InconclusiveError: the document has no paths: whatever answered, it is not the gateway.
    """
    paths = document.get("paths")
    if not isinstance(paths, dict) or not paths:
        raise InconclusiveError("the OpenAPI document has no paths: this is not a ContextForge gateway")
    operations: dict[str, DocumentedOperation] = {}
    for path, methods in paths.items():
        for method in METHODS:
            if method in methods:
                name = canonical(method, path)
                pointer = f"/paths/{_escaped(path)}/{method}"
                found = DocumentedOperation(name, path, _promises(methods[method], pointer))
                if name not in operations or path != name.partition(" ")[2]:
                    operations[name] = found
    prefixes = [match[0] for path in paths if (match := PREFIX.match(path))]
    prefix = max(set(prefixes), key=prefixes.count) if len(prefixes) * 2 > len(paths) else ""
    return Contract(operations, prefix, document, data.drift if data else ())


def _promises(operation: Mapping[str, Any], pointer: str) -> dict[int, DocumentedResponse]:
    promises = {}
    for status, answer in operation.get("responses", {}).items():
        if status.isdigit() and 200 <= int(status) < 400:
            content = answer.get("content", {})
            schema = None
            if content.get("application/json", {}).get("schema"):
                schema = f"{pointer}/responses/{status}/content/application~1json/schema"
            promises[int(status)] = DocumentedResponse(tuple(content), schema)
    return promises


def _escaped(segment: str) -> str:
    pointer = segment.replace("~", "~0").replace("/", "~1")
    return pointer.replace("{", "%7B").replace("}", "%7D")
