#!/usr/bin/env bash
# Runs every group of tests that can run here, in one pytest run, and names those that cannot.
# Usage: scripts/test.sh [pytest's arguments]; GROUPS_TO_RUN limits the groups.
set -euo pipefail
cd "$(dirname "$0")/.."

folders=()
not_run=()

# A group and the programs it needs: any one of them will do, the first names the package.
add_group() {
    local group=$1 program advice
    shift
    for program in "$@"; do
        command -v "$program" >/dev/null && set --
    done
    if [ $# -gt 0 ] && ! advice=$(scripts/system_packages.sh "$1"); then
        not_run+=("$group: needs $1 ($advice)")
        return
    fi
    folders+=("tests/$group")
}

for group in ${GROUPS_TO_RUN:-unit db flow browser}; do
    case $group in
        browser) add_group browser chromium chromium-browser google-chrome ;;
        *) add_group "$group" ;;
    esac
done

status=0
if [ ${#folders[@]} -gt 0 ]; then
    .venv/bin/python -m pytest "${folders[@]}" "$@" || status=$?
fi
for line in ${not_run[@]+"${not_run[@]}"}; do
    echo "NOT RUN  $line"
    [ "${CI:-}" != true ] || status=1
done
exit "$status"
