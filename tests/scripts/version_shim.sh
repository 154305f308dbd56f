#!/bin/sh
# A python like a version manager's shim: a file in or above the working directory selects the version.
directory=${PYENV_DIR:-$PWD}
while [ "$directory" ]; do
    [ ! -e "$directory/.python-version" ] || exit 127
    directory=${directory%/*}
done
exec "$SELECTED_PYTHON" "$@"
