"""Run the official MCP conformance suite against a gateway that federates the server which the suite expects.

The suite sends no credentials and calls tools by their own names. An adapter on loopback adds the administrator's
token and translates the names of federated tools and prompts, which the gateway prefixes.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from aiohttp import web
from expectations import compare, failure_of, read_expectations, table
from suite_server import running

from loadtest.client.session import Session, connect
from loadtest.core import settings
from loadtest.core.errors import ExitCode, InconclusiveError, LoadTestError, UsageError
from loadtest.core.signals import listening
from loadtest.fixtures.admin_api import AdminApi
from loadtest.gateway.boot import booted
from loadtest.gateway.install.source import parse_source
from loadtest.gateway.process.detached import read_state
from loadtest.gateway.running import RunningGateway

HERE = Path(__file__).resolve().parent
EXPECTED = HERE / "expected.toml"
SUITE = Path("node_modules", "@modelcontextprotocol", "conformance", "dist", "index.js")
NODE = 22
"""The oldest major version of Node.js that the suite runs on."""
TIME_LIMIT = 300.0
"""Seconds for the whole suite."""
_KEPT = (
    "content-type",
    "accept",
    "mcp-session-id",
    "mcp-protocol-version",
    "last-event-id",
    "host",
    "origin",
)


def install_suite(home: Path) -> tuple[str, Path]:
    """Install the locked suite below ``home``; return the command of Node.js and the suite's program.

    Raises:
        UsageError: there is no suitable Node.js.
        InconclusiveError: npm failed.
    """
    node, npm = os.environ.get("NODE") or shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise UsageError(f"node and npm: not found, expected Node.js {NODE} or newer")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").partition(".")[0]) < NODE:
        raise UsageError(f"{node}: version {version}, expected {NODE} or newer; set NODE to another one")
    directory = home / "conformance"
    directory.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, directory)
    done = subprocess.run(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise InconclusiveError(f"npm ci failed: {' '.join(done.stderr.split())[-500:]}")
    return node, directory / SUITE


@contextlib.contextmanager
def gateway_to_test(home: Path) -> Iterator[RunningGateway]:
    """Use the gateway of ``boot --detach``, or boot the one of ``GATEWAY`` for the ``with`` block."""
    source = settings.GATEWAY.read(os.environ)
    held = read_state(home) if source is None else None
    if held is not None:
        yield held
        return
    with booted(parse_source(source, home), home=home) as gateway:
        yield gateway


@contextlib.contextmanager
def federated(session: Session, url: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Register the server at ``url``; yields the id of a virtual server, and the names in it by the server's own."""
    api = AdminApi(session)
    name = session.name("conformance")
    body = {"name": name, "url": url, "transport": "STREAMABLEHTTP", "visibility": "public"}
    gateway = str(api.request("POST /gateways", json=body)["id"])
    try:
        found = {
            kind: _entities(api, f"GET /{kind}", gateway, name) for kind in ("tools", "prompts", "resources")
        }
        server = api.request(
            "POST /servers",
            json={
                "server": {
                    "name": session.name("suite"),
                    **{f"associated_{kind}": [str(one["id"]) for one in found[kind]] for kind in found},
                },
                "visibility": "public",
            },
        )
        names = {
            str(one.get("originalName") or one["name"]): str(one["name"])
            for kind in ("tools", "prompts")
            for one in found[kind]
        }
        try:
            yield str(server["id"]), names
        finally:
            api.request("DELETE /servers/{server_id}", path={"server_id": str(server["id"])})
    finally:
        api.request("DELETE /gateways/{gateway_id}", path={"gateway_id": gateway})


def _entities(api: AdminApi, operation: str, gateway: str, name: str) -> list[dict[str, Any]]:
    origins = ("gatewayId", "gateway_id", "federationSource")
    listed = api.request(operation, params={"limit": "0"})
    return [one for one in listed if any(one.get(key) in (gateway, name) for key in origins)]


