"""The source of a new scenario, from the contract. Pure.

A creation is read back and deleted if the contract has the operations; an operation on an entity gets one that the
scenario creates. What the contract does not say is marked with TODO.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from loadtest.core.errors import UsageError
from loadtest.core.operations import area_of, base
from loadtest.openapi.contract import Contract
from loadtest.openapi.samples import Samples

_PARAMETER = re.compile(r"\{(\w+)\}")
_FIXTURES = {
    "server_id": "str(self.fixture.server_id)",
    "gateway_id": "str(self.fixture.gateway_id)",
    "tool_id": 'self.fixture.tool_ids["echo"]',
    "resource_id": "next(iter(self.fixture.resources.values()))",
    "prompt_id": "next(iter(self.fixture.prompt_ids.values()))",
}
"""Entities of the fixture, which a scenario may read."""
_PAGES = {"limit", "page", "per_page", "cursor", "offset", "skip"}
"""Parameters of a list that has pages."""
_LONGEST = 90
"""Characters of a line, without its indentation."""
_SAFE = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class NewScenario:
    """The source of a module with one scenario."""

    filename: str
    user_class: str
    text: str


def new_scenario(contract: Contract, operation: str) -> NewScenario:
    """Return a scenario that calls ``operation``.

    Raises:
        UsageError: the contract does not have it.
    """
    if operation not in contract.operations:
        raise UsageError(
            f"{operation}: the gateway does not offer this operation, expected a name such as 'POST /teams/', as in "
            "its OpenAPI document without /v1; see `loadtest coverage`"
        )
    words = re.findall(r"[A-Za-z0-9]+", operation.lower())
    name = "".join(word.capitalize() for word in words) + "User"
    lines = list(_Writer(contract).module(operation, name))
    return NewScenario(f"{'_'.join(words)}.py", name, "\n".join(lines) + "\n")


class _Writer:
    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._samples = Samples(contract.document)

    def module(self, operation: str, name: str) -> Iterator[str]:
        """Yield the lines of the module."""
        body = list(self._scenario(operation))
        code = "\n".join(line for line in body if not line.lstrip().startswith("#"))
        names = [
            *("GatewayUser", *(["Listed"] if "Listed(" in code else [])),
            *(*(["checks"] if "checks." in code else []), "task"),
        ]
        yield f'"""A scenario for {operation}."""'
        yield ""
        yield f"from loadtest.users import {', '.join(names)}"
        yield ""
        yield ""
        yield f"class {name}(GatewayUser):"
        yield f'    """{operation}: TODO what it is for."""'
        yield ""
        yield f'    area = "{self._area(operation)}"'
        yield ""
        yield "    @task"
        yield "    def scenario(self) -> None:"
        yield f'        """Call {operation}."""'
        yield from (f"        {line}" if line else "" for line in body)

    def _scenario(self, operation: str) -> Iterator[str]:
        deletion = self._deletion(operation)
        if deletion is not None:
            yield from self._creation(operation, deletion)
            return
        method, path = operation.split(" ", 1)
        parameter = _PARAMETER.findall(path)[:1]
        creation = self._creation_of(path, parameter[0]) if parameter and method not in _SAFE else None
        if creation is None:
            yield from self._call(operation, {})
            return
        deletion = self._deletion(creation)
        if deletion == operation:
            yield from self._creation(creation, operation)
            return
        yield from self._creation(creation, str(deletion), inside=operation)

    def _creation(self, creation: str, deletion: str, inside: str = "") -> Iterator[str]:
        parameter = _PARAMETER.findall(deletion)[-1]
        key = self._key(creation, parameter)
        entity = _singular(parameter)
        sent, optional = self._body(creation)
        if optional:
            yield f"# TODO: optional properties: {', '.join(optional)}."
        yield f"body = {sent or '{}'}"
        arguments = [f'"{creation}"', "json=body", f'delete="{deletion}"']
        if key != "id":
            arguments.append(f'key="{key}"')
        if read := self._whole_list(creation, key):
            arguments.append(f'read=Listed("{read}"' + (f', key="{key}")' if key != "id" else ")"))
        arguments += [f'{name}="TODO"' for name in _PARAMETER.findall(creation)]
        line = f"with self.created({', '.join(arguments)}) as {entity}:"
        if len(line) <= _LONGEST:
            yield line
        else:
            yield "with self.created("
            yield from (f"    {one}," for one in arguments)
            yield f") as {entity}:"
        value = f"{entity}.id" if key == "id" else f'str({entity}["{key}"])'
        known = {parameter: value}
        if inside:
            yield from (f"    {line}" for line in self._call(inside, known))
            return
        item = f"GET {deletion.split(' ', 1)[1]}"
        if item in self._contract.operations:
            check = self._check(creation, item)
            yield f"    # TODO: check more of what {item} shows; created() compares what was sent."
            yield f'    self.call("{item}"{self._arguments(_PARAMETER.findall(item), known)}{check})'
        else:
            yield f"    # TODO: the contract has no {item}; name another read-back with read= if there is one."
            yield f"    assert {value}"

    def _call(self, operation: str, known: Mapping[str, str]) -> Iterator[str]:
        method, path = operation.split(" ", 1)
        names = _PARAMETER.findall(path)
        sent, optional = self._body(operation)
        params = self._query(operation)
        for name in names:
            if name not in known and (name not in _FIXTURES or method not in _SAFE):
                yield f"# TODO: {name} of an entity that this scenario created."
        if optional:
            yield f"# TODO: optional properties: {', '.join(optional)}."
        arguments = self._arguments(names, known, fixtures=method in _SAFE)
        if params:
            arguments += f", params={_code(params)}"
        if sent:
            yield f"body = {sent}"
            arguments += ", json=body"
        yield "# TODO: check the response, for example with check=checks.has(…)."
        yield f'self.call("{operation}"{arguments})'

    def _arguments(self, names: list[str], known: Mapping[str, str], *, fixtures: bool = True) -> str:
        found = []
        for name in names:
            value = known.get(name) or (_FIXTURES.get(name) if fixtures else None) or '"TODO"'
            found.append(f", {name}={value}")
        return "".join(found)

    def _whole_list(self, creation: str, key: str) -> str:
        """Return the operation that lists all entities on one page; empty if there is none.

        It is the better read-back: an entity that is only marked as deleted may still be read.
        """
        listing = f"GET {creation.split(' ', 1)[1]}"
        if listing not in self._contract.operations or "{" in listing:
            return ""
        paged = {one["name"] for one in self._documented(listing).get("parameters", ())} & _PAGES
        shown = self._samples.resolved(self._response(listing))
        items = self._samples.resolved(shown.get("items", {}))
        return "" if paged or key not in items.get("properties", {}) else listing

    def _check(self, creation: str, item: str) -> str:
        """Return the argument that compares the name, if both operations have one."""
        sent = self._samples.resolved(self._schema(creation))
        shown = self._samples.resolved(self._response(item))
        both = "name" in sent.get("required", ()) and "name" in shown.get("properties", {})
        return ', check=checks.has("name", body["name"])' if both else ""

    def _deletion(self, creation: str) -> str | None:
        """Return the operation that deletes what ``creation`` creates."""
        method, path = creation.split(" ", 1)
        start = re.escape(f"DELETE {path.rstrip('/')}") + r"/\{\w+\}/?"
        found = [one for one in self._contract.operations if re.fullmatch(start, one)]
        return min(found, key=len) if method == "POST" and found else None

    def _creation_of(self, path: str, parameter: str) -> str | None:
        """Return the operation that creates the entity which ``parameter`` in ``path`` identifies."""
        collection = path.partition(f"/{{{parameter}}}")[0]
        for one in (f"POST {collection}", f"POST {collection}/"):
            if one in self._contract.operations and self._deletion(one) is not None:
                return one
        return None

    def _documented(self, operation: str) -> Mapping[str, Any]:
        served = self._contract.operations[base(operation)].path
        found: Mapping[str, Any] = self._contract.document["paths"][served][operation.split(" ")[0].lower()]
        return found

    def _schema(self, operation: str) -> Mapping[str, Any]:
        content = self._documented(operation).get("requestBody", {}).get("content", {})
        media: Mapping[str, Any] = next((one for kind, one in content.items() if kind.endswith("json")), {})
        found: Mapping[str, Any] = media.get("schema", {})
        return found

    def _response(self, operation: str) -> Mapping[str, Any]:
        """Return the schema of the body of a success."""
        for status, answer in self._documented(operation).get("responses", {}).items():
            if status.startswith("2"):
                found: Mapping[str, Any] = (
                    answer.get("content", {}).get("application/json", {}).get("schema", {})
                )
                return found
        return {}

    def _body(self, operation: str) -> tuple[str, list[str]]:
        """Return the source of a body with the required properties, and the names of the optional ones."""
        schema = self._schema(operation)
        if not schema:
            return "", []
        content = self._documented(operation)["requestBody"]["content"]
        media = next(one for kind, one in content.items() if kind.endswith("json"))
        resolved = self._samples.resolved(schema)
        examples = [*([media["example"]] if "example" in media else []), *resolved.get("examples", ())]
        value = examples[0] if examples else self._samples.valid(schema)
        optional = [one for one in resolved.get("properties", {}) if one not in resolved.get("required", ())]
        return _code(value, _singular(operation.rstrip("/").rpartition("/")[2])), optional

    def _query(self, operation: str) -> dict[str, Any]:
        """Return the required parameters of the query."""
        return {
            one["name"]: self._samples.valid(one.get("schema", {}), one["name"])
            for one in self._documented(operation).get("parameters", ())
            if one.get("in") == "query" and one.get("required")
        }

    def _key(self, creation: str, parameter: str) -> str:
        """Return the dotted path of the identifier in the response of ``creation``."""
        properties = self._samples.resolved(self._response(creation)).get("properties", {})
        last = parameter.rpartition("_")[2]
        for name in ("id", parameter, last):
            if name in properties:
                return name
        for name, one in properties.items():
            if "id" in self._samples.resolved(one).get("properties", {}):
                return f"{name}.id"
        return "id"

    def _area(self, operation: str) -> str:
        return area_of(operation)


def _code(value: Any, kind: str = "entity", name: str = "") -> str:
    """Return the source of ``value``; names and addresses are unique ones."""
    if isinstance(value, str):
        if name in ("name", "slug", "title"):
            return f'self.name("{kind}")'
        if "email" in name:
            return f'f"{{self.name({kind!r})}}@example.com"'
        return _quoted(value)
    if isinstance(value, dict):
        inner = ", ".join(f"{_quoted(key)}: {_code(one, kind, key)}" for key, one in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list):
        return f"[{', '.join(_code(one, kind, name) for one in value)}]"
    return repr(value)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _singular(text: str) -> str:
    word = re.sub(r"_(id|email|uri|name|key)$", "", text.strip("{}")).replace("-", "_")
    word = word[:-3] + "y" if word.endswith("ies") else word.removesuffix("s")
    return word if word.isidentifier() else "entity"
