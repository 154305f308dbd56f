"""Content that the gateway must not store: dangerous, too long, or outside of what its policy allows.

Each request is refused, and nothing of it is stored. The patterns are in ``mcpgateway/config.py``, the limits in bytes.
"""

from __future__ import annotations

from typing import Any

from loadtest.users.access.checks import has_no_root
from loadtest.users.access.invalid_requests import InvalidRequestUser
from loadtest.users.base import task
from loadtest.users.checks import has, lists_only
from loadtest.users.registry.fixtures import EVERY, INFO, new_prompt, new_resource, new_tool

MOST_OF_RESOURCE, MOST_OF_PROMPT = 102_400, 10_240
"""Size of the largest content of a resource, and of the largest template of a prompt."""
TWO_BYTES = "é"
"""A character whose encoding in UTF-8 has two bytes."""
CONTENTS = {
    "HTML with a script": "<script>alert(1)</script>",
    "SQL": "'; DROP TABLE tools; --",
    "a command of a shell": "$(rm -rf /)",
    "an address of a script": "javascript:alert(1)",
    "a script in HTML entities": "&#60;script&#62;alert(1)&#60;/script&#62;",
    "an encoded script": "%3Cscript%3Ealert(1)%3C/script%3E",
    "a script in full-width letters": "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e",
    "a content that is too long": TWO_BYTES * (MOST_OF_RESOURCE // 2 + 1),
}
TEMPLATES = {
    "an expression that does not end": "Hello {{ who",
    "a template with access to classes": "{{ who.__class__.__mro__ }}",
    "a template that imports": "{% import os %}",
    "a template that evaluates code": "{{ eval('1') }}",
    "a template with an unknown filter": "{{ who | nosuch }}",
    "a template with a loop over nothing": "{% for %}",
    "a template with a script": "<script>alert(1)</script>",
    "a template that is too long": TWO_BYTES * (MOST_OF_PROMPT // 2 + 1),
}
FILTERS = {
    "a filter that reads the environment": "env",
    "a filter that reads a variable": ".name, $ENV.PATH",
    "a filter that reads a variable within a text": r'"\(env.PATH)"',
    "a filter that reads the next input": "[., input]",
    "a filter that reads the name of a file": "input_filename",
    "a filter that writes to the log": ".name | debug",
    "a filter that loads a file": 'include "a"; .',
}
"""Filters in jq that do more than to select parts of a response."""
ALLOWED_FILTER = '.env, ."debug", "env # input" # env'
"""A filter in which such names are those of members, part of a text and of a comment."""
URIS = {
    "an encoded address that leaves the directory": "loadtest://{name}/%2e%2e/other",
    "an address that is encoded twice": "loadtest://{name}/%252e%252e/other",
    "an address with an encoded line break": "loadtest://{name}/%0d%0aother",
}
"""Addresses of resources."""
ROOTS = {
    "a path that leaves the directory": "file:///tmp/../{name}",
    "an encoded path that leaves the directory": "file:///tmp/%2e%2e/{name}",
    "a path with an encoded separator": "file:///tmp/a%2f..%2f..%2f{name}",
    "a path that is encoded twice": "file:///tmp/%252e%252e/{name}",
    "a path outside of the directory": "file:///etc/{name}",
    "a path whose directory only starts the same": "file:///tmp-{name}",
    "a path on another machine": "file://example.com/tmp/{name}",
    "a path with a control character": "file:///tmp/{name}%00",
    "an address with a password": "https://user:word@example.com/{name}",
    "an address with a query": "https://example.com/{name}?page=1",
    "an address with a fragment": "https://example.com/{name}#part",
    "an address of another scheme": "ftp://example.com/{name}",
    "a text that is no address": "no-address/{name}",
}
"""Roots that the policy with which the gateway is booted does not allow."""


class ForbiddenContentUser(InvalidRequestUser):
    """People who send what must not be stored."""

    area = "refusals"

    @task
    def resources(self) -> None:
        """Contents of a resource, when it is created and changed; the longest one is stored."""
        tag, every = self.name("tag"), {"include_inactive": True, "limit": 0}
        for what, content in CONTENTS.items():
            body = new_resource(self.name("resource"), content=content, tags=[tag])
            self.refuses(what, "POST /resources", json=body)
        for what, pattern in URIS.items():
            body = new_resource(self.name("resource"), uri=pattern.format(name=tag), tags=[tag])
            self.refuses(what, "POST /resources", json=body)
        self.call("GET /resources", params=every | {"tags": tag}, check=lists_only())
        with self.resource(content="x" * MOST_OF_RESOURCE) as resource:
            own: dict[str, Any] = {"resource_id": resource.id}
            for what, content in CONTENTS.items():
                self.refuses(what, "PUT /resources/{resource_id}", json={"content": content}, **own)
            self.call(INFO.operation, check=has("size", MOST_OF_RESOURCE), **own)

    @task
    def prompts(self) -> None:
        """Templates of a prompt, when it is created and changed; the longest one is stored."""
        tag, every = self.name("tag"), {"include_inactive": True, "limit": 0}
        for what, template in TEMPLATES.items():
            body = new_prompt(self.name("prompt"), template=template, tags=[tag])
            self.refuses(what, "POST /prompts", json=body)
        self.call("GET /prompts", params=every | {"tags": tag}, check=lists_only())
        longest = "{{ who }}".ljust(MOST_OF_PROMPT, "x")
        with self.prompt(template=longest, tags=[tag]) as prompt:
            own: dict[str, Any] = {"prompt_id": prompt.id}
            for what, template in TEMPLATES.items():
                self.refuses(what, "PUT /prompts/{prompt_id}", json={"template": template}, **own)
            self.call("GET /prompts", params=every | {"tags": tag}, check=lists_only(prompt))

    @task
    def filters(self) -> None:
        """Filters of a tool, when it is created and changed, also by form; members may have any name."""
        tag, service = self.name("tag"), self.backend("rest")
        for what, jq in FILTERS.items():
            body = new_tool(self.name("tool"), service, tags=[tag], jsonpath_filter=jq)
            self.refuses(what, "POST /tools", json=body)
        what, jq = next(iter(FILTERS.items()))
        form = {
            "name": self.name("tool"),
            "url": f"{service}/echo",
            "integrationType": "REST",
            "requestType": "POST",
            "jsonpath_filter": jq,
            "tags": tag,
        }
        self.refuses(what, "POST /admin/tools", form=form)
        with self.tool(tags=[tag], jsonpath_filter=ALLOWED_FILTER) as tool:
            own: dict[str, Any] = {"tool_id": tool.id}
            self.refuses(what, "PUT /tools/{tool_id}", json={"jsonpathFilter": jq}, **own)
            edit = form | {"name": str(tool["name"]), "jsonpathFilter": jq}
            self.refuses(what, "POST /admin/tools/{tool_id}/edit", form=edit, **own)
            self.call("GET /tools", params=EVERY | {"tags": tag}, check=lists_only(tool))

    @task
    def roots(self) -> None:
        """Roots that the policy does not allow: parts of the disk, addresses with credentials."""
        name = self.name("root")
        for what, pattern in ROOTS.items():
            self.refuses(what, "POST /roots", json={"uri": pattern.format(name=name), "name": name})
        self.call("GET /roots", check=has_no_root(name))
