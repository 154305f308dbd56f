"""Which certificate authorities a gateway's certificate is checked against, by every kind of request alike."""

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
"""Each names a file or a directory of certificates; the first one that is set counts."""

ADVICE = "set REQUESTS_CA_BUNDLE to the certificate of its CA (a PEM file)"


@dataclass(frozen=True)
class Trust:
    """The certificate authorities that are trusted, in the two forms that clients take."""

    path: str
    """A PEM file, or a directory of them as ``openssl rehash`` makes it."""
    context: ssl.SSLContext

    def shared_context(self, **_: Any) -> ssl.SSLContext:
        """Return the one context for all connections; a client's own idea of a CA file is not asked."""
        return self.context


def read_trust(environ: Mapping[str, str] = os.environ) -> Trust:
    """Return the authorities that the environment names, or those that requests brings along.

    Raises:
        UsageError: a variable names a file without certificates, or none.
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
    """Say whether ``error``, or what caused it, is a certificate that nothing vouches for."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False
