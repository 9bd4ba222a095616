#!/usr/bin/env bash
# Runs every group of tests that can run here and names those that cannot: those of the browser, on
# one running system, beside three processes that share the rest by file. Most of their time is
# waiting.
# Usage: scripts/test.sh [pytest's arguments]; GROUPS_TO_RUN limits the groups.
set -euo pipefail
cd "$(dirname "$0")/.."

browser=()
rest=()
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
    browser+=(tests/browser)
}

add_security() {
    local advice
    rest+=(tests/security)
    if ! find_program nginx /usr/sbin/nginx >/dev/null &&
        ! advice=$(scripts/system_packages.sh nginx-light); then
        not_run+=("tests behind a proxy: need nginx ($advice)")
        rest+=(--ignore=tests/security/test_proxy.py)
    fi
}

for group in ${GROUPS_TO_RUN:-unit db flow security browser}; do
    case $group in
        browser) add_browser ;;
        security) add_security ;;
        *) rest+=("tests/$group") ;;
    esac
done

# Thousands of databases are made and dropped: where there is memory enough, no disk holds them up.
IN_MEMORY=/dev/shm
ROOM_MIN=12000000 # KiB; a run takes a third of it
in_memory=
shown=
trap 'rm -rf ${shown:+"$shown"} ${in_memory:+"$in_memory"}' EXIT

has_room() {
    [ "$(df --output=avail "$IN_MEMORY" 2>/dev/null | tail -1)" -ge "$ROOM_MIN" ] &&
        [ "$(awk '/MemAvailable/ { print $2 }' /proc/meminfo)" -ge "$ROOM_MIN" ]
}

if [ -z "${TMPDIR:-}" ] && [ -w "$IN_MEMORY" ] && has_room; then
    in_memory=$(mktemp -d --tmpdir="$IN_MEMORY")
    chmod 1777 "$in_memory" # as any such folder: the server runs as an account of its own
    # Programs of that server stand there too: some mounts run none.
    if install -m 755 "$(type -P true)" "$in_memory/true" && "$in_memory/true"; then
        export TMPDIR=$in_memory
    fi
fi

NOTHING_COLLECTED=5 # of one part, when the arguments choose tests of the other

run() {
    .venv/bin/python -m pytest "$@"
}

shown=$(mktemp)
status=$NOTHING_COLLECTED of_browser=$NOTHING_COLLECTED
if [ ${#browser[@]} -gt 0 ]; then
    run "${browser[@]}" "$@" >"$shown" 2>&1 &
    beside=$!
fi
if [ ${#rest[@]} -gt 0 ]; then
    status=0
    run --numprocesses=3 --dist=loadfile --no-loadscope-reorder "${rest[@]}" "$@" || status=$?
fi
if [ -n "${beside:-}" ]; then
    of_browser=0
    wait "$beside" || of_browser=$?
    cat "$shown"
fi
[ $status -ne $NOTHING_COLLECTED ] || status=$of_browser
[ $status -ne 0 ] || [ $of_browser -eq $NOTHING_COLLECTED ] || status=$of_browser
for line in ${not_run[@]+"${not_run[@]}"}; do
    echo "NOT RUN  $line"
    [ "${CI:-}" != true ] || status=1
done
exit "$status"
