"""The contract: the operations and responses documented in the OpenAPI document of the running gateway.

Operations are named ``METHOD /path/{template}`` without the version prefix; the served path is in the document.
Format of the document: https://spec.openapis.org/oas/v3.1.0.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import jsonschema_rs
import msgspec

from loadtest.core.errors import InconclusiveError
from loadtest.core.operations import METHODS, PREFIX, area_of, base, canonical
from loadtest.openapi.elements import NO_INPUT, DocumentedInput, documented_input, documented_output
from loadtest.results.failures import normalise
from loadtest.versions.data import Drift, VersionData

DIALECT = "https://json-schema.org/draft/2020-12/schema"
"""Of the schemas in an OpenAPI 3.1 document."""
_DOCUMENT = "urn:contract"


@dataclass(frozen=True, slots=True)
class DocumentedResponse:
    """The documented response for a success status of an operation."""

    media_types: tuple[str, ...]
    """Empty if no body is documented."""
    schema: str | None
    """JSON pointer to the schema of the JSON body in the document, or None."""


@dataclass(frozen=True, slots=True)
class DocumentedOperation:
    """An operation of the contract."""

    name: str
    path: str
    """The served path, with version prefix and with parameters in braces."""
    success: Mapping[int, DocumentedResponse]
    area: str


@dataclass(slots=True)
class Contract:
    """The operations that a gateway offers, with compiled validators for their responses."""

    operations: Mapping[str, DocumentedOperation]
    prefix: str
    """The version prefix of most operations, ``/v1``, or an empty string."""
    document: Mapping[str, Any]
    drift: tuple[Drift, ...] = ()
    _registry: jsonschema_rs.Registry | None = None
    _validators: dict[str, jsonschema_rs.Validator] = field(default_factory=dict)
    _inputs: dict[str, DocumentedInput] = field(default_factory=dict)

    def drifted(
        self,
        operation: str,
        *,
        status: int | None = None,
        media_type: str | None = None,
        violation: str | None = None,
    ) -> Drift | None:
        """Return the entry that excuses this status, media type or schema violation, or None."""
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
        """Return the served path template of ``operation``, or None if the gateway does not offer it."""
        known = self.operations.get(operation)
        return known.path if known else None

    def area(self, operation: str) -> str:
        """Return the area of ``operation``; that of its path if the gateway does not offer it."""
        known = self.operations.get(operation) or self.operations.get(base(operation))
        return known.area if known else area_of(operation)

    def input_of(self, operation: str) -> DocumentedInput:
        """Return the documented input of ``operation``; nothing if the gateway does not offer it."""
        name = base(operation)
        found = self._inputs.get(name)
        if found is None:
            known = self.operations.get(name)
            method = name.partition(" ")[0].lower()
            found = documented_input(self.document, known.path, method) if known else NO_INPUT
            self._inputs[name] = found
        return found

    def elements(self) -> dict[str, tuple[str, ...]]:
        """Return the names of the documented elements of each operation's input and responses."""
        found = {}
        for name, known in sorted(self.operations.items()):
            output = documented_output(self.document, known.path, name.partition(" ")[0].lower())
            found[name] = tuple(sorted(self.input_of(name).names | output))
        return found

    def schema_of(self, operation: str, status: int) -> str | None:
        """Return the pointer to the documented schema of a JSON response, or None if there is none."""
        known = self.operations.get(operation)
        documented = known.success.get(status) if known else None
        return documented.schema if documented else None

    def reference(self, pointer: str) -> dict[str, str]:
        """Return a schema that refers to the one at ``pointer`` in the document."""
        return {"$ref": f"{_DOCUMENT}#{pointer}"}

    def compiled(
        self, schema: Mapping[str, Any], keywords: dict[str, type[Any]] | None = None
    ) -> jsonschema_rs.Validator:
        """Return a validator of a schema that may contain a :meth:`reference` and further ``keywords``."""
        if self._registry is None:
            self._registry = jsonschema_rs.Registry([(_DOCUMENT, dict(self.document))])
        return jsonschema_rs.validator_for(
            {**schema, "$schema": DIALECT}, registry=self._registry, keywords=keywords
        )

    def violations(self, pointer: str, body: Any) -> tuple[str, ...]:
        """Return the distinct violations of the schema at ``pointer`` by ``body``, one line each.

        The validator is compiled on first use. Values of the body are omitted, because they vary between calls.
        """
        validator = self._validators.get(pointer)
        if validator is None:
            validator = self._validators[pointer] = self.compiled(self.reference(pointer))
        if validator.is_valid(body):
            return ()
        return tuple(dict.fromkeys(normalise(_violation(error)) for error in validator.iter_errors(body)))


def _violation(error: jsonschema_rs.ValidationError) -> str:
    where = ".".join("[]" if isinstance(part, int) else str(part) for part in error.instance_path)
    rule = error.schema_path[-1] if error.schema_path else "schema"
    detail = {
        "required": lambda: error.message.split(" is ")[0].strip('"') + " is missing",
        "type": lambda: error.message.rpartition(" is not of type")[2].strip() + " expected",
    }.get(str(rule), lambda: str(rule))()
    return f"{where or 'body'}: {detail}"


def read_contract(document: Mapping[str, Any], data: VersionData | None = None) -> Contract:
    """Return the contract of an OpenAPI document, with the contract mismatches listed in the version data.

    Raises:
        InconclusiveError: the document has no paths, so it is not from a gateway.
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
                documented = methods[method]
                area = area_of(name, documented.get("tags") or ())
                found = DocumentedOperation(name, path, _responses(documented, pointer), area)
                if name not in operations or path != name.partition(" ")[2]:
                    operations[name] = found
    prefixes = [match[0] for path in paths if (match := PREFIX.match(path))]
    prefix = max(set(prefixes), key=prefixes.count) if len(prefixes) * 2 > len(paths) else ""
    return Contract(operations, prefix, document, data.drift if data else ())


def _responses(operation: Mapping[str, Any], pointer: str) -> dict[int, DocumentedResponse]:
    responses = {}
    for status, answer in operation.get("responses", {}).items():
        if status.isdigit() and 200 <= int(status) < 400:
            content = answer.get("content", {})
            schema = None
            if content.get("application/json", {}).get("schema"):
                schema = f"{pointer}/responses/{status}/content/application~1json/schema"
            responses[int(status)] = DocumentedResponse(tuple(content), schema)
    return responses


def _escaped(segment: str) -> str:
    pointer = segment.replace("~", "~0").replace("/", "~1")
    return pointer.replace("{", "%7B").replace("}", "%7D")
