"""One line of what an installer printed: what failed and why. The outputs are those of uv 0.13 and of uv 0.9."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.gateway.install.diagnosis import LONGEST, FailureCause, diagnose

CASES = {
    "no such version": (
        FailureCause.RESOLUTION,
        "Because there is no version of idna==99.9 and you require idna==99.9",
        """\
Using Python 3.11.2 environment at: v1
error: No solution found when resolving dependencies
  cause: Because there is no version of idna==99.9 and you require idna==99.9, we can conclude that your requirements \
are unsatisfiable.
""",
    ),
    "as uv wrote it before": (
        FailureCause.RESOLUTION,
        "Because there is no version of idna==99.9 and you require idna==99.9",
        """\
  \u00d7 No solution found when resolving dependencies:
  ╰─▶ Because there is no version of idna==99.9 and you require idna==99.9, we
      can conclude that your requirements are unsatisfiable.
""",
    ),
    "another Python": (
        FailureCause.PYTHON,
        "Because the current Python version (3.11.2) does not satisfy Python>=3.12 and bad==1 depends on Python>=3.12",
        """\
error: No solution found when resolving dependencies
  cause: Because the current Python version (3.11.2) does not satisfy Python>=3.12 and bad==1 depends on Python>=3.12, \
we can conclude that bad==1 cannot be used.
         And because only bad==1 is available and you require bad, we can conclude that your requirements are \
unsatisfiable.
""",
    ),
    "wrong hash": (
        FailureCause.HASH,
        "Hash mismatch for `idna==3.10`",
        """\
Resolved 1 package in 168ms
error: Failed to download `idna==3.10`
  cause: Hash mismatch for `idna==3.10`

         Expected:
           sha256:0000

         Computed:
           sha256:946d
""",
    ),
    "connection refused": (
        FailureCause.NETWORK,
        "Failed to fetch: http://127.0.0.1:1/simple/idna/: Connection refused (os error 111)",
        """\
