"""Session of one Locust process with the gateway: contract, token, names and correlation ids."""

import itertools
import secrets as random
from collections.abc import Callable, Collection, Container, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from packaging.version import InvalidVersion, Version

from loadtest.client.auth import Credentials
from loadtest.client.connection.throttle import Limiter
from loadtest.client.connection.trust import ADVICE, Trust, is_untrusted, read_trust
from loadtest.client.response_shapes import ResponseShapes
from loadtest.client.secrecy.marker import Marker
from loadtest.core.address import is_loopback
from loadtest.core.errors import InconclusiveError
from loadtest.core.operations import base
from loadtest.core.redact import Redactor
from loadtest.core.settings import ADMIN_EMAIL
from loadtest.openapi.contract import Contract, read_contract
from loadtest.openapi.contracts import closest, contract_of
from loadtest.results.deployment import Deployment
from loadtest.versions.data import VersionData, available, load
from loadtest.versions.shapes import shapes_of

CONTRACT_PATH = "/openapi.json"
LEAST_COMMON = 0.5
"""Share of the operations of a version that a gateway must offer for its responses to be compared."""
_TIMEOUT = 30.0
"""Seconds for one request before the load."""


@dataclass(slots=True)
class Session:
    """State that all users of one process share."""

    host: str
    bearer: str
    credentials: Credentials
    contract: Contract
    version: str | None
    data: VersionData | None
    stopping: bool = False
    """The load is ending: users delete what they created and start nothing new."""
    deployment: Deployment = field(default_factory=Deployment)
    """As far as it is known."""
    trust: Trust | None = None
    """Certificate authorities, for an ``https`` address."""
    redactor: Redactor = field(default_factory=Redactor)
    """Masks the secrets known to this process in its output."""
    shapes: ResponseShapes = field(default_factory=ResponseShapes)
    """The recorded shapes of responses."""
    limiter: Limiter = field(default_factory=lambda: Limiter(None))
    tag: str = field(default_factory=lambda: random.token_hex(3))
    """Random hex in every name and correlation id of this process."""
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    changed: Mapping[str, str] = field(default_factory=dict)
    """Gateway settings that differ from the version's data."""
    on_token_rejected: Callable[[], None] = lambda: None
    """Called once, when a given token is no longer accepted."""
    custom: frozenset[str] = frozenset()
    """Names of the user classes that are not built in."""
    keeps_examples: bool = False
    """Request and response of every call are kept, not of failures only."""
    _rejected: bool = False
    _skipped: frozenset[str] = field(init=False)
    marker: Marker = field(init=False)
    """Part of every :meth:`secret`."""

    def __post_init__(self) -> None:
        self.marker = Marker(self.tag)
        skipped = self.data.skipped if self.data is not None else ()
        self._skipped = frozenset(scenario for one in skipped for scenario in one.scenarios)

    def token_rejected(self) -> bool:
        """Return whether a token that was given to the load test has expired or is rejected for every request.

        A token that the load test signed itself does not expire during a run: its rejection is the gateway's failure.
        """
        if self.credentials.token is None or self._rejected:
            return self._rejected
        try:
            status = _get(self.host, CONTRACT_PATH, self.bearer, self.trust).status_code
        except requests.RequestException:
            return False
        if status == requests.codes.unauthorized and not self._rejected:
            self._rejected = True
            self.on_token_rejected()
        return self._rejected

    def skips(self, scenario: str) -> bool:
        """Return whether the version's data skips ``scenario``."""
        return scenario in self._skipped

    def excludes(self, operation: str) -> bool:
        """Return whether the version's data excludes ``operation`` from being called."""
        return self.data is not None and any(
            fnmatchcase(operation, one.operations) for one in self.data.excluded
        )

    def switched_off(self, name: str) -> bool:
        """Return whether a feature such as ``OBSERVABILITY_ENABLED`` is switched off."""
        return self._switch(name) == "false"

    def switched_on(self, name: str) -> bool:
        """Return whether a feature that is off by default, such as ``AUDIT_TRAIL_ENABLED``, is switched on."""
        return self._switch(name) == "true"

    def _switch(self, name: str) -> str:
        usual = self.data.environment.get(name) if self.data is not None else None
        return self.changed.get(name, usual or "").lower()

    @property
    def as_recorded(self) -> bool:
        """Whether the gateway is deployed as those whose refusals were recorded: on SQLite, in one process.

        With several workers, a request over MCP passes through another one, whose refusals have other codes and texts.
        """
        return self.deployment == Deployment()

    def correlation_id(self) -> str:
        """Return a correlation id, unique in this run."""
        return f"lt-{self.tag}-{self._number()}"

    def name(self, kind: str) -> str:
        """Return a unique name for a new entity; fingerprints ignore it."""
        return f"lt-{self.tag}{self._number()}-{kind}"

    def _number(self) -> str:
        # As many digits in every run, as responses state how many bytes something has.
        return f"{next(self._numbers):05x}"

    def secret(self) -> str:
        """Return a new credential to be stored; a response with one is a failure, whatever its operation is."""
        return self.name(f"secret-{self.marker.text}")


