#!/usr/bin/env bash
# Runs every group of tests that can run here and names those that cannot, in two halves side by
# side that take about as long: the flows of activity and TWAPs, and the rest.
# Usage: scripts/test.sh [pytest's arguments]; GROUPS_TO_RUN limits the groups.
set -euo pipefail
cd "$(dirname "$0")/.."

rest=()
flows=()
not_run=()

find_program() {
    local name
    for name in "$@"; do
        command -v "$name" && return
    done
    return 1
}

add_browser() {
    local advice
    if ! find_program chromium chromium-browser google-chrome >/dev/null &&
        ! advice=$(scripts/system_packages.sh chromium); then
        not_run+=("browser: needs chromium ($advice)")
        return
    fi
    HYPERTALLY_TEST_CHROMIUM=$(find_program chromium chromium-browser google-chrome)
    export HYPERTALLY_TEST_CHROMIUM
    rest+=(tests/browser)
}

for group in ${GROUPS_TO_RUN:-unit db flow browser}; do
    case $group in
        browser) add_browser ;;
        flow)
            flows+=(tests/flow --ignore=tests/flow/smart_money --ignore=tests/flow/archive)
            rest+=(tests/flow/smart_money tests/flow/archive)
            ;;
        *) rest+=("tests/$group") ;;
    esac
done

NOTHING_COLLECTED=5 # of one half, when the arguments choose tests of the other

run() {
    [ $# -gt 0 ] || return $NOTHING_COLLECTED
    .venv/bin/python -m pytest "$@"
}

shown=$(mktemp)
trap 'rm -f "$shown"' EXIT
run ${flows[@]+"${flows[@]}" "$@"} >"$shown" 2>&1 &
beside=$!
status=0 of_flows=0
run ${rest[@]+"${rest[@]}" "$@"} || status=$?
wait $beside || of_flows=$?
cat "$shown"
[ $status -ne $NOTHING_COLLECTED ] || status=$of_flows
[ $status -ne 0 ] || [ $of_flows -eq $NOTHING_COLLECTED ] || status=$of_flows
for line in ${not_run[@]+"${not_run[@]}"}; do
    echo "NOT RUN  $line"
    [ "${CI:-}" != true ] || status=1
done
exit "$status"
