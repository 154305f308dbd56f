#!/bin/sh
# The python of a stub gateway's installation: migrations create the database only, or hang if the file hangs exists.
programs=${0%/*}
case "$2" in
mcpgateway.bootstrap_db)
    if [ -e "$programs/../hangs" ]; then exec sleep 3600; fi
    : > mcp.db
    ;;
*)
    read -r python < "$programs/interpreter.txt"
    exec "$python" "$@"
    ;;
esac
