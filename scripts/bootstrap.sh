#!/bin/sh
# Finds a Python that is new enough and lets it set up .venv; PYTHON names another one.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# A shim of a version manager starts what a file in the working directory, or above it, says: not one of a project
# around this checkout.
case "${PYTHON:-}" in
*/*) ;;
*)
    cd /
    unset PYENV_DIR
    ;;
esac

if [ -n "${PYTHON:-}" ]; then
    new_enough "$PYTHON" && exec "$PYTHON" "$here/bootstrap.py"
    echo "PYTHON=$PYTHON: is not a Python that runs, expected 3.11 or newer" >&2
    exit 2
fi

# The last ones are for a pyenv whose selected version is older: then none of its shims does.
for candidate in python3 python3.13 python3.12 python3.11 python3.14 \
    "${PYENV_ROOT:-${HOME:-}/.pyenv}"/versions/3.1[1-4].*/bin/python3; do
    new_enough "$candidate" && exec "$candidate" "$here/bootstrap.py"
done
echo "no Python found on the PATH, expected 3.11 or newer; PYTHON=/path/to/python names one" >&2
exit 2
