#!/bin/sh
# Finds a suitable Python and sets up .venv with it; PYTHON selects another one. The argument is that of bootstrap.py.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# A shim of a version manager selects a version by a file in or above the working directory; a project around this
# checkout must not affect it.
case "${PYTHON:-}" in
*/*) ;;
*)
    cd /
    unset PYENV_DIR
    ;;
esac

if [ -n "${PYTHON:-}" ]; then
    new_enough "$PYTHON" && exec "$PYTHON" "$here/bootstrap.py" "$1"
    echo "PYTHON=$PYTHON: not a working Python, expected 3.11 or newer" >&2
    exit 2
fi

# The last ones are for a pyenv whose selected version is too old; its shims do not work then.
for candidate in python3 python3.13 python3.12 python3.11 python3.14 \
    "${PYENV_ROOT:-${HOME:-}/.pyenv}"/versions/3.1[1-4].*/bin/python3; do
    new_enough "$candidate" && exec "$candidate" "$here/bootstrap.py" "$1"
done
echo "no Python found on PATH, expected 3.11 or newer; set PYTHON=/path/to/python" >&2
exit 2
