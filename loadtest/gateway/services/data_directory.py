"""Where services keep their data, and whose they are: PostgreSQL does not run as root."""

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
"""Who the services run as when we are root; Debian's package makes the account."""

LINK = "data"
"""In the directory about services: where the data are, so that whoever comes after a crash finds them."""


@dataclass(frozen=True)
class Account:
    """Who services run as."""

    uid: int
    gid: int
    prefix: tuple[str, ...] = ()
    """What a command begins with to be run as this one; a killed guard takes it along, too."""

    def own(self, path: Path) -> None:
        """Give ``path`` to this account."""
        if self.prefix:
            os.chown(path, self.uid, self.gid)


def account() -> Account:
    """Return who services run as: ourselves, or an unprivileged account of the system if we are root.

    Raises:
        UsageError: we are root and there is no such account, or no program to become it.
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
    """Make a directory for the data of ``owner`` alone, known as ``data`` in ``directory``; removed at the end.

    It is a directory for temporary files if ``owner`` may not enter ``directory``, as in the home of root.

    Raises:
        UsageError: ``owner`` may enter neither.
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
    """Remove the data that ``directory`` knows of, if there are any: nobody uses them any more."""
    link = directory / LINK
    if link.is_symlink():
        shutil.rmtree(link.readlink(), ignore_errors=True)
        link.unlink(missing_ok=True)
    else:
        shutil.rmtree(link, ignore_errors=True)


def _open_to_all(directory: Path) -> bool:
    """Whether any account may pass through every part of the path."""
    directory = directory.resolve()
    return all(one.stat().st_mode & stat.S_IXOTH for one in (directory, *directory.parents))
