#!/bin/sh
# Sets up the load test for the action. A failure is an annotation, a job summary, and the outputs of the step.
#
# Environment: GITHUB_ACTION_PATH, GITHUB_OUTPUT, GITHUB_STEP_SUMMARY and RUNNER_TEMP as GitHub sets them;
# INPUT_REPORTS_DIR is the input of the action.
set -eu

log=$(mktemp "${RUNNER_TEMP:-/tmp}/loadtest-setup.XXXXXX")
started=$(date +%s)
status=0
# The exit status of a pipeline is that of tee, so make's is kept in a file.
{ make --no-print-directory -C "$GITHUB_ACTION_PATH" runtime 2>&1 || echo $? > "$log.status"; } | tee "$log"
[ ! -s "$log.status" ] || status=$(cat "$log.status")
echo "seconds=$(($(date +%s) - started))" >> "$GITHUB_OUTPUT"
if [ "$status" -eq 0 ]; then
    rm -f "$log" "$log.status"
    exit 0
fi
# The last non-empty line, escaped so that it cannot contain another workflow command.
cause=$(grep -v '^make' "$log" | sed -e '/^[[:space:]]*$/d' | tail -n 1 | tr -d '\r' | cut -c 1-500 | sed -e 's/%/%25/g')
echo "::error title=The load test could not be set up::${cause:-make runtime failed}"
{
    echo '## :grey_question: INCONCLUSIVE: the load test could not be set up'
    echo
    echo '<pre>'
    tail -n 20 "$log" | cut -c 1-500 | sed -e 's/&/\&amp;/g' -e 's/</\&lt;/g' -e 's/>/\&gt;/g'
    echo '</pre>'
} >> "$GITHUB_STEP_SUMMARY"
{
    echo 'verdict=inconclusive'
    echo 'new-failures=0'
    echo 'known-failures=0'
    echo 'slower-operations='
    echo 'breaking-changes='
    echo 'fixed-operations='
    echo 'operations-succeeded=0'
    echo 'report-url='
} >> "$GITHUB_OUTPUT"
rm -f "$log" "$log.status"
exit 1
