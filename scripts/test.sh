#!/usr/bin/env bash
# Runs every group of tests that can run here and names those that cannot. Four processes share the
# work, each with its own PostgreSQL: most of a test's time is waiting.
# Usage: scripts/test.sh [pytest's arguments]; GROUPS_TO_RUN limits the groups.
set -euo pipefail
cd "$(dirname "$0")/.."

paths=()
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
    paths+=(tests/browser)
}

for group in ${GROUPS_TO_RUN:-unit db flow browser}; do
    case $group in
        browser) add_browser ;;
        *) paths+=("tests/$group") ;;
    esac
done

status=0
.venv/bin/python -m pytest --numprocesses=4 --dist=loadgroup --no-loadscope-reorder \
    "${paths[@]}" "$@" || status=$?
for line in ${not_run[@]+"${not_run[@]}"}; do
    echo "NOT RUN  $line"
    [ "${CI:-}" != true ] || status=1
done
exit "$status"