@contextlib.asynccontextmanager
async def adapter(endpoint: str, token: str, names: Mapping[str, str]) -> AsyncIterator[str]:
    """Serve the MCP ``endpoint`` of the gateway with credentials and with the names that the suite uses."""

    def renamed(content: bytes, pairs: Iterator[tuple[str, str]]) -> bytes:
        for old, new in pairs:
            content = content.replace(b'"%s"' % old.encode(), b'"%s"' % new.encode())
        return content

    async with aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=None), auto_decompress=True
    ) as client:

        async def handle(request: web.Request) -> web.StreamResponse:
            headers = {name: value for name, value in request.headers.items() if name.lower() in _KEPT}
            headers |= {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
            body = renamed(await request.read(), iter(names.items()))
            async with client.request(
                request.method, endpoint, headers=headers, data=body or None, allow_redirects=False
            ) as upstream:
                kept = {
                    name: value
                    for name, value in upstream.headers.items()
                    if name.lower() in ("content-type", "mcp-session-id", "www-authenticate", "allow")
                }
                response = web.StreamResponse(status=upstream.status, headers=kept)
                await response.prepare(request)
                async for line in upstream.content:
                    await response.write(renamed(line, ((new, old) for old, new in names.items())))
                await response.write_eof()
                return response

        app = web.Application(client_max_size=1 << 26)
        app.router.add_route("*", "/mcp", handle)
        runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/mcp"
        finally:
            await runner.cleanup()


async def run_suite(node: str, program: Path, session: Session, output: Path) -> dict[str, str | None]:
    """Return the failure of each scenario of the suite, or None if it passed.

    Raises:
        InconclusiveError: the suite ended without results, or not in time.
    """
    async with running() as url:
        with contextlib.ExitStack() as stack:
            server, names = await asyncio.to_thread(stack.enter_context, federated(session, url))
            endpoint = f"{session.host}/servers/{server}/mcp"
            async with adapter(endpoint, session.bearer, names) as address:
                process = await asyncio.create_subprocess_exec(
                    *(node, str(program), "server", "--url", address, "--output-dir", str(output)),
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=asyncio.subprocess.DEVNULL,
                )
                try:
                    await asyncio.wait_for(process.wait(), TIME_LIMIT)
                except TimeoutError as error:
                    process.kill()
                    await process.wait()
                    raise InconclusiveError(f"the suite did not end within {TIME_LIMIT:g} s") from error
            await asyncio.to_thread(stack.close)
    return read_results(output)


def read_results(output: Path) -> dict[str, str | None]:
    """Return the failure of each scenario in the suite's output directory, or None if it passed.

    Raises:
        InconclusiveError: there is no result.
    """
    results = {}
    for path in sorted(output.glob("**/checks.json")):
        # server-SCENARIO-2026-01-01T00-00-00-000Z
        name = path.parent.name.removeprefix("server-").rpartition("-20")[0]
        results[name] = failure_of(msgspec.json.decode(path.read_bytes()))
    if not results:
        raise InconclusiveError("the suite has no results")
    return results


def main() -> int:
    """Run the suite, print the table, and return the exit code."""
    home = settings.home()
    node, program = install_suite(home)
    with listening(), tempfile.TemporaryDirectory() as directory, gateway_to_test(home) as gateway:
        session = connect(gateway.host, gateway.credentials, data=gateway.data)
        results = asyncio.run(run_suite(node, program, session, Path(directory)))
    expectations = read_expectations(EXPECTED)
    found = compare(results, expectations, dt.datetime.now(dt.UTC).date())
    print("\n".join(table(results, found, expectations)))
    judged = len(results) - sum(one.scenario in results for one in expectations.excluded)
    print(f"\n{gateway.source}: {len(found.passed)} of {judged} scenarios passed")
    for one in found.stale:
        print(f"stale: {one.scenario} no longer fails; delete its entry in {EXPECTED.name}")
    for name, failure in found.new.items():
        print(f"new failure: {name}: {' '.join(failure.split())[:300]}", file=sys.stderr)
    for one in found.expired:
        print(f"expired on {one.expires}: {one.scenario}: {one.reason} ({one.owner})", file=sys.stderr)
    return int(ExitCode.FAIL if found.failed else ExitCode.PASS)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LoadTestError as end:
        print(end, file=sys.stderr)
        sys.exit(int(end.exit_code))
