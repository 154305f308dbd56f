"""The data directory of the services and the account that owns it: PostgreSQL does not run as root."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from loadtest.core.errors import UsageError

ACCOUNT = "postgres"
"""The account of the services when this process runs as root; Debian's package creates it."""

LINK = "data"
"""Name below the services' directory under which the data is found, also after a crash."""


@dataclass(frozen=True)
class Account:
    """The account that runs the services."""

    uid: int
    gid: int
    prefix: tuple[str, ...] = ()
    """Prefix that runs a command as this account; the command is killed with its reaper, too."""

    def own(self, path: Path) -> None:
        """Make this account the owner of ``path``."""
        if self.prefix:
            os.chown(path, self.uid, self.gid)


def account() -> Account:
    """Return the account for the services: the current one, or an unprivileged one if that is root.

    Raises:
        UsageError: this process runs as root, and there is no such account or no program to switch to it.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    try:
        entry = pwd.getpwnam(ACCOUNT)
    except KeyError:
        raise UsageError(f"no account {ACCOUNT}: PostgreSQL does not run as root, expected another") from None
    program = shutil.which("setpriv")
    if program is None:
        raise UsageError("setpriv not found: PostgreSQL does not run as root, expected util-linux")
    become = (f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups", "--pdeathsig=KILL")
    return Account(entry.pw_uid, entry.pw_gid, (program, *become, "--"))


@contextlib.contextmanager
def data_directory(directory: Path, owner: Account) -> Iterator[Path]:
    """Create ``data`` in ``directory``, accessible to ``owner`` only; deleted at the end of the block.

    If ``owner`` cannot enter ``directory``, as in the home of root, ``data`` is a link to a temporary directory.

    Raises:
        UsageError: ``owner`` can enter neither.
    """
    link = directory / LINK
    if not owner.prefix or _open_to_all(directory):
        link.mkdir(mode=0o700)
        made = link
    else:
        temporary = Path(tempfile.gettempdir())
        if not _open_to_all(temporary):
            raise UsageError(
                f"{ACCOUNT} cannot enter {directory}, nor {temporary}: set LOADTEST_HOME or TMPDIR to another"
            )
        made = Path(tempfile.mkdtemp(prefix="contextforge-loadtest-"))
        link.symlink_to(made)
    try:
        owner.own(made)
        yield made.resolve()
    finally:
        remove_data(directory)


def remove_data(directory: Path) -> None:
    """Remove the data directory, or the link to it and its target, if there is one."""
    link = directory / LINK
    if link.is_symlink():
        shutil.rmtree(link.readlink(), ignore_errors=True)
        link.unlink(missing_ok=True)
    else:
        shutil.rmtree(link, ignore_errors=True)


def _open_to_all(directory: Path) -> bool:
    """Return whether any account can enter every part of the path."""
    directory = directory.resolve()
    return all(one.stat().st_mode & stat.S_IXOTH for one in (directory, *directory.parents))
