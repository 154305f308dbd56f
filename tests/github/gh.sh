#!/bin/sh
# GitHub's command line: append each call to the file $CALLS, and answer with $TAGS or the reference $MAJOR.
echo "$*" >> "$CALLS"
case "$*" in
*--method*) ;;
*"/tags/v1. "*) echo "$TAGS" | tr ' ' '\n' ;;
*) echo "$MAJOR" ;;
esac