error: Failed to fetch: http://127.0.0.1:1/simple/idna/
  cause: error sending request for url (http://127.0.0.1:1/simple/idna/)
  cause: client error (Connect)
  cause: tcp connect error
  cause: Connection refused (os error 111)
""",
    ),
    "no name": (
        FailureCause.NETWORK,
        (
            "Failed to fetch: https://index.invalid/simple/idna/: failed to lookup address information: Name or "
            "service not known"
        ),
        """\
error: Failed to fetch: https://index.invalid/simple/idna/
  cause: client error (Connect)
  cause: dns error
  cause: failed to lookup address information: Name or service not known
""",
    ),
    "server error": (
        FailureCause.NETWORK,
        (
            "Failed to fetch: http://127.0.0.1:1/c/idna/: HTTP status server error (500 Internal Server Error) for url "
            "(http://127.0.0.1:1/c/idna/)"
        ),
        """\
error: Failed to fetch: http://127.0.0.1:1/c/idna/
  cause: HTTP status server error (500 Internal Server Error) for url (http://127.0.0.1:1/c/idna/)
""",
    ),
    "proxy": (
        FailureCause.PROXY,
        "Failed to fetch: https://index.invalid/simple/idna/: Connection refused (os error 111)",
        """\
error: Failed to fetch: https://index.invalid/simple/idna/
  cause: client error (Connect)
  cause: tunnel error: failed to create underlying connection
  cause: tcp connect error
  cause: Connection refused (os error 111)
""",
    ),
    "private authority": (
        FailureCause.TLS,
        "Failed to fetch: https://index.invalid/simple/idna/: invalid peer certificate: UnknownIssuer",
        """\
error: Failed to fetch: https://index.invalid/simple/idna/
  cause: client error (Connect)
  cause: invalid peer certificate: UnknownIssuer
""",
    ),
    "not let in": (
        FailureCause.ACCESS,
        (
            "An index URL (http://127.0.0.1:1/a) could not be queried due to a lack of valid authentication "
            "credentials (401 Unauthorized)"
        ),
        """\
error: No solution found when resolving dependencies
  cause: Because idna was not found in the package registry and you require idna, we can conclude that your \
requirements are unsatisfiable.

hint: An index URL (http://127.0.0.1:1/a) could not be queried due to a lack of valid authentication credentials \
(401 Unauthorized)
""",
    ),
    "build": (
        FailureCause.BUILD,
        "Failed to build `bad @ file:///tmp/bad`: ValueError: cannot be built",
        """\
   Building bad @ file:///tmp/bad
error: Failed to build `bad @ file:///tmp/bad`
  cause: The build backend returned an error
  cause: Call to `setuptools.build_meta.get_requires_for_build_wheel` failed (exit status: 1)

         [stderr]
         Traceback (most recent call last):
           File "<string>", line 1, in <module>
         ValueError: cannot be built

hint: Build failures usually indicate a problem with the package or the build environment
""",
    ),
    "build of a wheel": (
        FailureCause.BUILD,
        "Failed to build `/tmp/bad`: ModuleNotFoundError: No module named 'x'",
        """\
Building wheel...
Traceback (most recent call last):
  File "<string>", line 1, in <module>
ModuleNotFoundError: No module named 'x'
error: Failed to build `/tmp/bad`
  cause: The build backend returned an error
  cause: Call to `setuptools.build_meta.build_wheel` failed (exit status: 1)
""",
    ),
    "build of the user interface": (
        FailureCause.NETWORK,
        (
            "Failed to build `/tmp/source`: FetchError: request to http://127.0.0.1:1/zod failed, reason: connect "
            "ECONNREFUSED 127.0.0.1:1"
        ),
        """\
npm error code ECONNREFUSED
npm error FetchError: request to http://127.0.0.1:1/zod failed, reason: connect ECONNREFUSED 127.0.0.1:1
npm error A complete log of this run can be found in: /tmp/npm/_logs/debug-0.log
ERROR: npm install failed: Command '['npm', 'install']' returned non-zero exit status 1.
error: Failed to build `/tmp/source`
  cause: The build backend returned an error
  cause: Call to `setuptools.build_meta.build_wheel` failed (exit status: 1)
""",
    ),
    "package that npm does not find": (
        FailureCause.BUILD,
        "Failed to build `/tmp/source`: 404 Not Found - GET http://127.0.0.1:1/zod - Not found",
        """\
npm error code E404
npm error 404 Not Found - GET http://127.0.0.1:1/zod - Not found
npm error 404
npm error 404  The requested resource 'zod@^4.1.0' could not be found or you do not have permission to access it.
npm error A complete log of this run can be found in: /tmp/npm/_logs/debug-0.log
subprocess.CalledProcessError: Command '['npm', 'install']' returned non-zero exit status 1.
error: Failed to build `/tmp/source`
  cause: The build backend returned an error
  cause: Call to `setuptools.build_meta.build_wheel` failed (exit status: 1)
""",
    ),
    "program that npm runs and that fails": (
        FailureCause.BUILD,
        "Failed to build `/tmp/source`: ERROR: npm run build failed",
        """\
npm ERR! code ELIFECYCLE
npm ERR! errno 2
ERROR: npm run build failed
error: Failed to build `/tmp/source`
  cause: The build backend returned an error
""",
    ),
    "build that exits": (
        FailureCause.BUILD,
        "Failed to build `/tmp/bad`: Call to `setuptools.build_meta.build_wheel` failed (exit status: 1)",
        """\
Building wheel...
error: Failed to build `/tmp/bad`
  cause: The build backend returned an error
  cause: Call to `setuptools.build_meta.build_wheel` failed (exit status: 1)
""",
    ),
    "disk": (
        FailureCause.DISK,
        (
            "Failed to download `idna==3.20`: failed to write to file `/c/uts46data.py`: No space left on device (os "
            "error 28)"
        ),
        """\
error: Failed to download `idna==3.20`
  cause: I/O operation failed during extraction
  cause: failed to write to file `/c/uts46data.py`: No space left on device (os error 28)
""",
    ),
    "permission": (
        FailureCause.PERMISSION,
        (
            "Failed to initialize cache at `/nonexistent/.cache/uv`: failed to create directory: Permission denied (os "
            "error 13)"
        ),
        """\
error: Failed to initialize cache at `/nonexistent/.cache/uv`
  cause: failed to create directory: Permission denied (os error 13)
""",
    ),
    "an unexpected word": (
        FailureCause.OTHER,
        "thread main panicked",
        "one\n\nthread main panicked\n",
    ),
    "nothing": (FailureCause.OTHER, "no output", "\n"),
}


@pytest.mark.parametrize(("kind", "what", "output"), CASES.values(), ids=CASES)
def test_what_went_wrong(kind: FailureCause, what: str, output: str) -> None:
    found = diagnose(output)
    assert (found.kind, found.what) == (kind, what)
    assert bool(found.advice) == (kind is not FailureCause.OTHER)


@given(st.text() | st.lists(st.sampled_from([o for *_, o in CASES.values()])).map("".join))
def test_it_is_one_line_that_is_not_too_long(output: str) -> None:
    what = diagnose(output).what
    assert what
    assert len(what) <= LONGEST
    assert len(str(diagnose(output)).splitlines()) == 1