def connect(
    host: str,
    credentials: Credentials,
    *,
    data: VersionData | None = None,
    deployment: Deployment = Deployment(),  # noqa: B008 - frozen
    processes: int = 1,
    lock: Path | None = None,
    secrets: Collection[str] = (),
    sent: set[str] | None = None,
) -> Session:
    """Return a session with the gateway at ``host``, on this ``deployment``.

    ``data`` is the data of its version; if None, that of the version with the most similar contract. The concurrency
    limits are divided among this number of Locust ``processes``, and the file ``lock`` serializes their writers.
    ``secrets`` are masked in addition to the ``credentials``. The texts of requests are added to ``sent``.

    Raises:
        InconclusiveError: it does not respond, rejects the token, or is not a ContextForge gateway.
        UsageError: the configured certificate authorities cannot be read.
    """
    try:
        bearer = credentials.bearer()
    except ValueError as error:
        raise InconclusiveError(
            f"{host}: {error}: set LOADTEST_TOKEN or LOADTEST_JWT_SECRET, or boot a gateway"
        ) from error
    trust = read_trust() if host.startswith("https://") else None
    document = _fetch(host, CONTRACT_PATH, bearer, trust)
    version = _version(document)
    applying = (data or load(closest(document, available()))).on(deployment)
    limiter = Limiter(applying, processes, lock)
    return Session(
        host,
        bearer,
        credentials,
        read_contract(document, applying),
        version,
        applying,
        deployment=deployment,
        trust=trust,
        redactor=Redactor({*secrets, *credentials.secrets(), bearer}),
        limiter=limiter,
        shapes=_shapes(
            document,
            applying.version,
            literals=(
                processes == 1
                and deployment == Deployment()
                and _is_usual(host, credentials, version, applying)
            ),
            constant=frozenset((credentials.email,)),
            sent=sent,
        ),
    )


def _shapes(
    document: Mapping[str, Any],
    version: str,
    *,
    literals: bool,
    constant: Container[str],
    sent: set[str] | None,
) -> ResponseShapes:
    """Return the recorded shapes of ``version``, if a gateway with this document can be compared with it.

    Texts, flags and numbers change more often than keys, and depend on what is switched on: they are compared only if
    ``literals``, and if the gateway offers all operations. One of several processes does not know what others sent.
    """
    recorded = shapes_of(version)
    if not recorded:
        return ResponseShapes(why_not=f"no shapes are recorded for version {version}")
    known = {base(operation) for operation in recorded}
    here = known & read_contract(document).operations.keys()
    if len(here) < len(known) * LEAST_COMMON:
        reason = (
            f"it offers only {len(here)} of the {len(known)} operations of {version} with recorded shapes"
        )
        return ResponseShapes(why_not=reason)
    shapes = ResponseShapes(recorded, constant=constant, sent=sent)
    complete = here == known.intersection(contract_of(version).operations)
    return shapes if literals and complete else shapes.without_literals()


def _is_usual(host: str, credentials: Credentials, stated: str | None, data: VersionData) -> bool:
    """Return whether a gateway has the version, the address and the administrator of those that were recorded."""
    address = urlsplit(host)
    if not is_loopback(address.hostname or "") or address.path or credentials.email != ADMIN_EMAIL.default:
        return False
    try:
        return Version(stated or "") == Version(data.version)
    except InvalidVersion:
        return False


def _version(document: Mapping[str, Any]) -> str | None:
    stated = document.get("info", {}).get("version")
    return str(stated) if stated else None


def plain_http(trust: Trust | None) -> requests.Session:
    """Return a client for single requests outside the load: without proxies or credentials."""
    http = requests.Session()
    # The load uses no proxy, so this client must not use one either.
    http.trust_env = False
    if trust is not None:
        http.verify = trust.path
    return http


def _get(host: str, path: str, bearer: str, trust: Trust | None) -> requests.Response:
    with plain_http(trust) as direct:
        return direct.get(
            host + path,
            headers={"Authorization": f"Bearer {bearer}"},
            timeout=_TIMEOUT,
            allow_redirects=False,
        )


def _fetch(host: str, path: str, bearer: str, trust: Trust | None) -> dict[str, Any]:
    try:
        answer = _get(host, path, bearer, trust)
    except requests.RequestException as error:
        if is_untrusted(error):
            raise InconclusiveError(
                f"{host}: its certificate is not trusted: {_root_cause(error)}: {ADVICE}"
            ) from error
        raise InconclusiveError(f"{host} does not answer: {_root_cause(error)}") from error
    if answer.status_code in (401, 403):
        raise InconclusiveError(f"{host} refuses our token: {path} answered {answer.status_code}")
    if answer.status_code != requests.codes.ok:
        raise InconclusiveError(
            f"{host}{path} answered {answer.status_code}: is this a ContextForge gateway?"
        )
    try:
        document = answer.json()
    except requests.JSONDecodeError as error:
        raise InconclusiveError(f"{host}{path} is not JSON: is this a ContextForge gateway?") from error
    if not isinstance(document, dict):
        raise InconclusiveError(f"{host}{path} is not an OpenAPI document")
    return document


def _root_cause(error: BaseException) -> str:
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return str(error) or type(error).__name__
