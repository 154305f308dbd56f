"""Certificate authorities that every kind of request uses to verify the gateway's certificate."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from loadtest.core.errors import UsageError

VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""Each may be set to a file or directory of certificates; the first one that is set applies."""

ADVICE = "set REQUESTS_CA_BUNDLE to the certificate of its CA (a PEM file)"


@dataclass(frozen=True)
class Trust:
    """The trusted certificate authorities, in the two forms that clients need."""

    path: str
    """A PEM file, or a directory prepared by ``openssl rehash``."""
    context: ssl.SSLContext

    def shared_context(self, **_: Any) -> ssl.SSLContext:
        """Return the context for all connections, whatever CA file a client has configured."""
        return self.context


def read_trust(environ: Mapping[str, str] = os.environ) -> Trust:
    """Return the authorities set in the environment, or else those bundled with requests.

    Raises:
        UsageError: a variable is set to a path without certificates.
    """
    name = next((name for name in VARIABLES if environ.get(name)), None)
    path = Path(environ[name] if name else DEFAULT_CA_BUNDLE_PATH)
    try:
        if path.is_dir():
            context = ssl.create_default_context(capath=str(path))
        else:
            context = ssl.create_default_context(cafile=str(path))
    except (OSError, ssl.SSLError) as error:
        reason = (
            error.strerror if type(error) is not ssl.SSLError and error.strerror else "no certificate in it"
        )
        raise UsageError(f"{name}={path}: {reason}: expected a file of CA certificates (PEM)") from error
    return Trust(str(path), context)


def is_untrusted(error: BaseException) -> bool:
    """Return whether ``error`` or one of its causes is a failed certificate verification."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False
